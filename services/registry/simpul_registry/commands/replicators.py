"""Mentors are told when they become replicators and when they cease to be, whatever brought it about.

The edge locks them before the change (locks_with_mentors in api/changes.py): their events need their locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.contracts.registry import LibraryBecameReplicator, LibraryCeasedReplicator, LibraryEvent
from simpul_shared.platform.database import Transaction, lock_key
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import Region

from simpul_registry.commands.changing import Change, announce, moment_of
from simpul_registry.domain.library import Library
from simpul_registry.domain.succession import LinksChanged
from simpul_registry.store.libraries import PlacedLibrary
from simpul_registry.store.replica_links import keep_told, replicators_to_tell, with_mentors


@dataclass(frozen=True)
class Cause:
    """Of which library the change was, or which is no longer mentored; from which local day on, and when it happened."""

    replica_id: UUID
    on: date
    at: datetime
    timezone: str

    @classmethod
    def of(cls, replica_id: UUID, change: Change, region: Region, *, on: date) -> "Cause":
        return cls(replica_id, on, moment_of(on, region, now=change.now), region.timezone)


async def tell_replicators(tx: Transaction, library_ids: Sequence[UUID], cause: Cause) -> None:
    """After a change of these libraries: they and their mentors, where what they are is not what they were told.

    Errors: LinksChanged, when a mentor came after the edge took its locks.
    """
    rows = await replicators_to_tell(tx, await with_mentors(tx, library_ids))
    if any(lock_key(row["library_id"]) not in tx.locked for row in rows):
        raise LinksChanged("Somebody else changed who mentors the library. Repeat the request.", retry_after=1)
    facts = [Fact(_event(row, cause), cause.at, cause.timezone) for row in rows]
    for row, recorded in zip(rows, await append_all(tx, facts), strict=True):
        await keep_told(tx, row["library_id"], version=recorded.version)


def _event(row: asyncpg.Record, cause: Cause) -> LibraryEvent:
    if row["replica_id"] is None:
        return LibraryCeasedReplicator(library_id=row["library_id"], replica_id=cause.replica_id, effective_on=cause.on)
    return LibraryBecameReplicator(
        library_id=row["library_id"],
        replica_id=row["replica_id"],
        via_bimtek_id=row["via_bimtek_id"],
        effective_on=cause.on,
    )


async def announce_with_mentors(
    tx: Transaction, placed: PlacedLibrary, library: Library, event: LibraryEvent, change: Change, *, on: date
) -> Answer:
    """As announce(), where the change may make replicators of the library's mentors, or the contrary."""
    answer = await announce(tx, placed, library, event, change, on=on)
    cause = Cause.of(library.library_id, change, placed.region, on=on)
    await tell_replicators(tx, [library.library_id], cause)
    return answer
