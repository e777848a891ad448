"""What a decree changes (pure): the old map, the new one and who is who in; rows that people can review out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simpul_shared.vocabulary import Confidence, LineageKind

from simpul_registry.domain.decree_file import Stated
from simpul_registry.domain.matching import Match, Ruling, RulingKind, match_places
from simpul_registry.domain.zones import zoned_anew, zones_of


class ChangeKind(StrEnum):
    """The kinds of lineage, and what has none: a place that is new, one that is gone, one whose time zone is another."""

    ADDED = "ADDED"
    VANISHED = "VANISHED"
    RECODED = "RECODED"
    RENAMED = "RENAMED"
    MOVED = "MOVED"
    STATUS_CHANGED = "STATUS_CHANGED"
    SPLIT = "SPLIT"
    MERGED = "MERGED"
    REUSED = "REUSED"
    ZONE_CHANGED = "ZONE_CHANGED"

    @property
    def lineage(self) -> LineageKind | None:
        return None if self in _WITHOUT_LINEAGE else LineageKind(self.value)


_WITHOUT_LINEAGE = frozenset({ChangeKind.ADDED, ChangeKind.VANISHED, ChangeKind.ZONE_CHANGED})


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the difference. `basis` and `confidence` say what a proposed lineage rests on; a person's word is PERSON."""

    kind: ChangeKind
    depth: int
    before: Stated | None
    after: Stated | None
    basis: str = ""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True)
class Difference:
    """`matches` are by old code; all places of both maps are in exactly one of them, ADDED or VANISHED. `zones` are by province."""

    matches: Mapping[str, Match]
    changes: Sequence[Change]
    zones: Mapping[str, str]


def compare(old: Iterable[Stated], new: Iterable[Stated], rulings: Sequence[Ruling] = ()) -> Difference:
    """The difference of two maps, the larger regions first, then by code."""
    before, after = {one.code: one for one in old}, {one.code: one for one in new}
    matches = match_places(before.values(), after.values(), rulings)
    zones = zones_of(before, after, matches)
    changes = [
        *_same(before, after, matches),
        *_ends(before, after, matches),
        *_reused(before, after, matches),
        *_descent(before, after, matches),
        *_ruled(before, after, rulings),
        *(
            _zone_changed(before[one.from_code], after[one.to_code], zones)
            for one in zoned_anew(before, matches, zones)
        ),
    ]
    told = {(one.kind, _code(one.before), _code(one.after)): one for one in changes}  # a ruling over the same evidence
    return Difference(matches, sorted(told.values(), key=_order), zones)


def _order(change: Change) -> tuple[int, str, str, str]:
    return change.depth, _code(change.after) or _code(change.before), change.kind, _code(change.before)


def _code(place: Stated | None) -> str:
    return "" if place is None else place.code


def _same(before: Mapping[str, Stated], after: Mapping[str, Stated], matches: Mapping[str, Match]) -> Iterator[Change]:
    for match in matches.values():
        one, other = before[match.from_code], after[match.to_code]
        above = matches[one.parent_code].to_code if one.parent_code in matches else None
        kind = _kind(one, other, above if one.parent_code in before else one.parent_code)
        if kind is not None:
            added = "+KIND" if one.kind is not other.kind and kind is not ChangeKind.STATUS_CHANGED else ""
            yield Change(kind, other.depth, one, other, f"{match.basis or 'SAME_NAME'}{added}", match.confidence)


def _kind(one: Stated, other: Stated, above: str | None) -> ChangeKind | None:
    """`above` is the new code of the old parent's place, if that goes on."""
    if other.parent_code != above:
        return ChangeKind.MOVED
    if one.kind is not other.kind:
        return ChangeKind.STATUS_CHANGED
    if one.code != other.code:
        return ChangeKind.RECODED
    return ChangeKind.RENAMED if one.name != other.name else None


def _ends(before: Mapping[str, Stated], after: Mapping[str, Stated], matches: Mapping[str, Match]) -> Iterator[Change]:
    arrived = {match.to_code for match in matches.values()}
    for code, place in before.items():
        if code not in matches:
            yield Change(ChangeKind.VANISHED, place.depth, place, None)
    for code, place in after.items():
        if code not in arrived:
            yield Change(ChangeKind.ADDED, place.depth, None, place)


def _zone_changed(one: Stated, other: Stated, zones: Mapping[str, str]) -> Change:
    return Change(ChangeKind.ZONE_CHANGED, other.depth, one, other, f"{one.timezone} -> {zones[other.code[:2]]}")


def _reused(
    before: Mapping[str, Stated], after: Mapping[str, Stated], matches: Mapping[str, Match]
) -> Iterator[Change]:
    for code in before.keys() & after.keys():
        match = matches.get(code)
        if match is None or match.to_code != code:
            basis = "NEW_FROM_ELSEWHERE" if match is None else "OLD_MOVED"
            yield Change(ChangeKind.REUSED, after[code].depth, before[code], after[code], basis)


def _descent(
    before: Mapping[str, Stated], after: Mapping[str, Stated], matches: Mapping[str, Match]
) -> Iterator[Change]:
    """New districts, regencies and provinces by where their villages came from, ended ones by where theirs went."""
    arrived = {match.to_code for match in matches.values()}
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    targets: dict[str, Counter[str]] = defaultdict(Counter)
    for match in matches.values():
        if before[match.from_code].depth < 3:
            continue
        for depth in range(3):
            old, new = _cut(match.from_code, depth), _cut(match.to_code, depth)
            if new in after and new not in arrived:
                sources[new][old] += 1
            elif old in before and old not in matches:
                targets[old][new] += 1
    yield from _told(ChangeKind.SPLIT, sources, before, after, _villages(after))
    yield from _told(ChangeKind.MERGED, targets, before, after, _villages(before))


def _told(
    kind: ChangeKind,
    counted: Mapping[str, Counter[str]],
    before: Mapping[str, Stated],
    after: Mapping[str, Stated],
    villages: Counter[str],
) -> Iterator[Change]:
    for unit, others in counted.items():
        for other, count in others.items():
            old, new = (other, unit) if kind is ChangeKind.SPLIT else (unit, other)
            confidence = Confidence.HIGH if count * 2 > villages[unit] else Confidence.LOW
            yield Change(
                kind, after[new].depth, before[old], after[new], f"VILLAGES {count}/{villages[unit]}", confidence
            )


def _villages(places: Mapping[str, Stated]) -> Counter[str]:
    return Counter(_cut(code, depth) for code, place in places.items() if place.depth == 3 for depth in range(3))


def _cut(code: str, depth: int) -> str:
    return ".".join(code.split(".")[: depth + 1])


def _ruled(before: Mapping[str, Stated], after: Mapping[str, Stated], rulings: Sequence[Ruling]) -> Iterator[Change]:
    for one in rulings:
        if one.kind in {RulingKind.SPLIT, RulingKind.MERGED} and one.from_code in before and one.to_code in after:
            place = after[one.to_code]
            yield Change(ChangeKind(one.kind.value), place.depth, before[one.from_code], place, "PERSON")
