"""ICT snapshots and readiness as callers are shown them, with the points of each criterion."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.vocabulary import FundSource, InternetKind, MeasureMethod

from simpul_registry.domain.ict import IctSnapshot
from simpul_registry.domain.rubric import Award, Rubric, Score
from simpul_registry.views.holdings import OfLibrary

COMPUTERS: JsonDict = {"total": 5, "working": 4, "in_library_use": 3}
INTERNET: JsonDict = {
    "kind": "SERAT_OPTIK",
    "down_mbps": 18.4,
    "up_mbps": 6.1,
    "hours_per_day": 8,
    "monthly_cost": 350000,
    "funded_by": "APBDES",
}
_SNAPSHOT: JsonDict = {
    "snapshot_id": "01979a52-3d4e-7f50-8a6b-7c8d9eaf0b1c",
    "library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "observed_on": "2026-03-14",
    "computers": COMPUTERS,
    "internet": INTERNET,
    "electricity_hours": 24,
    "printers": 1,
    "staff_digital_level": 2,
    "method": "COUNTED",
    "evidence": ["foto/2026-03-14/ruang-komputer.jpg"],
    "recorded_at": "2026-03-15T02:11:09.120301Z",
    "readiness_level": 4,
    "rubric_version": "1",
}


class ComputersView(BaseModel):
    total: int
    working: int
    in_library_use: int


class InternetView(BaseModel):
    """Speeds as measured, in Mbps; the cost in rupiah a month."""

    kind: InternetKind
    down_mbps: float | None
    up_mbps: float | None
    hours_per_day: int | None
    monthly_cost: int | None
    funded_by: FundSource | None


class IctSnapshotView(BaseModel):
    """`readiness_level` is what was announced when it was recorded; .../readiness computes it for any day and rubric."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SNAPSHOT]})

    snapshot_id: UUID
    library_id: OfLibrary
    observed_on: date
    computers: ComputersView
    internet: InternetView
    electricity_hours: int | None
    printers: int | None
    staff_digital_level: int | None
    method: MeasureMethod
    evidence: list[str]
    recorded_at: datetime
    readiness_level: int
    rubric_version: str

    @classmethod
    def of(cls, snapshot: IctSnapshot) -> "IctSnapshotView":
        observed = snapshot.observation
        return cls(
            snapshot_id=snapshot.snapshot_id,
            library_id=snapshot.library_id,
            observed_on=observed.observed_on,
            computers=ComputersView.model_validate(observed.computers, from_attributes=True),
            internet=InternetView.model_validate(observed.internet, from_attributes=True),
            electricity_hours=observed.electricity_hours,
            printers=observed.printers,
            staff_digital_level=observed.staff_digital_level,
            method=observed.method,
            evidence=list(observed.evidence),
            recorded_at=snapshot.recorded_at,
            readiness_level=snapshot.readiness_level,
            rubric_version=snapshot.rubric_version,
        )


class AwardView(BaseModel):
    """What one criterion gave. `value` is null where nothing was observed, which gives no points."""

    measure: str
    title: str
    value: float | None
    points: int
    most: int

    @classmethod
    def of(cls, award: Award) -> "AwardView":
        one = award.criterion
        return cls(measure=one.measure, title=one.title, value=award.value, points=award.points, most=one.most)


class ReadinessView(BaseModel):
    """How ready a library's ICT was on a day, by the latest observation known, and where the points come from."""

    library_id: OfLibrary
    on: date
    snapshot_id: UUID
    observed_on: date
    rubric_version: str
    level: int = Field(ge=0, le=4)
    points: int
    most: int
    criteria: list[AwardView]

    @classmethod
    def of(cls, snapshot: IctSnapshot, score: Score, *, on: date) -> "ReadinessView":
        return cls(
            library_id=snapshot.library_id,
            on=on,
            snapshot_id=snapshot.snapshot_id,
            observed_on=snapshot.observation.observed_on,
            rubric_version=score.rubric.version,
            level=score.level,
            points=score.points,
            most=score.rubric.most,
            criteria=[AwardView.of(award) for award in score.awards],
        )


class StepView(BaseModel):
    at_least: float
    points: int


class CriterionView(BaseModel):
    measure: str
    title: str
    steps: list[StepView]


class RubricView(BaseModel):
    """One version of the rubric. It is ours: no official formula was found."""

    version: str
    valid_from: date
    levels: list[int] = Field(description="The points from which level 1, 2, 3 and 4 begin")
    most: int
    criteria: list[CriterionView]

    @classmethod
    def of(cls, rubric: Rubric) -> "RubricView":
        return cls.model_validate(rubric, from_attributes=True)
