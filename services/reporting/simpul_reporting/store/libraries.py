"""Libraries as the registry told of them: their names, states and designations. Handlers give events of one type."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from simpul_shared.contracts.registry import (
    LibraryDesignated,
    LibraryMerged,
    LibraryNominated,
    LibraryRelocated,
    LibraryUnmerged,
)
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import LibraryStatus

from simpul_reporting.store.facts import closings, firsts, provenance


async def keep_libraries(tx: Transaction, events: Sequence[Received[LibraryNominated]]) -> None:
    """Know the libraries; one nominated anew may have moved meanwhile."""
    latest = {one.event.library_id: one.event for one in events}
    await tx.executemany(
        """
        insert into library (library_id, library_type, region_id, timezone) values ($1, $2, $3, $4)
        on conflict (library_id) do update set
            library_type = excluded.library_type, region_id = excluded.region_id, timezone = excluded.timezone
        """,
        [(e.library_id, e.library_type.value, e.region_id, e.timezone) for e in latest.values()],
    )


async def move_libraries(tx: Transaction, events: Sequence[Received[LibraryRelocated]]) -> None:
    latest = {one.event.library_id: one.event for one in events}
    await tx.executemany(
        "update library set region_id = $2, timezone = $3 where library_id = $1",
        [(e.library_id, e.region_id, e.timezone) for e in latest.values()],
    )


async def add_regions(tx: Transaction, events: Sequence[Received[Any]], since: Sequence[date | None]) -> None:
    """One region per event, with the day it holds from (None: the local day it was given)."""
    await tx.execute(
        """
        insert into library_region (library_id, region_id, effective_on, event_id, aggregate_version, recorded_at, log_topic,
            log_partition, log_offset)
        select given.library_id, given.region_id,
            coalesce(given.effective_on, (given.occurred_at at time zone coalesce(library.timezone, 'Asia/Jakarta'))::date),
            event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset
        from unnest($1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[], $5::uuid[], $6::bigint[], $7::timestamptz[],
            $8::text[], $9::integer[], $10::bigint[]) as given (library_id, region_id, effective_on, occurred_at, event_id,
            aggregate_version, recorded_at, log_topic, log_partition, log_offset)
            left join library using (library_id)
        """,
        [one.event.library_id for one in events],
        [one.event.region_id for one in events],
        list(since),
        [one.occurred_at for one in events],
        *provenance(events),
    )


async def add_merges(tx: Transaction, events: Sequence[Received[LibraryMerged]]) -> None:
    await tx.execute(
        """
        insert into merge_fact (library_id, survivor_id, effective_on, event_id, aggregate_version, recorded_at, log_topic,
            log_partition, log_offset)
        select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::text[],
            $8::integer[], $9::bigint[])
        """,
        [one.event.library_id for one in events],
        [one.event.survivor_id for one in events],
        [one.event.effective_on for one in events],
        *provenance(events),
    )


async def close_merges(tx: Transaction, events: Sequence[Received[LibraryUnmerged]]) -> None:
    """The merge that was taken back; it stays on record, as known until then."""
    await tx.execute(
        """
        update merge_fact as old set superseded_at = new.recorded_at, superseded_by = new.event_id
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as new (library_id, recorded_at, event_id)
        where old.library_id = new.library_id and old.superseded_at = 'infinity'
        """,
        [one.event.library_id for one in events],
        [one.recorded_at for one in events],
        [one.event_id for one in events],
    )


async def add_names(tx: Transaction, events: Sequence[Received[Any]], names: Sequence[tuple[str, date | None]]) -> None:
    """One name per event, with the day it holds from (None: the local day it was given)."""
    await tx.execute(
        """
        insert into library_name (library_id, name, effective_on, event_id, aggregate_version, recorded_at, log_topic,
            log_partition, log_offset)
        select given.library_id, given.name,
            coalesce(given.effective_on, (given.occurred_at at time zone coalesce(library.timezone, 'Asia/Jakarta'))::date),
            event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset
        from unnest($1::uuid[], $2::text[], $3::date[], $4::timestamptz[], $5::uuid[], $6::bigint[], $7::timestamptz[],
            $8::text[], $9::integer[], $10::bigint[]) as given (library_id, name, effective_on, occurred_at, event_id,
            aggregate_version, recorded_at, log_topic, log_partition, log_offset)
            left join library using (library_id)
        """,
        [one.event.library_id for one in events],
        [name for name, _ in names],
        [effective_on for _, effective_on in names],
        [one.occurred_at for one in events],
        *provenance(events),
    )


async def add_statuses(
    tx: Transaction, events: Sequence[Received[Any]], statuses: Sequence[tuple[LibraryStatus, date | None]]
) -> None:
    """One state per event, with the day it holds from (None: the local day it happened)."""
    await tx.execute(
        """
        insert into library_status (library_id, status, effective_on, event_id, aggregate_version, recorded_at, log_topic,
            log_partition, log_offset)
        select given.library_id, given.status,
            coalesce(given.effective_on, (given.occurred_at at time zone coalesce(library.timezone, 'Asia/Jakarta'))::date),
            event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset
        from unnest($1::uuid[], $2::text[], $3::date[], $4::timestamptz[], $5::uuid[], $6::bigint[], $7::timestamptz[],
            $8::text[], $9::integer[], $10::bigint[]) as given (library_id, status, effective_on, occurred_at, event_id,
            aggregate_version, recorded_at, log_topic, log_partition, log_offset)
            left join library using (library_id)
        """,
        [one.event.library_id for one in events],
        [status.value for status, _ in statuses],
        [effective_on for _, effective_on in statuses],
        [one.occurred_at for one in events],
        *provenance(events),
    )


def _designated(one: Received[LibraryDesignated]) -> tuple[UUID, int]:
    return one.event.library_id, one.event.programme_year


async def keep_designations(tx: Transaction, events: Sequence[Received[LibraryDesignated]]) -> None:
    """A designation of the same library for the same year replaces the one before, which stays on record."""
    closing = firsts(events, _designated)
    await tx.execute(
        """
        update designation_fact as old set superseded_at = new.recorded_at, superseded_by = new.event_id
        from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::uuid[])
            as new (library_id, programme_year, recorded_at, event_id)
        where old.library_id = new.library_id and old.programme_year = new.programme_year
            and old.superseded_at = 'infinity'
        """,
        [one.event.library_id for one in closing],
        [one.event.programme_year for one in closing],
        [one.recorded_at for one in closing],
        [one.event_id for one in closing],
    )
    await _add_designations(tx, events)


async def first_designations(
    tx: Transaction, events: Sequence[Received[LibraryDesignated]]
) -> list[Received[LibraryDesignated]]:
    """Those before which their library was never designated: a further year's decree changes nothing of its state."""
    rows = await tx.fetch(
        "select distinct library_id from designation_fact where library_id = any($1)",
        [one.event.library_id for one in events],
    )
    known = {row["library_id"] for row in rows}
    begun = [one for one in firsts(events, lambda one: one.event.library_id) if one.event.library_id not in known]
    return [one for one in begun if one.event.status is LibraryStatus.DESIGNATED]


async def _add_designations(tx: Transaction, events: Sequence[Received[LibraryDesignated]]) -> None:
    await tx.execute(
        """
        insert into designation_fact (library_id, programme_year, scheme, sk_no, sk_date, region_id, basis, superseded_at,
            superseded_by, event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset)
        select * from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::date[], $6::uuid[], $7::text[],
            $8::timestamptz[], $9::uuid[], $10::uuid[], $11::bigint[], $12::timestamptz[], $13::text[], $14::integer[],
            $15::bigint[])
        """,
        [one.event.library_id for one in events],
        [one.event.programme_year for one in events],
        [one.event.scheme.value for one in events],
        [one.event.sk_no for one in events],
        [one.event.sk_date for one in events],
        [one.event.region_id for one in events],
        [one.event.basis.value for one in events],
        *closings(events, _designated),
        *provenance(events),
    )
