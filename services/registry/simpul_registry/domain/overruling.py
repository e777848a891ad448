"""What must be said anew of regions when a person overrules lineage (pure): a region becomes two, or two become one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from simpul_shared.vocabulary import Confidence, LineageKind

from simpul_registry.domain.hierarchy import RegionVersion
from simpul_registry.domain.identity import RegionLineage
from simpul_registry.domain.restating import Statement, Withdrawal, saying_order

GOES_ON = frozenset({LineageKind.RENAMED, LineageKind.RECODED, LineageKind.MOVED, LineageKind.STATUS_CHANGED})
"""Kinds that leave a region what it is."""

Around = Mapping[UUID, RegionLineage]
"""All believed lineage that leads to a region or from it, by event."""


def part_from(versions: Iterable[RegionVersion], old_id: UUID, new_id: UUID, *, day: date) -> list[Statement]:
    """From the day on the region `old_id` is the region `new_id`, in its own versions and in all paths below it.

    `versions` are all that are believed of it and of what lies below it, at any time.
    """
    statements: list[Statement] = []
    for one in versions:
        if one.valid_to <= day:
            continue
        anew = replace(
            one,
            region_id=new_id if one.region_id == old_id else one.region_id,
            path=tuple(new_id if step == old_id else step for step in one.path),
            valid_from=max(one.valid_from, day),
        )
        if one.valid_from < day:
            statements.append(replace(one, valid_to=day))
        elif one.region_id == old_id:
            statements.append(Withdrawal(old_id, one.valid_from))
        statements.append(anew)
    return sorted(statements, key=saying_order)


def apart_lineage(
    around: Around, overruled: UUID, old_id: UUID, new_id: UUID
) -> tuple[list[UUID], list[RegionLineage]]:
    """What of a region's lineage is taken back, and what is told instead, once it is another one since `overruled`.

    Where the code stayed, it names another place now: REUSED.
    """
    wrong = around[overruled].stated
    gone, told = [overruled], []
    if wrong.from_code == wrong.to_code:
        reused = replace(wrong, kind=LineageKind.REUSED, basis="PERSON", confidence=Confidence.HIGH)
        told.append(RegionLineage(reused, old_id, new_id))
    for event_id, one in around.items():
        day = one.stated.effective_on
        begins = new_id if one.from_id == old_id and day > wrong.effective_on else one.from_id
        leads = new_id if one.to_id == old_id and day >= wrong.effective_on else one.to_id
        if event_id != overruled and (begins, leads) != (one.from_id, one.to_id):
            gone.append(event_id)
            told.append(RegionLineage(one.stated, begins, leads))
    return gone, told


def meeting(
    old: Iterable[RegionVersion], new: Iterable[RegionVersion], *, day: date
) -> tuple[RegionVersion, RegionVersion] | None:
    """The last version of one region and the first of another, if that ended on the day and this began then.

    Only such two may be one: a place does not lie in two at a time. `old` and `new` are all that is believed of either.
    """
    last, first = max(old, key=lambda one: one.valid_to), min(new, key=lambda one: one.valid_from)
    return (last, first) if last.valid_to == day == first.valid_from else None


def change_between(last: RegionVersion, first: RegionVersion) -> LineageKind | None:
    """What happened to a place that these are versions of, one after the other under one code."""
    if last.parent_id != first.parent_id:
        return LineageKind.MOVED
    if last.kind is not first.kind:
        return LineageKind.STATUS_CHANGED
    return LineageKind.RENAMED if last.name != first.name else None


def as_one(versions: Iterable[RegionVersion], gone: UUID, kept: UUID) -> list[Statement]:
    """The region `gone` never was: its own versions and all paths through it are those of `kept`.

    `versions` are all that are believed of it and of what lies below it, at any time.
    """
    statements: list[Statement] = []
    for one in versions:
        if one.region_id == gone:
            statements.append(Withdrawal(gone, one.valid_from))
        path = tuple(kept if step == gone else step for step in one.path)
        statements.append(replace(one, region_id=path[-1], path=path))
    return sorted(statements, key=saying_order)


def joined_lineage(
    around: Around, overruled: UUID, gone: UUID, kept: UUID, change: LineageKind | None
) -> tuple[list[UUID], list[RegionLineage]]:
    """What of the lineage of `gone` is taken back, and what is told instead, once it is `kept`.

    No region comes of itself, nor takes its code from itself: such lineage is taken back only.
    """
    taken_back, told = list(around), []
    if change is not None:
        stated = replace(around[overruled].stated, kind=change, basis="PERSON", confidence=Confidence.HIGH)
        told.append(RegionLineage(stated, kept, kept))
    for event_id, one in around.items():
        anew = RegionLineage(
            one.stated, kept if one.from_id == gone else one.from_id, kept if one.to_id == gone else one.to_id
        )
        if event_id != overruled and (anew.from_id != anew.to_id or one.stated.kind in GOES_ON):
            told.append(anew)
    return taken_back, told
