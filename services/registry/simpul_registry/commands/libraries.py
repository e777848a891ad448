"""Use cases of libraries: load, decide (domain/library.py), save, announce. The edge holds the library's lock."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from simpul_shared.contracts import registry as announced
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_unchanged
from simpul_shared.platform.outbox import Recorded, append
from simpul_shared.regions.store import Region, region_by_id, require_in_scope
from simpul_shared.vocabulary import Basis, LibraryType, RegionCode, Scheme

from simpul_registry.domain import library as rules
from simpul_registry.domain import nomination as nominations
from simpul_registry.domain.library import Library
from simpul_registry.domain.nomination import Actor, Nomination
from simpul_registry.store.libraries import PlacedLibrary, load_library, possible_duplicates, save_library
from simpul_registry.store.regions import (
    JAKARTA,
    find_region,
    find_region_today,
    local_day,
    region_as_last_known,
)
from simpul_registry.views.libraries import LibraryView, NominatedView


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


@dataclass(frozen=True)
class Change:
    """A change of an existing library: which one, the version its caller saw, who that is and where it may act, and when."""

    library_id: UUID
    expected_version: int
    by: Actor
    scope: Scope
    now: datetime


async def nominate_library(
    tx: Transaction, library_id: UUID, command: NominateLibrary, *, by: Actor, scope: Scope, now: datetime
) -> Answer:
    """Errors: RegionUnknown, OutsideScope, and those of nominations.nominate."""
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
    )
    library = nominations.nominate(library_id, nomination, by=by, today=today)
    recorded = await append(
        tx,
        nominated_event(library, region),
        occurred_at=moment_of(library.nominated_on, region, now=now),
        source_tz=region.timezone,
    )
    library = replace(library, version=recorded.version)
    await save_library(tx, library)
    duplicates = await possible_duplicates(tx, library)
    return Answer(
        NominatedView.found(library, current, duplicates), recorded.version, location=f"/v1/libraries/{library_id}"
    )


async def resubmit_library(
    tx: Transaction, change: Change, *, programme_year: int | None, scheme: Scheme | None
) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of nominations.resubmit."""
    placed = await _load(tx, change)
    library = nominations.resubmit(placed.library, by=change.by, programme_year=programme_year, scheme=scheme)
    return await _announce(tx, placed, library, nominated_event(library, placed.region), change)


