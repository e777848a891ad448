"""HTTP in: people. Only one route tells a name, under a permission of its own."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Query, answer, query
from simpul_shared.vocabulary import Basis, RegionCode

from simpul_registry.api.fields import RegionCodeInBody, strict
from simpul_registry.commands import people as commands
from simpul_registry.commands.people import RegisterPerson
from simpul_registry.queries import people as queries
from simpul_registry.sealing import ServiceKey
from simpul_registry.settings import service_key
from simpul_registry.views.people import PersonNameView, PersonView

router = APIRouter(prefix="/v1/people", tags=["people"])


class RegisterBody(BaseModel):
    """`name` is kept encrypted and is in no answer but that of /name."""

    model_config = strict(name="Ni Luh Contoh", region_code="51.03.02.2009", basis="sample")

    name: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    region_code: RegionCodeInBody
    basis: Basis = Basis.STATED


@router.post("", status_code=201, response_model=PersonView, summary="Register a person")
async def register_person(
    body: RegisterBody,
    edge: Command = command(Permission.PERSON_REGISTER, touches="body.region_code"),
    key: ServiceKey = Depends(service_key),
) -> Response:
    person_id = uuid6.uuid7()
    wanted = RegisterPerson(body.name, RegionCode(body.region_code), body.basis)
    return await edge.execute(
        lambda tx: commands.register_person(tx, person_id, wanted, key=key, scope=edge.scope, now=edge.now),
        locks=[person_id],
        status=201,
    )


@router.get("/{person_id}", response_model=PersonView, summary="One person, without the name")
async def get_person(person_id: UUID, edge: Query = query(Permission.PERSON_READ, touches="person_id")) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_person(tx, person_id, scope=edge.scope, now=edge.now)
    return answer(view, version=view.version)


@router.get("/{person_id}/name", response_model=PersonNameView, summary="The name of a person")
async def get_person_name(
    person_id: UUID,
    edge: Query = query(Permission.PERSON_READ_NAME, touches="person_id"),
    key: ServiceKey = Depends(service_key),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.get_person_name(tx, person_id, key=key, scope=edge.scope, now=edge.now))
