"""Community activities as callers see them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.contracts.activities import Age, Counts, Gender
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

from simpul_activities.domain.activity import Activity, ActivityStatus, PlanItemRef
from simpul_activities.domain.calendar import local
from simpul_activities.domain.counts import MAX_COUNT

COUNTS_EXAMPLE: JsonDict = {
    "total": 24,
    "gender": {"male": 9, "female": 14, "unknown": 1},
    "age": {
        "from_0_to_6": 0,
        "from_7_to_12": 4,
        "from_13_to_17": 5,
        "from_18_to_35": 8,
        "from_36_to_59": 5,
        "from_60": 1,
        "unknown": 1,
    },
    "disability": 1,
    "low_income": 6,
}
CONTENT_EXAMPLE: JsonDict = {
    "category": "EKONOMI",
    "title": "Pelatihan pemasaran daring keripik pisang",
    "notes": "Bersama kelompok PKK desa.",
    "starts_at": "2026-11-14T09:00:00+08:00",
    "counts": COUNTS_EXAMPLE,
    "method": "COUNTED",
}
_ACTIVITY: JsonDict = {
    "activity_id": "0197a1c2-11d0-7d0a-8a4b-0b9a3d5c6f21",
    "version": 1,
    "status": "DIKIRIM",
    "library_id": "0197a1c0-7b1e-7c3a-9d55-2f6f0a4b8e10",
    "region_id": "5b0a3f7e-51aa-5c1d-9f00-1c7d7d2f4a11",
    "timezone": "Asia/Makassar",
    "held_on": "2026-11-14",
    **CONTENT_EXAMPLE,
    "basis": "stated",
    "bimtek_id": None,
    "plan_item": None,
}
_CHANGE: JsonDict = {
    "version": 2,
    "status": "DIKOREKSI",
    "reason": "Jumlah peserta dihitung ulang dari daftar hadir",
    "changed_at": "2026-11-16T03:20:11Z",
    "changed_by": "desa-mengwi",
    "before": CONTENT_EXAMPLE,
}

Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GenderCounts(_Exact):
    male: Count
    female: Count
    unknown: Count


class AgeCounts(_Exact):
    """Age bands in completed years."""

    from_0_to_6: Count
    from_7_to_12: Count
    from_13_to_17: Count
    from_18_to_35: Count
    from_36_to_59: Count
    from_60: Count
    unknown: Count


class ActivityCounts(_Exact):
    """Attendances. Each dimension adds up to `total`; `disability` and `low_income` are subsets of it."""

    total: Count
    gender: GenderCounts
    age: AgeCounts
    disability: Count
    low_income: Count

    def to_domain(self) -> Counts:
        return Counts(
            total=self.total,
            gender=Gender(**self.gender.model_dump()),
            age=Age(**self.age.model_dump()),
            disability=self.disability,
            low_income=self.low_income,
        )

    @classmethod
    def of(cls, counts: Counts) -> Self:
        return cls.model_validate(msgspec.to_builtins(counts))


class PlanItemRefView(_Exact):
    """An item of a follow-up plan (RTL) of the same library."""

    plan_id: UUID
    no: int = Field(ge=1)

    def to_domain(self) -> PlanItemRef:
        return PlanItemRef(self.plan_id, self.no)


class ContentView(BaseModel):
    category: ActivityCategory
    title: str
    notes: str | None
    starts_at: datetime
    counts: ActivityCounts
    method: MeasureMethod


class ActivityView(ContentView):
    """An activity as it stands. `starts_at` is told in the library's `timezone`, `held_on` is its date there."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACTIVITY]})

    activity_id: UUID
    version: int
    status: ActivityStatus
    library_id: UUID
    region_id: UUID
    timezone: str
    held_on: date
    basis: Basis
    bimtek_id: UUID | None
    plan_item: PlanItemRefView | None

    @classmethod
    def of(cls, activity: Activity) -> Self:
        return cls.model_validate(_shown(activity))


class ActivityChangeView(BaseModel):
    """A correction or withdrawal: what stood before, who changed it (a token's subject) and why."""

    version: int
    status: ActivityStatus
    reason: str
    changed_at: datetime
    changed_by: str
    before: ContentView

    def at(self, timezone: str) -> Self:
        """With its time told in the zone."""
        before = self.before.model_copy(update={"starts_at": local(self.before.starts_at, timezone)})
        return self.model_copy(update={"before": before})


class ActivityHistoryView(ActivityView):
    """An activity with all its changes, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_ACTIVITY, "version": 2, "status": "DIKOREKSI", "changes": [_CHANGE]}]}
    )

    changes: list[ActivityChangeView]

    @classmethod
    def with_changes(cls, activity: Activity, changes: list[ActivityChangeView]) -> Self:
        return cls.model_validate({**_shown(activity), "changes": [change.at(activity.timezone) for change in changes]})


def _shown(activity: Activity) -> dict[str, object]:
    content, item = activity.content, activity.plan_item
    return {
        "activity_id": activity.activity_id,
        "version": activity.version,
        "status": activity.status,
        "library_id": activity.library_id,
        "region_id": activity.region_id,
        "timezone": activity.timezone,
        "held_on": activity.held_on,
        "category": content.category,
        "title": content.title,
        "notes": content.notes,
        "starts_at": local(content.starts_at, activity.timezone),
        "counts": ActivityCounts.of(content.counts),
        "method": content.method,
        "basis": activity.basis,
        "bimtek_id": activity.bimtek_id,
        "plan_item": None if item is None else PlanItemRefView(plan_id=item.plan_id, no=item.no),
    }
