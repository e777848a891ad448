"""HTTP in: targets, set from the country down and revised with If-Match."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.known_on import JAKARTA
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, answer, decode_cursor, page_of, query
from simpul_shared.platform.http.query import Query as Edge
from simpul_shared.vocabulary import Basis, Indicator, parse_region_code

from simpul_reporting import commands
from simpul_reporting.commands import target_unknown, targets_lock
from simpul_reporting.domain.targets import Target
from simpul_reporting.queries.targets import find_visible_target, sort_keys, target_history, targets_of_year
from simpul_reporting.views import TargetHistory, TargetView

router = APIRouter(prefix="/v1/targets", tags=["targets"])

MAX_VALUE = 10_000_000
Value = Annotated[int, Field(ge=0, le=MAX_VALUE)]
TargetId = Annotated[UUID, Path(description="Id of the target")]


class SetTarget(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "programme_year": 2021,
                    "indicator": "LIBRARIES",
                    "region_code": "51",
                    "value": 12,
                    "basis": "stated",
                }
            ]
        },
    )

    programme_year: int = Field(ge=2000, le=2100)
    indicator: Indicator = Field(description="PROVINCES is a target of the country alone")
    region_code: str = Field(description="Kemendagri code with dots, or ID for the country", max_length=20)
    valid_on: Day | None = Field(
        None, description="The day the code is read on; default the last day of the programme year, or today if earlier"
    )
    value: Value
    basis: Basis = Basis.STATED


class ReviseTarget(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"value": 14, "reason": "Tambahan kuota APBN-P, surat 6617/2021"}]},
    )

    value: Value
    reason: str = Field(min_length=1, max_length=500)


@router.post("", response_model=TargetView, status_code=201, summary="Set the target of a region")
async def set_target(
    body: SetTarget, edge: Command = command(Permission.TARGET_SET, touches="body.region_code")
) -> Response:
    """The shares of the regions below may not exceed the target above, which is set first."""
    code = parse_region_code(body.region_code, field="/region_code")
    target_id = uuid6.uuid7()
    return await edge.execute(
        lambda tx: commands.set_target(
            tx,
            target_id=target_id,
            programme_year=body.programme_year,
            indicator=body.indicator,
            region_code=code,
            valid_on=body.valid_on,
            value=body.value,
            basis=body.basis,
            scope=edge.scope,
            now=edge.now,
        ),
        locks=[target_id, targets_lock(body.programme_year, body.indicator)],
        status=201,
    )


@router.post("/{target_id}/revise", response_model=TargetView, summary="Change the value of a target")
async def revise_target(
    target_id: TargetId,
    body: ReviseTarget,
    edge: Command = command(Permission.TARGET_SET, touches="target_id", existing=True),
) -> Response:
    """Between what is given to the regions below and what is left of the target above."""
    expected = edge.expected_version
    # Year and indicator never change, so they may be read before the lock that they name.
    async with edge.database.snapshot(edge.origin) as tx:
        today = edge.now.astimezone(JAKARTA).date()
        target = _found(await find_visible_target(tx, target_id, edge.scope, today=today), target_id)
    return await edge.execute(
        lambda tx: commands.revise_target(
            tx,
            target_id=target_id,
            value=body.value,
            reason=body.reason,
            expected_version=expected,
            scope=edge.scope,
            now=edge.now,
        ),
        locks=[target_id, targets_lock(target.programme_year, target.indicator)],
    )


@router.get("/{target_id}", response_model=TargetHistory, summary="A target with its revisions")
async def get_target(target_id: TargetId, edge: Edge = query(Permission.REPORT_READ, touches="target_id")) -> Response:
    today = edge.now.astimezone(JAKARTA).date()
    async with edge.snapshot() as tx:
        target = _found(await find_visible_target(tx, target_id, edge.scope, today=today), target_id)
        return answer(await target_history(tx, target, today=today), version=target.version)


@router.get("", response_model=Page[TargetView], summary="Targets of a programme year")
async def list_targets(
    programme_year: Annotated[int, Query(ge=2000, le=2100, examples=[2021])],
    indicator: Indicator | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    edge: Edge = query(Permission.REPORT_READ, touches="scope"),
) -> Response:
    after = decode_cursor(cursor, tuple[str, UUID])
    today = edge.now.astimezone(JAKARTA).date()
    async with edge.snapshot() as tx:
        found = await targets_of_year(
            tx, programme_year, edge.scope, indicator=indicator, after=after, limit=limit, today=today
        )
    return answer(page_of(found, limit=limit, key=sort_keys))


def _found(target: Target | None, target_id: UUID) -> Target:
    """Errors: TargetUnknown."""
    if target is None:
        raise target_unknown(target_id)
    return target
