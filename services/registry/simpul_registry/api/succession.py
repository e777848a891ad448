"""HTTP in: what libraries are to each other: one goes on for two, one mentors another."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Query, answer, query

from simpul_registry.api.changes import change_of, locks_with_mentors
from simpul_registry.api.library_bodies import EffectiveReasonBody, MergeBody, ReasonBody, ReplicaBody
from simpul_registry.commands import succession as commands
from simpul_registry.queries import libraries as queries
from simpul_registry.views.libraries import LibraryView, LinksView

router = APIRouter(tags=["libraries"])


@router.post(
    "/v1/libraries/{library_id}/merge",
    response_model=LibraryView,
    summary="Say that another library goes on for this one",
)
async def merge_library(
    library_id: UUID,
    body: MergeBody,
    edge: Command = command(Permission.LIBRARY_MERGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.merge_library(
            tx, change, survivor_id=body.survivor_id, effective_on=body.effective_on, reason=body.reason
        ),
        locks=[*await locks_with_mentors(edge, library_id, body.survivor_id), commands.REPLICATION],
    )


@router.post(
    "/v1/libraries/{library_id}/unmerge", response_model=LibraryView, summary="Take a merge back, from its beginning"
)
async def unmerge_library(
    library_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.LIBRARY_MERGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.unmerge_library(tx, change, reason=body.reason),
        locks=[*await locks_with_mentors(edge, library_id), commands.REPLICATION],
    )


@router.post(
    "/v1/libraries/{library_id}/replicas", response_model=LibraryView, summary="Say that a library mentors another"
)
async def link_replica(
    library_id: UUID,
    body: ReplicaBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.link_replica(
            tx,
            change,
            replica_id=body.replica_id,
            via_bimtek_id=body.via_bimtek_id,
            effective_on=body.effective_on,
        ),
        locks=[library_id, body.replica_id, commands.REPLICATION],
    )


@router.post(
    "/v1/libraries/{library_id}/replicas/{replica_id}/end",
    response_model=LibraryView,
    summary="Say that a library mentors another no longer",
)
async def end_link(
    library_id: UUID,
    replica_id: UUID,
    body: EffectiveReasonBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.end_link(
            tx, change, replica_id=replica_id, effective_on=body.effective_on, reason=body.reason
        ),
        locks=[library_id, replica_id, commands.REPLICATION],
    )


@router.get(
    "/v1/libraries/{library_id}/replicas",
    response_model=LinksView,
    summary="Whom a library mentors, and who mentors it",
)
async def library_replicas(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.library_links(tx, library_id, scope=edge.scope, now=edge.now)
    return answer(view)
