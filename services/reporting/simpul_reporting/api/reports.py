"""HTTP in: the reports. Each answers from one snapshot, within the caller's regions."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BeforeValidator
from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.days import Day
from simpul_shared.known_on import JAKARTA, parse_known_on
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Query as Edge
from simpul_shared.platform.http.query import answer, query
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import parse_region_code

from simpul_reporting.domain.moments import AsOf, Months, RegionBasis, as_of, parse_months
from simpul_reporting.queries.activities import ActivityReport, activity_report
from simpul_reporting.queries.attendance import AttendanceReport, attendance_report
from simpul_reporting.queries.realisation import Realisation, realisation
from simpul_reporting.queries.regions import find_region, require_visible

router = APIRouter(prefix="/v1/reports", tags=["reports"])

RegionParameter = Annotated[
    str, Query(description="Kemendagri code with dots, or ID for the country", max_length=20, examples=["51.03"])
]
_EMPTY_IS_LEFT_OUT = BeforeValidator(lambda text: text or None)

ValidOn = Annotated[
    Day | None,
    _EMPTY_IS_LEFT_OUT,
    Query(description="The day whose map is used and up to which facts count; default today in Jakarta"),
]
KnownOn = Annotated[
    str | None,
    Query(
        description="The instant whose knowledge is used (RFC 3339), or a date for its end in Jakarta; default now",
        max_length=40,
        examples=["2026-11-22T10:05:00+07:00"],
    ),
]


Basis = Annotated[
    RegionBasis,
    Query(description="Where facts of a library that moved count: where it lay then, or where it lies on valid_on"),
]

FromMonth = Annotated[
    str | None, Query(alias="from", description="First month; default January", max_length=7, examples=["2021-01"])
]
ToMonth = Annotated[
    str | None, Query(alias="to", description="Last month; default this month", max_length=7, examples=["2021-12"])
]
MapDay = Annotated[
    Day | None,
    _EMPTY_IS_LEFT_OUT,
    Query(description="The day the region code is read on; default the last day of `to`, or today if earlier"),
]


@router.get("/realisation", response_model=Realisation, summary="Target against realisation of a region")
async def get_realisation(
    programme_year: Annotated[int, Query(ge=2000, le=2100, examples=[2021])],
    region: RegionParameter = NATION_CODE,
    valid_on: ValidOn = None,
    known_on: KnownOn = None,
    region_basis: Basis = RegionBasis.AT_EVENT,
    all_children: Annotated[bool, Query(description="Also the children without target and realisation")] = False,
    edge: Edge = query(Permission.REPORT_READ, touches="query.region"),
) -> Response:
    at = as_of(valid_on=valid_on, known_on=parse_known_on(known_on), now=edge.now, basis=region_basis)
    async with edge.snapshot() as tx:
        found = await _visible_region(tx, region, at, edge)
        return answer(await realisation(tx, found, programme_year, at, all_children=all_children, now=edge.now))


@router.get("/activities", response_model=ActivityReport, summary="Community activities of a region by month")
async def get_activities(
    region: RegionParameter = NATION_CODE,
    from_: FromMonth = None,
    to: ToMonth = None,
    valid_on: MapDay = None,
    known_on: KnownOn = None,
    region_basis: Basis = RegionBasis.AT_EVENT,
    edge: Edge = query(Permission.REPORT_READ, touches="query.region"),
) -> Response:
    months, at = _months(edge, from_, to, valid_on, known_on)
    at = replace(at, basis=region_basis)
    async with edge.snapshot() as tx:
        found = await _visible_region(tx, region, at, edge)
        return answer(await activity_report(tx, found, months, at, now=edge.now))


@router.get("/bimtek-attendance", response_model=AttendanceReport, summary="Bimtek attendance of a region by month")
async def get_bimtek_attendance(
    region: RegionParameter = NATION_CODE,
    from_: FromMonth = None,
    to: ToMonth = None,
    valid_on: MapDay = None,
    known_on: KnownOn = None,
    region_basis: Basis = RegionBasis.AT_EVENT,
    edge: Edge = query(Permission.REPORT_READ, touches="query.region"),
) -> Response:
    months, at = _months(edge, from_, to, valid_on, known_on)
    at = replace(at, basis=region_basis)
    async with edge.snapshot() as tx:
        found = await _visible_region(tx, region, at, edge)
        return answer(await attendance_report(tx, found, months, at, now=edge.now))


def _months(
    edge: Edge, first: str | None, last: str | None, valid_on: date | None, known_on: str | None
) -> tuple[Months, AsOf]:
    today = edge.now.astimezone(JAKARTA).date()
    months = parse_months(first, last, today=today)
    day = valid_on or min(months.last_day, today)
    return months, as_of(valid_on=day, known_on=parse_known_on(known_on), now=edge.now)


async def _visible_region(tx: Transaction, code: str, at: AsOf, edge: Edge) -> Region:
    """Errors: RegionCodeMalformed, RegionUnknown, OutsideScope."""
    region = await find_region(tx, parse_region_code(code, field="/query/region"), at)
    await require_visible(tx, region, edge.scope, today=edge.now.astimezone(JAKARTA).date())
    return region
