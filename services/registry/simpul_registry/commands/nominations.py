"""Use cases of nominations: put forward, endorse, verify, send back, designate (rules: domain/nomination.py)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace
from simpul_shared.contracts import registry as announced
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import Region, require_in_scope
from simpul_shared.vocabulary import Basis, FundSource, LibraryType, RegionCode, Scheme

from simpul_registry.commands.changing import Change, announce, load, load_for_day, moment_of
from simpul_registry.domain import nomination as rules
from simpul_registry.domain.library import Library
from simpul_registry.domain.nomination import Actor, Mended, Nomination
from simpul_registry.store.kin import merged_years
from simpul_registry.store.libraries import possible_duplicates, save_library
from simpul_registry.store.places import add_first_place, region_on
from simpul_registry.store.regions import JAKARTA, find_region, find_region_today, local_day, region_as_last_known
from simpul_registry.views.libraries import NominatedView


@dataclass(frozen=True)
class NominateLibrary:
    """`nominated_on` None means today, by the calendar of the region."""

    name: str
    type: LibraryType
    region_code: RegionCode
    nominated_on: date | None
    programme_year: int
    scheme: Scheme
    basis: Basis
    fund_source: FundSource | None = None


async def nominate_library(
    tx: Transaction, library_id: UUID, command: NominateLibrary, *, by: Actor, scope: Scope, now: datetime
) -> Answer:
    """Errors: RegionUnknown, OutsideScope, and those of rules.nominate."""
    region = await _region_of(tx, command, now=now)
    current = await region_as_last_known(tx, region.region_id, on=local_day(now, region.timezone))
    await require_in_scope(tx, current, scope, on=local_day(now, JAKARTA), field="/region_code")
    today = local_day(now, region.timezone)
    nomination = Nomination(
        name=command.name,
        type=command.type,
        region_id=region.region_id,
        region_level=region.level,
        nominated_on=command.nominated_on or today,
        programme_year=command.programme_year,
        scheme=command.scheme,
        basis=command.basis,
        fund_source=command.fund_source,
    )
    library = rules.nominate(library_id, nomination, by=by, today=today)
    recorded = await append(
        tx,
        nominated_event(library, region),
        occurred_at=moment_of(library.nominated_on, region, now=now),
        source_tz=region.timezone,
    )
    library = replace(library, version=recorded.version)
    await save_library(tx, library)
    await add_first_place(tx, library_id, library.region_id)
    duplicates = await possible_duplicates(tx, library)
    return Answer(
        NominatedView.found(library, current, duplicates), recorded.version, location=f"/v1/libraries/{library_id}"
    )


async def resubmit_library(tx: Transaction, change: Change, mended: Mended) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.resubmit."""
    placed, today, _ = await load_for_day(tx, change, None)
    library = rules.resubmit(placed.library, mended, by=change.by, region_level=placed.region.level, today=today)
    return await announce(tx, placed, library, nominated_event(library, placed.region), change)


async def endorse_library(tx: Transaction, change: Change, *, reason: str | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.endorse."""
    placed = await load(tx, change)
    library = rules.endorse(placed.library, by=change.by)
    event = announced.LibraryEndorsed(
        library_id=library.library_id,
        programme_year=library.latest.programme_year,
        scheme=library.latest.scheme,
        reason=reason,
    )
    return await announce(tx, placed, library, event, change)


async def verify_library(tx: Transaction, change: Change, *, reason: str | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.verify."""
    placed, today, _ = await load_for_day(tx, change, None)
    library = rules.verify(placed.library, by=change.by, today=today)
    event = announced.LibraryVerified(
        library_id=library.library_id,
        programme_year=library.latest.programme_year,
        scheme=library.latest.scheme,
        reason=reason,
    )
    return await announce(tx, placed, library, event, change)


async def return_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.send_back."""
    placed, today, _ = await load_for_day(tx, change, None)
    library = rules.send_back(placed.library, by=change.by, today=today)
    event = announced.LibraryReturned(library_id=library.library_id, reason=reason)
    return await announce(tx, placed, library, event, change)


async def reject_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.reject."""
    placed, today, _ = await load_for_day(tx, change, None)
    library = rules.reject(placed.library, by=change.by, today=today)
    event = announced.LibraryRejected(library_id=library.library_id, reason=reason)
    return await announce(tx, placed, library, event, change)


async def designate_library(
    tx: Transaction,
    change: Change,
    *,
    sk_no: str,
    sk_date: date,
    programme_year: int,
    scheme: Scheme,
    fund_source: FundSource | None,
) -> Answer:
    """The region announced is the one in which the library lay on the decree's date, as it was last where it had ended.

    Errors: LibraryUnknown, PreconditionFailed, and those of rules.designate.
    """
    placed = await load(tx, change)
    library = rules.designate(
        placed.library,
        by=change.by,
        sk_no=sk_no,
        sk_date=sk_date,
        programme_year=programme_year,
        scheme=scheme,
        fund_source=fund_source,
        merged_years=await merged_years(tx, change.library_id),
        today=local_day(change.now, placed.region.timezone),
    )
    then = await region_as_last_known(tx, await region_on(tx, library.library_id, sk_date), on=sk_date)
    event = announced.LibraryDesignated(
        library_id=library.library_id,
        region_id=then.region_id,
        province_id=then.province_id,
        programme_year=programme_year,
        scheme=scheme,
        sk_no=sk_no,
        sk_date=sk_date,
        basis=library.basis,
        status=library.status,
        fund_source=library.latest.fund_source,
    )
    return await announce(tx, placed, library, event, change, on=sk_date)


async def _region_of(tx: Transaction, command: NominateLibrary, *, now: datetime) -> Region:
    """The region that bore the code on the day of the nomination."""
    if command.nominated_on is None:
        return await find_region_today(tx, command.region_code, now=now, field="/region_code")
    return await find_region(tx, command.region_code, on=command.nominated_on, field="/region_code")


def nominated_event(library: Library, region: Region) -> announced.LibraryNominated:
    return announced.LibraryNominated(
        library_id=library.library_id,
        name=library.name,
        library_type=library.type,
        region_id=region.region_id,
        province_id=region.province_id,
        timezone=region.timezone,
        programme_year=library.latest.programme_year,
        scheme=library.latest.scheme,
        basis=library.basis,
        status=library.status,
        fund_source=library.latest.fund_source,
    )
