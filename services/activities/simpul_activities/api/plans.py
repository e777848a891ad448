"""HTTP in: follow-up plans (rencana tindak lanjut, RTL) of libraries after a Bimtek."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import Basis

from simpul_activities.api.fields import Body, Cursor, Day, Limit
from simpul_activities.commands import plans as commands
from simpul_activities.commands.plans import SubmitPlan
from simpul_activities.domain.bimtek import Pillar
from simpul_activities.domain.plan import Item
from simpul_activities.queries import participation as queries
from simpul_activities.queries.reach import reach
from simpul_activities.views.participation import PLAN_EXAMPLE, PlanView

router = APIRouter(tags=["plans"])


class ItemBody(Body):
    no: Annotated[int, Field(ge=1, le=100)]
    pillar: Pillar
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    due_on: Day

    def item(self) -> Item:
        return Item(self.no, self.pillar, self.text, self.due_on)


class FollowUpPlanBody(Body):
    """Items are due after the Bimtek's last day and within twelve months of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN_EXAMPLE]})

    library_id: UUID
    items: Annotated[list[ItemBody], Field(min_length=1, max_length=100)]
    basis: Basis = Basis.STATED


@router.post(
    "/v1/bimteks/{bimtek_id}/plans",
    status_code=201,
    response_model=PlanView,
    summary="Submit a library's follow-up plan",
)
async def submit_plan(
    bimtek_id: UUID, body: FollowUpPlanBody, edge: Command = command(Permission.PLAN_SUBMIT, touches="body.library_id")
) -> Response:
    plan_id = uuid6.uuid7()
    wanted = SubmitPlan(bimtek_id, body.library_id, [one.item() for one in body.items], body.basis)
    return await edge.execute(
        lambda tx: commands.submit_plan(tx, plan_id, wanted, scope=edge.scope, now=edge.now),
        locks=[bimtek_id, plan_id],
        status=201,
    )


@router.get("/v1/bimteks/{bimtek_id}/plans", response_model=Page[PlanView], summary="Follow-up plans of a Bimtek")
async def list_plans(
    bimtek_id: UUID,
    cursor: Cursor = None,
    limit: Limit = 50,
    edge: Query = query(Permission.BIMTEK_READ, touches="bimtek_id"),
) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        return answer(await queries.list_plans(tx, bimtek_id, allowed=allowed, cursor=cursor, limit=limit))


@router.get("/v1/plans/{plan_id}", response_model=PlanView, summary="One follow-up plan")
async def read_plan(plan_id: UUID, edge: Query = query(Permission.BIMTEK_READ, touches="plan_id")) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        found = await queries.read_plan(tx, plan_id, allowed=allowed)
    return answer(found, version=found.version)
