"""Kafka in: this service's own copies of regions, libraries and people, so that no command asks another service."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import (
    LibraryActivated,
    LibraryClosed,
    LibraryDesignated,
    LibraryDormant,
    LibraryEvent,
    LibraryMerged,
    LibraryNominated,
    LibraryReactivated,
    LibraryRejected,
    LibraryRelocated,
    LibraryRenamed,
    LibraryReturned,
    LibraryUnmerged,
    LibraryVerified,
    PersonErased,
    PersonMerged,
    PersonRegistered,
    PersonRelocated,
    RegionVersionPublished,
    RegionVersionWithdrawn,
)
from simpul_shared.platform.consume import Handler, Received
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import keep_versions, withdraw_versions
from simpul_shared.vocabulary import LibraryStatus

from simpul_activities.store.copies import COPIED_TOPICS

TOPICS = COPIED_TOPICS
L = TypeVar("L", bound=LibraryEvent)


async def keep_nominated(tx: Transaction, events: Sequence[Received[LibraryNominated]]) -> None:
    """A returned or rejected library is nominated again under the same id."""
    await tx.executemany(
        """
        insert into library (library_id, name, region_id, timezone, status, aggregate_version, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint library_pkey do update set name = excluded.name, region_id = excluded.region_id,
            timezone = excluded.timezone, status = excluded.status, aggregate_version = excluded.aggregate_version,
            recorded_at = excluded.recorded_at
        """,
        [
            (e.library_id, e.name, e.region_id, e.timezone, e.status.value, one.version, one.recorded_at)
            for one in events
            for e in (one.event,)
        ],
    )


async def keep_verified(tx: Transaction, events: Sequence[Received[LibraryVerified]]) -> None:
    await _keep_status(tx, events, LibraryStatus.VERIFIED)


async def keep_returned(tx: Transaction, events: Sequence[Received[LibraryReturned]]) -> None:
    await _keep_status(tx, events, LibraryStatus.RETURNED)


async def keep_rejected(tx: Transaction, events: Sequence[Received[LibraryRejected]]) -> None:
    await _keep_status(tx, events, LibraryStatus.REJECTED)


async def _keep_status(tx: Transaction, events: Sequence[Received[L]], status: LibraryStatus) -> None:
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, status = $4
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) as given(library_id, version, recorded_at)
        where l.library_id = given.library_id
        """,
        *_stamps(_last(events)),
        status.value,
    )


async def keep_designated(tx: Transaction, events: Sequence[Received[LibraryDesignated]]) -> None:
    """Also a library at work that is designated for a further year: the event says which status it keeps.

    Its region is the one of the decree's date; where the library lies now others tell.
    """
    last = _last(events)
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at,
            designated_on = given.sk_date, status = given.status
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::date[], $5::text[])
            as given(library_id, version, recorded_at, sk_date, status)
        where l.library_id = given.library_id
        """,
        *_stamps(last),
        [one.event.sk_date for one in last.values()],
        [one.event.status.value for one in last.values()],
    )


async def keep_activated(tx: Transaction, events: Sequence[Received[LibraryActivated]]) -> None:
    last = _last(events)
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, status = 'AKTIF',
            activated_on = given.effective_on, dormant_since = null
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::date[])
            as given(library_id, version, recorded_at, effective_on)
        where l.library_id = given.library_id
        """,
        *_stamps(last),
        [one.event.effective_on for one in last.values()],
    )


async def keep_dormant(tx: Transaction, events: Sequence[Received[LibraryDormant]]) -> None:
    last = _last(events)
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, status = 'NONAKTIF',
            dormant_since = given.effective_on
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::date[])
            as given(library_id, version, recorded_at, effective_on)
        where l.library_id = given.library_id
        """,
        *_stamps(last),
        [one.event.effective_on for one in last.values()],
    )


async def keep_reactivated(tx: Transaction, events: Sequence[Received[LibraryReactivated]]) -> None:
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, status = 'AKTIF',
            dormant_since = null
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) as given(library_id, version, recorded_at)
        where l.library_id = given.library_id
        """,
        *_stamps(_last(events)),
    )


