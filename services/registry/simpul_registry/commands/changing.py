"""What all changes of a library share: load it at the version that the caller saw, save it and tell of it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from simpul_shared.contracts.registry import LibraryEvent
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_unchanged
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import Region

from simpul_registry.domain.library import Library
from simpul_registry.domain.nomination import Actor
from simpul_registry.store.libraries import PlacedLibrary, load_library, save_library
from simpul_registry.store.regions import local_day
from simpul_registry.views.libraries import LibraryView


@dataclass(frozen=True)
class Change:
    """A change of an existing library: which one, the version its caller saw, who that is and where it may act, and when."""

    library_id: UUID
    expected_version: int
    by: Actor
    scope: Scope
    now: datetime


async def load(tx: Transaction, change: Change) -> PlacedLibrary:
    placed = await load_library(tx, change.library_id, scope=change.scope, now=change.now)
    await require_unchanged(tx, change.library_id, placed.library.version, change.expected_version)
    return placed


async def load_for_day(tx: Transaction, change: Change, on: date | None) -> tuple[PlacedLibrary, date, date]:
    """The library, today in its zone, and the day of the change: today unless one is given."""
    placed = await load(tx, change)
    today = local_day(change.now, placed.region.timezone)
    return placed, today, on or today


async def announce(
    tx: Transaction,
    placed: PlacedLibrary,
    library: Library,
    event: LibraryEvent,
    change: Change,
    *,
    on: date | None = None,
) -> Answer:
    """Append the event and save the library at its version; `on` is the local day it happened, where it was not now."""
    region = placed.region
    occurred_at = change.now if on is None else moment_of(on, region, now=change.now)
    recorded = await append(tx, event, occurred_at=occurred_at, source_tz=region.timezone)
    library = replace(library, version=recorded.version)
    await save_library(tx, library)
    return Answer(LibraryView.of(library, region), recorded.version)


def moment_of(day: date, region: Region, *, now: datetime) -> datetime:
    """When something of a local day happened: now, if that is today, else the day's first moment there."""
    if day == local_day(now, region.timezone):
        return now
    return datetime.combine(day, time.min, ZoneInfo(region.timezone))
