"""What every change of a library takes from its request."""

from uuid import UUID

from simpul_shared.platform.http.command import Command

from simpul_registry.commands.changing import Change
from simpul_registry.domain.nomination import Actor
from simpul_registry.store.kin import survivor_of
from simpul_registry.store.replica_links import with_mentors


def change_of(library_id: UUID, edge: Command) -> Change:
    """Errors: PreconditionRequired, PreconditionFailed."""
    return Change(library_id, edge.expected_version, actor(edge), edge.scope, edge.now)


async def locks_with_mentors(edge: Command, *library_ids: UUID) -> list[str | UUID]:
    """The libraries that change, who goes on for those merged, and the mentors of all: a mentor's standing follows theirs.

    Locks come before all else in a transaction, so they are looked up in one of their own; commands/replicators.py
    refuses if mentors came meanwhile.
    """
    async with edge.database.snapshot(edge.origin) as tx:
        heirs = [await survivor_of(tx, library_id) for library_id in library_ids]
        return [*library_ids, *await with_mentors(tx, heirs)]


def actor(edge: Command) -> Actor:
    return Actor(edge.principal.subject, edge.principal.permissions)
