"""Which place is which through its changing codes (pure): dated codes and their lineage in, ids of regions out.

Codes vanish, move, swap and are reused, so a region has an id of its own, equal in every installation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from uuid import UUID, uuid5

from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind

SCHEME = "KEMENDAGRI"
_NAMESPACE = UUID("ccf68176-a157-4b82-8fc4-cf3b07c5486a")


class RegionDataBroken(ValueError):
    """Rows that contradict each other; says which."""


@dataclass(frozen=True, slots=True)
class CodeInterval:
    """A code under one name. `valid_from` is inclusive, date.min before records; `valid_to` exclusive, date.max if open."""

    code: str
    name: str
    kind: RegionKind
    valid_from: date
    valid_to: date
    decree: str

    @property
    def parent_code(self) -> str:
        """Empty for a province."""
        return self.code.rpartition(".")[0]

    @property
    def depth(self) -> int:
        """0 for a province, 3 for a village."""
        return self.code.count(".")


@dataclass(frozen=True, slots=True)
class CodeLineage:
    """What is known of a change between two decrees, in terms of codes."""

    kind: LineageKind
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class RegionLineage:
    """The same in terms of regions: `from_id` bore the old code until then, `to_id` bears the new one since."""

    stated: CodeLineage
    from_id: UUID
    to_id: UUID


@dataclass(frozen=True)
class Identities:
    """`ids` names the region of each interval, by its code and first day."""

    ids: Mapping[tuple[str, date], UUID]
    lineage: Sequence[RegionLineage]


@dataclass
class _Holders:
    """Who bears each code at the moment, and until when."""

    by_code: dict[str, tuple[UUID, date]] = field(default_factory=dict)

    def until(self, code: str, day: date) -> UUID | None:
        """The region that gave the code up on the day."""
        holder, until = self.by_code.get(code, (None, None))
        return holder if until == day else None

    def before(self, code: str, day: date) -> UUID:
        """The region that bore the code on the day before. Errors: RegionDataBroken."""
        holder, until = self.by_code.get(code, (None, date.min))
        if holder is None or until < day:
            raise RegionDataBroken(f"Lineage names {code} before {day}, when no region bore it.")
        return holder


def first_id(code: str, valid_from: date, *, scheme: str = SCHEME) -> UUID:
    """The id of a region that has no predecessor: from the first code it bore and its first day."""
    return uuid5(_NAMESPACE, f"{scheme}/{code}/{'-infinity' if valid_from == date.min else valid_from.isoformat()}")


def identify(intervals: Iterable[CodeInterval], lineage: Iterable[CodeLineage]) -> Identities:
    """Follow every place through its codes.

    A new name (RENAMED) or a new code (RECODED) leaves a place what it is, also where the lineage's confidence is LOW.
    A code that names another place now (REUSED) and a part that was cut out (SPLIT) get ids of their own; so does a
    code without lineage. A place that arrives by RECODED under a reused code brings its id along.
    Errors: RegionDataBroken.
    """
    changes = _by_day(lineage)
    ids: dict[tuple[str, date], UUID] = {}
    told: list[RegionLineage] = []
    holders = _Holders()
    for day, starting in groupby(sorted(intervals, key=_chronological), key=lambda one: one.valid_from):
        stated = changes.pop(day, [])
        begun = list(starting)
        now = _assign(begun, stated, holders, day=day)
        told += [RegionLineage(one, holders.before(one.from_code, day), _heir(now, one)) for one in stated]
        _refuse_twins(now, holders, stated, day=day)
        ids |= {(code, day): region_id for code, region_id in now.items()}
        holders.by_code |= {one.code: (now[one.code], one.valid_to) for one in begun}
    if changes:
        raise RegionDataBroken(f"Lineage on {min(changes)}, when no code begins.")
    return Identities(ids, told)


def _chronological(interval: CodeInterval) -> tuple[date, str]:
    return interval.valid_from, interval.code


def _by_day(lineage: Iterable[CodeLineage]) -> dict[date, list[CodeLineage]]:
    days: dict[date, list[CodeLineage]] = {}
    for one in lineage:
        days.setdefault(one.effective_on, []).append(one)
    return days


def _assign(
    begun: Sequence[CodeInterval], stated: Sequence[CodeLineage], holders: _Holders, *, day: date
) -> dict[str, UUID]:
    arrived = {one.to_code: holders.before(one.from_code, day) for one in stated if one.kind is LineageKind.RECODED}
    kept = {one.code: holder for one in begun if (holder := holders.until(one.code, day)) is not None}
    reused = {one.to_code for one in stated if one.kind is LineageKind.REUSED}
    for code in reused:
        kept.pop(code, None)
    return {one.code: arrived.get(one.code) or kept.get(one.code) or first_id(one.code, day) for one in begun}


def _heir(now: Mapping[str, UUID], stated: CodeLineage) -> UUID:
    heir = now.get(stated.to_code)
    if heir is None:
        raise RegionDataBroken(f"Lineage leads to {stated.to_code} on {stated.effective_on}, when that does not begin.")
    return heir


def _refuse_twins(now: Mapping[str, UUID], holders: _Holders, stated: Sequence[CodeLineage], *, day: date) -> None:
    """One place bears one code: the code that a region left may not go on under it."""
    if len(set(now.values())) != len(now):
        raise RegionDataBroken(f"Two codes lead to one region on {day}.")
    for one in stated:
        left_open = holders.by_code[one.from_code][1] > day
        if one.kind is LineageKind.RECODED and left_open:
            raise RegionDataBroken(f"{one.from_code} went to {one.to_code} on {day} and yet goes on.")
