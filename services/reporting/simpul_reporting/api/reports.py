"""HTTP in: the reports. Each answers from one snapshot, within the caller's regions."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.platform.http.query import Query as Edge
from simpul_shared.platform.http.query import answer, query
from simpul_shared.vocabulary import parse_region_code

from simpul_reporting.domain import JAKARTA, as_of, parse_known_on
from simpul_reporting.queries.realisation import Realisation, realisation
from simpul_reporting.queries.regions import find_region, require_visible

router = APIRouter(prefix="/v1/reports", tags=["reports"])

RegionParameter = Annotated[
    str, Query(description="Kemendagri code with dots, or ID for the country", max_length=20, examples=["51.03"])
]
ValidOn = Annotated[
    date | None, Query(description="The day whose map is used and up to which facts count; default today in Jakarta")
]
KnownOn = Annotated[
    str | None,
    Query(
        description="The instant whose knowledge is used (RFC 3339), or a date for its end in Jakarta; default now",
        max_length=40,
        examples=["2026-11-22T10:05:00+07:00"],
    ),
]


@router.get("/realisation", response_model=Realisation, summary="Target against realisation of a region")
async def get_realisation(
    programme_year: Annotated[int, Query(ge=2000, le=2100, examples=[2021])],
    region: RegionParameter = NATION_CODE,
    valid_on: ValidOn = None,
    known_on: KnownOn = None,
    all_children: Annotated[bool, Query(description="Also the children without target and realisation")] = False,
    edge: Edge = query(Permission.REPORT_READ, touches="query.region"),
) -> Response:
    at = as_of(valid_on=valid_on, known_on=parse_known_on(known_on), now=edge.now)
    code = parse_region_code(region, field="/query/region")
    async with edge.snapshot() as tx:
        found = await find_region(tx, code, at)
        await require_visible(tx, found, edge.scope, today=edge.now.astimezone(JAKARTA).date())
        return answer(await realisation(tx, found, programme_year, at, all_children=all_children, now=edge.now))
