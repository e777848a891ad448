"""Decrees, their rows and the libraries that they concern, as reviewers are shown them."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from simpul_shared.vocabulary import Confidence, RegionLevel

from simpul_registry.domain.decree import ChangeKind
from simpul_registry.domain.decree_review import Decree, DecreeStatus

_DECREE: JsonDict = {
    "decree_id": "019a9c50-7d2b-7c41-9f60-3a1f0c2b5d11",
    "decree": "Kepmendagri 300.2.2-9999/2027",
    "effective_on": "2027-01-15",
    "within": "ID",
    "status": "DITINJAU",
    "sha256": "9b74c9897bac770ffc029102a200c5de5a1e4f2f9a1b3c4d5e6f708192a3b4c5",
    "uploaded_by": "u-4711",
    "uploaded_at": "2026-11-22T02:00:00Z",
    "decided_by": None,
    "decided_at": None,
    "reason": None,
    "changes": {"ADDED": 3, "RECODED": 12, "RENAMED": 2},
    "low_confidence": 1,
    "libraries": 4,
    "version": 1,
}


class DecreeView(BaseModel):
    """`changes` counts the rows by kind, `low_confidence` those to look at twice, `libraries` the libraries in or below what
    changes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECREE]})

    decree_id: UUID
    decree: str
    effective_on: date
    within: str
    status: DecreeStatus
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    changes: dict[ChangeKind, int]
    low_confidence: int
    libraries: int
    version: int

    @classmethod
    def of(cls, decree: Decree, changes: dict[ChangeKind, int], low_confidence: int) -> "DecreeView":
        return cls(
            **{name: getattr(decree, name) for name in cls.model_fields if hasattr(decree, name)},
            changes=changes,
            low_confidence=low_confidence,
        )


class DecreeRowView(BaseModel):
    """One change. A place that is new has no `from`, one that is gone no `to`: its successor is unknown unless a further row
    says SPLIT or MERGED. ZONE_CHANGED goes for all that lies in the region, from the first zone of `basis` to the second.
    `libraries` counts those in the region and below it."""

    row_no: int
    kind: ChangeKind
    level: RegionLevel
    from_region_id: UUID | None
    from_code: str | None
    from_name: str | None
    to_code: str | None
    to_name: str | None
    basis: str
    confidence: Confidence
    libraries: int


class AffectedLibraryView(BaseModel):
    """A library in a region that changes. `gone`: the region ends, so a person must say where the library lies then."""

    library_id: UUID
    name: str
    region_id: UUID
    code: str
    region_name: str
    gone: bool
