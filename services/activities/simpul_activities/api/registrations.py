"""HTTP in: registrations, who takes part in a Bimtek and for which library."""

from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import Basis

from simpul_activities.api.fields import Body, Cursor, Limit, ReasonBody
from simpul_activities.commands import registrations as commands
from simpul_activities.commands.registrations import RegisterParticipant, WithdrawParticipant
from simpul_activities.queries import participation as queries
from simpul_activities.queries.reach import reach
from simpul_activities.views.participation import REGISTERED_EXAMPLE, AttendanceRow, RegistrationView

router = APIRouter(tags=["registrations"])


class RegisterBody(Body):
    """`library_id` is the library that the person represents, not where the person lives."""

    model_config = ConfigDict(json_schema_extra={"examples": [REGISTERED_EXAMPLE]})

    person_id: UUID
    library_id: UUID
    basis: Basis = Basis.STATED


@router.post(
    "/v1/bimteks/{bimtek_id}/registrations",
    status_code=201,
    response_model=RegistrationView,
    summary="Register a person for a library",
)
async def register_participant(
    bimtek_id: UUID,
    body: RegisterBody,
    edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id"),
) -> Response:
    registration_id = uuid6.uuid7()
    wanted = RegisterParticipant(bimtek_id, body.person_id, body.library_id, body.basis)
    return await edge.execute(
        lambda tx: commands.register_participant(tx, registration_id, wanted, scope=edge.scope, now=edge.now),
        locks=[bimtek_id, registration_id],
        status=201,
    )


@router.post(
    "/v1/bimteks/{bimtek_id}/registrations/{registration_id}/withdraw",
    response_model=RegistrationView,
    summary="Withdraw a registration",
)
async def withdraw_participant(
    bimtek_id: UUID,
    registration_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.BIMTEK_MANAGE, touches="bimtek_id", existing=True),
) -> Response:
    wanted = WithdrawParticipant(bimtek_id, registration_id, edge.expected_version, body.reason)
    return await edge.execute(
        lambda tx: commands.withdraw_participant(tx, wanted, scope=edge.scope, now=edge.now),
        locks=[bimtek_id, registration_id],
    )


@router.get(
    "/v1/bimteks/{bimtek_id}/registrations",
    response_model=Page[RegistrationView],
    summary="Registrations of a Bimtek, withdrawn ones included",
)
async def list_registrations(
    bimtek_id: UUID,
    cursor: Cursor = None,
    limit: Limit = 50,
    edge: Query = query(Permission.BIMTEK_READ, touches="bimtek_id"),
) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        return answer(await queries.list_registrations(tx, bimtek_id, allowed=allowed, cursor=cursor, limit=limit))


@router.get(
    "/v1/registrations/{registration_id}",
    response_model=AttendanceRow,
    summary="One registration with its marks and their corrections",
)
async def read_registration(
    registration_id: UUID, edge: Query = query(Permission.BIMTEK_READ, touches="registration_id")
) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        found = await queries.read_registration(tx, registration_id, allowed=allowed)
    return answer(found, version=found.version)