async def endorse_library(tx: Transaction, change: Change, *, reason: str | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of nominations.endorse."""
    placed = await _load(tx, change)
    library = nominations.endorse(placed.library, by=change.by)
    event = announced.LibraryEndorsed(
        library_id=library.library_id,
        programme_year=library.latest.programme_year,
        scheme=library.latest.scheme,
        reason=reason,
    )
    return await _announce(tx, placed, library, event, change)


async def verify_library(tx: Transaction, change: Change, *, reason: str | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of nominations.verify."""
    placed = await _load(tx, change)
    library = nominations.verify(placed.library, by=change.by)
    event = announced.LibraryVerified(
        library_id=library.library_id,
        programme_year=library.latest.programme_year,
        scheme=library.latest.scheme,
        reason=reason,
    )
    return await _announce(tx, placed, library, event, change)


async def return_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of nominations.send_back."""
    placed = await _load(tx, change)
    library = nominations.send_back(placed.library, by=change.by)
    event = announced.LibraryReturned(library_id=library.library_id, reason=reason)
    return await _announce(tx, placed, library, event, change)


async def reject_library(tx: Transaction, change: Change, *, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of nominations.reject."""
    placed = await _load(tx, change)
    library = nominations.reject(placed.library, by=change.by)
    event = announced.LibraryRejected(library_id=library.library_id, reason=reason)
    return await _announce(tx, placed, library, event, change)


async def designate_library(
    tx: Transaction, change: Change, *, sk_no: str, sk_date: date, programme_year: int, scheme: Scheme
) -> Answer:
    """The province announced is the one in which the region lay on the decree's date.

    Errors: LibraryUnknown, PreconditionFailed, RegionUnknown, and those of nominations.designate.
    """
    placed = await _load(tx, change)
    library = nominations.designate(
        placed.library,
        by=change.by,
        sk_no=sk_no,
        sk_date=sk_date,
        programme_year=programme_year,
        scheme=scheme,
        today=local_day(change.now, placed.region.timezone),
    )
    then = await region_by_id(tx, library.region_id, on=sk_date, field="/sk_date")
    event = announced.LibraryDesignated(
        library_id=library.library_id,
        region_id=library.region_id,
        province_id=then.province_id,
        programme_year=programme_year,
        scheme=scheme,
        sk_no=sk_no,
        sk_date=sk_date,
        basis=library.basis,
        status=library.status,
    )
    return await _announce(tx, placed, library, event, change, on=sk_date)


async def activate_library(tx: Transaction, change: Change, *, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.activate."""
    placed, today, on = await _load_for_day(tx, change, effective_on)
    library = rules.activate(placed.library, effective_on=on, today=today)
    event = announced.LibraryActivated(library_id=library.library_id, effective_on=on)
    return await _announce(tx, placed, library, event, change, on=on)


async def make_library_dormant(tx: Transaction, change: Change, *, effective_on: date | None, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.make_dormant."""
    placed, today, on = await _load_for_day(tx, change, effective_on)
    library = rules.make_dormant(placed.library, effective_on=on, today=today)
    event = announced.LibraryDormant(library_id=library.library_id, effective_on=on, reason=reason)
    return await _announce(tx, placed, library, event, change, on=on)


async def reactivate_library(tx: Transaction, change: Change, *, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.reactivate."""
    placed, today, on = await _load_for_day(tx, change, effective_on)
    library = rules.reactivate(placed.library, effective_on=on, today=today)
    event = announced.LibraryReactivated(library_id=library.library_id, effective_on=on)
    return await _announce(tx, placed, library, event, change, on=on)


async def close_library(tx: Transaction, change: Change, *, effective_on: date | None, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.close."""
    placed, today, on = await _load_for_day(tx, change, effective_on)
    library = rules.close(placed.library, effective_on=on, today=today)
    event = announced.LibraryClosed(library_id=library.library_id, effective_on=on, reason=reason)
    return await _announce(tx, placed, library, event, change, on=on)


async def rename_library(tx: Transaction, change: Change, *, new_name: str, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.rename."""
    placed, today, on = await _load_for_day(tx, change, effective_on)
    library = rules.rename(placed.library, new_name=new_name, effective_on=on, today=today)
    event = announced.LibraryRenamed(
        library_id=library.library_id, old_name=placed.library.name, new_name=new_name, effective_on=on
    )
    return await _announce(tx, placed, library, event, change, on=on)


async def _load(tx: Transaction, change: Change) -> PlacedLibrary:
    placed = await load_library(tx, change.library_id, scope=change.scope, now=change.now)
    await require_unchanged(tx, change.library_id, placed.library.version, change.expected_version)
    return placed


async def _load_for_day(tx: Transaction, change: Change, on: date | None) -> tuple[PlacedLibrary, date, date]:
    """The library, today in its zone, and the day of the change: today unless one is given."""
    placed = await _load(tx, change)
    today = local_day(change.now, placed.region.timezone)
    return placed, today, on or today


async def _announce(
    tx: Transaction,
    placed: PlacedLibrary,
    library: Library,
    event: announced.LibraryEvent,
    change: Change,
    *,
    on: date | None = None,
) -> Answer:
    """Append the event and save the library at its version; `on` is the local day it happened, where it was not now."""
    region = placed.region
    occurred_at = change.now if on is None else moment_of(on, region, now=change.now)
    recorded: Recorded = await append(tx, event, occurred_at=occurred_at, source_tz=region.timezone)
    library = replace(library, version=recorded.version)
    await save_library(tx, library)
    return Answer(LibraryView.of(library, region), recorded.version)


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
    )


def moment_of(day: date, region: Region, *, now: datetime) -> datetime:
    """When something of a local day happened: now, if that is today, else the day's first moment there."""
    if day == local_day(now, region.timezone):
        return now
    return datetime.combine(day, time.min, ZoneInfo(region.timezone))
