"""Regions and their lineage as callers are shown them."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind, RegionLevel

from simpul_registry.store.regions import day

_REGION: JsonDict = {
    "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "scheme": "KEMENDAGRI",
    "code": "94.04",
    "name": "Kabupaten Mimika",
    "level": "KABKOTA",
    "kind": "KABUPATEN",
    "parent_id": "1c6a5f2b-7f7e-5a0b-8a0f-3d9f1c2b4e22",
    "path": [
        "cad6522a-347f-59cc-86e6-8920b9af35fc",
        "1c6a5f2b-7f7e-5a0b-8a0f-3d9f1c2b4e22",
        "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    ],
    "timezone": "Asia/Jayapura",
    "valid_from": "2025-06-23",
    "valid_to": None,
    "decree": "Kepmendagri 300.2.2-2430/2025",
    "recorded_at": "2026-11-22T02:00:00Z",
    "superseded_at": None,
}
_LINEAGE: JsonDict = {
    "kind": "RECODED",
    "from_region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "from_code": "91.09",
    "to_code": "94.04",
    "effective_on": "2022-11-09",
    "basis": "NAME_NATIONAL",
    "confidence": "HIGH",
    "recorded_at": "2026-11-22T02:00:00Z",
}


class RegionView(BaseModel):
    """A region over one interval: `valid_from` inclusive, null before records; `valid_to` exclusive, null while it lasts.

    `path` are the ids from the country down to the region itself. `superseded_at` is set on what is no longer believed.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_REGION]})

    region_id: UUID
    scheme: str
    code: str
    name: str
    level: RegionLevel
    kind: RegionKind
    parent_id: UUID | None
    path: list[UUID]
    timezone: str
    valid_from: date | None
    valid_to: date | None
    decree: str
    recorded_at: datetime
    superseded_at: datetime | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "RegionView":
        bounds = {"valid_from": day(row["valid_from"]), "valid_to": day(row["valid_to"])}
        return cls.model_validate(dict(row) | bounds)


class LineageView(BaseModel):
    """One change. RECODED and RENAMED keep the region; SPLIT cut `region_id` out of `from_region_id`; REUSED gave the
    code of `from_region_id` to `region_id`, another place. `confidence` LOW: inferred from little."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINEAGE]})

    kind: LineageKind
    from_region_id: UUID
    region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence
    recorded_at: datetime
