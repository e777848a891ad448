"""Overruled lineage, as callers are shown it."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from simpul_shared.vocabulary import LineageKind

from simpul_registry.domain.identity import RegionLineage
from simpul_registry.store.overrules import Concerned, Overrule


class ConcernedLibraryView(BaseModel):
    """A library of a region that became two, or of two that became one. It stays where it is; `belongs_to` is what its nomination speaks for."""

    library_id: UUID
    name: str
    region_id: UUID
    nominated_on: date
    belongs_to: UUID


class ConcernedView(BaseModel):
    """A person, an office or a code (`what`) that refers to `region_id` and stays there, for somebody to look at."""

    model_config = ConfigDict(from_attributes=True)

    what: str
    id: UUID
    region_id: UUID


class OverruleView(BaseModel):
    """`new_region_id` is the place since `effective_on`, where one region became two. `joined_region_id` is no more, where two
    became the one `region_id`. Both are null where only a descent was taken back."""

    model_config = ConfigDict(from_attributes=True)

    overrule_id: UUID
    lineage_event_id: UUID
    kind: LineageKind
    from_code: str
    to_code: str
    effective_on: date
    region_id: UUID
    new_region_id: UUID | None
    joined_region_id: UUID | None
    reason: str
    ruled_by: str
    ruled_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    libraries: list[ConcernedLibraryView]
    others: list[ConcernedView]
    version: int

    @classmethod
    def of(cls, overrule: Overrule, lineage: RegionLineage, concerned: Concerned) -> "OverruleView":
        stated = lineage.stated
        return cls.model_validate(
            {name: getattr(overrule, name) for name in cls.model_fields if hasattr(overrule, name)}
            | {name: getattr(stated, name) for name in ("kind", "from_code", "to_code", "effective_on")}
            | {"libraries": [dict(row) for row in concerned.libraries]}
            | {"others": [dict(row) for row in concerned.others]}
        )
