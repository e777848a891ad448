"""What callers are shown of a library's numbers elsewhere, address and founding."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.vocabulary import ExternalIdScheme

from simpul_registry.domain.external_id import ExternalId
from simpul_registry.store.descriptions import Description
from simpul_registry.views.holdings import OfLibrary

_NPP: JsonDict = {
    "library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "scheme": "NPP",
    "value": "5103022D1000123",
    "valid_from": "2022-02-08",
    "valid_to": None,
    "source": "data.perpusnas.go.id",
}


class ExternalIdView(BaseModel):
    library_id: OfLibrary
    scheme: ExternalIdScheme
    value: str
    valid_from: date
    valid_to: date | None = Field(description="First day on which it no longer is the library's; null while it is")
    source: str


class ExternalIdsView(BaseModel):
    """All numbers that the library, or one merged into it, has or had elsewhere. `warnings` are about the one just given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_NPP], "warnings": [], "version": 5}]})

    items: list[ExternalIdView]
    warnings: list[str]
    version: int

    @classmethod
    def of(cls, ids: Sequence[tuple[UUID, ExternalId]], *, warnings: list[str], version: int) -> "ExternalIdsView":
        items = [
            ExternalIdView(
                library_id=library_id,
                scheme=one.scheme,
                value=one.value,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                source=one.source,
            )
            for library_id, one in ids
        ]
        return cls(items=items, warnings=warnings, version=version)


class DescriptionView(BaseModel):
    """Coordinates in degrees, WGS 84. `established_sk_no` is the decree that founded the library."""

    address: str | None
    latitude: float | None
    longitude: float | None
    established_on: date | None
    established_sk_no: str | None
    version: int

    @classmethod
    def of(cls, one: Description, *, version: int) -> "DescriptionView":
        return cls(
            address=one.address,
            latitude=one.latitude,
            longitude=one.longitude,
            established_on=one.established_on,
            established_sk_no=one.established_sk_no,
            version=version,
        )
