"""What became of regions between two days, as callers are shown it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Confidence, LineageKind, RegionLevel

from simpul_registry.domain.fate import Fate, RegionFate

_ROW: JsonDict = {
    "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "code": "91.09",
    "name": "KAB. MIMIKA",
    "level": "KABKOTA",
    "fate": "RECODED",
    "confidence": "HIGH",
    "now": [{"region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11", "code": "94.04", "name": "Kabupaten Mimika"}],
    "lineage": [
        {
            "kind": "RECODED",
            "from_code": "91.09",
            "to_code": "94.04",
            "effective_on": "2022-11-09",
            "basis": "NAME_NATIONAL",
            "confidence": "HIGH",
        }
    ],
}


class BearerView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    region_id: UUID
    code: str
    name: str


class StepView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    kind: LineageKind
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence


class CrosswalkView(BaseModel):
    """A region of the earlier day. UNCHANGED and RECODED: it goes on. SUCCEEDED: others came of it. SUCCESSOR_UNKNOWN: it is
    gone and nothing says to where; nothing is guessed. `confidence` is that of the weakest step."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    region_id: UUID
    code: str
    name: str
    level: RegionLevel
    fate: RegionFate
    confidence: Confidence | None
    now: list[BearerView]
    lineage: list[StepView]

    @classmethod
    def of(cls, before: Region, told: Fate) -> "CrosswalkView":
        return cls(
            region_id=before.region_id,
            code=before.code,
            name=before.name,
            level=before.level,
            fate=told.fate,
            confidence=told.confidence,
            now=[BearerView.model_validate(one) for one in told.now],
            lineage=[StepView.model_validate(one) for one in told.steps],
        )
