"""Which place of a new map is which of the old one (pure): from codes, names and neighbours, and what people ruled.

From the top down, the surest evidence first; each place is matched once. What nothing speaks for stays unmatched, and so does
what two others fit equally well: no order decides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

from simpul_shared.vocabulary import Confidence

from simpul_registry.domain.decree_file import Stated

_SIMILAR = 0.75
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
_TITLES = re.compile(
    r"^(?:kab|kabupaten|kota adm|kota administrasi|kota|kec|kecamatan|kel|kelurahan|desa|provinsi)\b\.? *"
)


class RulingKind(StrEnum):
    SAME = "SAME"
    APART = "APART"
    SPLIT = "SPLIT"
    MERGED = "MERGED"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided of an old and a new code: the same place, not the same, cut out of it, merged into it."""

    kind: RulingKind
    from_code: str
    to_code: str


@dataclass(frozen=True, slots=True)
class Match:
    """The old code's place is the new code's. `basis` says why; empty where nothing changed that could raise a doubt."""

    from_code: str
    to_code: str
    basis: str
    confidence: Confidence


_Fit = tuple[float, Stated, Stated]
"""How well an old place and a new one fit."""


@dataclass
class _Maps:
    old: Mapping[str, Stated]
    new: Mapping[str, Stated]
    apart: set[tuple[str, str]]
    by_old: dict[str, Match] = field(default_factory=dict)
    by_new: dict[str, Match] = field(default_factory=dict)

    def free(self, old: Stated, new: Stated) -> bool:
        taken = old.code in self.by_old or new.code in self.by_new
        return not taken and (old.code, new.code) not in self.apart

    def match(self, old: Stated, new: Stated, basis: str, confidence: Confidence = Confidence.HIGH) -> None:
        if self.free(old, new):
            self.by_old[old.code] = self.by_new[new.code] = Match(old.code, new.code, basis, confidence)

    def heir(self, old_code: str) -> str | None:
        """The new code of an old place; what lies above the maps is itself."""
        if old_code not in self.old:
            return old_code
        match = self.by_old.get(old_code)
        return None if match is None else match.to_code

    def same_parent(self, old: Stated, new: Stated) -> bool:
        return self.heir(old.parent_code) == new.parent_code


def plain(name: str) -> str:
    """A name without case, blanks, marks and titles: what a different spelling leaves as it is."""
    bare = _TITLES.sub("", name.lower().strip()) or name.lower()
    return _NOT_A_LETTER.sub("", bare)


def alike(one: str, other: str) -> bool:
    return _likened(plain(one), SequenceMatcher(b=plain(other)))


def _likened(name: str, to: SequenceMatcher[str]) -> bool:
    """Both are plain. `to` remembers what it made of its own name."""
    to.set_seq1(name)
    # The first two are never less than the third, and spare most names its cost.
    return all(ratio() >= _SIMILAR for ratio in (to.real_quick_ratio, to.quick_ratio, to.ratio))


def match_places(old: Iterable[Stated], new: Iterable[Stated], rulings: Sequence[Ruling] = ()) -> dict[str, Match]:
    """Matches by old code. Rulings come first: SAME joins, APART keeps apart, whatever else speaks for it."""
    apart = {(one.from_code, one.to_code) for one in rulings if one.kind is RulingKind.APART}
    maps = _Maps({one.code: one for one in old}, {one.code: one for one in new}, apart)
    for ruling in rulings:
        if ruling.kind is RulingKind.SAME and ruling.from_code in maps.old and ruling.to_code in maps.new:
            maps.match(maps.old[ruling.from_code], maps.new[ruling.to_code], "PERSON")
    children = _child_names(maps.old.values()), _child_names(maps.new.values())
    for depth in range(4):
        _match_level(maps, depth, children)
    return maps.by_old


def _match_level(maps: _Maps, depth: int, children: tuple[Mapping[str, set[str]], Mapping[str, set[str]]]) -> None:
    old = [one for one in maps.old.values() if one.depth == depth]
    new = [one for one in maps.new.values() if one.depth == depth]
    _by_code(maps, old, lambda one, other: plain(one.name) == plain(other.name), "SPELLING")
    _by_name(maps, old, new, lambda one: _heir_of(maps, one, up=1), _above(1), "NAME_SAME_PARENT")
    _by_code(maps, old, lambda one, other: alike(one.name, other.name), "NAME_SIMILAR")
    if depth >= 2:
        basis = "NAME_SAME_REGENCY" if depth == 3 else "NAME_SAME_PROVINCE"
        _by_name(maps, old, new, lambda one: _heir_of(maps, one, up=2), _above(2), basis)
    if depth == 1:
        _by_name(maps, old, new, lambda _: "", lambda _: "", "NAME_NATIONAL")
    if depth < 3:
        _by_children(maps, old, new, *children)
    _by_code(maps, old, lambda _, __: True, "NAME_DIFFERS", Confidence.LOW)
    _by_likeness(maps, old, new)


