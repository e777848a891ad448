"""Use cases of offices: register, change, close. All under one lock, because no two may be in charge of one region."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.registry import OfficeChanged, OfficeClosed, OfficeEvent, OfficeRegistered
from simpul_shared.errors import Conflict
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.vocabulary import OfficeKind, RegionCode

from simpul_registry.domain import office as rules
from simpul_registry.domain.office import Office
from simpul_registry.store import offices as store
from simpul_registry.store.regions import find_region
from simpul_registry.views.offices import OfficeView


class OfficeExists(Conflict):
    slug = "office-exists"
    title = "Wilayah sudah punya dinas"


@dataclass(frozen=True)
class OfficeWords:
    """What an office is from a day on. The codes are read on that day."""

    name: str
    jurisdiction: Sequence[RegionCode]
    effective_on: date


@dataclass(frozen=True)
class OfficeChange:
    office_id: UUID
    expected_version: int
    reason: str
    now: datetime


async def register_office(
    tx: Transaction, office_id: UUID, kind: OfficeKind, words: OfficeWords, *, now: datetime
) -> Answer:
    """Errors: RegionUnknown, JurisdictionOfOtherLevel, OfficeExists."""
    ids = await _jurisdiction(tx, office_id, kind, words)
    office = Office(office_id, kind, words.name, ids, words.effective_on, words.effective_on)
    event = OfficeRegistered(
        office_id=office_id, kind=kind, name=words.name, jurisdiction=ids, effective_on=words.effective_on
    )
    return await _announced(tx, office, event, now=now, location=f"/v1/offices/{office_id}")


async def change_office(tx: Transaction, change: OfficeChange, words: OfficeWords) -> Answer:
    """Errors: OfficeUnknown, OfficeClosedAlready, RegionUnknown, JurisdictionOfOtherLevel, OfficeExists."""
    office = await _seen(tx, change)
    ids = await _jurisdiction(tx, office.office_id, office.kind, words)
    changed = rules.change(office, name=words.name, jurisdiction=ids, on=words.effective_on)
    event = OfficeChanged(
        office_id=office.office_id,
        name=words.name,
        jurisdiction=ids,
        effective_on=words.effective_on,
        reason=change.reason,
    )
    return await _announced(tx, changed, event, now=change.now)


async def close_office(tx: Transaction, change: OfficeChange, *, on: date) -> Answer:
    """Errors: OfficeUnknown, OfficeClosedAlready."""
    closed = rules.close(await _seen(tx, change), on=on)
    event = OfficeClosed(office_id=closed.office_id, effective_on=on, reason=change.reason)
    return await _announced(tx, closed, event, now=change.now)


async def _seen(tx: Transaction, change: OfficeChange) -> Office:
    office = await store.load_office(tx, change.office_id)
    require_version(office.version, change.expected_version)
    return office


async def _jurisdiction(tx: Transaction, office_id: UUID, kind: OfficeKind, words: OfficeWords) -> tuple[UUID, ...]:
    regions = [await find_region(tx, code, on=words.effective_on, field="/jurisdiction") for code in words.jurisdiction]
    rules.require_level(kind, [one.level for one in regions])
    ids = tuple(dict.fromkeys(one.region_id for one in regions))
    other = await store.in_charge(tx, kind, ids, since=words.effective_on, besides=office_id)
    if other is not None:
        until = "" if other.until is None else f" until before {other.until}"
        raise OfficeExists(
            f"The office {other.office_id} is in charge of one of these regions from {other.since}{until}."
            " Change or close it first, or begin later.",
            field="/jurisdiction",
        )
    return ids


async def _announced(
    tx: Transaction, office: Office, event: OfficeEvent, *, now: datetime, location: str | None = None
) -> Answer:
    recorded = await append(tx, event, occurred_at=now)
    saved = replace(office, version=recorded.version)
    await store.save_office(tx, saved, recorded_at=recorded.recorded_at)
    return Answer(OfficeView.of(saved), saved.version, location=location)
