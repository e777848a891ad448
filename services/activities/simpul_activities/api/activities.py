"""HTTP in: community activities of libraries."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

from simpul_activities.api.fields import (
    Body,
    Cursor,
    From,
    Instant,
    Limit,
    Notes,
    Reason,
    ReasonBody,
    Region,
    ShortText,
    To,
)
from simpul_activities.commands import activities as commands
from simpul_activities.commands.activities import Change, RecordActivity
from simpul_activities.domain.activity import Content
from simpul_activities.queries import activities as queries
from simpul_activities.queries.activities import ActivityFilter
from simpul_activities.queries.reach import reach
from simpul_activities.views.activities import (
    CONTENT_EXAMPLE,
    ActivityCounts,
    ActivityHistoryView,
    ActivityView,
    PlanItemRefView,
)

router = APIRouter(tags=["activities"])

_RECORD: JsonDict = {
    "library_id": "0197a1c0-7b1e-7c3a-9d55-2f6f0a4b8e10",
    **CONTENT_EXAMPLE,
    "basis": "stated",
}
_CORRECT: JsonDict = {**CONTENT_EXAMPLE, "reason": "Jumlah peserta dihitung ulang dari daftar hadir"}


class ContentBody(Body):
    """What was held. `starts_at` carries its zone; its date at the library decides the month it counts in."""

    category: ActivityCategory
    title: ShortText
    notes: Notes | None = None
    starts_at: Instant
    counts: ActivityCounts
    method: MeasureMethod = MeasureMethod.COUNTED

    def content(self) -> Content:
        return Content(
            category=self.category,
            title=self.title,
            notes=self.notes,
            starts_at=self.starts_at,
            counts=self.counts.to_domain(),
            method=self.method,
        )


class RecordBody(ContentBody):
    model_config = ConfigDict(json_schema_extra={"examples": [_RECORD]})

    library_id: UUID
    basis: Basis = Basis.STATED
    bimtek_id: Annotated[UUID | None, Field(description="The Bimtek that led to this activity")] = None
    plan_item: Annotated[PlanItemRefView | None, Field(description="The follow-up item that it carries out")] = None

    def command(self) -> RecordActivity:
        item = None if self.plan_item is None else self.plan_item.to_domain()
        return RecordActivity(self.library_id, self.content(), self.basis, self.bimtek_id, item)


class CorrectBody(ContentBody):
    """The whole activity as it should have been recorded."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CORRECT]})

    reason: Reason


@router.post("/v1/activities", status_code=201, response_model=ActivityView, summary="Record a community activity")
async def record_activity(
    body: RecordBody, edge: Command = command(Permission.ACTIVITY_RECORD, touches="body.library_id")
) -> Response:
    activity_id = uuid6.uuid7()
    return await edge.execute(
        lambda tx: commands.record_activity(tx, activity_id, body.command(), scope=edge.scope, now=edge.now),
        locks=[activity_id],
        status=201,
    )


@router.post(
    "/v1/activities/{activity_id}/correct", response_model=ActivityView, summary="Correct an activity as a whole"
)
async def correct_activity(
    activity_id: UUID,
    body: CorrectBody,
    edge: Command = command(Permission.ACTIVITY_RECORD, touches="activity_id", existing=True),
) -> Response:
    change = Change(activity_id, edge.expected_version, body.reason, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.correct_activity(tx, body.content(), change), locks=[activity_id])


@router.post("/v1/activities/{activity_id}/withdraw", response_model=ActivityView, summary="Withdraw an activity")
async def withdraw_activity(
    activity_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.ACTIVITY_RECORD, touches="activity_id", existing=True),
) -> Response:
    change = Change(activity_id, edge.expected_version, body.reason, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.withdraw_activity(tx, change), locks=[activity_id])


@router.get(
    "/v1/activities/{activity_id}", response_model=ActivityHistoryView, summary="One activity with its corrections"
)
async def read_activity(
    activity_id: UUID, edge: Query = query(Permission.ACTIVITY_READ, touches="activity_id")
) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        found = await queries.read_activity(tx, activity_id, allowed=allowed)
    return answer(found, version=found.version)


@router.get(
    "/v1/activities", response_model=Page[ActivityView], summary="Activities by region, library, category and date"
)
async def list_activities(
    region: Region = None,
    library_id: Annotated[UUID | None, Parameter()] = None,
    category: Annotated[ActivityCategory | None, Parameter()] = None,
    held_from: From = None,
    held_to: To = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    edge: Query = query(Permission.ACTIVITY_READ, touches="query.region"),
) -> Response:
    wanted = ActivityFilter(library_id, category, held_from, held_to)
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now, region)
        return answer(await queries.list_activities(tx, wanted, allowed=allowed, cursor=cursor, limit=limit))
