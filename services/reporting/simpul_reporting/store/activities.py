"""Community activities as facts. The months (activity_month) follow by trigger from what is written here.

A fact comes before its region now and then, since nothing orders one topic against another: its path is empty then, and
place_activities counts it once the region comes.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from simpul_shared.contracts.activities import ActivityCorrected, ActivityRecorded
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction

from simpul_reporting.store.facts import closings, firsts, hold_map, provenance


def _activity(one: Received[Any]) -> UUID:
    activity_id: UUID = one.event.activity_id
    return activity_id


async def add_activities(
    tx: Transaction, events: Sequence[Received[ActivityRecorded]] | Sequence[Received[ActivityCorrected]]
) -> None:
    """Keep each statement; the last one on an activity is what holds."""
    await hold_map(tx)
    await tx.execute(
        """
        insert into activity_fact (activity_id, library_id, region_id, held_on, category, total, women, men, gender_unknown,
            disability, low_income, method, basis, path, superseded_at, superseded_by, event_id, aggregate_version,
            recorded_at, log_topic, log_partition, log_offset)
        select given.activity_id, given.library_id, given.region_id, given.held_on, given.category, given.total, given.women,
            given.men, given.gender_unknown, given.disability, given.low_income, given.method, given.basis,
            coalesce(place.path, '{}'),
            given.superseded_at, given.superseded_by, given.event_id, given.aggregate_version, given.recorded_at,
            given.log_topic, given.log_partition, given.log_offset
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::integer[], $7::integer[], $8::integer[],
            $9::integer[], $10::integer[], $11::integer[], $12::text[], $13::text[], $14::timestamptz[], $15::uuid[],
            $16::uuid[], $17::bigint[], $18::timestamptz[], $19::text[], $20::integer[], $21::bigint[])
            as given (activity_id, library_id, region_id, held_on, category, total, women, men, gender_unknown, disability,
            low_income, method, basis, superseded_at, superseded_by, event_id, aggregate_version, recorded_at, log_topic,
            log_partition, log_offset)
            left join lateral region_path_at(given.region_id, given.held_on, 'infinity') as place on true
        """,
        *_columns([one.event for one in events]),
        *closings(events, _activity),
        *provenance(events),
    )


def _columns(events: Sequence[ActivityRecorded | ActivityCorrected]) -> tuple[list[Any], ...]:
    """activity_id to basis; a correction says nothing of its basis."""
    return (
        [e.activity_id for e in events],
        [e.library_id for e in events],
        [e.region_id for e in events],
        [e.held_on for e in events],
        [e.category.value for e in events],
        [e.counts.total for e in events],
        [e.counts.gender.female for e in events],
        [e.counts.gender.male for e in events],
        [e.counts.gender.unknown for e in events],
        [e.counts.disability for e in events],
        [e.counts.low_income for e in events],
        [e.method.value for e in events],
        [e.basis.value if isinstance(e, ActivityRecorded) else None for e in events],
    )


async def close_activities(tx: Transaction, events: Sequence[Received[Any]]) -> None:
    """What was stated so far holds until these events, which correct or withdraw it."""
    closing = firsts(events, _activity)
    await tx.execute(
        """
        update activity_fact as old set superseded_at = new.recorded_at, superseded_by = new.event_id
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as new (activity_id, recorded_at, event_id)
        where old.activity_id = new.activity_id and old.superseded_at = 'infinity'
        """,
        [_activity(one) for one in closing],
        [one.recorded_at for one in closing],
        [one.event_id for one in closing],
    )


async def place_activities(tx: Transaction, region_ids: Sequence[UUID]) -> None:
    """Count anew, where it changed, the facts of regions whose place is known or known better."""
    await tx.execute(
        """
        update activity_fact set path = coalesce((select p.path from region_path_at(region_id, held_on, 'infinity') as p), '{}')
        where region_id = any($1) and superseded_at = 'infinity'
            and path is distinct from coalesce((select p.path from region_path_at(region_id, held_on, 'infinity') as p), '{}')
        """,
        list(region_ids),
    )
