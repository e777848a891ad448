"""HTTP in: attendance, by session's sheet; corrections; the whole sheet of a Bimtek."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from simpul_shared.access import Permission
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import AttendanceStatus, Basis

from simpul_activities.api.fields import Body, Cursor, Limit, Reason
from simpul_activities.commands import attendance as commands
from simpul_activities.commands.attendance import CorrectAttendance, RecordAttendance
from simpul_activities.domain.attendance import Mark
from simpul_activities.queries import participation as queries
from simpul_activities.queries.reach import reach
from simpul_activities.views.participation import (
    REGISTRATION_ID_EXAMPLE,
    AttendanceRow,
    RegistrationView,
    SheetRecorded,
)

router = APIRouter(tags=["attendance"])
SessionNo = Annotated[int, Path(ge=1, le=500)]


class MarkBody(Body):
    registration_id: UUID
    status: AttendanceStatus


class SheetBody(Body):
    """The marks of one session; all are recorded or none. The same sheet sent again records nothing new."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"marks": [{"registration_id": REGISTRATION_ID_EXAMPLE, "status": "HADIR"}], "basis": "stated"}
            ]
        }
    )

    marks: Annotated[list[MarkBody], Field(min_length=1, max_length=2000)]
    basis: Basis = Basis.STATED


class CorrectMarkBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "TERLAMBAT", "reason": "Salah baca daftar hadir"}]}
    )

    status: AttendanceStatus
    reason: Reason


@router.post(
    "/v1/bimteks/{bimtek_id}/sessions/{session_no}/attendance",
    response_model=SheetRecorded,
    summary="Record the attendance of a session",
)
async def record_attendance(
    bimtek_id: UUID,
    session_no: SessionNo,
    body: SheetBody,
    edge: Command = command(Permission.ATTENDANCE_RECORD, touches="bimtek_id"),
) -> Response:
    marks = [Mark(one.registration_id, one.status) for one in body.marks]
    sheet = RecordAttendance(bimtek_id, session_no, marks, body.basis)
    # Every registration named is an aggregate of its own: all locks at once, in the edge's one order.
    return await edge.execute(
        lambda tx: commands.record_attendance(tx, sheet, scope=edge.scope, now=edge.now),
        locks=[bimtek_id, *(mark.registration_id for mark in marks)],
    )


@router.post(
    "/v1/registrations/{registration_id}/attendance/{session_no}/correct",
    response_model=RegistrationView,
    summary="Correct one mark, with the reason",
)
async def correct_attendance(
    registration_id: UUID,
    session_no: SessionNo,
    body: CorrectMarkBody,
    edge: Command = command(Permission.ATTENDANCE_RECORD, touches="registration_id", existing=True),
) -> Response:
    wanted = CorrectAttendance(registration_id, session_no, edge.expected_version, body.status, body.reason)
    return await edge.execute(
        lambda tx: commands.correct_attendance(tx, wanted, scope=edge.scope, now=edge.now), locks=[registration_id]
    )


@router.get(
    "/v1/bimteks/{bimtek_id}/attendance", response_model=Page[AttendanceRow], summary="The attendance sheet of a Bimtek"
)
async def list_attendance(
    bimtek_id: UUID,
    cursor: Cursor = None,
    limit: Limit = 50,
    edge: Query = query(Permission.BIMTEK_READ, touches="bimtek_id"),
) -> Response:
    async with edge.snapshot() as tx:
        allowed = await reach(tx, edge.scope, edge.now)
        return answer(await queries.list_attendance(tx, bimtek_id, allowed=allowed, cursor=cursor, limit=limit))
