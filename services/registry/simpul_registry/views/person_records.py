"""What people are and do, as callers are shown it; a certificate's number is with the personal fields."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.config import JsonDict
from simpul_shared.vocabulary import AffiliationRole, CertificationKind, ConsentPurpose, LegalBasis

from simpul_registry.domain.person_records import Affiliation, Certification, Consent

_PERSON_ID = "01979a50-1f2e-7a3c-9b4d-5e6f70819203"
AFFILIATION: JsonDict = {
    "person_id": _PERSON_ID,
    "affiliation_id": "01979a50-1f2e-7a3c-9b4d-5e6f70819204",
    "library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "office_id": None,
    "role": "PENGELOLA",
    "valid_from": "2023-01-02",
    "valid_to": None,
}
CERTIFICATION: JsonDict = {
    "person_id": _PERSON_ID,
    "certification_id": "01979a50-1f2e-7a3c-9b4d-5e6f70819205",
    "kind": "FASDA",
    "valid_from": "2023-05-12",
    "valid_to": "2026-05-12",
}
CONSENT: JsonDict = {
    "person_id": _PERSON_ID,
    "consent_id": "01979a50-1f2e-7a3c-9b4d-5e6f70819206",
    "purpose": "CERITA_PERUBAHAN",
    "legal_basis": "PERSETUJUAN",
    "text_version": "persetujuan-2026-01",
    "given_at": "2026-11-22T09:00:00+08:00",
    "withdrawn_at": None,
}


class _RecordView(BaseModel):
    person_id: UUID = Field(description="The id that it was made for, and where it ends; another one's after a merge")


class AffiliationView(_RecordView):
    """`valid_to` is the first day after it; null while it lasts."""

    affiliation_id: UUID
    library_id: UUID | None
    office_id: UUID | None
    role: AffiliationRole
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, one: Affiliation, *, person_id: UUID) -> "AffiliationView":
        return cls(
            person_id=person_id,
            affiliation_id=one.affiliation_id,
            library_id=one.library_id,
            office_id=one.office_id,
            role=one.role,
            valid_from=one.during.valid_from,
            valid_to=one.during.valid_to,
        )


class CertificationView(_RecordView):
    certification_id: UUID
    kind: CertificationKind
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, one: Certification, *, person_id: UUID) -> "CertificationView":
        return cls(
            person_id=person_id,
            certification_id=one.certification_id,
            kind=one.kind,
            valid_from=one.during.valid_from,
            valid_to=one.during.valid_to,
        )


class ConsentView(_RecordView):
    consent_id: UUID
    purpose: ConsentPurpose
    legal_basis: LegalBasis
    text_version: str
    given_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, one: Consent, *, person_id: UUID) -> "ConsentView":
        return cls(
            person_id=person_id,
            consent_id=one.consent_id,
            purpose=one.purpose,
            legal_basis=one.legal_basis,
            text_version=one.text_version,
            given_at=one.given_at,
            withdrawn_at=one.withdrawn_at,
        )
