"""HTTP in: ICT readiness. What was observed of libraries, and what it is worth by which rubric."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.known_on import parse_known_on
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import FundSource, InternetKind, MeasureMethod

from simpul_registry.api.fields import Cursor, Evidence, KnownOn, Limit, strict
from simpul_registry.commands import ict as commands
from simpul_registry.domain.ict import Computers, IctObservation, Internet
from simpul_registry.domain.rubric import Rubrics
from simpul_registry.queries import ict as queries
from simpul_registry.queries.ict import AsOf
from simpul_registry.settings import rubrics
from simpul_registry.views.ict import COMPUTERS, INTERNET, IctSnapshotView, ReadinessView, RubricView

router = APIRouter(tags=["readiness"])

_Count = Annotated[int, Field(ge=0, le=10_000)]
_Mbps = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False, description="As measured")]
_Hours = Annotated[int, Field(ge=0, le=24, description="Hours a day")]


class ComputersBody(BaseModel):
    """Those in library use work; working ones that stand elsewhere were diverted."""

    model_config = strict(**COMPUTERS)

    total: _Count
    working: _Count
    in_library_use: _Count


class InternetBody(BaseModel):
    model_config = strict(**INTERNET)

    kind: InternetKind
    down_mbps: _Mbps | None = None
    up_mbps: _Mbps | None = None
    hours_per_day: _Hours | None = None
    monthly_cost: Annotated[int, Field(ge=0, le=10**12, description="Rupiah")] | None = None
    funded_by: FundSource | None = None


class SnapshotBody(BaseModel):
    """What was not observed is left out; that is not 0. A snapshot is never changed: put one right by another of its day."""

    model_config = strict(
        observed_on="2026-03-14",
        computers=COMPUTERS,
        internet=INTERNET,
        electricity_hours=24,
        printers=1,
        staff_digital_level=2,
        method="COUNTED",
        evidence=["foto/2026-03-14/ruang-komputer.jpg"],
    )

    observed_on: Day
    computers: ComputersBody
    internet: InternetBody
    electricity_hours: _Hours | None = None
    printers: _Count | None = None
    staff_digital_level: Annotated[int, Field(ge=0, le=4)] | None = None
    method: MeasureMethod
    evidence: Evidence = ()

    def observation(self) -> IctObservation:
        return IctObservation(
            observed_on=self.observed_on,
            computers=Computers(**self.computers.model_dump()),
            internet=Internet(**self.internet.model_dump()),
            electricity_hours=self.electricity_hours,
            printers=self.printers,
            staff_digital_level=self.staff_digital_level,
            method=self.method,
            evidence=self.evidence,
        )


@router.post(
    "/v1/libraries/{library_id}/ict-snapshots",
    status_code=201,
    response_model=IctSnapshotView,
    summary="Record what was observed of a library's ICT on one day",
)
async def record_ict_snapshot(
    library_id: UUID,
    body: SnapshotBody,
    edge: Command = command(Permission.READINESS_RECORD, touches="library_id"),
    known: Rubrics = Depends(rubrics),
) -> Response:
    snapshot_id, observation = uuid6.uuid7(), body.observation()
    return await edge.execute(
        lambda tx: commands.record_snapshot(
            tx, snapshot_id, library_id, observation, rubrics=known, scope=edge.scope, now=edge.now
        ),
        locks=[library_id, snapshot_id],
        status=201,
    )


@router.get(
    "/v1/libraries/{library_id}/ict-snapshots",
    response_model=Page[IctSnapshotView],
    summary="What was observed of a library's ICT, the latest first",
)
async def list_ict_snapshots(
    library_id: UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.LIBRARY_READ, touches="library_id"),
) -> Response:
    async with edge.snapshot() as tx:
        page = await queries.snapshots(tx, library_id, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor)
    return answer(page)


@router.get(
    "/v1/libraries/{library_id}/ict-snapshots/{snapshot_id}",
    response_model=IctSnapshotView,
    summary="One snapshot of a library's ICT",
)
async def get_snapshot(
    library_id: UUID, snapshot_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.get_snapshot(tx, library_id, snapshot_id, scope=edge.scope, now=edge.now))


@router.get(
    "/v1/libraries/{library_id}/readiness",
    response_model=ReadinessView,
    summary="How ready a library's ICT was on a day, and why",
)
async def read_readiness(
    library_id: UUID,
    on: Annotated[Day | None, Parameter(description="Local day; today when left out")] = None,
    known_on: KnownOn = None,
    rubric: Annotated[
        str | None, Parameter(max_length=40, description="Version; the one in force on the day when left out")
    ] = None,
    edge: Query = query(Permission.LIBRARY_READ, touches="library_id"),
    known: Rubrics = Depends(rubrics),
) -> Response:
    as_of = AsOf(on, parse_known_on(known_on), rubric)
    async with edge.snapshot() as tx:
        view = await queries.readiness(tx, library_id, as_of, rubrics=known, scope=edge.scope, now=edge.now)
    return answer(view)


@router.get(
    "/v1/readiness-rubrics", response_model=Page[RubricView], summary="The versions of the rubric, by first day"
)
async def list_rubrics(
    edge: Query = query(Permission.LIBRARY_READ, touches="rubrics"),  # noqa: ARG001 (demands the permission)
    known: Rubrics = Depends(rubrics),
) -> Response:
    return answer(Page[RubricView](items=[RubricView.of(one) for one in known.versions]))
