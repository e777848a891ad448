"""Bimtek: registrations and marks as facts. The months (attendance_month) follow by trigger from what is written here.

A registration counts in the month its Bimtek begins, so it waits, uncounted, for the Bimtek as facts do for their region.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from simpul_shared.contracts.activities import (
    AttendanceCorrected,
    AttendanceRecorded,
    BimtekCancelled,
    BimtekPlanned,
    ParticipantRegistered,
    ParticipantWithdrawn,
)
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction

from simpul_reporting.store.facts import closings, firsts, hold_map, provenance


async def keep_bimteks(tx: Transaction, events: Sequence[Received[BimtekPlanned]]) -> None:
    await tx.executemany(
        """
        insert into bimtek (bimtek_id, kind, level, region_id, starts_on, ends_on, basis) values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [_bimtek(one.event) for one in events],
    )


def _bimtek(e: BimtekPlanned) -> tuple[object, ...]:
    return (e.bimtek_id, e.kind.value, e.level.value, e.region_id, e.starts_on, e.ends_on, e.basis.value)


async def date_registrations(tx: Transaction, events: Sequence[Received[BimtekPlanned]]) -> None:
    """Registrations that came before their Bimtek (it was kept aside) get their month and place."""
    await hold_map(tx)
    await tx.execute(
        """
        update registration_fact as fact set counted_on = bimtek.starts_on,
            path = coalesce((select p.path from region_path_at(fact.region_id, bimtek.starts_on, 'infinity') as p), '{}')
        from bimtek
        where bimtek.bimtek_id = any($1) and fact.bimtek_id = bimtek.bimtek_id
            and fact.superseded_at = 'infinity' and fact.counted_on is null
        """,
        [one.event.bimtek_id for one in events],
    )


async def cancel_bimteks(tx: Transaction, events: Sequence[Received[BimtekCancelled]]) -> None:
    """Nobody is registered for a cancelled Bimtek any more; marks taken before stay."""
    await tx.executemany(
        "update bimtek set cancelled_at = $2 where bimtek_id = $1",
        [(one.event.bimtek_id, one.recorded_at) for one in events],
    )
    await tx.execute(
        """
        update registration_fact as fact set superseded_at = cancelled.recorded_at, superseded_by = cancelled.event_id
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as cancelled (bimtek_id, recorded_at, event_id)
        where fact.bimtek_id = cancelled.bimtek_id and fact.superseded_at = 'infinity'
        """,
        [one.event.bimtek_id for one in events],
        [one.recorded_at for one in events],
        [one.event_id for one in events],
    )


async def add_registrations(tx: Transaction, events: Sequence[Received[ParticipantRegistered]]) -> None:
    await hold_map(tx)
    await tx.execute(
        """
        insert into registration_fact (registration_id, bimtek_id, library_id, region_id, counted_on, basis, path,
            superseded_at, event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset)
        select given.registration_id, given.bimtek_id, given.library_id, given.region_id, bimtek.starts_on, given.basis,
            coalesce(place.path, '{}'),
            coalesce(bimtek.cancelled_at, 'infinity'), given.event_id, given.aggregate_version, given.recorded_at,
            given.log_topic, given.log_partition, given.log_offset
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::bigint[], $8::timestamptz[],
            $9::text[], $10::integer[], $11::bigint[])
            as given (registration_id, bimtek_id, library_id, region_id, basis, event_id, aggregate_version, recorded_at,
            log_topic, log_partition, log_offset)
            left join bimtek using (bimtek_id)
            left join lateral region_path_at(given.region_id, bimtek.starts_on, 'infinity') as place on true
        """,
        [one.event.registration_id for one in events],
        [one.event.bimtek_id for one in events],
        [one.event.library_id for one in events],
        [one.event.region_id for one in events],
        [one.event.basis.value for one in events],
        *provenance(events),
    )


