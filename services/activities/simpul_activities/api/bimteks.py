"""HTTP in: Bimtek, from plan to close."""

from typing import Annotated, Self
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import Basis, BimtekKind, BimtekLevel, BimtekStatus, DeliveryMode, RegionCode

from simpul_activities.api.fields import (
    Body,
    Code,
    Cursor,
    From,
    Instant,
    Limit,
    ReasonBody,
    Region,
    RegionCodeInBody,
    ShortText,
    To,
)
from simpul_activities.commands import bimteks as commands
from simpul_activities.commands.bimteks import Change, PlanBimtek
from simpul_activities.domain.bimtek import Official, Organiser, Parent, Pillar, Programme, Session, SessionMethod
from simpul_activities.queries import bimteks as queries
from simpul_activities.queries.bimteks import BimtekFilter
from simpul_activities.queries.reach import reach
from simpul_activities.views.bimteks import (
    DETAILS_EXAMPLE,
    PROGRAMME_EXAMPLE,
    BimtekSummary,
    BimtekView,
    CascadeView,
)

router = APIRouter(tags=["bimteks"])

_PLAN: JsonDict = {**PROGRAMME_EXAMPLE, **DETAILS_EXAMPLE}


class SessionBody(Body):
    """`starts_at` and `ends_at` lie within the Bimtek's dates at the venue. Sessions may be parallel."""

    no: Annotated[int, Field(ge=1, le=500)]
    subject: ShortText
    pillar: Pillar | None = None
    method: SessionMethod
    starts_at: Instant
    ends_at: Instant
    basis: Basis = Basis.STATED

    def session(self) -> Session:
        return Session(self.no, self.subject, self.pillar, self.method, self.starts_at, self.ends_at, self.basis)


class OrganiserBody(Body):
    name: ShortText
    office_id: UUID | None = None


class OfficialBody(Body):
    """A public official who opened, closed or led the event."""

    name: ShortText
    role: ShortText


