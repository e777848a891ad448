"""What must be said anew of regions when a decree takes effect (pure); overruling.py has the same of overruled lineage.

Nothing said before is touched: a version for the same start replaces the one before, and one that has no place any more is
withdrawn. Both only from then on; `known_on` before that keeps the old belief.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from uuid import UUID

from simpul_shared.errors import Conflict
from simpul_shared.vocabulary import LineageKind

from simpul_registry.domain.decree import Difference
from simpul_registry.domain.decree_file import Stated
from simpul_registry.domain.hierarchy import LEVELS, Path, RegionVersion
from simpul_registry.domain.identity import SCHEME, CodeLineage, RegionLineage, first_id

DESCENT = frozenset({LineageKind.SPLIT, LineageKind.MERGED})
"""Kinds by which one region comes of another; over them lineage never runs in a circle."""

Edge = tuple[UUID, UUID]


class LaterChange(Conflict):
    slug = "later-region-change"
    title = "Ada perubahan wilayah yang lebih baru"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The version of the region for this start holds no more, and nothing takes its place."""

    region_id: UUID
    valid_from: date


Statement = RegionVersion | Withdrawal


def saying_order(statement: Statement) -> tuple[int, date]:
    """What frees a code or a place goes first, then the larger regions."""
    if isinstance(statement, Withdrawal):
        return 0, statement.valid_from
    return len(statement.path), statement.valid_from


@dataclass(frozen=True)
class Standing:
    """The map that a change begins from. `versions` are those valid on its day, by code; `ever` all ids ever given."""

    versions: Mapping[str, RegionVersion]
    above: Path
    """Where the topmost of them hang."""
    ever: Collection[UUID]
    descent: Sequence[Edge] = ()


@dataclass(frozen=True)
class Effect:
    statements: Sequence[Statement]
    lineage: Sequence[RegionLineage]


def take_effect(
    standing: Standing, difference: Difference, after: Sequence[Stated], *, day: date, decree: str
) -> Effect:
    """The map is that of `after` from the day on. Errors: LaterChange."""
    _refuse_later(standing.versions.values(), day)
    ids = _ids(standing, difference, after, day)
    versions = list(_versions(standing, difference, after, ids, day=day, decree=decree))
    by_id = {one.region_id: one for one in versions}
    before = {one.region_id: one for one in standing.versions.values()}
    statements = [
        *(one for old in before.values() for one in _ended(old, by_id.get(old.region_id), day)),
        *(one for one in versions if not _same(before.get(one.region_id), one)),
    ]
    return Effect(statements, _without_circles(standing.descent, _lineage(standing, difference, ids, day)))


def _refuse_later(versions: Iterable[RegionVersion], day: date) -> None:
    later = [one for one in versions if one.valid_to != date.max]
    if later:
        first = min(later, key=lambda one: (one.valid_to, one.code))
        raise LaterChange(
            f"{first.code} {first.name} changes on {first.valid_to} already, after {day}. Undo that change first, or name"
            " a later effective_on."
        )


def _ids(standing: Standing, difference: Difference, after: Sequence[Stated], day: date) -> dict[str, UUID]:
    ids = {one.to_code: standing.versions[one.from_code].region_id for one in difference.matches.values()}
    ever = set(standing.ever)
    for place in after:
        if place.code not in ids:
            ids[place.code] = new_id(place.code, day, ever)
            ever.add(ids[place.code])
    return ids


def new_id(code: str, day: date, ever: Collection[UUID]) -> UUID:
    """An id that no region ever had: of the code and the day, counted on where a withdrawn statement has used that."""
    return next(one for n in count() if (one := first_id(code if n == 0 else f"{code}/{n}", day)) not in ever)


def _versions(
    standing: Standing,
    difference: Difference,
    after: Sequence[Stated],
    ids: Mapping[str, UUID],
    *,
    day: date,
    decree: str,
) -> Iterator[RegionVersion]:
    paths: dict[str, Path] = {}
    for place in sorted(after, key=lambda one: (one.depth, one.code)):
        paths[place.code] = (*paths.get(place.parent_code, standing.above), ids[place.code])
        zone = difference.zones[place.code[:2]]
        yield RegionVersion(
            ids[place.code], SCHEME, place.code, place.name, LEVELS[place.depth], place.kind, paths[place.code], zone,
            day, date.max, decree,
        )  # fmt: skip


def _ended(old: RegionVersion, new: RegionVersion | None, day: date) -> Iterator[Statement]:
    """What must be said of the old version: nothing, its end, or that it never was."""
    if new is not None and _same(old, new):
        return
    if old.valid_from < day:
        yield replace(old, valid_to=day)
    elif new is None:
        yield Withdrawal(old.region_id, old.valid_from)


def _same(old: RegionVersion | None, new: RegionVersion) -> bool:
    return old is not None and (old.code, old.name, old.kind, old.path, old.timezone) == (
        new.code,
        new.name,
        new.kind,
        new.path,
        new.timezone,
    )


def _lineage(standing: Standing, difference: Difference, ids: Mapping[str, UUID], day: date) -> Iterator[RegionLineage]:
    for change in difference.changes:
        kind = change.kind.lineage
        if kind is None or change.before is None or change.after is None:
            continue
        old, new = change.before.code, change.after.code
        stated = CodeLineage(kind, old, new, day, change.basis, change.confidence)
        yield RegionLineage(stated, standing.versions[old].region_id, ids[new])


def _without_circles(descent: Sequence[Edge], lineage: Iterable[RegionLineage]) -> list[RegionLineage]:
    """A part that goes back into what it was once cut out of would close one: its villages say where they went."""
    told = [(one, (one.from_id, one.to_id) if one.stated.kind in DESCENT else None) for one in lineage]
    circles = closing(descent, (edge for _, edge in told if edge))
    return [one for one, edge in told if edge not in circles]


def closing(descent: Sequence[Edge], edges: Iterable[Edge]) -> set[Edge]:
    """Those edges that would close a circle, when they are added in turn to what descends already."""
    below: dict[UUID, set[UUID]] = defaultdict(set)
    for above, part in descent:
        below[above].add(part)
    circles = set()
    for above, part in edges:
        if above == part or leads_to(below, part, above):
            circles.add((above, part))
        else:
            below[above].add(part)
    return circles


def leads_to(below: Mapping[UUID, Collection[UUID]], start: UUID, wanted: UUID) -> bool:
    """Whether one region comes of the other, by any way."""
    seen, waiting = {start}, [start]
    while waiting:
        for part in below.get(waiting.pop(), ()):
            if part not in seen:
                seen.add(part)
                waiting.append(part)
    return wanted in seen - {start}
