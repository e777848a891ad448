"""People as callers are shown them: nothing personal, but by the models made for it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.platform.trail import TrailEvent
from simpul_shared.vocabulary import Basis

from simpul_registry.domain.person import AccessKind, Gender, ReadPurpose
from simpul_registry.store.people import Person
from simpul_registry.views.libraries import RegionRef
from simpul_registry.views.person_records import (
    AFFILIATION,
    CERTIFICATION,
    CONSENT,
    AffiliationView,
    CertificationView,
    ConsentView,
)

_PERSON_ID = "01979a50-1f2e-7a3c-9b4d-5e6f70819203"
_PERSONAL: JsonDict = {
    "person_id": _PERSON_ID,
    "name": "Ni Luh Contoh",
    "phone": "+6281234567890",
    "email": "contoh@example.org",
    "gender": "P",
    "birth_year": 1984,
    "nik_known": True,
    "certification_numbers": {"01979a50-1f2e-7a3c-9b4d-5e6f70819205": "FASDA-2023-017"},
}


class PersonView(BaseModel):
    """A person without the name; that is at /v1/people/{person_id}/name, for those who may read it.

    Of ids that were merged into this one their affiliations, certifications and consents are shown, too.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person_id": _PERSON_ID,
                    "region": {
                        "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
                        "code": "51.03.02.2009",
                        "name": "Mengwi",
                        "level": "DESA",
                    },
                    "basis": "sample",
                    "registered_at": "2026-11-22T02:00:00Z",
                    "merged_into": None,
                    "affiliations": [AFFILIATION],
                    "certifications": [CERTIFICATION],
                    "consents": [CONSENT],
                    "version": 4,
                }
            ]
        }
    )

    person_id: UUID
    region: RegionRef
    basis: Basis
    registered_at: datetime
    merged_into: UUID | None = Field(None, description="The person that this one turned out to be")
    affiliations: list[AffiliationView]
    certifications: list[CertificationView]
    consents: list[ConsentView]
    version: int

    @classmethod
    def of(cls, person: Person) -> "PersonView":
        told = {person.person_id: person.records, **person.records_elsewhere}
        return cls(
            person_id=person.person_id,
            region=RegionRef.of(person.region),
            basis=person.basis,
            registered_at=person.registered_at,
            merged_into=person.merged_into,
            affiliations=[AffiliationView.of(one, person_id=by) for by, of in told.items() for one in of.affiliations],
            certifications=[
                CertificationView.of(one, person_id=by) for by, of in told.items() for one in of.certifications
            ],
            consents=[ConsentView.of(one, person_id=by) for by, of in told.items() for one in of.consents],
            version=person.version,
        )


class PersonNameView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"person_id": _PERSON_ID, "name": "Ni Luh Contoh"}]})

    person_id: UUID
    name: str


class PersonalView(BaseModel):
    """All that is known of somebody. Of the NIK only a keyed hash is kept, so that it can be compared but never told."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERSONAL]})

    person_id: UUID
    name: str
    phone: str | None = None
    email: str | None = None
    gender: Gender | None = None
    birth_year: int | None = None
    nik_known: bool
    certification_numbers: dict[UUID, str] = Field({}, description="By certification_id, where one is known")


class TombstoneView(BaseModel):
    """What is left of an erased person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"person_id": _PERSON_ID, "erased_at": "2026-11-22T02:00:00Z", "version": 3}],
        }
    )

    person_id: UUID
    erased_at: datetime
    version: int

    @classmethod
    def of(cls, person: Person) -> "TombstoneView":
        return cls.model_validate(person, from_attributes=True)


class AccessView(BaseModel):
    """One read of personal fields. `actor` is the subject of the token, `correlation_id` the request_id of the read."""

    access_id: int
    at: datetime
    kind: AccessKind
    fields: list[str]
    purpose: ReadPurpose | None
    actor: str
    client_id: str
    correlation_id: str


class SubjectExport(BaseModel):
    """All that the registry has of a person: what is known, each event about them, and each read, this one among them."""

    exported_at: datetime
    person: PersonView
    personal: PersonalView
    events: list[TrailEvent]
    accesses: list[AccessView]
    registered_twice: list[UUID] = Field(
        description="Ids that turned out to be this person; what is known by them is theirs"
    )
    elsewhere: list[str] = Field(description="Where other services tell what they have of the person")
