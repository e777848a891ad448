"""HTTP in: offices in charge of libraries, registered nationally and read by everyone."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.known_on import parse_known_on
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import OfficeKind, parse_region_code

from simpul_registry.api.fields import Cursor, KnownOn, Limit, Name, Reason, strict
from simpul_registry.commands import offices as commands
from simpul_registry.commands.offices import OfficeChange, OfficeWords
from simpul_registry.queries import offices as queries
from simpul_registry.queries.offices import OfficeFilter
from simpul_registry.queries.regions import AsOf
from simpul_registry.store.offices import LOCK
from simpul_registry.store.regions import JAKARTA, local_day
from simpul_registry.views.offices import OfficeView

router = APIRouter(prefix="/v1/offices", tags=["offices"])

Jurisdiction = Annotated[list[str], Field(min_length=1, max_length=100, description="Region codes on effective_on")]


class RegisterOfficeBody(BaseModel):
    model_config = strict(
        kind="DINAS_KABKOTA",
        name="Dinas Kearsipan dan Perpustakaan Kabupaten Badung",
        jurisdiction=["51.03"],
        effective_on="2018-01-01",
    )

    kind: OfficeKind
    name: Name
    jurisdiction: Jurisdiction
    effective_on: Day


class ChangeOfficeBody(BaseModel):
    """Name and jurisdiction from `effective_on` on, both whole."""

    model_config = strict(
        name="Dinas Perpustakaan Kabupaten Badung",
        jurisdiction=["51.03"],
        effective_on="2024-01-01",
        reason="Perda 4/2023",
    )

    name: Name
    jurisdiction: Jurisdiction
    effective_on: Day
    reason: Reason


class CloseOfficeBody(BaseModel):
    model_config = strict(effective_on="2026-01-01", reason="Digabung")

    effective_on: Day
    reason: Reason


@router.post("", status_code=201, response_model=OfficeView, summary="Register an office with its jurisdiction")
async def register_office(
    body: RegisterOfficeBody, edge: Command = command(Permission.OFFICE_CHANGE, touches=NATION)
) -> Response:
    office_id, words = uuid6.uuid7(), _words(body)
    return await edge.execute(
        lambda tx: commands.register_office(tx, office_id, body.kind, words, now=edge.now),
        locks=[LOCK, office_id],
        status=201,
    )


@router.post("/{office_id}/change", response_model=OfficeView, summary="Change an office's name or jurisdiction")
async def change_office(
    office_id: UUID,
    body: ChangeOfficeBody,
    edge: Command = command(Permission.OFFICE_CHANGE, touches=NATION, existing=True),
) -> Response:
    change, words = OfficeChange(office_id, edge.expected_version, body.reason, edge.now), _words(body)
    return await edge.execute(lambda tx: commands.change_office(tx, change, words), locks=[LOCK, office_id])


@router.post("/{office_id}/close", response_model=OfficeView, summary="Close an office")
async def close_office(
    office_id: UUID,
    body: CloseOfficeBody,
    edge: Command = command(Permission.OFFICE_CHANGE, touches=NATION, existing=True),
) -> Response:
    change = OfficeChange(office_id, edge.expected_version, body.reason, edge.now)
    return await edge.execute(
        lambda tx: commands.close_office(tx, change, on=body.effective_on), locks=[LOCK, office_id]
    )


@router.get("", response_model=Page[OfficeView], summary="Offices, or those in charge of a region")
async def list_offices(
    kind: OfficeKind | None = None,
    region: Annotated[str | None, Parameter(max_length=20, description="Code; those above it are included")] = None,
    valid_on: Annotated[Day | None, Parameter(description="Today in Jakarta when left out")] = None,
    known_on: KnownOn = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    code = parse_region_code(region, field="/query/region") if region is not None else None
    as_of = AsOf(valid_on or local_day(edge.now, JAKARTA), parse_known_on(known_on))
    async with edge.snapshot() as tx:
        return answer(await queries.list_offices(tx, OfficeFilter(kind, code), as_of, limit=limit, cursor=cursor))


@router.get("/{office_id}", response_model=OfficeView, summary="One office as it was said last, or as of a day")
async def get_office(
    office_id: UUID,
    valid_on: Annotated[
        Day | None, Parameter(description="As of this day; whatever was said last when left out")
    ] = None,
    known_on: KnownOn = None,
    edge: Query = query(Permission.REGION_READ, touches="reference data"),
) -> Response:
    known = parse_known_on(known_on)
    async with edge.snapshot() as tx:
        view = await queries.get_office(tx, office_id, on=valid_on, known_on=known)
    return answer(view, version=view.version)


def _words(body: RegisterOfficeBody | ChangeOfficeBody) -> OfficeWords:
    codes = [parse_region_code(one, field="/jurisdiction") for one in body.jurisdiction]
    return OfficeWords(body.name, codes, body.effective_on)