async def close_registrations(tx: Transaction, events: Sequence[Received[ParticipantWithdrawn]]) -> None:
    await tx.execute(
        """
        update registration_fact as old set superseded_at = new.recorded_at, superseded_by = new.event_id
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as new (registration_id, recorded_at, event_id)
        where old.registration_id = new.registration_id and old.superseded_at = 'infinity'
        """,
        [one.event.registration_id for one in events],
        [one.recorded_at for one in events],
        [one.event_id for one in events],
    )


def _mark(one: Received[Any]) -> tuple[UUID, int]:
    return one.event.registration_id, one.event.session_no


async def close_marks(tx: Transaction, events: Sequence[Received[AttendanceCorrected]]) -> None:
    """What was marked so far holds until these events, which correct it."""
    closing = firsts(events, _mark)
    await tx.execute(
        """
        update attendance_fact as old set superseded_at = new.recorded_at, superseded_by = new.event_id
        from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::uuid[])
            as new (registration_id, session_no, recorded_at, event_id)
        where old.registration_id = new.registration_id and old.session_no = new.session_no
            and old.superseded_at = 'infinity'
        """,
        [one.event.registration_id for one in closing],
        [one.event.session_no for one in closing],
        [one.recorded_at for one in closing],
        [one.event_id for one in closing],
    )


async def add_marks(
    tx: Transaction, events: Sequence[Received[AttendanceRecorded]] | Sequence[Received[AttendanceCorrected]]
) -> None:
    """Keep each mark; the last one of a registration in a session is what holds."""
    await hold_map(tx)
    await tx.execute(
        """
        insert into attendance_fact (registration_id, session_no, bimtek_id, library_id, region_id, held_on, status, basis,
            path, superseded_at, superseded_by, event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset)
        select given.registration_id, given.session_no, given.bimtek_id, given.library_id, given.region_id, given.held_on,
            given.status, given.basis,
            coalesce(place.path, '{}'),
            given.superseded_at, given.superseded_by, given.event_id, given.aggregate_version, given.recorded_at,
            given.log_topic, given.log_partition, given.log_offset
        from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::uuid[], $6::date[], $7::text[], $8::text[],
            $9::timestamptz[], $10::uuid[], $11::uuid[], $12::bigint[], $13::timestamptz[], $14::text[], $15::integer[],
            $16::bigint[])
            as given (registration_id, session_no, bimtek_id, library_id, region_id, held_on, status, basis, superseded_at,
            superseded_by, event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset)
            left join lateral region_path_at(given.region_id, given.held_on, 'infinity') as place on true
        """,
        [one.event.registration_id for one in events],
        [one.event.session_no for one in events],
        [one.event.bimtek_id for one in events],
        [one.event.library_id for one in events],
        [one.event.region_id for one in events],
        [one.event.held_on for one in events],
        [one.event.status.value for one in events],
        [one.event.basis.value if isinstance(one.event, AttendanceRecorded) else None for one in events],
        *closings(events, _mark),
        *provenance(events),
    )


async def place_attendance(tx: Transaction, region_ids: Sequence[UUID]) -> None:
    """Count anew, where it changed, the facts of regions whose place is known or known better."""
    await tx.execute(
        """
        update attendance_fact set path = coalesce((select p.path from region_path_at(region_id, held_on, 'infinity') as p), '{}')
        where region_id = any($1) and superseded_at = 'infinity'
            and path is distinct from coalesce((select p.path from region_path_at(region_id, held_on, 'infinity') as p), '{}')
        """,
        list(region_ids),
    )
    await tx.execute(
        """
        update registration_fact set path = coalesce((select p.path from region_path_at(region_id, counted_on, 'infinity') as p), '{}')
        where region_id = any($1) and superseded_at = 'infinity' and counted_on is not null
            and path is distinct from coalesce((select p.path from region_path_at(region_id, counted_on, 'infinity') as p), '{}')
        """,
        list(region_ids),
    )
