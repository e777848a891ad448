"""Bimtek as callers see them."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from simpul_shared.vocabulary import Basis, BimtekKind, BimtekLevel, BimtekStatus, DeliveryMode

from simpul_activities.domain.bimtek import Bimtek, Pillar, Session, SessionMethod
from simpul_activities.domain.calendar import local

SESSION_EXAMPLE: JsonDict = {
    "no": 1,
    "subject": "Strategi pengembangan perpustakaan berbasis inklusi sosial",
    "pillar": "PELIBATAN_MASYARAKAT",
    "method": "CERAMAH",
    "starts_at": "2026-06-29T09:00:00+08:00",
    "ends_at": "2026-06-29T11:30:00+08:00",
    "basis": "stated",
}
PROGRAMME_EXAMPLE: JsonDict = {
    "title": "Bimtek SPP-TIK bagi pengelola perpustakaan desa",
    "kind": "SPP_TIK",
    "level": "KABKOTA",
    "mode": "LURING",
    "region_code": "51.03.02.1001",
    "region_basis": "stated",
    "venue": "Gedung Layanan Baca Sastra Mangutama",
    "timezone": "Asia/Makassar",
    "starts_on": "2026-06-29",
    "ends_on": "2026-07-01",
    "parent_bimtek_id": None,
    "parent_basis": None,
    "basis": "stated",
}
DETAILS_EXAMPLE: JsonDict = {
    "capacity": 40,
    "curriculum_version": "2026",
    "organisers": [{"name": "Dinas Kearsipan dan Perpustakaan Kabupaten Badung", "office_id": None}],
    "officials": [],
    "sessions": [SESSION_EXAMPLE],
}
_SUMMARY: JsonDict = {
    "bimtek_id": "0197a1c3-5a10-7e2b-b1c4-9d2e6f7a8b90",
    "version": 1,
    "status": "DIRENCANAKAN",
    "region_id": "5b0a3f7e-51aa-5c1d-9f00-1c7d7d2f4a11",
    **PROGRAMME_EXAMPLE,
}


class SessionView(BaseModel):
    no: int
    subject: str
    pillar: Pillar | None
    method: SessionMethod
    starts_at: datetime
    ends_at: datetime
    basis: Basis

    @classmethod
    def of(cls, session: Session, timezone: str) -> Self:
        return cls(
            no=session.no,
            subject=session.subject,
            pillar=session.pillar,
            method=session.method,
            starts_at=local(session.starts_at, timezone),
            ends_at=local(session.ends_at, timezone),
            basis=session.basis,
        )


class OrganiserView(BaseModel):
    name: str
    office_id: UUID | None


class OfficialView(BaseModel):
    name: str
    role: str


class BimtekSummary(BaseModel):
    """A Bimtek in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})

    bimtek_id: UUID
    version: int
    status: BimtekStatus
    title: str
    kind: BimtekKind
    level: BimtekLevel
    mode: DeliveryMode
    region_id: UUID
    region_code: str
    region_basis: Basis
    venue: str
    timezone: str
    starts_on: date
    ends_on: date
    parent_bimtek_id: UUID | None
    parent_basis: Basis | None
    basis: Basis


class BimtekView(BimtekSummary):
    """A Bimtek as it stands. Times are told in the venue's `timezone`; `region_code` was valid on the first day."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_SUMMARY, **DETAILS_EXAMPLE, "cancelled_because": None}]}
    )

    capacity: int | None
    curriculum_version: str | None
    organisers: list[OrganiserView]
    officials: list[OfficialView]
    sessions: list[SessionView]
    cancelled_because: str | None

    @classmethod
    def of(cls, bimtek: Bimtek) -> Self:
        p = bimtek.programme
        return cls(
            bimtek_id=bimtek.bimtek_id,
            version=bimtek.version,
            status=bimtek.status,
            title=p.title,
            kind=p.kind,
            level=p.level,
            mode=p.mode,
            region_id=bimtek.region_id,
            region_code=bimtek.region_code,
            region_basis=p.region_basis,
            venue=p.venue,
            timezone=bimtek.timezone,
            starts_on=p.starts_on,
            ends_on=p.ends_on,
            parent_bimtek_id=None if p.parent is None else p.parent.bimtek_id,
            parent_basis=None if p.parent is None else p.parent.basis,
            basis=p.basis,
            capacity=p.capacity,
            curriculum_version=p.curriculum_version,
            organisers=[OrganiserView(name=one.name, office_id=one.office_id) for one in p.organisers],
            officials=[OfficialView(name=one.name, role=one.role) for one in p.officials],
            sessions=[SessionView.of(session, bimtek.timezone) for session in p.sessions],
            cancelled_because=bimtek.cancelled_because,
        )


class CascadeStep(BaseModel):
    """A Bimtek in a cascade. `distance` counts steps: -1 its parent, 1 a child, 2 a child's child."""

    distance: int
    bimtek: BimtekSummary


class CascadeView(BaseModel):
    """From which Bimtek this one came, and which came from it; only those within the caller's sight."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bimtek_id": "0197a1c2-0b55-7c11-9a6d-3e4f5a6b7c8d",
                    "parents": [],
                    "children": [{"distance": 1, "bimtek": _SUMMARY}],
                }
            ]
        }
    )

    bimtek_id: UUID
    parents: list[CascadeStep]
    children: list[CascadeStep]
