"""HTTP in: follow-up plans (rencana tindak lanjut, RTL) of libraries after a Bimtek."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import Basis

from simpul_activities.api.fields import Body, Cursor, Evidence, Limit, Reason, ReasonBody
from simpul_activities.commands import plans as commands
from simpul_activities.commands.plans import ItemChange, SubmitPlan
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
    owner_id: Annotated[UUID | None, Field(description="The person who sees to it")] = None

    def item(self) -> Item:
        return Item(self.no, self.pillar, self.text, self.due_on, self.owner_id)


class FollowUpPlanBody(Body):
    """Items are due after the Bimtek's last day and within twelve months of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN_EXAMPLE]})

    library_id: UUID
    items: Annotated[list[ItemBody], Field(min_length=1, max_length=100)]
    basis: Basis = Basis.STATED


class ProgressBody(Body):
    """How far the item is, in percent. Where it falls, the reason is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"progress": 60}]})

    progress: Annotated[int, Field(ge=0, le=100, strict=True)]
    reason: Reason | None = None


class CompleteBody(Body):
    """What shows that the item is done. `completed_on` is a local day, today when left out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"evidence": ["foto/kelas-komputer-1.jpg"], "completed_on": "2026-09-12"}]}
    )

    evidence: Evidence
    completed_on: Day | None = None


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
        return answer(
            await queries.list_plans(tx, bimtek_id, allowed=allowed, now=edge.now, cursor=cursor, limit=limit)
        )


@router.get("/v1/plans/{plan_id}", response_model=PlanView, summary="One follow-up plan")
async def read_plan(plan_id: UUID, edge: Query = query(Permission.BIMTEK_READ, touches="plan_id")) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        found = await queries.read_plan(tx, plan_id, allowed=allowed, now=edge.now)
    return answer(found, version=found.version)


@router.post(
    "/v1/plans/{plan_id}/items/{no}/progress", response_model=PlanView, summary="Tell how far a follow-up item is"
)
async def report_progress(
    plan_id: UUID,
    no: int,
    body: ProgressBody,
    edge: Command = command(Permission.PLAN_SUBMIT, touches="plan_id", existing=True),
) -> Response:
    change = _change(plan_id, no, edge)
    return await edge.execute(
        lambda tx: commands.report_progress(tx, change, progress=body.progress, reason=body.reason), locks=[plan_id]
    )


@router.post(
    "/v1/plans/{plan_id}/items/{no}/complete",
    response_model=PlanView,
    summary="Complete a follow-up item, with evidence",
)
async def complete_item(
    plan_id: UUID,
    no: int,
    body: CompleteBody,
    edge: Command = command(Permission.PLAN_SUBMIT, touches="plan_id", existing=True),
) -> Response:
    change = _change(plan_id, no, edge)
    return await edge.execute(
        lambda tx: commands.complete_item(tx, change, evidence=body.evidence, completed_on=body.completed_on),
        locks=[plan_id],
    )


@router.post("/v1/plans/{plan_id}/items/{no}/cancel", response_model=PlanView, summary="Cancel a follow-up item")
async def cancel_item(
    plan_id: UUID,
    no: int,
    body: ReasonBody,
    edge: Command = command(Permission.PLAN_SUBMIT, touches="plan_id", existing=True),
) -> Response:
    change = _change(plan_id, no, edge)
    return await edge.execute(lambda tx: commands.cancel_item(tx, change, reason=body.reason), locks=[plan_id])


def _change(plan_id: UUID, no: int, edge: Command) -> ItemChange:
    return ItemChange(plan_id, no, edge.expected_version, edge.scope, edge.now)
