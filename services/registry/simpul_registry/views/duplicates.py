"""Pairs of libraries that may be one, as callers are shown them."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.vocabulary import LibraryType

from simpul_registry.domain.duplicates import Candidate, Registered

_ONE: JsonDict = {
    "library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "name": "Perpustakaan Desa Mengwi",
    "type": "DESA",
    "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "region_name": "Mengwi",
}
_OTHER: JsonDict = _ONE | {"library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d77", "name": "Perpus Ds. Mengwi"}


class LookalikeView(BaseModel):
    library_id: UUID
    name: str
    type: LibraryType
    region_id: UUID
    region_name: str

    @classmethod
    def of(cls, one: Registered) -> "LookalikeView":
        return cls(
            library_id=one.library_id,
            name=one.name,
            type=one.type,
            region_id=one.region_id,
            region_name=one.region_name,
        )


class LibraryPairView(BaseModel):
    """Two libraries of one district with names alike. Merge one into the other, or dismiss the pair."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"libraries": [_ONE, _OTHER], "alike": 1.0}]})

    libraries: tuple[LookalikeView, LookalikeView]
    alike: float = Field(description="From 0 to 1: how much the names without generic words are alike")

    @classmethod
    def of(cls, found: Candidate) -> "LibraryPairView":
        return cls(libraries=(LookalikeView.of(found.one), LookalikeView.of(found.other)), alike=found.alike)


class DismissedView(BaseModel):
    library_ids: tuple[UUID, UUID]
    reason: str
