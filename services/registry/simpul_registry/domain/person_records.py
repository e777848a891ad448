"""Rules of what people are and do (pure): where they work, what they are certified for, what they agreed to.

Days of intervals are local; `valid_from` is inclusive, `valid_to` exclusive and None while it lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TypeVar
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid, NotFound
from simpul_shared.vocabulary import AffiliationRole, CertificationKind, ConsentPurpose, LegalBasis

from simpul_registry.domain.library import DateTooEarly


class RecordUnknown(NotFound):
    slug = "record-unknown"
    title = "Catatan tidak ditemukan"


class IntervalReversed(Invalid):
    slug = "interval-reversed"
    title = "Rentang tanggal terbalik"


class RecordOverlaps(Conflict):
    slug = "record-overlaps"
    title = "Catatan yang sama sudah ada"


class RecordEnded(Conflict):
    slug = "record-ended"
    title = "Catatan sudah berakhir"


class ConsentTooEarly(Invalid):
    slug = "consent-too-early"
    title = "Persetujuan terlalu awal"


class ConsentInFuture(Invalid):
    slug = "consent-in-future"
    title = "Persetujuan di masa depan"


@dataclass(frozen=True)
class Interval:
    """Errors: IntervalReversed."""

    valid_from: date
    valid_to: date | None

    def __post_init__(self) -> None:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise IntervalReversed(
                f"It ends on {self.valid_to}, which is not after {self.valid_from}. `valid_to` is the first day after it.",
                field="/valid_to",
            )

    def overlaps(self, other: "Interval") -> bool:
        return self.valid_from < (other.valid_to or date.max) and other.valid_from < (self.valid_to or date.max)


@dataclass(frozen=True)
class Affiliation:
    """What a person is at a library or an office; many at once."""

    affiliation_id: UUID
    library_id: UUID | None
    office_id: UUID | None
    role: AffiliationRole
    during: Interval

    @property
    def record_id(self) -> UUID:
        return self.affiliation_id

    def same(self, other: "Affiliation") -> bool:
        mine, theirs = (self.library_id, self.office_id, self.role), (other.library_id, other.office_id, other.role)
        return mine == theirs


@dataclass(frozen=True)
class Certification:
    """Its number is sealed with the person's fields."""

    certification_id: UUID
    kind: CertificationKind
    during: Interval

    @property
    def record_id(self) -> UUID:
        return self.certification_id

    def same(self, other: "Certification") -> bool:
        return self.kind is other.kind


@dataclass(frozen=True)
class Consent:
    consent_id: UUID
    purpose: ConsentPurpose
    legal_basis: LegalBasis
    text_version: str
    given_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class Records:
    affiliations: tuple[Affiliation, ...] = ()
    certifications: tuple[Certification, ...] = ()
    consents: tuple[Consent, ...] = ()

    def __add__(self, other: "Records") -> "Records":
        return Records(
            self.affiliations + other.affiliations,
            self.certifications + other.certifications,
            self.consents + other.consents,
        )


NO_RECORDS = Records()

_FIRST_CONSENT = datetime(1945, 8, 17, tzinfo=UTC)

R = TypeVar("R", Affiliation, Certification)


def begin(records: Sequence[R], new: R) -> R:
    """The same affiliation or certification does not hold twice on one day. Errors: RecordOverlaps."""
    for one in records:
        if one.same(new) and one.during.overlaps(new.during):
            raise RecordOverlaps(
                f"{one.record_id} says the same from {one.during.valid_from}. End that one first, or name other days.",
                facts={"record_id": str(one.record_id)},
            )
    return new


def require_established(during: Interval, established_on: date | None) -> None:
    """Nobody is at a library before it was founded, where that day is known. Errors: DateTooEarly."""
    if established_on is not None and during.valid_from < established_on:
        raise DateTooEarly(
            f"The library was founded on {established_on}. Name that day or a later one, or describe the library anew.",
            field="/valid_from",
        )


def end(records: Sequence[R], record_id: UUID, *, valid_to: date) -> R:
    """Errors: RecordUnknown, RecordEnded (by that day already), IntervalReversed."""
    record = next((one for one in records if one.record_id == record_id), None)
    if record is None:
        raise _unknown(record_id)
    ended = record.during.valid_to
    if ended is not None and ended <= valid_to:
        raise RecordEnded(f"It ended on {ended} already. Name an earlier day, if that was wrong.", field="/valid_to")
    return replace(record, during=Interval(record.during.valid_from, valid_to))


def give(consents: Sequence[Consent], new: Consent, *, now: datetime) -> Consent:
    """Errors: RecordOverlaps, while the same text is agreed to for the same purpose; ConsentTooEarly, ConsentInFuture."""
    _require_possible(new.given_at, now=now, field="/given_at")
    for one in consents:
        if (one.purpose, one.text_version, one.withdrawn_at) == (new.purpose, new.text_version, None):
            raise RecordOverlaps(
                f"{one.consent_id} says the same and was not withdrawn. There is nothing to add.",
                facts={"record_id": str(one.consent_id)},
            )
    return new


def withdraw(consents: Sequence[Consent], consent_id: UUID, *, at: datetime, now: datetime) -> Consent:
    """Errors: RecordUnknown, RecordEnded (withdrawn already), IntervalReversed, ConsentTooEarly, ConsentInFuture."""
    consent = next((one for one in consents if one.consent_id == consent_id), None)
    if consent is None:
        raise _unknown(consent_id)
    if consent.withdrawn_at is not None:
        raise RecordEnded("The consent was withdrawn already. There is nothing to do.")
    _require_possible(at, now=now, field="/withdrawn_at")
    if at < consent.given_at:
        raise IntervalReversed("A consent can't be withdrawn before it was given.", field="/withdrawn_at")
    return replace(consent, withdrawn_at=at)


def _require_possible(moment: datetime, *, now: datetime, field: str) -> None:
    """A moment of the year 1 with an offset lies outside of what can be stored."""
    if moment < _FIRST_CONSENT:
        raise ConsentTooEarly(f"The moment lies before {_FIRST_CONSENT.date()}. Name the one meant.", field=field)
    if moment > now:
        raise ConsentInFuture(
            "The moment lies in the future. Leave it out for now, or name an earlier one.", field=field
        )


def _unknown(record_id: UUID) -> RecordUnknown:
    return RecordUnknown(f"The person has no record {record_id}. Read the person again for the ids.")
