"""Events of the registry: regions over time, libraries, people (ids only)."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.topics import IMPORTS, LIBRARIES, OFFICES, PERSONS, REGIONS, Topic
from simpul_shared.vocabulary import (
    AccreditationGrade,
    AffiliationRole,
    AidItem,
    Basis,
    CertificationKind,
    Confidence,
    ConsentPurpose,
    ErasureReason,
    ExternalIdScheme,
    FundSource,
    InternetKind,
    LegalBasis,
    LibraryStatus,
    LibraryType,
    LineageKind,
    MeasureMethod,
    OfficeKind,
    PersonalField,
    RegionKind,
    RegionLevel,
    Scheme,
    SnpThreshold,
)


class RegionEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "region"
    topic: ClassVar[Topic] = REGIONS
    aggregate_field: ClassVar[str] = "region_id"
    key_field: ClassVar[str] = "region_id"

    region_id: UUID


class RegionVersionPublished(RegionEvent, frozen=True, kw_only=True):
    """What a region was called and where it lay over one interval; a second one for the same start replaces the first.

    `path` are the region ids from the country down to the region itself, constant over the interval. `valid_from` is
    inclusive, None before records; `valid_to` exclusive, None while still valid.
    """

    type: ClassVar[str] = "id.simpul.registry.region-version-published.v1"

    scheme: str
    code: str
    name: str
    level: RegionLevel
    kind: RegionKind
    parent_id: UUID | None
    path: tuple[UUID, ...]
    timezone: str
    valid_from: date | None
    valid_to: date | None
    decree: str


class RegionVersionWithdrawn(RegionEvent, frozen=True, kw_only=True):
    """The statement for this start is believed no more, and none takes its place: a decree undone, a lineage overruled."""

    type: ClassVar[str] = "id.simpul.registry.region-version-withdrawn.v1"

    valid_from: date | None
    reason: str


class LineageKindV1(StrEnum):
    RECODED = "RECODED"
    RENAMED = "RENAMED"
    SPLIT = "SPLIT"
    REUSED = "REUSED"


class RegionLineageRecordedV1(RegionEvent, frozen=True, kw_only=True):
    """Where a region came from. `region_id` is the region it leads to; for RECODED and RENAMED both ids are equal."""

    type: ClassVar[str] = "id.simpul.registry.region-lineage-recorded.v1"

    kind: LineageKindV1
    from_region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence


class RegionLineageRecorded(RegionEvent, frozen=True, kw_only=True):
    """Where a region came from. `region_id` is the region it leads to; both ids are equal but for SPLIT, MERGED and REUSED."""

    type: ClassVar[str] = "id.simpul.registry.region-lineage-recorded.v2"

    kind: LineageKind
    from_region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence


class RegionLineageWithdrawn(RegionEvent, frozen=True, kw_only=True):
    """A lineage that was recorded is believed no more: overruled by a person, or the decree that it came with was undone."""

    type: ClassVar[str] = "id.simpul.registry.region-lineage-withdrawn.v1"

    kind: LineageKind
    from_region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    reason: str


class RegionCodeAssigned(RegionEvent, frozen=True, kw_only=True):
    """A code of a further scheme; a second one for the same scheme and start replaces the first, and null takes it back."""

    type: ClassVar[str] = "id.simpul.registry.region-code-assigned.v1"

    scheme: str
    code: str | None
    valid_from: date | None
    valid_to: date | None
    source: str


class OfficeEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "office"
    topic: ClassVar[Topic] = OFFICES
    aggregate_field: ClassVar[str] = "office_id"
    key_field: ClassVar[str] = "office_id"

    office_id: UUID


class OfficeRegistered(OfficeEvent, frozen=True, kw_only=True):
    """An office in charge of the libraries within its jurisdiction, which are region ids; each covers all below it."""

    type: ClassVar[str] = "id.simpul.registry.office-registered.v1"

    kind: OfficeKind
    name: str
    jurisdiction: tuple[UUID, ...]
    effective_on: date


class OfficeChanged(OfficeEvent, frozen=True, kw_only=True):
    """Name and jurisdiction as they are from `effective_on`, both whole."""

    type: ClassVar[str] = "id.simpul.registry.office-changed.v1"

    name: str
    jurisdiction: tuple[UUID, ...]
    effective_on: date
    reason: str


class OfficeClosed(OfficeEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.office-closed.v1"

    effective_on: date
    reason: str


class LibraryEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "library"
    topic: ClassVar[Topic] = LIBRARIES
    aggregate_field: ClassVar[str] = "library_id"
    key_field: ClassVar[str] = "library_id"

    library_id: UUID


class LibraryNominated(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-nominated.v1"

    name: str
    library_type: LibraryType
    region_id: UUID
    province_id: UUID
    timezone: str
    programme_year: int
    scheme: Scheme
    basis: Basis
    status: LibraryStatus = LibraryStatus.NOMINATED
    fund_source: FundSource | None = None


class LibraryEndorsed(LibraryEvent, frozen=True, kw_only=True):
    """The regency stands behind a nomination of one of its villages; the province may judge it now."""

    type: ClassVar[str] = "id.simpul.registry.library-endorsed.v1"

    programme_year: int
    scheme: Scheme
    reason: str | None = None


class LibraryVerified(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-verified.v1"

    programme_year: int
    scheme: Scheme
    reason: str | None = None


class LibraryReturned(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-returned.v1"

    reason: str


class LibraryRejected(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-rejected.v1"

    reason: str


class LibraryDesignated(LibraryEvent, frozen=True, kw_only=True):
    """Designated by decree (SK) for a programme year; the fact that realisation counts.

    `status` is the library's after it: a library that is active already stays so when designated for a further year.
    """

    type: ClassVar[str] = "id.simpul.registry.library-designated.v1"

    region_id: UUID
    province_id: UUID
    programme_year: int
    scheme: Scheme
    sk_no: str
    sk_date: date
    basis: Basis
    status: LibraryStatus = LibraryStatus.DESIGNATED
    fund_source: FundSource | None = None


class LibraryActivated(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-activated.v1"

    effective_on: date


class LibraryDormant(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-dormant.v1"

    effective_on: date
    reason: str


class LibraryReactivated(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-reactivated.v1"

    effective_on: date


class LibraryRenamed(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-renamed.v1"

    old_name: str
    new_name: str
    effective_on: date


class LibraryClosed(LibraryEvent, frozen=True, kw_only=True):
    """Closed for ever. Its open follow-up plans go over to `transfer_to`, or were given up."""

    type: ClassVar[str] = "id.simpul.registry.library-closed.v1"

    effective_on: date
    reason: str
    transfer_to: UUID | None = None
    waived_because: str | None = None


class LibraryRelocated(LibraryEvent, frozen=True, kw_only=True):
    """It lies in `region_id` from a day on; before, it lay in `old_region_id`."""

    type: ClassVar[str] = "id.simpul.registry.library-relocated.v1"

    old_region_id: UUID
    region_id: UUID
    province_id: UUID
    timezone: str
    effective_on: date
    reason: str


class LibraryMerged(LibraryEvent, frozen=True, kw_only=True):
    """Found to be one with `survivor_id`, which counts for both from a day on. The id stays, and so does its history."""

    type: ClassVar[str] = "id.simpul.registry.library-merged.v1"

    survivor_id: UUID
    effective_on: date
    reason: str


class LibraryUnmerged(LibraryEvent, frozen=True, kw_only=True):
    """The merge is taken back, from its beginning: `effective_on` is the day from which it had held."""

    type: ClassVar[str] = "id.simpul.registry.library-unmerged.v1"

    survivor_id: UUID
    effective_on: date
    reason: str


class ReplicaLinked(LibraryEvent, frozen=True, kw_only=True):
    """The library mentors `replica_id`, perhaps since a Bimtek. When one of the two is merged, its survivor takes its place."""

    type: ClassVar[str] = "id.simpul.registry.replica-linked.v1"

    replica_id: UUID
    via_bimtek_id: UUID | None
    effective_on: date


class LibraryBecameReplicator(LibraryEvent, frozen=True, kw_only=True):
    """The library mentors a first library that is at work, by a new link, a merge, or because one works again."""

    type: ClassVar[str] = "id.simpul.registry.library-became-replicator.v1"

    replica_id: UUID
    via_bimtek_id: UUID | None
    effective_on: date


class LibraryCeasedReplicator(LibraryEvent, frozen=True, kw_only=True):
    """The library mentors none any more that is at work; `replica_id` was the last."""

    type: ClassVar[str] = "id.simpul.registry.library-ceased-replicator.v1"

    replica_id: UUID
    effective_on: date


class ReplicaUnlinked(LibraryEvent, frozen=True, kw_only=True):
    """The library mentors `replica_id` no longer, from a day on."""

    type: ClassVar[str] = "id.simpul.registry.replica-unlinked.v1"

    replica_id: UUID
    effective_on: date
    reason: str


class ExternalIdAssigned(LibraryEvent, frozen=True, kw_only=True):
    """Another register's number for the library; said again with `valid_to` when it ends."""

    type: ClassVar[str] = "id.simpul.registry.external-id-assigned.v1"

    scheme: ExternalIdScheme
    value: str
    valid_from: date
    valid_to: date | None
    source: str


