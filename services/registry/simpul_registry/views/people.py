"""People as callers are shown them: never with the name, but by the one model made for it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from simpul_shared.vocabulary import Basis

from simpul_registry.store.people import Person
from simpul_registry.views.libraries import RegionRef


class PersonView(BaseModel):
    """A person without the name; that is at /v1/people/{person_id}/name, for those who may read it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person_id": "01979a50-1f2e-7a3c-9b4d-5e6f70819203",
                    "region": {
                        "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
                        "code": "51.03.02.2009",
                        "name": "Mengwi",
                        "level": "DESA",
                    },
                    "basis": "sample",
                    "registered_at": "2026-11-22T02:00:00Z",
                    "version": 1,
                }
            ]
        }
    )

    person_id: UUID
    region: RegionRef
    basis: Basis
    registered_at: datetime
    version: int

    @classmethod
    def of(cls, person: Person) -> "PersonView":
        return cls(
            person_id=person.person_id,
            region=RegionRef.of(person.region),
            basis=person.basis,
            registered_at=person.registered_at,
            version=person.version,
        )


class PersonNameView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"person_id": "01979a50-1f2e-7a3c-9b4d-5e6f70819203", "name": "Ni Luh Contoh"}]}
    )

    person_id: UUID
    name: str
