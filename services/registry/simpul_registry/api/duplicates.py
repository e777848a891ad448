"""HTTP in: libraries that may be registered twice. Found when asked for, decided by a person."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query

from simpul_registry.api.fields import Cursor, Reason, strict
from simpul_registry.commands import duplicates as commands
from simpul_registry.domain.duplicates import Pair
from simpul_registry.queries import duplicates as queries
from simpul_registry.views.duplicates import DismissedView, LibraryPairView

router = APIRouter(prefix="/v1/library-duplicates", tags=["libraries"])


class DismissBody(BaseModel):
    model_config = strict(
        library_ids=["01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33", "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d77"],
        reason="Dua gedung, dua pengelola",
    )

    library_ids: tuple[UUID, UUID]
    reason: Reason


@router.get("", response_model=Page[LibraryPairView], summary="Libraries that may be registered twice")
async def list_library_pairs(
    cursor: Cursor = None, edge: Query = query(Permission.LIBRARY_READ, touches="found.region_id")
) -> Response:
    async with edge.snapshot() as tx:
        page = await queries.list_duplicates(tx, scope=edge.scope, now=edge.now, cursor=cursor)
    return answer(page)


@router.post("/dismiss", response_model=DismissedView, summary="Decide that two libraries are two")
async def dismiss_library_pair(
    body: DismissBody, edge: Command = command(Permission.LIBRARY_MERGE, touches="body.library_ids")
) -> Response:
    pair = Pair.of(*body.library_ids)
    return await edge.execute(
        lambda tx: commands.dismiss_duplicate(tx, pair, reason=body.reason, scope=edge.scope, now=edge.now),
        locks=body.library_ids,
    )
