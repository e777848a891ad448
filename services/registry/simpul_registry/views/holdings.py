"""Aid, the national standard and accreditation, as callers are shown them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.vocabulary import AccreditationGrade, AidItem, FundSource, Schooling, SnpThreshold

from simpul_registry.domain.aid import AidReceipt
from simpul_registry.domain.snp import Finding, SnpProfile, SnpRules
from simpul_registry.store.snp import Accreditation

_LIBRARY = "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33"
AID: JsonDict = {
    "item": "KOMPUTER",
    "quantity": 3,
    "source": "APBN",
    "bast_no": "027/BAST/2021",
    "bast_date": "2021-08-02",
}
CHECK: JsonDict = {
    "checked_on": "2022-08-01",
    "good": 2,
    "broken": 0,
    "diverted": 1,
    "evidence": ["foto/2022-08-01/kantor-desa.jpg"],
}
PROFILE: JsonDict = {
    "observed_on": "2026-03-14",
    "titles": 1240,
    "building_m2": 48,
    "hours_per_day": 7,
    "staff": 2,
    "head_schooling": "SLTA",
    "head_trained": True,
}
ACCREDITATION: JsonDict = {
    "grade": "B",
    "instrument": "SK 296/2022",
    "granted_on": "2023-10-02",
    "valid_to": "2028-10-02",
}


OfLibrary = Annotated[
    UUID,
    Field(description="The library it was recorded for; who it was merged into shows it, too, while they are merged"),
]


class CheckView(BaseModel):
    """How many pieces were found good and in use, broken, and diverted to another use."""

    checked_on: date
    good: int
    broken: int
    diverted: int
    evidence: list[str]


class WithdrawnView(BaseModel):
    """When and why a record that was made by mistake was withdrawn."""

    at: datetime
    because: str


_WITHDRAWN = Field(None, description="Null while it holds")


class AidReceiptView(BaseModel):
    """One line of a handover record (BAST), with every check of its condition by day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "receipt_id": _LIBRARY,
                    "library_id": _LIBRARY,
                    **AID,
                    "checks": [CHECK],
                    "version": 2,
                    "withdrawn": None,
                }
            ]
        }
    )

    receipt_id: UUID
    library_id: OfLibrary
    item: AidItem
    quantity: int
    source: FundSource
    bast_no: str
    bast_date: date
    checks: list[CheckView]
    version: int
    withdrawn: WithdrawnView | None = _WITHDRAWN

    @classmethod
    def of(cls, receipt: AidReceipt) -> "AidReceiptView":
        return cls.model_validate(receipt, from_attributes=True)


class FindingView(BaseModel):
    """One threshold. `met` is null where it was not observed."""

    threshold: SnpThreshold
    needed: str
    found: str | None
    met: bool | None


class SnpView(BaseModel):
    """How far a library is from the national standard, by the rules named."""

    profile_id: UUID
    library_id: OfLibrary
    observed_on: date
    recorded_at: datetime
    head_schooling: Schooling | None
    head_trained: bool | None
    rules_version: str
    findings: list[FindingView]
    gaps: int = Field(description="Thresholds known to be missed")

    @classmethod
    def of(cls, profile: SnpProfile, rules: SnpRules, findings: tuple[Finding, ...]) -> "SnpView":
        return cls(
            profile_id=profile.profile_id,
            library_id=profile.library_id,
            observed_on=profile.observation.observed_on,
            recorded_at=profile.recorded_at,
            head_schooling=profile.observation.head_schooling,
            head_trained=profile.observation.head_trained,
            rules_version=rules.version,
            findings=[FindingView.model_validate(one, from_attributes=True) for one in findings],
            gaps=sum(one.met is False for one in findings),
        )


class AccreditationView(BaseModel):
    """`valid_to` is the first day after it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"accreditation_id": _LIBRARY, "library_id": _LIBRARY, **ACCREDITATION, "version": 1, "withdrawn": None}
            ]
        }
    )

    accreditation_id: UUID
    library_id: OfLibrary
    grade: AccreditationGrade
    instrument: str
    granted_on: date
    valid_to: date
    version: int
    withdrawn: WithdrawnView | None = _WITHDRAWN

    @classmethod
    def of(cls, accreditation: Accreditation) -> "AccreditationView":
        return cls.model_validate(accreditation, from_attributes=True)
