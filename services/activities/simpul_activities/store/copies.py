"""Reads this service's copies of the registry (written by consumers.py), within a caller's scope."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.topics import LIBRARIES, PERSONS, REGIONS
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.marks import applied_through
from simpul_shared.vocabulary import LibraryStatus

from simpul_activities.domain.library import Library, Person, Place, Survivor

COPIED_TOPICS = (REGIONS, LIBRARIES, PERSONS)


async def find_library(tx: Transaction, library_id: UUID, *, allowed: Sequence[UUID] | None) -> Library | None:
    """The library, if it is known here and lies in one of the `allowed` regions (None: anywhere)."""
    row = await tx.fetchrow(
        """
        select l.library_id, l.name, l.region_id, l.timezone, l.status, l.dormant_since, l.closed_on, l.moved, l.merged_into
        from library as l
        where l.library_id = $1 and ($2::uuid[] is null
            or exists (select from region_place as place where place.region_id = l.region_id and place.path && $2))
        """,
        library_id,
        allowed,
    )
    if row is None:
        return None
    return Library(
        library_id=row["library_id"],
        name=row["name"],
        region_id=row["region_id"],
        timezone=row["timezone"],
        status=LibraryStatus(row["status"]),
        dormant_since=row["dormant_since"],
        closed_on=row["closed_on"],
        places=await _places(tx, library_id) if row["moved"] else (),
        survivor=await _survivor(tx, row["merged_into"]) if row["merged_into"] else None,
    )


async def _places(tx: Transaction, library_id: UUID) -> tuple[Place, ...]:
    rows = await tx.fetch(
        "select valid_from, region_id, timezone from library_region where library_id = $1 order by valid_from",
        library_id,
    )
    return tuple(Place(row["valid_from"], row["region_id"], row["timezone"]) for row in rows)


async def _survivor(tx: Transaction, merged_into: UUID) -> Survivor:
    """At the end of all merges; the next one where the events of those behind it are still on their way."""
    row = await tx.fetchrow(
        """
        with recursive heir as (
            select library_id, name, merged_into from library where library_id = $1
            union
            select next.library_id, next.name, next.merged_into
            from library as next join heir on next.library_id = heir.merged_into
        )
        select library_id, name from heir where merged_into is null
        """,
        merged_into,
    )
    return Survivor(merged_into, "another library") if row is None else Survivor(row["library_id"], row["name"])


async def find_person(tx: Transaction, person_id: UUID, *, allowed: Sequence[UUID] | None) -> Person | None:
    """The person, if known here and registered in one of the `allowed` regions (None: anywhere)."""
    row = await tx.fetchrow(
        """
        select p.person_id, p.erased_at, p.merged_into from person as p where p.person_id = $1 and ($2::uuid[] is null
            or exists (select from region_place as place where place.region_id = p.region_id and place.path && $2))
        """,
        person_id,
        allowed,
    )
    if row is None:
        return None
    survivor_id = await _surviving_person(tx, row["merged_into"]) if row["merged_into"] else None
    return Person(row["person_id"], row["erased_at"], survivor_id)


async def _surviving_person(tx: Transaction, merged_into: UUID) -> UUID:
    """At the end of all merges; the next one where the events of those behind it are still on their way."""
    survivor: UUID | None = await tx.fetchval(
        """
        with recursive heir as (
            select person_id, merged_into from person where person_id = $1
            union
            select next.person_id, next.merged_into from person as next join heir on next.person_id = heir.merged_into
        )
        select person_id from heir where merged_into is null
        """,
        merged_into,
    )
    return survivor or merged_into


async def lies_within(tx: Transaction, region_id: UUID, *, allowed: Sequence[UUID] | None) -> bool:
    """Whether the region lies now, or lay last, in one of the `allowed` regions (None: anywhere)."""
    return bool(
        await tx.fetchval(
            """
            select $2::uuid[] is null
                or exists (select from region_place as place where place.region_id = $1 and place.path && $2)
            """,
            region_id,
            allowed,
        )
    )


async def registry_applied_through(tx: Transaction) -> datetime | None:
    """The moment up to which all that the registry recorded is in these copies; None before its first mark."""
    marks = await applied_through(tx, tx.origin.service, [topic.name for topic in COPIED_TOPICS])
    return marks.get("registry")
