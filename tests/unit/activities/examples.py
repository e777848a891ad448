"""Values of the domain for unit tests; every argument has a default."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from simpul_activities.domain import bimtek as rules
from simpul_activities.domain.activity import Content
from simpul_activities.domain.bimtek import Bimtek, Organiser, Programme, Session, SessionMethod
from simpul_activities.domain.library import Library
from simpul_shared.contracts.activities import Age, Counts, Gender
from simpul_shared.vocabulary import (
    ActivityCategory,
    Basis,
    BimtekKind,
    BimtekLevel,
    DeliveryMode,
    LibraryStatus,
    MeasureMethod,
)

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def library(status: LibraryStatus = LibraryStatus.ACTIVE, **changed: Any) -> Library:
    fields: dict[str, Any] = {
        "library_id": uuid4(),
        "name": "Perpustakaan Desa Mengwi",
        "region_id": uuid4(),
        "timezone": "Asia/Makassar",
        "status": status,
    }
    return Library(**(fields | changed))


def counts(total: int = 5) -> Counts:
    age = Age(
        from_0_to_6=0, from_7_to_12=0, from_13_to_17=0, from_18_to_35=total, from_36_to_59=0, from_60=0, unknown=0
    )
    return Counts(total=total, gender=Gender(male=0, female=total, unknown=0), age=age, disability=0, low_income=0)


def content(starts_at: datetime = NOW, **changed: Any) -> Content:
    fields: dict[str, Any] = {
        "category": ActivityCategory.ICT,
        "title": "Kelas komputer",
        "notes": None,
        "starts_at": starts_at,
        "counts": counts(),
        "method": MeasureMethod.COUNTED,
    }
    return Content(**(fields | changed))


def session(
    no: int, starts_at: str = "2026-06-29T09:00:00+08:00", ends_at: str = "2026-06-29T11:00:00+08:00"
) -> Session:
    return Session(
        no,
        f"Subjek {no}",
        None,
        SessionMethod.LECTURE,
        datetime.fromisoformat(starts_at),
        datetime.fromisoformat(ends_at),
        Basis.SAMPLE,
    )


def programme(*sessions: Session, **changed: Any) -> Programme:
    fields: dict[str, Any] = {
        "title": "Bimtek",
        "kind": BimtekKind.SPP_TIK,
        "level": BimtekLevel.REGENCY,
        "mode": DeliveryMode.ON_SITE,
        "region_basis": Basis.SAMPLE,
        "venue": "Balai desa",
        "starts_on": date(2026, 6, 29),
        "ends_on": date(2026, 6, 30),
        "organisers": (Organiser("Dinas"),),
        "officials": (),
        "sessions": sessions or (session(1), session(2)),
        "basis": Basis.SAMPLE,
    }
    return Programme(**(fields | changed))


def planned(*sessions: Session, timezone: str = "Asia/Makassar", **changed: Any) -> Bimtek:
    return rules.plan(
        programme(*sessions, **changed),
        bimtek_id=uuid4(),
        region_id=UUID(int=1),
        region_code="51.03",
        timezone=timezone,
    )
