"""Registrations, attendance and follow-up plans as callers see them."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.platform.trail import TrailEvent
from simpul_shared.vocabulary import AttendanceStatus, Basis

from simpul_activities.domain.bimtek import Pillar
from simpul_activities.domain.calendar import local_date
from simpul_activities.domain.plan import Item, ItemState, Plan
from simpul_activities.domain.registration import Registration

REGISTRATION_ID_EXAMPLE = "0197a1c5-20f0-7a31-9e88-4b6c2d1e0f35"
REGISTERED_EXAMPLE: JsonDict = {
    "person_id": "0197a1c0-9a44-7b0e-8c12-6e5d4c3b2a19",
    "library_id": "0197a1c0-7b1e-7c3a-9d55-2f6f0a4b8e10",
    "basis": "stated",
}
PLAN_EXAMPLE: JsonDict = {
    "library_id": "0197a1c0-7b1e-7c3a-9d55-2f6f0a4b8e10",
    "items": [
        {
            "no": 1,
            "pillar": "PELIBATAN_MASYARAKAT",
            "text": "Kelas komputer bagi pelaku UMKM desa",
            "due_on": "2026-09-30",
        }
    ],
    "basis": "stated",
}
_ITEM: JsonDict = {
    "no": 1,
    "pillar": "PELIBATAN_MASYARAKAT",
    "text": "Kelas komputer bagi pelaku UMKM desa",
    "due_on": "2026-09-30",
    "owner_id": None,
    "progress": 60,
    "state": "BERJALAN",
    "overdue": False,
    "evidence": [],
    "completed_on": None,
    "cancelled_because": None,
}
_BIMTEK_ID = "0197a1c3-5a10-7e2b-b1c4-9d2e6f7a8b90"
_REGION_ID = "5b0a3f7e-51aa-5c1d-9f00-1c7d7d2f4a11"
_REGISTRATION: JsonDict = {
    "registration_id": REGISTRATION_ID_EXAMPLE,
    "version": 1,
    "bimtek_id": _BIMTEK_ID,
    "region_id": _REGION_ID,
    **REGISTERED_EXAMPLE,
    "registered_at": "2026-06-20T02:11:09Z",
    "withdrawn_at": None,
    "withdrawn_because": None,
}
_CORRECTION: JsonDict = {
    "session_no": 1,
    "old_status": "HADIR",
    "status": "TERLAMBAT",
    "reason": "Salah baca daftar hadir",
    "corrected_at": "2026-06-30T01:02:03Z",
    "corrected_by": "dinas-badung",
}


class RegistrationView(BaseModel):
    """`region_id` is that of the library represented, when registered."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REGISTRATION]})

    registration_id: UUID
    version: int
    bimtek_id: UUID
    person_id: UUID
    library_id: UUID
    region_id: UUID
    basis: Basis
    registered_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None

    @classmethod
    def of(cls, registration: Registration) -> Self:
        return cls.model_validate(shown(registration))


def shown(registration: Registration) -> dict[str, object]:
    withdrawal = registration.withdrawal
    return {
        "registration_id": registration.registration_id,
        "version": registration.version,
        "bimtek_id": registration.bimtek_id,
        "person_id": registration.person_id,
        "library_id": registration.library_id,
        "region_id": registration.region_id,
        "basis": registration.basis,
        "registered_at": registration.registered_at,
        "withdrawn_at": None if withdrawal is None else withdrawal.at,
        "withdrawn_because": None if withdrawal is None else withdrawal.reason,
    }


class MarkView(BaseModel):
    session_no: int
    status: AttendanceStatus


class CorrectionView(BaseModel):
    """Who changed a mark (a token's subject), from what to what, and why."""

    session_no: int
    old_status: AttendanceStatus
    status: AttendanceStatus
    reason: str
    corrected_at: datetime
    corrected_by: str


class AttendanceRow(RegistrationView):
    """One registration's line of the attendance sheet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_REGISTRATION,
                    "version": 3,
                    "marks": [{"session_no": 1, "status": "TERLAMBAT"}],
                    "corrections": [_CORRECTION],
                }
            ]
        }
    )

    marks: list[MarkView]
    corrections: list[CorrectionView]


class ParticipationExport(BaseModel):
    """All that this service has of a person: seats with their marks, and each event about them."""

    exported_at: datetime
    person_id: UUID
    registrations: list[AttendanceRow]
    events: list[TrailEvent]


class MarkedRegistration(BaseModel):
    registration_id: UUID
    status: AttendanceStatus
    version: int = Field(description="The registration's version now, for the If-Match of a correction")


class SheetRecorded(BaseModel):
    """What became of a sheet: `recorded` marks are new, `unchanged` ones stood already."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bimtek_id": _BIMTEK_ID,
                    "session_no": 1,
                    "recorded": 1,
                    "unchanged": 0,
                    "marks": [{"registration_id": REGISTRATION_ID_EXAMPLE, "status": "HADIR", "version": 2}],
                }
            ]
        }
    )

    bimtek_id: UUID
    session_no: int
    recorded: int
    unchanged: int
    marks: list[MarkedRegistration]


class PlanItemView(BaseModel):
    """`overdue`: still open, and its day has passed at the library."""

    no: int
    pillar: Pillar
    text: str
    due_on: date
    owner_id: UUID | None
    progress: int
    state: ItemState
    overdue: bool
    evidence: list[str]
    completed_on: date | None
    cancelled_because: str | None

    @classmethod
    def of(cls, item: Item, *, today: date) -> Self:
        return cls(
            no=item.no,
            pillar=item.pillar,
            text=item.text,
            due_on=item.due_on,
            owner_id=item.owner_id,
            progress=item.progress,
            state=item.state,
            overdue=item.is_overdue(today),
            evidence=list(item.evidence),
            completed_on=item.completed_on,
            cancelled_because=item.cancelled_because,
        )


class PlanView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "plan_id": "0197a1c9-31b2-7f00-a2b3-c4d5e6f70812",
                    "version": 1,
                    "bimtek_id": _BIMTEK_ID,
                    "region_id": _REGION_ID,
                    **PLAN_EXAMPLE,
                    "items": [_ITEM],
                }
            ]
        }
    )

    plan_id: UUID
    version: int
    bimtek_id: UUID
    library_id: UUID
    region_id: UUID
    items: list[PlanItemView]
    basis: Basis

    @classmethod
    def of(cls, plan: Plan, *, now: datetime) -> Self:
        today = local_date(now, plan.timezone)
        return cls(
            plan_id=plan.plan_id,
            version=plan.version,
            bimtek_id=plan.bimtek_id,
            library_id=plan.library_id,
            region_id=plan.region_id,
            items=[PlanItemView.of(item, today=today) for item in plan.items],
            basis=plan.basis,
        )
