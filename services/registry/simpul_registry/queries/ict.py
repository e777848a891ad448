"""Questions about ICT readiness: what was observed, and how ready a library was on a day, as known at an instant."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of

from simpul_registry.domain.rubric import Rubrics, score
from simpul_registry.store.ict import latest_snapshot, list_snapshots, load_snapshot
from simpul_registry.store.libraries import load_library
from simpul_registry.store.regions import local_day
from simpul_registry.views.ict import IctSnapshotView, ReadinessView


class ReadinessUnknown(NotFound):
    slug = "readiness-unknown"
    title = "Kesiapan TIK belum diketahui"


@dataclass(frozen=True)
class AsOf:
    """`on` is a local day, today when None; `known_on` now when None; `rubric` the one in force on the day when None."""

    on: date | None = None
    known_on: datetime | None = None
    rubric: str | None = None


async def readiness(
    tx: Transaction, library_id: UUID, as_of: AsOf, *, rubrics: Rubrics, scope: Scope, now: datetime
) -> ReadinessView:
    """By the latest snapshot of the day. Errors: LibraryUnknown, RulesUnknown, ReadinessUnknown."""
    region = (await load_library(tx, library_id, scope=scope, now=now)).region
    on = as_of.on or local_day(now, region.timezone)
    rubric = rubrics.effective(on) if as_of.rubric is None else rubrics.named(as_of.rubric, field="/query/rubric")
    snapshot = await latest_snapshot(tx, library_id, on=on, known_on=as_of.known_on)
    if snapshot is None:
        raise ReadinessUnknown(f"Nothing was observed of this library's ICT by {on}. Record a snapshot first.")
    return ReadinessView.of(snapshot, score(rubric, snapshot.observation.measures()), on=on)


async def get_snapshot(
    tx: Transaction, library_id: UUID, snapshot_id: UUID, *, scope: Scope, now: datetime
) -> IctSnapshotView:
    """Errors: LibraryUnknown, SnapshotUnknown."""
    await load_library(tx, library_id, scope=scope, now=now)
    return IctSnapshotView.of(await load_snapshot(tx, library_id, snapshot_id))


async def snapshots(
    tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime, limit: int, cursor: str | None
) -> Page[IctSnapshotView]:
    """The latest first. Errors: LibraryUnknown, CursorMalformed."""
    await load_library(tx, library_id, scope=scope, now=now)
    before = decode_cursor(cursor, tuple[date, datetime, UUID])
    found = [IctSnapshotView.of(one) for one in await list_snapshots(tx, library_id, before=before, limit=limit + 1)]
    return page_of(
        found, limit=limit, key=lambda one: (str(one.observed_on), one.recorded_at.isoformat(), str(one.snapshot_id))
    )
