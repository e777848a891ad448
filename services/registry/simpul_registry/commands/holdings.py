"""Use cases of what libraries were given and how they stand: aid, its condition, the national standard, accreditation."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import (
    AccreditationWithdrawn,
    AidConditionChecked,
    AidReceived,
    AidWithdrawn,
    LibraryAccredited,
    SnpProfileRecorded,
)
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import Recorded, append
from simpul_shared.regions.store import Region

from simpul_registry.domain import aid as rules
from simpul_registry.domain.aid import AidReceipt, ConditionCheck
from simpul_registry.domain.library import refuse_future, require_open_on
from simpul_registry.domain.person_records import Interval
from simpul_registry.domain.snp import SnpObservation, SnpProfile, Standards, compare, gaps, unknown
from simpul_registry.domain.withdrawn import Withdrawn, require_not_withdrawn
from simpul_registry.store import aid, snp
from simpul_registry.store.libraries import load_library
from simpul_registry.store.regions import local_day
from simpul_registry.store.snp import Accreditation
from simpul_registry.views.holdings import AccreditationView, AidReceiptView, SnpView


@dataclass(frozen=True)
class Within:
    """Where the caller may act, and when it is."""

    scope: Scope
    now: datetime


async def receive_aid(tx: Transaction, receipt: AidReceipt, within: Within) -> Answer:
    """Errors: LibraryUnknown, LibraryClosed, LibraryMerged, DateInFuture; AidAlreadyReceived, of its own by constraint."""
    region = await _region_open_on(tx, receipt.library_id, receipt.bast_date, within)
    refuse_future(receipt.bast_date, today=local_day(within.now, region.timezone), field="/bast_date")
    rules.refuse_line_of_merged(receipt, await aid.list_receipts(tx, receipt.library_id))
    event = AidReceived(
        receipt_id=receipt.receipt_id,
        library_id=receipt.library_id,
        item=receipt.item,
        quantity=receipt.quantity,
        source=receipt.source,
        bast_no=receipt.bast_no,
        bast_date=receipt.bast_date,
    )
    receipt = replace(receipt, version=(await _append(tx, event, region, within)).version)
    await aid.insert_receipt(tx, receipt)
    return Answer(AidReceiptView.of(receipt), receipt.version, location=f"/v1/aid-receipts/{receipt.receipt_id}")


async def check_aid(
    tx: Transaction, receipt_id: UUID, found: ConditionCheck, within: Within, *, expected_version: int
) -> Answer:
    """Also of what a library was given that is closed or merged by now: somebody has it.

    Errors: AidUnknown, PreconditionFailed, DateInFuture, RecordWithdrawn, ConditionsDoNotAddUp, CheckTooEarly.
    """
    receipt, region = await aid.load_receipt(tx, receipt_id, scope=within.scope, now=within.now)
    require_version(receipt.version, expected_version)
    refuse_future(found.checked_on, today=local_day(within.now, region.timezone), field="/checked_on")
    receipt = rules.check(receipt, found)
    event = AidConditionChecked(
        receipt_id=receipt_id,
        library_id=receipt.library_id,
        checked_on=found.checked_on,
        good=found.good,
        broken=found.broken,
        diverted=found.diverted,
    )
    receipt = replace(receipt, version=(await _append(tx, event, region, within)).version)
    await aid.insert_check(tx, receipt_id, found, version=receipt.version)
    return Answer(AidReceiptView.of(receipt), receipt.version)


async def withdraw_aid(
    tx: Transaction, receipt_id: UUID, within: Within, *, expected_version: int, reason: str
) -> Answer:
    """Errors: AidUnknown, PreconditionFailed, RecordWithdrawn."""
    receipt, region = await aid.load_receipt(tx, receipt_id, scope=within.scope, now=within.now)
    require_version(receipt.version, expected_version)
    require_not_withdrawn(receipt.withdrawn)
    event = AidWithdrawn(receipt_id=receipt_id, library_id=receipt.library_id, reason=reason)
    recorded = await _append(tx, event, region, within)
    withdrawn = Withdrawn(recorded.recorded_at, reason)
    await aid.withdraw_receipt(tx, receipt_id, withdrawn, version=recorded.version)
    receipt = replace(receipt, version=recorded.version, withdrawn=withdrawn)
    return Answer(AidReceiptView.of(receipt), receipt.version)


async def record_profile(
    tx: Transaction,
    profile_id: UUID,
    library_id: UUID,
    observed: SnpObservation,
    within: Within,
    *,
    standards: Standards,
) -> Answer:
    """Errors: LibraryUnknown, LibraryClosed, LibraryMerged, DateInFuture, RulesUnknown."""
    region = await _region_open_on(tx, library_id, observed.observed_on, within)
    refuse_future(observed.observed_on, today=local_day(within.now, region.timezone), field="/observed_on")
    standard = standards.effective(observed.observed_on)
    findings = compare(standard, observed)
    event = SnpProfileRecorded(
        profile_id=profile_id,
        library_id=library_id,
        observed_on=observed.observed_on,
        gaps=gaps(findings),
        unknown=unknown(findings),
        rules_version=standard.version,
    )
    recorded = await _append(tx, event, region, within)
    profile = SnpProfile(profile_id, library_id, observed, recorded.recorded_at)
    await snp.insert_profile(tx, profile)
    return Answer(SnpView.of(profile, standard, findings))


async def accredit(tx: Transaction, accreditation: Accreditation, within: Within) -> Answer:
    """Errors: LibraryUnknown, LibraryClosed, LibraryMerged, DateInFuture, IntervalReversed; AccreditationExists, by constraint."""
    region = await _region_open_on(tx, accreditation.library_id, accreditation.granted_on, within)
    refuse_future(accreditation.granted_on, today=local_day(within.now, region.timezone), field="/granted_on")
    during = Interval(accreditation.granted_on, accreditation.valid_to)
    event = LibraryAccredited(
        accreditation_id=accreditation.accreditation_id,
        library_id=accreditation.library_id,
        grade=accreditation.grade,
        instrument=accreditation.instrument,
        granted_on=during.valid_from,
        valid_to=accreditation.valid_to,
    )
    accreditation = replace(accreditation, version=(await _append(tx, event, region, within)).version)
    await snp.insert_accreditation(tx, accreditation)
    return Answer(AccreditationView.of(accreditation), accreditation.version)


async def withdraw_accreditation(
    tx: Transaction, accreditation_id: UUID, within: Within, *, expected_version: int, reason: str
) -> Answer:
    """Errors: AccreditationUnknown, PreconditionFailed, RecordWithdrawn."""
    accreditation, region = await snp.load_accreditation(tx, accreditation_id, scope=within.scope, now=within.now)
    require_version(accreditation.version, expected_version)
    require_not_withdrawn(accreditation.withdrawn)
    event = AccreditationWithdrawn(
        accreditation_id=accreditation_id, library_id=accreditation.library_id, reason=reason
    )
    recorded = await _append(tx, event, region, within)
    withdrawn = Withdrawn(recorded.recorded_at, reason)
    await snp.withdraw_accreditation(tx, accreditation_id, withdrawn, version=recorded.version)
    accreditation = replace(accreditation, version=recorded.version, withdrawn=withdrawn)
    return Answer(AccreditationView.of(accreditation), accreditation.version)


async def _region_open_on(tx: Transaction, library_id: UUID, day: date, within: Within) -> Region:
    placed = await load_library(tx, library_id, scope=within.scope, now=within.now)
    require_open_on(placed.library, day)
    return placed.region


async def _append(tx: Transaction, event: Event, region: Region, within: Within) -> Recorded:
    return await append(tx, event, occurred_at=within.now, source_tz=region.timezone, region_id=region.region_id)