class LibraryDescribed(LibraryEvent, frozen=True, kw_only=True):
    """When and by which decree it was founded. Address and coordinates stay in the service."""

    type: ClassVar[str] = "id.simpul.registry.library-described.v1"

    established_on: date | None
    established_sk_no: str | None


class IctSnapshotRecorded(Event, frozen=True, kw_only=True):
    """What was observed of a library's ICT on one day, and how ready it makes the library by the rubric of that day.

    Null was not observed, which is not 0. Of a library the snapshot observed last holds, of one day the one recorded last.
    """

    type: ClassVar[str] = "id.simpul.registry.ict-snapshot-recorded.v1"
    aggregate: ClassVar[str] = "ict-snapshot"
    topic: ClassVar[Topic] = LIBRARIES
    aggregate_field: ClassVar[str] = "snapshot_id"
    key_field: ClassVar[str] = "library_id"

    snapshot_id: UUID
    library_id: UUID
    observed_on: date
    computers_total: int
    computers_working: int
    computers_in_library_use: int
    internet: InternetKind
    down_mbps: float | None
    up_mbps: float | None
    internet_hours: int | None
    electricity_hours: int | None
    printers: int | None
    staff_digital_level: int | None
    method: MeasureMethod
    readiness_level: int
    rubric_version: str


class AidEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "aid-receipt"
    topic: ClassVar[Topic] = LIBRARIES
    aggregate_field: ClassVar[str] = "receipt_id"
    key_field: ClassVar[str] = "library_id"

    receipt_id: UUID
    library_id: UUID


class AidReceived(AidEvent, frozen=True, kw_only=True):
    """One line of a handover record (BAST)."""

    type: ClassVar[str] = "id.simpul.registry.aid-received.v1"

    item: AidItem
    quantity: int
    source: FundSource
    bast_no: str
    bast_date: date


class AidConditionChecked(AidEvent, frozen=True, kw_only=True):
    """In which condition the pieces were found; the three add up to what was received. Of one day the last one holds."""

    type: ClassVar[str] = "id.simpul.registry.aid-condition-checked.v1"

    checked_on: date
    good: int
    broken: int
    diverted: int


class AidWithdrawn(AidEvent, frozen=True, kw_only=True):
    """The line was recorded by mistake: the library did not receive it so. Its checks hold no more, either."""

    type: ClassVar[str] = "id.simpul.registry.aid-withdrawn.v1"

    reason: str


class SnpProfileRecorded(Event, frozen=True, kw_only=True):
    """Which thresholds of the national standard a library missed on a day, and which were not observed.

    Of a library the profile observed last holds, of one day the one recorded last.
    """

    type: ClassVar[str] = "id.simpul.registry.snp-profile-recorded.v1"
    aggregate: ClassVar[str] = "snp-profile"
    topic: ClassVar[Topic] = LIBRARIES
    aggregate_field: ClassVar[str] = "profile_id"
    key_field: ClassVar[str] = "library_id"

    profile_id: UUID
    library_id: UUID
    observed_on: date
    gaps: tuple[SnpThreshold, ...]
    unknown: tuple[SnpThreshold, ...]
    rules_version: str


class AccreditationEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "accreditation"
    topic: ClassVar[Topic] = LIBRARIES
    aggregate_field: ClassVar[str] = "accreditation_id"
    key_field: ClassVar[str] = "library_id"

    accreditation_id: UUID
    library_id: UUID


