"""Attendance: one mark per registration and session; a mark once recorded changes only by a correction with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import AttendanceStatus, BimtekStatus

from simpul_activities.domain.bimtek import Bimtek, require_status
from simpul_activities.domain.registration import Registration, RegistrationNotFound, require_standing


class MarkedTwice(Invalid):
    slug = "marked-twice"
    title = "Peserta ditandai dua kali"


class AttendanceAlreadyRecorded(Conflict):
    slug = "attendance-already-recorded"
    title = "Kehadiran sudah dicatat"


class AttendanceNotRecorded(Conflict):
    slug = "attendance-not-recorded"
    title = "Kehadiran belum dicatat"


class AttendanceUnchanged(Conflict):
    slug = "attendance-unchanged"
    title = "Kehadiran tidak berubah"


@dataclass(frozen=True)
class Mark:
    registration_id: UUID
    status: AttendanceStatus


def mark(
    bimtek: Bimtek,
    session_no: int,
    marks: Sequence[Mark],
    *,
    registrations: Mapping[UUID, Registration],
    recorded: Mapping[UUID, AttendanceStatus],
) -> list[Mark]:
    """The marks that are new; one already `recorded` with the same status is passed over.

    Errors: BimtekInOtherState, SessionNotFound, MarkedTwice, RegistrationNotFound, RegistrationWithdrawn,
    AttendanceAlreadyRecorded.
    """
    require_status(bimtek, {BimtekStatus.RUNNING}, to="take attendance")
    bimtek.session(session_no)
    if len({one.registration_id for one in marks}) < len(marks):
        raise MarkedTwice("A registration appears twice. Give one mark for each.", field="/marks")
    _require_registered(marks, registrations)
    _require_agreement(marks, recorded)
    return [one for one in marks if one.registration_id not in recorded]


def correct(
    bimtek: Bimtek, session_no: int, *, recorded: AttendanceStatus | None, status: AttendanceStatus
) -> AttendanceStatus:
    """The old mark that the new one replaces; also after the Bimtek has closed.

    Errors: BimtekInOtherState, SessionNotFound, AttendanceNotRecorded, AttendanceUnchanged.
    """
    require_status(bimtek, {BimtekStatus.RUNNING, BimtekStatus.CLOSED}, to="have its attendance corrected")
    bimtek.session(session_no)
    if recorded is None:
        raise AttendanceNotRecorded(f"There is no mark in session {session_no} yet. Record it instead.")
    if recorded is status:
        raise AttendanceUnchanged(f"The mark in session {session_no} is {status.value} already. Nothing to correct.")
    return recorded


def _require_registered(marks: Sequence[Mark], registrations: Mapping[UUID, Registration]) -> None:
    for place, one in enumerate(marks):
        registration = registrations.get(one.registration_id)
        if registration is None:
            raise RegistrationNotFound(
                f"The Bimtek has no registration {one.registration_id}. Check the id.",
                field=f"/marks/{place}/registration_id",
            )
        require_standing(registration)


def _require_agreement(marks: Sequence[Mark], recorded: Mapping[UUID, AttendanceStatus]) -> None:
    differing = [one for one in marks if recorded.get(one.registration_id, one.status) is not one.status]
    if differing:
        raise AttendanceAlreadyRecorded(
            f"{len(differing)} registration(s) have another mark already. Correct those, with the reason; nothing was recorded.",
            facts={
                "recorded": [
                    {"registration_id": str(one.registration_id), "status": recorded[one.registration_id].value}
                    for one in differing
                ]
            },
        )