class PlanBimtekBody(Body):
    """`region_code` is the code that the host region bears on the first day; `timezone` defaults to that region's."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLAN]})

    title: ShortText
    kind: BimtekKind
    level: BimtekLevel
    mode: DeliveryMode
    region_code: RegionCodeInBody
    region_basis: Basis = Basis.STATED
    venue: ShortText
    timezone: Annotated[Code | None, Field(description="IANA zone of the venue")] = None
    starts_on: Day
    ends_on: Day
    capacity: Annotated[int | None, Field(ge=1, le=100_000)] = None
    curriculum_version: Code | None = None
    organisers: Annotated[list[OrganiserBody], Field(min_length=1, max_length=20)]
    officials: list[OfficialBody] = Field(default_factory=list, max_length=50)
    sessions: Annotated[list[SessionBody], Field(min_length=1, max_length=500)]
    parent_bimtek_id: Annotated[UUID | None, Field(description="The Bimtek that this one passes on (cascade)")] = None
    parent_basis: Basis | None = None
    basis: Basis = Basis.STATED

    @model_validator(mode="after")
    def _parent_has_basis(self) -> Self:
        if (self.parent_bimtek_id is None) != (self.parent_basis is None):
            raise ValueError("parent_bimtek_id and parent_basis belong together: give both or neither")
        return self

    def command(self) -> PlanBimtek:
        return PlanBimtek(RegionCode(self.region_code), self.timezone, self._programme())

    def _programme(self) -> Programme:
        return Programme(
            title=self.title,
            kind=self.kind,
            level=self.level,
            mode=self.mode,
            region_basis=self.region_basis,
            venue=self.venue,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            organisers=tuple(Organiser(one.name, one.office_id) for one in self.organisers),
            officials=tuple(Official(one.name, one.role) for one in self.officials),
            sessions=tuple(one.session() for one in self.sessions),
            basis=self.basis,
            capacity=self.capacity,
            curriculum_version=self.curriculum_version,
            parent=self._parent(),
        )

    def _parent(self) -> Parent | None:
        if self.parent_bimtek_id is None or self.parent_basis is None:
            return None
        return Parent(self.parent_bimtek_id, self.parent_basis)


@router.post("/v1/bimteks", status_code=201, response_model=BimtekView, summary="Plan a Bimtek with its sessions")
async def plan_bimtek(
    body: PlanBimtekBody, edge: Command = command(Permission.BIMTEK_MANAGE, touches="body.region_code")
) -> Response:
    bimtek_id = uuid6.uuid7()
    return await edge.execute(
        lambda tx: commands.plan_bimtek(tx, bimtek_id, body.command(), scope=edge.scope, now=edge.now),
        locks=[bimtek_id],
        status=201,
    )


@router.post("/v1/bimteks/{bimtek_id}/announce", response_model=BimtekView, summary="Announce a planned Bimtek")
async def announce_bimtek(
    bimtek_id: UUID, edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id", existing=True)
) -> Response:
    change = Change(bimtek_id, edge.expected_version, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.announce_bimtek(tx, change), locks=[bimtek_id])


@router.post("/v1/bimteks/{bimtek_id}/start", response_model=BimtekView, summary="Start an announced Bimtek")
async def start_bimtek(
    bimtek_id: UUID, edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id", existing=True)
) -> Response:
    change = Change(bimtek_id, edge.expected_version, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.start_bimtek(tx, change), locks=[bimtek_id])


@router.post(
    "/v1/bimteks/{bimtek_id}/close", response_model=BimtekView, summary="Close a running Bimtek that is complete"
)
async def close_bimtek(
    bimtek_id: UUID, edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id", existing=True)
) -> Response:
    change = Change(bimtek_id, edge.expected_version, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.close_bimtek(tx, change), locks=[bimtek_id])


@router.post("/v1/bimteks/{bimtek_id}/cancel", response_model=BimtekView, summary="Cancel a Bimtek not yet closed")
async def cancel_bimtek(
    bimtek_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id", existing=True),
) -> Response:
    change = Change(bimtek_id, edge.expected_version, edge.scope, edge.now)
    return await edge.execute(lambda tx: commands.cancel_bimtek(tx, body.reason, change), locks=[bimtek_id])


@router.get("/v1/bimteks/{bimtek_id}", response_model=BimtekView, summary="One Bimtek")
async def read_bimtek(bimtek_id: UUID, edge: Query = query(Permission.BIMTEK_READ, touches="bimtek_id")) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        found = await queries.read_bimtek(tx, bimtek_id, allowed=allowed)
    return answer(found, version=found.version)


@router.get(
    "/v1/bimteks/{bimtek_id}/cascade",
    response_model=CascadeView,
    summary="Which Bimtek this came from, and which came from it",
)
async def read_cascade(bimtek_id: UUID, edge: Query = query(Permission.BIMTEK_READ, touches="bimtek_id")) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        return answer(await queries.read_cascade(tx, bimtek_id, allowed=allowed))


@router.get(
    "/v1/bimteks", response_model=Page[BimtekSummary], summary="Bimtek by host region, kind, level, status and date"
)
async def list_bimteks(
    region: Region = None,
    kind: Annotated[BimtekKind | None, Parameter()] = None,
    level: Annotated[BimtekLevel | None, Parameter()] = None,
    status: Annotated[BimtekStatus | None, Parameter()] = None,
    held_from: From = None,
    held_to: To = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    edge: Query = query(Permission.BIMTEK_READ, touches="query.region"),
) -> Response:
    wanted = BimtekFilter(kind, level, status, held_from, held_to)
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        hosts = None if region is None else await reach(tx, edge.scope, edge.now, region)
        page = await queries.list_bimteks(tx, wanted, allowed=allowed, region=hosts, cursor=cursor, limit=limit)
    return answer(page)
