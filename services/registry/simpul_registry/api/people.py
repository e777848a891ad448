"""HTTP in: people. What is personal is told by routes of its own, under permissions of its own, and each read is noted."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter
from fastapi.responses import Response
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import AffiliationRole, RegionCode

from simpul_registry.api.fields import Cursor, Limit
from simpul_registry.api.person_bodies import CorrectBody, EraseBody, LookUpBody, RegisterBody, RelocateBody
from simpul_registry.commands import people as commands
from simpul_registry.commands.people import ChangePerson, RegisterPerson
from simpul_registry.domain.person import ReadPurpose
from simpul_registry.queries import people as queries
from simpul_registry.queries import subject_export
from simpul_registry.queries.people import At
from simpul_registry.sealing import Keys
from simpul_registry.settings import person_keys
from simpul_registry.store.accesses import Reader
from simpul_registry.views.people import (
    AccessView,
    PersonalView,
    PersonNameView,
    PersonView,
    SubjectExport,
    TombstoneView,
)

router = APIRouter(prefix="/v1/people", tags=["people"])

_Purpose = Annotated[ReadPurpose | None, Parameter(description="What for; kept in the log of accesses")]


@router.post("", status_code=201, response_model=PersonView, summary="Register a person")
async def register_person(
    body: RegisterBody,
    edge: Command = command(Permission.PERSON_REGISTER, touches="body.region_code"),
    keys: Keys = Depends(person_keys),
) -> Response:
    person_id = uuid6.uuid7()
    wanted = RegisterPerson(body.fields(), RegionCode(body.region_code), body.basis)
    return await edge.execute(
        lambda tx: commands.register_person(tx, person_id, wanted, keys=keys, scope=edge.scope, now=edge.now),
        locks=[person_id],
        status=201,
    )


@router.get("", response_model=Page[PersonView], summary="Who is affiliated with a library, without names")
async def list_people(
    library_id: UUID,
    role: AffiliationRole | None = None,
    on: Annotated[Day | None, Parameter(description="Local day; today when left out")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.PERSON_READ, touches="query.library_id"),
) -> Response:
    at = At(library_id, role, on)
    async with edge.snapshot() as tx:
        page = await queries.list_people(tx, at, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor)
    return answer(page)


@router.post(
    "/look-up", response_model=Page[PersonView], summary="The people with a telephone number or NIK, without names"
)
async def look_up_people(
    body: LookUpBody,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.PERSON_LOOK_UP, touches="found.region_id"),
    keys: Keys = Depends(person_keys),
) -> Response:
    kind, term = body.term()
    digest, reader = keys.index.digest(kind, term), Reader(edge.principal.client_id, body.purpose)
    async with edge.noted() as tx:
        page = await queries.look_up(
            tx, kind, digest, reader=reader, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor
        )
    return answer(page)


@router.get("/{person_id}", response_model=PersonView, summary="One person, without anything personal")
async def get_person(person_id: UUID, edge: Query = query(Permission.PERSON_READ, touches="person_id")) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_person(tx, person_id, scope=edge.scope, now=edge.now)
    return answer(view, version=view.version)


@router.get("/{person_id}/name", response_model=PersonNameView, summary="The name of a person")
async def get_person_name(
    person_id: UUID,
    purpose: _Purpose = None,
    edge: Query = query(Permission.PERSON_READ_NAME, touches="person_id"),
    keys: Keys = Depends(person_keys),
) -> Response:
    reader = Reader(edge.principal.client_id, purpose)
    async with edge.noted() as tx:
        view = await queries.get_person_name(
            tx, person_id, key=keys.service, reader=reader, scope=edge.scope, now=edge.now
        )
    return answer(view)


@router.get("/{person_id}/personal", response_model=PersonalView, summary="All that is known of a person")
async def get_personal_fields(
    person_id: UUID,
    purpose: _Purpose = None,
    edge: Query = query(Permission.PERSON_READ_PERSONAL, touches="person_id"),
    keys: Keys = Depends(person_keys),
) -> Response:
    reader = Reader(edge.principal.client_id, purpose)
    async with edge.noted() as tx:
        view = await queries.get_personal_fields(
            tx, person_id, key=keys.service, reader=reader, scope=edge.scope, now=edge.now
        )
    return answer(view)


@router.get(
    "/{person_id}/export", response_model=SubjectExport, summary="All that the registry has of a person, for the person"
)
async def export_person(
    request: Request,
    person_id: UUID,
    edge: Query = query(Permission.PERSON_EXPORT, touches="person_id"),
    keys: Keys = Depends(person_keys),
) -> Response:
    return answer(await subject_export.export_person(edge, request.app.state.archive, person_id, key=keys.service))


@router.get(
    "/{person_id}/accesses", response_model=Page[AccessView], summary="Who read what of a person, of an erased one too"
)
async def list_accesses(
    person_id: UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.PERSON_AUDIT, touches="person_id"),
) -> Response:
    async with edge.snapshot() as tx:
        page = await queries.list_accesses(tx, person_id, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor)
    return answer(page)


@router.post("/{person_id}/correct", response_model=PersonView, summary="Put personal fields right")
async def correct_person(
    person_id: UUID,
    body: CorrectBody,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
    keys: Keys = Depends(person_keys),
) -> Response:
    change, fields = change_of(person_id, edge), body.fields()
    return await edge.execute(lambda tx: commands.correct_person(tx, change, fields, keys=keys), locks=[person_id])


@router.post("/{person_id}/relocate", response_model=PersonView, summary="Say that a person lives in another region")
async def relocate_person(
    person_id: UUID,
    body: RelocateBody,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
    keys: Keys = Depends(person_keys),
) -> Response:
    change, code = change_of(person_id, edge), RegionCode(body.region_code)
    return await edge.execute(lambda tx: commands.relocate_person(tx, change, code, keys=keys), locks=[person_id])


@router.post("/{person_id}/erase", response_model=TombstoneView, summary="Erase what is known of a person, for good")
async def erase_person(
    person_id: UUID,
    body: EraseBody,
    edge: Command = command(Permission.PERSON_ERASE, touches="person_id", existing=True),
) -> Response:
    change = change_of(person_id, edge)
    return await edge.execute(lambda tx: commands.erase_person(tx, change, reason=body.reason), locks=[person_id])


def change_of(person_id: UUID, edge: Command) -> ChangePerson:
    return ChangePerson(person_id, edge.expected_version, edge.scope, edge.now)
