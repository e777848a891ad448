"""Attendance: record a session's sheet, correct one mark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.activities import AttendanceCorrected, AttendanceRecorded
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import Fact, append, append_all
from simpul_shared.vocabulary import AttendanceStatus, Basis

from simpul_activities.commands.known import allowed_regions
from simpul_activities.domain import attendance as rules
from simpul_activities.domain.attendance import Mark
from simpul_activities.domain.bimtek import Bimtek
from simpul_activities.domain.registration import Registration
from simpul_activities.store import bimteks, registrations
from simpul_activities.views.participation import MarkedRegistration, RegistrationView, SheetRecorded


@dataclass(frozen=True)
class RecordAttendance:
    """The sheet of one session."""

    bimtek_id: UUID
    session_no: int
    marks: Sequence[Mark]
    basis: Basis


@dataclass(frozen=True)
class CorrectAttendance:
    registration_id: UUID
    session_no: int
    expected_version: int
    status: AttendanceStatus
    reason: str


async def record_attendance(tx: Transaction, sheet: RecordAttendance, *, scope: Scope, now: datetime) -> Answer:
    """All marks or none. The transaction holds the locks of the Bimtek and of every registration named.

    Errors: BimtekNotFound, OutsideScope, and those of rules.mark.
    """
    bimtek = await bimteks.load_hosted(tx, sheet.bimtek_id, allowed=await allowed_regions(tx, scope, now))
    ids = [mark.registration_id for mark in sheet.marks]
    known = await registrations.load_some(tx, sheet.bimtek_id, ids)
    recorded = await registrations.marks_of_session(tx, sheet.bimtek_id, sheet.session_no, ids)
    new = rules.mark(bimtek, sheet.session_no, sheet.marks, registrations=known, recorded=recorded)
    versions = {one: registration.version for one, registration in known.items()}
    if new:
        versions |= await _save(tx, bimtek, sheet, new, known, now=now)
    return _answer(sheet, new=len(new), versions=versions)


async def correct_attendance(tx: Transaction, command: CorrectAttendance, *, scope: Scope, now: datetime) -> Answer:
    """Errors: RegistrationNotFound, OutsideScope, PreconditionFailed, and those of rules.correct."""
    allowed = await allowed_regions(tx, scope, now)
    registration = await registrations.load(tx, command.registration_id, allowed=allowed)
    bimtek = await bimteks.load_hosted(tx, registration.bimtek_id, allowed=allowed)
    require_version(registration.version, command.expected_version)
    old = rules.correct(
        bimtek,
        command.session_no,
        recorded=await registrations.mark_of(tx, command.registration_id, command.session_no),
        status=command.status,
    )
    event = _corrected(bimtek, registration, command, old=old)
    entry = await append(tx, event, occurred_at=now, source_tz=bimtek.timezone)
    await registrations.correct_mark(
        tx,
        command.registration_id,
        command.session_no,
        version=entry.version,
        old=old,
        status=command.status,
        reason=command.reason,
        at=entry.recorded_at,
        by=tx.origin.actor,
    )
    return Answer(RegistrationView.of(replace(registration, version=entry.version)), version=entry.version)


async def _save(
    tx: Transaction,
    bimtek: Bimtek,
    sheet: RecordAttendance,
    marks: Sequence[Mark],
    known: Mapping[UUID, Registration],
    *,
    now: datetime,
) -> dict[UUID, int]:
    """Returns the new versions of the registrations marked."""
    facts = [
        Fact(_recorded(bimtek, sheet, known[mark.registration_id], mark.status), now, bimtek.timezone) for mark in marks
    ]
    entries = await append_all(tx, facts)
    at, by = entries[0].recorded_at, tx.origin.actor
    await registrations.insert_marks(tx, sheet.bimtek_id, sheet.session_no, marks, basis=sheet.basis, at=at, by=by)
    versions = {mark.registration_id: entry.version for mark, entry in zip(marks, entries, strict=True)}
    await registrations.set_versions(tx, versions)
    return versions


def _recorded(
    bimtek: Bimtek, sheet: RecordAttendance, registration: Registration, status: AttendanceStatus
) -> AttendanceRecorded:
    return AttendanceRecorded(
        registration_id=registration.registration_id,
        bimtek_id=bimtek.bimtek_id,
        session_no=sheet.session_no,
        held_on=bimtek.held_on(bimtek.session(sheet.session_no)),
        status=status,
        library_id=registration.library_id,
        region_id=registration.region_id,
        basis=sheet.basis,
    )


def _corrected(
    bimtek: Bimtek, registration: Registration, command: CorrectAttendance, *, old: AttendanceStatus
) -> AttendanceCorrected:
    return AttendanceCorrected(
        registration_id=registration.registration_id,
        bimtek_id=bimtek.bimtek_id,
        session_no=command.session_no,
        held_on=bimtek.held_on(bimtek.session(command.session_no)),
        old_status=old,
        status=command.status,
        library_id=registration.library_id,
        region_id=registration.region_id,
        reason=command.reason,
    )


def _answer(sheet: RecordAttendance, *, new: int, versions: Mapping[UUID, int]) -> Answer:
    marks = [
        MarkedRegistration(registration_id=m.registration_id, status=m.status, version=versions[m.registration_id])
        for m in sheet.marks
    ]
    told = SheetRecorded(
        bimtek_id=sheet.bimtek_id,
        session_no=sheet.session_no,
        recorded=new,
        unchanged=len(marks) - new,
        marks=marks,
    )
    return Answer(told)
