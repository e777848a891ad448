"""What every change of a library takes from its request."""

from uuid import UUID

from simpul_shared.platform.http.command import Command

from simpul_registry.commands.changing import Change
from simpul_registry.domain.nomination import Actor


def change_of(library_id: UUID, edge: Command) -> Change:
    """Errors: PreconditionRequired, PreconditionFailed."""
    return Change(library_id, edge.expected_version, actor(edge), edge.scope, edge.now)


def actor(edge: Command) -> Actor:
    return Actor(edge.principal.subject, edge.principal.permissions)
