"""Use cases that concern two libraries: merge and take it back, mentor (rules: domain/succession.py). The edge locks both."""

from datetime import date
from uuid import UUID

from simpul_shared.contracts import registry as announced
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer

from simpul_registry.commands.changing import Change, announce, load, load_for_day
from simpul_registry.commands.known import require_bimtek
from simpul_registry.commands.replicators import Cause, tell_replicators
from simpul_registry.domain import succession as rules
from simpul_registry.domain.duplicates import Pair
from simpul_registry.store import replica_links
from simpul_registry.store.duplicates import dismiss
from simpul_registry.store.kin import bound_since, survivor_of
from simpul_registry.store.libraries import load_library
from simpul_registry.store.regions import local_day
from simpul_registry.views.libraries import LibraryView

REPLICATION = "replication"
"""A lock over all links: three of them made side by side could close a ring that none of them sees."""


async def merge_library(
    tx: Transaction, change: Change, *, survivor_id: UUID, effective_on: date | None, reason: str
) -> Answer:
    """The survivor takes the links over, too. Errors: LibraryUnknown, PreconditionFailed, MentoredByReplica, and those of rules.merge."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    survivor = await load_library(tx, survivor_id, scope=change.scope, now=change.now, field="/survivor_id")
    bound = await bound_since(tx, change.library_id)
    library = rules.merge(placed.library, survivor.library, bound_since=bound, effective_on=on, today=today)
    event = announced.LibraryMerged(
        library_id=library.library_id, survivor_id=survivor_id, effective_on=on, reason=reason
    )
    answer = await announce(tx, placed, library, event, change, on=on)
    await replica_links.pass_on(tx, change.library_id, survivor_id)
    rules.require_no_ring(survivor_id, await replica_links.kin_of(tx, survivor_id))
    await tell_replicators(tx, [survivor_id], Cause.of(change.library_id, change, placed.region, on=on))
    return answer


async def unmerge_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """Links go back to who they were made for, and the two are no candidates any more.

    Errors: LibraryUnknown, PreconditionFailed, MentoredByReplica, and those of rules.unmerge.
    """
    placed = await load(tx, change)
    survivor_id = await survivor_of(tx, change.library_id)
    library, taken_back = rules.unmerge(placed.library)
    event = announced.LibraryUnmerged(
        library_id=library.library_id,
        survivor_id=taken_back.survivor_id,
        effective_on=taken_back.effective_on,
        reason=reason,
    )
    await dismiss(tx, Pair.of(change.library_id, taken_back.survivor_id), reason=reason, at=change.now)
    await announce(tx, placed, library, event, change)
    await replica_links.give_back(tx, change.library_id)
    rules.require_no_ring(change.library_id, await replica_links.kin_of(tx, change.library_id))
    today = local_day(change.now, placed.region.timezone)
    cause = Cause.of(change.library_id, change, placed.region, on=today)
    await tell_replicators(tx, [change.library_id, survivor_id], cause)
    return await _answer(tx, change)


async def link_replica(
    tx: Transaction, change: Change, *, replica_id: UUID, via_bimtek_id: UUID | None, effective_on: date | None
) -> Answer:
    """A library's first replica makes it a replicator.

    Errors: LibraryUnknown, PreconditionFailed, BimtekUnknown, BimtekWasCancelled, and those of rules.link_replica.
    """
    placed, today, on = await load_for_day(tx, change, effective_on)
    replica = await load_library(tx, replica_id, scope=change.scope, now=change.now, field="/replica_id")
    if via_bimtek_id is not None:
        await require_bimtek(tx, via_bimtek_id, field="/via_bimtek_id")
    kin = await replica_links.kin_of(tx, change.library_id)
    rules.link_replica(placed.library, replica.library, kin=kin, effective_on=on, today=today)
    event = announced.ReplicaLinked(
        library_id=change.library_id, replica_id=replica_id, via_bimtek_id=via_bimtek_id, effective_on=on
    )
    await announce(tx, placed, placed.library, event, change, on=on)
    await replica_links.insert_link(tx, change.library_id, replica_id, via_bimtek_id=via_bimtek_id, on=on)
    await tell_replicators(tx, [change.library_id], Cause.of(replica_id, change, placed.region, on=on))
    return await _answer(tx, change)


async def end_link(
    tx: Transaction, change: Change, *, replica_id: UUID, effective_on: date | None, reason: str
) -> Answer:
    """Also of links that merges passed on to either. Errors: LibraryUnknown, PreconditionFailed, and those of rules.end_link."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    linked_on = await replica_links.linked_on(tx, change.library_id, replica_id)
    rules.end_link(placed.library, linked_on=linked_on, effective_on=on, today=today)
    event = announced.ReplicaUnlinked(
        library_id=change.library_id, replica_id=replica_id, effective_on=on, reason=reason
    )
    await announce(tx, placed, placed.library, event, change, on=on)
    await replica_links.end_links(tx, change.library_id, replica_id, on=on)
    await tell_replicators(tx, [change.library_id], Cause.of(replica_id, change, placed.region, on=on))
    return await _answer(tx, change)


async def _answer(tx: Transaction, change: Change) -> Answer:
    """The library as its links have made it, at the version of its last event."""
    placed = await load_library(tx, change.library_id, scope=change.scope, now=change.now)
    return Answer(LibraryView.of(placed.library, placed.region), placed.library.version)
