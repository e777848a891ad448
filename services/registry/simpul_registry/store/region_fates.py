"""What the registry recorded of the way of regions from one day to another, as known at an instant."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import Confidence, LineageKind

from simpul_registry.domain.fate import SUCCESSION, Bearer, Fate, LineageStep, fate_of, leads_on


async def fates_of(
    tx: Transaction, before: Sequence[Bearer], *, since: date, until: date, known_on: datetime | None = None
) -> list[Fate]:
    """What became of each of the regions, which were as `before` says on `since`, up to the day `until`."""
    ids = [one.region_id for one in before]
    steps = await _steps(tx, ids, since=since, until=until, known_on=known_on)
    led_to = {one.region_id for taken in steps.values() for one in taken if leads_on(one)}
    there = await bearers_on(tx, {*ids, *led_to}, on=until, known_on=known_on)
    return [fate_of(one, there.get(one.region_id), steps[one.region_id], _heirs(steps, there, one)) for one in before]


def _heirs(steps: Mapping[UUID, Sequence[LineageStep]], there: Mapping[UUID, Bearer], one: Bearer) -> list[Bearer]:
    ids = dict.fromkeys(step.region_id for step in steps[one.region_id] if leads_on(step))
    return [there[heir] for heir in ids if heir in there]


async def _steps(
    tx: Transaction, ids: Sequence[UUID], *, since: date, until: date, known_on: datetime | None
) -> dict[UUID, list[LineageStep]]:
    """By the region that they begin at; those of its successors, too, as far as they go."""
    rows = await tx.fetch(
        """
        with recursive known as (
            select event_id, kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence
            from region_lineage
            where $2 < effective_on and effective_on <= $3 and recorded_at <= coalesce($4::timestamptz, 'infinity')
                and (superseded_at = 'infinity' or superseded_at > $4)
        ), way as (
            select from_region_id as origin, * from known where from_region_id = any($1)
            union
            select way.origin, next.* from way join known as next on next.from_region_id = way.region_id
            where way.region_id <> way.from_region_id and way.kind = any($5) and next.effective_on >= way.effective_on
        )
        select origin, kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence from way
        """,
        ids,
        since,
        until,
        known_on,
        [kind.value for kind in SUCCESSION],
    )
    found: dict[UUID, list[LineageStep]] = defaultdict(list)
    for row in rows:
        found[row["origin"]].append(_step(row))
    return found


def _step(row: asyncpg.Record) -> LineageStep:
    return LineageStep(
        LineageKind(row["kind"]),
        row["from_region_id"],
        row["region_id"],
        row["from_code"],
        row["to_code"],
        row["effective_on"],
        row["basis"],
        Confidence(row["confidence"]),
    )


async def bearers_on(
    tx: Transaction, ids: set[UUID], *, on: date, known_on: datetime | None = None
) -> dict[UUID, Bearer]:
    """By which code and name each is known on the day; those that were not there are missing."""
    rows = await tx.fetch(
        """
        select region_id, code, name from region_version
        where region_id = any($1) and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        """,
        list(ids),
        on,
        known_on,
    )
    return {row["region_id"]: Bearer(row["region_id"], row["code"], row["name"]) for row in rows}