class LibraryAccredited(AccreditationEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.library-accredited.v1"

    grade: AccreditationGrade
    instrument: str
    granted_on: date
    valid_to: date


class AccreditationWithdrawn(AccreditationEvent, frozen=True, kw_only=True):
    """It was recorded by mistake: the library was not accredited so."""

    type: ClassVar[str] = "id.simpul.registry.accreditation-withdrawn.v1"

    reason: str


class PersonEvent(Event, frozen=True, kw_only=True):
    """Ids and words of the vocabulary only: who somebody is stays in the registry, encrypted under a key of their own."""

    aggregate: ClassVar[str] = "person"
    topic: ClassVar[Topic] = PERSONS
    aggregate_field: ClassVar[str] = "person_id"
    key_field: ClassVar[str] = "person_id"

    person_id: UUID


class PersonRegistered(PersonEvent, frozen=True, kw_only=True):
    """A person exists; the name stays in the registry, encrypted under a key of the person's own."""

    type: ClassVar[str] = "id.simpul.registry.person-registered.v1"

    region_id: UUID
    basis: Basis


class PersonCorrected(PersonEvent, frozen=True, kw_only=True):
    """Personal fields were put right; which ones, never what they say."""

    type: ClassVar[str] = "id.simpul.registry.person-corrected.v1"

    fields: tuple[PersonalField, ...]


class PersonRelocated(PersonEvent, frozen=True, kw_only=True):
    """The person lives in `region_id` from now on, or always did: whoever is in charge there may act for the person."""

    type: ClassVar[str] = "id.simpul.registry.person-relocated.v1"

    old_region_id: UUID
    region_id: UUID


class AffiliationChanged(PersonEvent, frozen=True, kw_only=True):
    """What the person is at a library or an office, and when; a later one with the same id replaces it."""

    type: ClassVar[str] = "id.simpul.registry.affiliation-changed.v1"

    affiliation_id: UUID
    library_id: UUID | None
    office_id: UUID | None
    role: AffiliationRole
    valid_from: date
    valid_to: date | None


class CertificationGranted(PersonEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.certification-granted.v1"

    certification_id: UUID
    kind: CertificationKind
    valid_from: date
    valid_to: date | None


class CertificationEnded(PersonEvent, frozen=True, kw_only=True):
    """It ends earlier than was said before, or at all."""

    type: ClassVar[str] = "id.simpul.registry.certification-ended.v1"

    certification_id: UUID
    kind: CertificationKind
    valid_to: date


class ConsentGiven(PersonEvent, frozen=True, kw_only=True):
    """It holds from the event's time on. `text_version` names the text that was shown."""

    type: ClassVar[str] = "id.simpul.registry.consent-given.v1"

    consent_id: UUID
    purpose: ConsentPurpose
    legal_basis: LegalBasis
    text_version: str


class ConsentWithdrawn(PersonEvent, frozen=True, kw_only=True):
    """From the event's time on the person's data may no longer be used for the purpose."""

    type: ClassVar[str] = "id.simpul.registry.consent-withdrawn.v1"

    consent_id: UUID
    purpose: ConsentPurpose


class PersonMerged(PersonEvent, frozen=True, kw_only=True):
    """Somebody decided that the person is the survivor, registered twice. What was recorded for either id stays with it."""

    type: ClassVar[str] = "id.simpul.registry.person-merged.v1"

    survivor_id: UUID


class PersonErased(PersonEvent, frozen=True, kw_only=True):
    """The person's key was destroyed: nothing personal can be read any more. The id stays, and so does what is counted."""

    type: ClassVar[str] = "id.simpul.registry.person-erased.v1"

    reason: ErasureReason


class ImportEvent(Event, frozen=True, kw_only=True):
    """A file of many rows. No cell of it is in any event."""

    aggregate: ClassVar[str] = "import"
    topic: ClassVar[Topic] = IMPORTS
    aggregate_field: ClassVar[str] = "import_id"
    key_field: ClassVar[str] = "import_id"

    import_id: UUID


class BulkImportAccepted(ImportEvent, frozen=True, kw_only=True):
    """Its caller has looked at the verdicts and wants the rows applied. `region_id` is where all rows must lie."""

    type: ClassVar[str] = "id.simpul.registry.bulk-import-accepted.v1"

    form: str
    file_sha256: str
    rows: int
    region_id: UUID


class BulkImportRowRejected(ImportEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.registry.bulk-import-row-rejected.v1"

    row_no: int
    codes: tuple[str, ...]


class BulkImportCompleted(ImportEvent, frozen=True, kw_only=True):
    """Every row has its receipt: applied now, known from before, or rejected."""

    type: ClassVar[str] = "id.simpul.registry.bulk-import-completed.v1"

    form: str
    file_sha256: str
    rows_applied: int
    rows_known: int
    rows_rejected: int


EVENTS: tuple[type[Event], ...] = (
    RegionVersionPublished,
    RegionVersionWithdrawn,
    RegionLineageRecordedV1,
    RegionLineageRecorded,
    RegionLineageWithdrawn,
    RegionCodeAssigned,
    OfficeRegistered,
    OfficeChanged,
    OfficeClosed,
    LibraryNominated,
    LibraryEndorsed,
    LibraryVerified,
    LibraryReturned,
    LibraryRejected,
    LibraryDesignated,
    LibraryActivated,
    LibraryDormant,
    LibraryReactivated,
    LibraryRenamed,
    LibraryClosed,
    IctSnapshotRecorded,
    AidReceived,
    AidConditionChecked,
    AidWithdrawn,
    SnpProfileRecorded,
    LibraryAccredited,
    AccreditationWithdrawn,
    LibraryRelocated,
    LibraryMerged,
    LibraryUnmerged,
    ReplicaLinked,
    LibraryBecameReplicator,
    LibraryCeasedReplicator,
    ReplicaUnlinked,
    ExternalIdAssigned,
    LibraryDescribed,
    PersonRegistered,
    PersonCorrected,
    PersonRelocated,
    AffiliationChanged,
    CertificationGranted,
    CertificationEnded,
    ConsentGiven,
    ConsentWithdrawn,
    PersonMerged,
    PersonErased,
    BulkImportAccepted,
    BulkImportRowRejected,
    BulkImportCompleted,
)
