"""Regions and their lineage as callers are shown them."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind, RegionLevel

from simpul_registry.domain.gazetteer import Hit
from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.domain.statement import Statement
from simpul_registry.store.codes_out_of_use import day

_LEVELS = tuple(RegionLevel)

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
    "event_id": "019a9c5e-7d2b-7c41-9f60-3a1f0c2b5d11",
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
    """One change. RECODED, RENAMED, MOVED and STATUS_CHANGED keep the region; SPLIT cut `region_id` out of `from_region_id`,
    MERGED made it part of `region_id`; REUSED gave its code to `region_id`, another place. `confidence` LOW: inferred from
    little, and may be overruled by the `event_id`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINEAGE]})

    event_id: UUID
    kind: LineageKind
    from_region_id: UUID
    region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence
    recorded_at: datetime


class CodeView(BaseModel):
    """A code of another scheme, and where it is written that the region has it."""

    scheme: str
    code: str
    valid_from: date | None
    valid_to: date | None
    source: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: asyncpg.Record) -> "CodeView":
        bounds = {"valid_from": day(row["valid_from"]), "valid_to": day(row["valid_to"])}
        return cls.model_validate(dict(row) | bounds)


class CodesView(BaseModel):
    region_id: UUID
    items: list[CodeView]


class PlaceView(BaseModel):
    region_id: UUID
    code: str
    name: str
    level: RegionLevel


class FoundByView(BaseModel):
    """A code of another scheme, and since when the region has it."""

    scheme: CodeScheme
    code: str
    valid_from: date | None
    valid_to: date | None


class HitView(BaseModel):
    """A region by a name or code that it bears or bore, with the regions above it, country first, by which homonyms are told
    apart, and since when it is or was called so. `near`: how many words were not found as written, but nearly so.
    `found_by`: the code of BPS that led to it, null where a name or Kemendagri's code did."""

    region_id: UUID
    code: str
    name: str
    level: RegionLevel
    above: list[PlaceView]
    valid_from: date | None
    valid_to: date | None
    near: int
    found_by: FoundByView | None

    @classmethod
    def of(cls, hit: Hit) -> "HitView":
        entry = hit.entry
        return cls(
            region_id=entry.region_id,
            code=entry.code,
            name=entry.name,
            level=_LEVELS[entry.depth],
            above=[
                PlaceView(region_id=one.region_id, code=one.code, name=one.name, level=_LEVELS[one.depth])
                for one in hit.above
            ],
            valid_from=day(entry.valid_from),
            valid_to=day(entry.valid_to),
            near=hit.near,
            found_by=None if hit.assigned is None else _found_by(hit.assigned),
        )


def _found_by(assigned: Statement) -> FoundByView:
    return FoundByView(
        scheme=CodeScheme.BPS,
        code=assigned.code,
        valid_from=day(assigned.valid_from),
        valid_to=day(assigned.valid_to),
    )
