"""HTTP in: lineage that a person holds for wrong."""

from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from simpul_shared.access import Permission
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query

from simpul_registry.api.fields import Cursor, Limit, Reason, strict
from simpul_registry.commands import overrules as commands
from simpul_registry.commands.overrules import OverruleLineage
from simpul_registry.queries import overrules as queries
from simpul_registry.store.region_changes import LOCK
from simpul_registry.views.overrules import OverruleView

router = APIRouter(prefix="/v1/region-overrules", tags=["regions"])


class OverruleBody(BaseModel):
    model_config = strict(lineage_event_id="019a9c5e-7d2b-7c41-9f60-3a1f0c2b5d11", reason="Dua desa yang berbeda")

    lineage_event_id: UUID
    reason: Reason


class UndoBody(BaseModel):
    model_config = strict(reason="Ternyata desa yang sama")

    reason: Reason


@router.post(
    "",
    status_code=201,
    response_model=OverruleView,
    summary="Overrule lineage of low confidence: another place, or the same",
)
async def overrule_lineage(
    body: OverruleBody, edge: Command = command(Permission.REGION_CHANGE, touches=NATION)
) -> Response:
    overrule_id = uuid6.uuid7()
    wanted = OverruleLineage(body.lineage_event_id, body.reason)
    return await edge.execute(
        lambda tx: commands.overrule_lineage(tx, overrule_id, wanted, by=edge.principal.subject, now=edge.now),
        locks=[LOCK],
        status=201,
    )


@router.get("", response_model=Page[OverruleView], summary="Overruled lineage, the latest first")
async def list_overrules(
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_CHANGE, touches=NATION),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.list_overrules(tx, limit=limit, cursor=cursor))


@router.get("/{overrule_id}", response_model=OverruleView, summary="One lineage that was overruled")
async def get_overrule(overrule_id: UUID, edge: Query = query(Permission.REGION_CHANGE, touches=NATION)) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_overrule(tx, overrule_id)
    return answer(view, version=view.version)


@router.post(
    "/{overrule_id}/undo",
    response_model=OverruleView,
    summary="Undo it: what was one region is so again, and what were two",
)
async def undo_overrule(
    overrule_id: UUID,
    body: UndoBody,
    edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True),
) -> Response:
    undo_id, expected = uuid6.uuid7(), edge.expected_version
    return await edge.execute(
        lambda tx: commands.undo_overrule(
            tx,
            overrule_id,
            undo_id,
            expected_version=expected,
            reason=body.reason,
            by=edge.principal.subject,
            now=edge.now,
        ),
        locks=[LOCK],
    )