def _by_code(
    maps: _Maps,
    old: Sequence[Stated],
    fits: Callable[[Stated, Stated], bool],
    basis: str,
    confidence: Confidence = Confidence.HIGH,
) -> None:
    for one in old:
        other = maps.new.get(one.code)
        if other is not None and maps.same_parent(one, other) and maps.free(one, other) and fits(one, other):
            maps.match(one, other, "" if one.name == other.name else basis, confidence)


def _by_name(
    maps: _Maps,
    old: Sequence[Stated],
    new: Sequence[Stated],
    old_group: Callable[[Stated], str | None],
    new_group: Callable[[Stated], str],
    basis: str,
) -> None:
    """Those whose name occurs once on either side within a group."""
    left, right = defaultdict(list), defaultdict(list)
    for one in old:
        if one.code not in maps.by_old and (group := old_group(one)) is not None:
            left[group, plain(one.name)].append(one)
    for one in new:
        if one.code not in maps.by_new:
            right[new_group(one), plain(one.name)].append(one)
    for key, ones in left.items():
        others = right.get(key, [])
        if len(ones) == len(others) == 1:
            maps.match(ones[0], others[0], basis)


def _above(up: int) -> Callable[[Stated], str]:
    return lambda one: ".".join(one.code.split(".")[:-up])


def _heir_of(maps: _Maps, one: Stated, *, up: int) -> str | None:
    return maps.heir(".".join(one.code.split(".")[:-up]))


def _child_names(places: Iterable[Stated]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    for one in places:
        names[one.parent_code].add(plain(one.name))
    return names


def _by_children(
    maps: _Maps,
    old: Sequence[Stated],
    new: Sequence[Stated],
    before: Mapping[str, set[str]],
    after: Mapping[str, set[str]],
) -> None:
    """Where most of what lies below is the same, on both sides, the most first. Only places that share a name below are looked
    at together."""
    right = [one for one in new if one.code not in maps.by_new]
    with_child = defaultdict(list)
    for number, other in enumerate(right):
        for name in after.get(other.code, ()):
            with_child[name].append(number)
    fits = []
    for one in old:
        if one.code in maps.by_old:
            continue
        names: set[str] = before.get(one.code, set())
        shared = Counter(number for name in names for number in with_child.get(name, ()))
        for number, count in shared.items():
            other = right[number]
            most = max(len(names), len(after[other.code]))
            if count * 2 > most:
                fits.append((count / most, one, other))
    _match_best(maps, fits, "CHILDREN")


def _by_likeness(maps: _Maps, old: Sequence[Stated], new: Sequence[Stated]) -> None:
    """The last resort, and LOW: below the same parent, exactly one is spelt alike, on both sides."""
    below = defaultdict(list)
    for other in new:
        if other.code not in maps.by_new:
            below[other.parent_code].append((other, SequenceMatcher(b=plain(other.name))))
    fits = []
    for one in old:
        if one.code not in maps.by_old:
            name, beside = plain(one.name), below.get(_heir_of(maps, one, up=1) or "-", ())
            fits += [(1.0, one, other) for other, spelt in beside if _likened(name, spelt)]
    _match_best(maps, fits, "NAME_SIMILAR", Confidence.LOW)


def _match_best(maps: _Maps, fits: Iterable[_Fit], basis: str, confidence: Confidence = Confidence.HIGH) -> None:
    """The best first. A place that two others fit as well is left to people, and they with it."""
    unsure_old, unsure_new = set(), set()
    for _, group in groupby(sorted(fits, key=_share, reverse=True), key=_share):
        equal = [(one, other) for _, one, other in group if maps.free(one, other)]
        olds, news = Counter(one.code for one, _ in equal), Counter(other.code for _, other in equal)
        for one, other in equal:
            doubtful = one.code in unsure_old or other.code in unsure_new
            if olds[one.code] == news[other.code] == 1 and not doubtful:
                maps.match(one, other, basis, confidence)
            else:
                unsure_old.add(one.code)
                unsure_new.add(other.code)


def _share(fit: _Fit) -> float:
    return fit[0]