async def keep_renamed(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
    last = _last(events)
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, name = given.name
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[]) as given(library_id, version, recorded_at, name)
        where l.library_id = given.library_id
        """,
        *_stamps(last),
        [one.event.new_name for one in last.values()],
    )


async def keep_closed(tx: Transaction, events: Sequence[Received[LibraryClosed]]) -> None:
    last = _last(events)
    await tx.execute(
        """
        update library as l set aggregate_version = given.version, recorded_at = given.recorded_at, status = 'DITUTUP',
            closed_on = given.effective_on, plans_to = given.plans_to
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::date[], $5::uuid[])
            as given(library_id, version, recorded_at, effective_on, plans_to)
        where l.library_id = given.library_id
        """,
        *_stamps(last),
        [one.event.effective_on for one in last.values()],
        [one.event.transfer_to for one in last.values()],
    )


async def keep_relocated(tx: Transaction, events: Sequence[Received[LibraryRelocated]]) -> None:
    """Moves are rare, and of several of one library each builds on the one before."""
    for one in events:
        await _keep_place_before(tx, one.event.library_id)
        await _keep_place(tx, one)


async def _keep_place_before(tx: Transaction, library_id: UUID) -> None:
    """Where a library lay that has not moved yet."""
    await tx.execute(
        """
        insert into library_region (library_id, valid_from, region_id, timezone)
        select library_id, '-infinity', region_id, timezone from library where library_id = $1 and not moved
        """,
        library_id,
    )


async def _keep_place(tx: Transaction, one: Received[LibraryRelocated]) -> None:
    e = one.event
    await tx.execute(
        """
        with placed as (
            insert into library_region (library_id, valid_from, region_id, timezone) values ($1, $2, $3, $4)
            on conflict on constraint library_region_pkey do update set region_id = $3, timezone = $4
        )
        update library set region_id = $3, timezone = $4, moved = true, aggregate_version = $5, recorded_at = $6
        where library_id = $1
        """,
        e.library_id,
        e.effective_on,
        e.region_id,
        e.timezone,
        one.version,
        one.recorded_at,
    )


async def keep_merged(tx: Transaction, events: Sequence[Received[LibraryMerged]]) -> None:
    await _keep_bond(tx, [(one, one.event.survivor_id, one.event.effective_on) for one in events])


async def keep_unmerged(tx: Transaction, events: Sequence[Received[LibraryUnmerged]]) -> None:
    await _keep_bond(tx, [(one, None, None) for one in events])


async def _keep_bond(tx: Transaction, bonds: Sequence[tuple[Received[Any], UUID | None, date | None]]) -> None:
    await tx.executemany(
        """
        update library set merged_into = $2, merged_on = $3, aggregate_version = $4, recorded_at = $5 where library_id = $1
        """,
        [(one.event.library_id, into, on, one.version, one.recorded_at) for one, into, on in bonds],
    )


async def keep_person(tx: Transaction, events: Sequence[Received[PersonRegistered]]) -> None:
    await tx.executemany(
        "insert into person (person_id, region_id, recorded_at) values ($1, $2, $3)",
        [(one.event.person_id, one.event.region_id, one.recorded_at) for one in events],
    )


async def keep_relocated_person(tx: Transaction, events: Sequence[Received[PersonRelocated]]) -> None:
    await tx.executemany(
        "update person set region_id = $2 where person_id = $1",
        [(one.event.person_id, one.event.region_id) for one in events],
    )


async def keep_merged_person(tx: Transaction, events: Sequence[Received[PersonMerged]]) -> None:
    await tx.executemany(
        "update person set merged_into = $2 where person_id = $1",
        [(one.event.person_id, one.event.survivor_id) for one in events],
    )


async def keep_erased(tx: Transaction, events: Sequence[Received[PersonErased]]) -> None:
    await tx.executemany(
        "update person set erased_at = $2 where person_id = $1",
        [(one.event.person_id, one.recorded_at) for one in events],
    )


def _last(events: Sequence[Received[L]]) -> dict[UUID, Received[L]]:
    """The last event of each library: one statement updates a row only once."""
    return {one.event.library_id: one for one in events}


def _stamps(last: Mapping[UUID, Received[Any]]) -> tuple[list[object], list[object], list[object]]:
    return list(last), [one.version for one in last.values()], [one.recorded_at for one in last.values()]


HANDLERS: dict[type[Event], Handler] = {
    RegionVersionPublished: keep_versions,
    RegionVersionWithdrawn: withdraw_versions,
    LibraryNominated: keep_nominated,
    LibraryVerified: keep_verified,
    LibraryReturned: keep_returned,
    LibraryRejected: keep_rejected,
    LibraryDesignated: keep_designated,
    LibraryActivated: keep_activated,
    LibraryDormant: keep_dormant,
    LibraryReactivated: keep_reactivated,
    LibraryRenamed: keep_renamed,
    LibraryClosed: keep_closed,
    LibraryRelocated: keep_relocated,
    LibraryMerged: keep_merged,
    LibraryUnmerged: keep_unmerged,
    PersonRegistered: keep_person,
    PersonErased: keep_erased,
    PersonRelocated: keep_relocated_person,
    PersonMerged: keep_merged_person,
}
