"""HTTP in: regions as of any day. They are reference data, the same for every caller, so no scope narrows them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.days import Day
from simpul_shared.known_on import parse_known_on
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import RegionLevel, parse_region_code

from simpul_registry.api.fields import Cursor, KnownOn, Limit, Source, parse_code_prefix, strict
from simpul_registry.commands import region_codes as commands
from simpul_registry.commands.region_codes import AssignCode
from simpul_registry.domain.fate import RegionFate
from simpul_registry.domain.gazetteer import Wanted
from simpul_registry.domain.region_code import CodeScheme, SchemeTakesACode, parse_bps_code
from simpul_registry.queries import gazetteer
from simpul_registry.queries import region_codes as code_queries
from simpul_registry.queries import regions as queries
from simpul_registry.queries.crosswalk import Crosswalk, crosswalk, map_as_csv
from simpul_registry.queries.regions import AsOf, RegionFilter
from simpul_registry.store.region_changes import LOCK
from simpul_registry.store.regions import JAKARTA, local_day
from simpul_registry.views.crosswalk import CrosswalkView
from simpul_registry.views.regions import CodesView, HitView, LineageView, RegionView

router = APIRouter(prefix="/v1/regions", tags=["regions"])

_LONGEST_CHANGE = timedelta(hours=1)
"""No transaction that changes the map is open for longer."""

_ValidOn = Annotated[
    Day | None, Parameter(description="The day asked about; today in Jakarta when left out", examples=["2021-06-28"])
]


@router.get(
    "", response_model=Page[RegionView], summary="Look a region up by its code, or search by name or code prefix"
)
async def list_regions(
    code: Annotated[str | None, Parameter(max_length=20, examples=["51.03.02.2009"])] = None,
    scheme: Annotated[CodeScheme, Parameter(description="Whose code it is")] = CodeScheme.KEMENDAGRI,
    prefix: Annotated[str | None, Parameter(max_length=13, description="Beginning of the code")] = None,
    q: Annotated[str | None, Parameter(min_length=1, max_length=100, description="Part of the name")] = None,
    level: RegionLevel | None = None,
    parent_id: UUID | None = None,
    valid_on: _ValidOn = None,
    known_on: KnownOn = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    as_of = _as_of(valid_on, known_on, now=edge.now)
    if scheme is CodeScheme.BPS:
        bps = _code_alone(code, {"prefix": prefix, "q": q, "level": level, "parent_id": parent_id})
        async with _as_known(edge, as_of.known_on) as tx:
            return answer(await code_queries.region_of_scheme(tx, scheme, bps, as_of))
    wanted = RegionFilter(
        code=parse_region_code(code, field="/query/code") if code is not None else None,
        prefix=parse_code_prefix(prefix),
        q=q,
        level=level,
        parent_id=parent_id,
    )
    async with _as_known(edge, as_of.known_on) as tx:
        return answer(await queries.list_regions(tx, wanted, as_of, limit=limit, cursor=cursor))


@router.get(
    "/search",
    response_model=Page[HitView],
    summary="Find regions by names or codes that they bear or bore, with small mistakes, homonyms told apart",
)
async def search_regions(
    q: Annotated[
        str,
        Parameter(
            min_length=1,
            max_length=100,
            description="Words of names, also of regions above, with or without their levels; a code or its beginning",
            examples=["Punggul, Kec. Abiansemal, Kab. Badung"],
        ),
    ],
    scheme: Annotated[
        CodeScheme | None,
        Parameter(description="Whose code is in it: one without dots is refused unless BPS is said"),
    ] = None,
    level: RegionLevel | None = None,
    valid_on: Annotated[
        Day | None, Parameter(description="Only what was so on this day; all times when left out")
    ] = None,
    known_on: KnownOn = None,
    limit: Annotated[int, Parameter(ge=1, le=50, description="Hits, the best first")] = 10,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    depth = None if level is None else list(RegionLevel).index(level)
    wanted = Wanted(q, local_day(edge.now, JAKARTA), depth, valid_on, parse_known_on(known_on), scheme)
    await _settle(edge, wanted.known_on)
    return answer(await gazetteer.search_regions(edge.database, edge.origin, wanted, limit=limit))


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
    summary="All regions of a day as CSV, the larger ones first",
)
async def export_regions(
    level: RegionLevel | None = None,
    valid_on: _ValidOn = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    as_of = _as_of(valid_on, known_on, now=edge.now)
    async with _as_known(edge, as_of.known_on) as tx:
        rows = await map_as_csv(tx, as_of, level)
    name = f"wilayah-{as_of.valid_on}.csv"
    return Response(rows, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, "text/csv; charset=utf-8")


@router.get(
    "/crosswalk",
    response_model=Page[CrosswalkView],
    summary="What became of the regions of one day by another: same, recoded, succeeded, or successor unknown",
)
async def region_crosswalk(
    from_on: Annotated[Day, Parameter(description="The earlier day", examples=["2021-12-31"])],
    to_on: Annotated[Day | None, Parameter(description="The later day; today when left out")] = None,
    within: Annotated[str, Parameter(max_length=20, description="Code on from_on; all below it")] = NATION_CODE,
    level: RegionLevel | None = None,
    fate: RegionFate | None = None,
    known_on: KnownOn = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    to = _as_of(to_on, known_on, now=edge.now)
    wanted = Crosswalk(parse_region_code(within, field="/query/within"), from_on, to, level, fate)
    async with _as_known(edge, to.known_on) as tx:
        return answer(await crosswalk(tx, wanted, limit=limit, cursor=cursor))


@router.get("/{region_id}", response_model=RegionView, summary="One region as it was on a day")
async def get_region(
    region_id: UUID,
    valid_on: _ValidOn = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    as_of = _as_of(valid_on, known_on, now=edge.now)
    async with _as_known(edge, as_of.known_on) as tx:
        return answer(await queries.get_region(tx, region_id, as_of))


@router.get("/{region_id}/ancestors", response_model=Page[RegionView], summary="The regions above one, country first")
async def region_ancestors(
    region_id: UUID,
    valid_on: _ValidOn = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    as_of = _as_of(valid_on, known_on, now=edge.now)
    async with _as_known(edge, as_of.known_on) as tx:
        return answer(await queries.ancestors(tx, region_id, as_of))


@router.get("/{region_id}/children", response_model=Page[RegionView], summary="The regions directly below one, by code")
async def region_children(
    region_id: UUID,
    valid_on: _ValidOn = None,
    known_on: KnownOn = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    as_of = _as_of(valid_on, known_on, now=edge.now)
    async with _as_known(edge, as_of.known_on) as tx:
        return answer(await queries.children(tx, region_id, as_of, limit=limit, cursor=cursor))


@router.get("/{region_id}/history", response_model=Page[RegionView], summary="All that a region was called, and when")
async def region_history(
    region_id: UUID,
    valid_on: Annotated[Day | None, Parameter(description="Only what was said of this day")] = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    instant = parse_known_on(known_on)
    async with _as_known(edge, instant) as tx:
        return answer(await queries.region_history(tx, region_id, valid_on=valid_on, known_on=instant))


@router.get(
    "/{region_id}/lineage",
    response_model=Page[LineageView],
    summary="Where a region came from, what was cut out of it, and how sure that is",
)
async def region_lineage(
    region_id: UUID,
    valid_on: Annotated[Day | None, Parameter(description="Only what had happened by this day")] = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    instant = parse_known_on(known_on)
    async with _as_known(edge, instant) as tx:
        return answer(await queries.region_lineage(tx, region_id, valid_on=valid_on, known_on=instant))


@router.get("/{region_id}/codes", response_model=CodesView, summary="A region's codes of other schemes")
async def region_codes(
    region_id: UUID,
    valid_on: Annotated[Day | None, Parameter(description="Only those of this day")] = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    instant = parse_known_on(known_on)
    async with _as_known(edge, instant) as tx:
        return answer(await code_queries.region_codes(tx, region_id, valid_on=valid_on, known_on=instant))


class CodeBody(BaseModel):
    """`code` null takes back what was assigned from `valid_from` on."""

    model_config = strict(scheme="BPS", code="5103020009", valid_from="2020-01-01", source="Perka BPS 3/2024")

    scheme: Literal[CodeScheme.BPS]
    code: Annotated[str | None, Field(max_length=20)]
    valid_from: Day | None = None
    valid_to: Day | None = None
    source: Source


@router.post(
    "/{region_id}/codes", response_model=CodesView, summary="Assign a code of another scheme, or take one back"
)
async def assign_code(
    region_id: UUID, body: CodeBody, edge: Command = command(Permission.REGION_CHANGE, touches=NATION)
) -> Response:
    code = None if body.code is None else parse_bps_code(body.code, field="/code")
    wanted = AssignCode(body.scheme, code, body.valid_from, body.valid_to, body.source)
    return await edge.execute(lambda tx: commands.assign_code(tx, region_id, wanted, now=edge.now), locks=[LOCK])


def _as_of(valid_on: date | None, known_on: str | None, *, now: datetime) -> AsOf:
    return AsOf(valid_on or local_day(now, JAKARTA), parse_known_on(known_on))


def _code_alone(code: str | None, others: Mapping[str, object]) -> str:
    """Errors: RegionCodeMalformed; SchemeTakesACode, as names, levels and places are not known by scheme."""
    for name, value in others.items():
        if value is not None:
            raise SchemeTakesACode(
                f"With scheme=BPS regions are looked up by one whole code, not by {name}. Leave it out; the beginning of a"
                " code, or a code beside a name, finds them at /v1/regions/search.",
                field=f"/query/{name}",
            )
    if code is None:
        raise SchemeTakesACode("Say which BPS code to look up: code=5103020009.", field="/query/code")
    return parse_bps_code(code, field="/query/code")


@asynccontextmanager
async def _as_known(edge: Query, known_on: datetime | None) -> AsyncIterator[Transaction]:
    await _settle(edge, known_on)
    async with edge.snapshot() as tx:
        yield tx


async def _settle(edge: Query, known_on: datetime | None) -> None:
    """A decree has its recorded time before it is committed: an instant in between waits, so that its answer stays."""
    if known_on is not None and known_on > edge.now - _LONGEST_CHANGE:
        await edge.database.wait_for(LOCK)
