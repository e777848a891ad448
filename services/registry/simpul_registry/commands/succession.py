"""Use cases that concern two libraries: merge and take it back, mentor (rules: domain/succession.py). The edge locks both."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from simpul_shared.contracts import registry as announced
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import Fact, append_all

from simpul_registry.commands.changing import Change, announce, load, load_for_day, moment_of
from simpul_registry.domain import succession as rules
from simpul_registry.domain.duplicates import Pair
from simpul_registry.store import kin
from simpul_registry.store.duplicates import dismiss
from simpul_registry.store.libraries import load_library, save_library
from simpul_registry.views.libraries import LibraryView

REPLICATION = "replication"
"""A lock over all links: three of them made side by side could close a ring that none of them sees."""


async def merge_library(
    tx: Transaction, change: Change, *, survivor_id: UUID, effective_on: date | None, reason: str
) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.merge."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    survivor = await load_library(tx, survivor_id, scope=change.scope, now=change.now, field="/survivor_id")
    library = rules.merge(placed.library, survivor.library, effective_on=on, today=today)
    event = announced.LibraryMerged(
        library_id=library.library_id, survivor_id=survivor_id, effective_on=on, reason=reason
    )
    return await announce(tx, placed, library, event, change, on=on)


async def unmerge_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """The two are no candidates any more either. Errors: LibraryUnknown, PreconditionFailed, and those of rules.unmerge."""
    placed = await load(tx, change)
    library, taken_back = rules.unmerge(placed.library)
    event = announced.LibraryUnmerged(
        library_id=library.library_id,
        survivor_id=taken_back.survivor_id,
        effective_on=taken_back.effective_on,
        reason=reason,
    )
    await dismiss(tx, Pair.of(change.library_id, taken_back.survivor_id), reason=reason, at=change.now)
    return await announce(tx, placed, library, event, change)


async def link_replica(
    tx: Transaction, change: Change, *, replica_id: UUID, via_bimtek_id: UUID | None, effective_on: date | None
) -> Answer:
    """A library's first replica makes it a replicator. Errors: LibraryUnknown, PreconditionFailed, and those of rules.link_replica."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    replica = await load_library(tx, replica_id, scope=change.scope, now=change.now, field="/replica_id")
    above = await kin.mentors(tx, change.library_id)
    library = rules.link_replica(placed.library, replica.library, above=above, effective_on=on, today=today)
    kinds: list[type[announced.ReplicaLinked | announced.LibraryBecameReplicator]] = [announced.ReplicaLinked]
    if placed.library.active_replicas == 0:
        kinds.append(announced.LibraryBecameReplicator)
    at, zone = moment_of(on, placed.region, now=change.now), placed.region.timezone
    events = [
        kind(library_id=library.library_id, replica_id=replica_id, via_bimtek_id=via_bimtek_id, effective_on=on)
        for kind in kinds
    ]
    recorded = await append_all(tx, [Fact(event, at, zone) for event in events])
    library = replace(library, version=recorded[-1].version)
    await save_library(tx, library)
    await kin.link_replica(tx, library.library_id, replica_id, via_bimtek_id=via_bimtek_id, on=on)
    return Answer(LibraryView.of(library, placed.region), library.version)
