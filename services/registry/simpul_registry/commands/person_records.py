"""Use cases of what people are and do: affiliations, certifications, consents. The edge holds the person's lock."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.registry import (
    AffiliationChanged,
    CertificationEnded,
    CertificationGranted,
    ConsentGiven,
    ConsentWithdrawn,
    PersonEvent,
)
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer

from simpul_registry.commands.people import ChangePerson, announce, load_for_change, load_to_end
from simpul_registry.domain import office
from simpul_registry.domain import person_records as rules
from simpul_registry.domain.library import require_open_on
from simpul_registry.domain.person_records import Affiliation, Certification, Consent
from simpul_registry.sealing import ServiceKey
from simpul_registry.store import person_records as store
from simpul_registry.store.descriptions import description_of
from simpul_registry.store.libraries import load_library
from simpul_registry.store.offices import load_office
from simpul_registry.store.people import Person, load_tombstone, save_version, seal_number
from simpul_registry.views.people import PersonView


@dataclass(frozen=True)
class Number:
    """A certificate's number, and the key to seal it with; no repr, so that no log can show either."""

    text: str
    key: ServiceKey

    def __repr__(self) -> str:
        return "Number()"


async def affiliate(tx: Transaction, change: ChangePerson, affiliation: Affiliation) -> Answer:
    """Errors: those of load_for_change; LibraryUnknown, LibraryClosed, LibraryMerged, DateTooEarly, OfficeUnknown,
    OfficeClosedAlready, OfficeDateBackwards, RecordOverlaps.
    """
    person = await load_for_change(tx, change)
    if affiliation.library_id is not None:
        placed = await load_library(tx, affiliation.library_id, scope=change.scope, now=change.now)
        require_open_on(placed.library, affiliation.during.valid_from)
        established_on = (await description_of(tx, affiliation.library_id)).established_on
        rules.require_established(affiliation.during, established_on)
    if affiliation.office_id is not None:
        office.require_open_on(await load_office(tx, affiliation.office_id), affiliation.during.valid_from)
    rules.begin(person.all_records.affiliations, affiliation)
    await store.save_affiliation(tx, person.person_id, affiliation)
    return await _announce(tx, person, _affiliation_changed(person, affiliation), change)


async def end_affiliation(tx: Transaction, change: ChangePerson, affiliation_id: UUID, *, valid_to: date) -> Answer:
    """Errors: those of load_to_end; RecordUnknown, RecordEnded, IntervalReversed."""
    person = await load_to_end(tx, change)
    ended = rules.end(person.records.affiliations, affiliation_id, valid_to=valid_to)
    await store.save_affiliation(tx, person.person_id, ended)
    return await _announce(tx, person, _affiliation_changed(person, ended), change)


async def certify(
    tx: Transaction, change: ChangePerson, certification: Certification, *, number: Number | None
) -> Answer:
    """Errors: those of load_for_change; RecordOverlaps, PersonKeyWrong."""
    person = await load_for_change(tx, change)
    rules.begin(person.all_records.certifications, certification)
    certification_id = certification.certification_id
    sealed = await _sealed(tx, person, certification_id, number)
    await store.save_certification(tx, person.person_id, certification, sealed_number=sealed)
    event = CertificationGranted(
        person_id=person.person_id,
        certification_id=certification_id,
        kind=certification.kind,
        valid_from=certification.during.valid_from,
        valid_to=certification.during.valid_to,
    )
    return await _announce(tx, person, event, change)


async def end_certification(tx: Transaction, change: ChangePerson, certification_id: UUID, *, valid_to: date) -> Answer:
    """Errors: those of load_to_end; RecordUnknown, RecordEnded, IntervalReversed."""
    person = await load_to_end(tx, change)
    ended = rules.end(person.records.certifications, certification_id, valid_to=valid_to)
    await store.save_certification(tx, person.person_id, ended)
    event = CertificationEnded(
        person_id=person.person_id, certification_id=certification_id, kind=ended.kind, valid_to=valid_to
    )
    return await _announce(tx, person, event, change)


async def give_consent(tx: Transaction, change: ChangePerson, consent: Consent) -> Answer:
    """Errors: those of load_for_change; RecordOverlaps, ConsentTooEarly, ConsentInFuture."""
    person = await load_for_change(tx, change)
    rules.give(person.all_records.consents, consent, now=change.now)
    await store.save_consent(tx, person.person_id, consent)
    event = ConsentGiven(
        person_id=person.person_id,
        consent_id=consent.consent_id,
        purpose=consent.purpose,
        legal_basis=consent.legal_basis,
        text_version=consent.text_version,
    )
    return await _announce(tx, person, event, change, at=consent.given_at)


async def withdraw_consent(
    tx: Transaction, change: ChangePerson, consent_id: UUID, *, withdrawn_at: datetime | None
) -> Answer:
    """Errors: those of load_to_end; RecordUnknown, RecordEnded, IntervalReversed, ConsentTooEarly, ConsentInFuture."""
    person = await load_to_end(tx, change)
    at = withdrawn_at or change.now
    withdrawn = rules.withdraw(person.records.consents, consent_id, at=at, now=change.now)
    await store.save_consent(tx, person.person_id, withdrawn)
    event = ConsentWithdrawn(person_id=person.person_id, consent_id=consent_id, purpose=withdrawn.purpose)
    return await _announce(tx, person, event, change, at=at)


async def _announce(
    tx: Transaction, person: Person, event: PersonEvent, change: ChangePerson, *, at: datetime | None = None
) -> Answer:
    await save_version(tx, await announce(tx, person, event, now=at or change.now))
    changed = await load_tombstone(tx, person.person_id, scope=change.scope, now=change.now)
    return Answer(PersonView.of(changed), changed.version)


async def _sealed(tx: Transaction, person: Person, certification_id: UUID, number: Number | None) -> bytes | None:
    if number is None:
        return None
    return await seal_number(tx, person.person_id, certification_id, number.text, key=number.key)


def _affiliation_changed(person: Person, affiliation: Affiliation) -> AffiliationChanged:
    return AffiliationChanged(
        person_id=person.person_id,
        affiliation_id=affiliation.affiliation_id,
        library_id=affiliation.library_id,
        office_id=affiliation.office_id,
        role=affiliation.role,
        valid_from=affiliation.during.valid_from,
        valid_to=affiliation.during.valid_to,
    )
