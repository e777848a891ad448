"""Affiliations, certifications and consents: loaded with their people, saved one by one."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import AffiliationRole, CertificationKind, ConsentPurpose, LegalBasis

from simpul_registry.domain.person_records import Affiliation, Certification, Consent, Interval, Records


async def load_records(tx: Transaction, person_ids: Sequence[UUID]) -> dict[UUID, Records]:
    """Of each person, by first day."""
    affiliations = await tx.fetch(
        """
        select person_id, affiliation_id, library_id, office_id, role, valid_from, valid_to from affiliation
        where person_id = any($1) order by valid_from, affiliation_id
        """,
        person_ids,
    )
    certifications = await tx.fetch(
        """
        select person_id, certification_id, kind, valid_from, valid_to from certification
        where person_id = any($1) order by valid_from, certification_id
        """,
        person_ids,
    )
    consents = await tx.fetch(
        """
        select person_id, consent_id, purpose, legal_basis, text_version, given_at, withdrawn_at from consent
        where person_id = any($1) order by given_at, consent_id
        """,
        person_ids,
    )
    return {
        person_id: Records(
            tuple(_affiliation(row) for row in affiliations if row["person_id"] == person_id),
            tuple(_certification(row) for row in certifications if row["person_id"] == person_id),
            tuple(_consent(row) for row in consents if row["person_id"] == person_id),
        )
        for person_id in person_ids
    }


async def save_affiliation(tx: Transaction, person_id: UUID, affiliation: Affiliation) -> None:
    await tx.execute(
        """
        insert into affiliation (affiliation_id, person_id, library_id, office_id, role, valid_from, valid_to)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint affiliation_pkey do update set valid_to = excluded.valid_to
        """,
        affiliation.affiliation_id,
        person_id,
        affiliation.library_id,
        affiliation.office_id,
        affiliation.role.value,
        affiliation.during.valid_from,
        affiliation.during.valid_to,
    )


async def save_certification(
    tx: Transaction, person_id: UUID, certification: Certification, *, sealed_number: bytes | None = None
) -> None:
    """The number is sealed once, when the certification is granted."""
    await tx.execute(
        """
        insert into certification (certification_id, person_id, kind, sealed_number, valid_from, valid_to)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint certification_pkey do update set valid_to = excluded.valid_to
        """,
        certification.certification_id,
        person_id,
        certification.kind.value,
        sealed_number,
        certification.during.valid_from,
        certification.during.valid_to,
    )


async def save_consent(tx: Transaction, person_id: UUID, consent: Consent) -> None:
    await tx.execute(
        """
        insert into consent (consent_id, person_id, purpose, legal_basis, text_version, given_at, withdrawn_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint consent_pkey do update set withdrawn_at = excluded.withdrawn_at
        """,
        consent.consent_id,
        person_id,
        consent.purpose.value,
        consent.legal_basis.value,
        consent.text_version,
        consent.given_at,
        consent.withdrawn_at,
    )


def _affiliation(row: asyncpg.Record) -> Affiliation:
    role = AffiliationRole(row["role"])
    return Affiliation(row["affiliation_id"], row["library_id"], row["office_id"], role, _during(row))


def _certification(row: asyncpg.Record) -> Certification:
    return Certification(row["certification_id"], CertificationKind(row["kind"]), _during(row))


def _consent(row: asyncpg.Record) -> Consent:
    return Consent(
        row["consent_id"],
        ConsentPurpose(row["purpose"]),
        LegalBasis(row["legal_basis"]),
        row["text_version"],
        row["given_at"],
        row["withdrawn_at"],
    )


def _during(row: asyncpg.Record) -> Interval:
    return Interval(row["valid_from"], row["valid_to"])
