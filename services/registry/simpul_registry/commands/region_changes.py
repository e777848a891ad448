"""To say something of regions and to take it back: events, rows, and the list by which a change is undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from simpul_shared.contracts.registry import (
    RegionEvent,
    RegionLineageRecorded,
    RegionLineageWithdrawn,
    RegionVersionPublished,
    RegionVersionWithdrawn,
)
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Fact, Recorded, append_all
from simpul_shared.regions.store import Said, keep_versions, withdraw_versions

from simpul_registry.domain.hierarchy import RegionVersion
from simpul_registry.domain.identity import RegionLineage
from simpul_registry.domain.restating import LaterChange, Statement, Withdrawal, saying_order
from simpul_registry.store import region_changes as store
from simpul_registry.store.region_changes import LOCK, Spoken
from simpul_registry.store.region_references import require_unused
from simpul_registry.store.regions import RegionsOverlap
from simpul_registry.store.regions_published import save_lineage

E = TypeVar("E", bound=RegionEvent)


@dataclass(frozen=True)
class Saying:
    """Everything that one change says. `overruled` are events of lineage that it takes back."""

    statements: Sequence[Statement] = ()
    lineage: Sequence[RegionLineage] = ()
    overruled: Sequence[UUID] = ()


async def say(tx: Transaction, change_id: UUID, saying: Saying, *, reason: str, now: datetime) -> None:
    """Announce and keep it. The caller holds the lock of all regions. Errors: RegionInUse; RegionsOverlap, at the commit."""
    taken_back = await store.lineage_said(tx, saying.overruled)
    events: list[RegionEvent] = [_event(one, reason) for one in saying.statements]
    events += [published_lineage(one) for one in saying.lineage]
    events += [_taken_back(taken_back[one], reason) for one in saying.overruled]
    former = await store.believed_events(tx, [(one.region_id, one.valid_from) for one in saying.statements])
    held = [former.get((one.region_id, one.valid_from)) for one in saying.statements]
    held += [None] * len(saying.lineage)
    held += list(saying.overruled)
    recorded = await append_all(tx, [Fact(event, now) for event in events], under_lock=LOCK)
    said = [
        Said(event, one.event_id, one.version, one.recorded_at) for event, one in zip(events, recorded, strict=True)
    ]
    await _keep(tx, said, dict(zip(saying.overruled, recorded[len(events) - len(saying.overruled) :], strict=True)))
    await store.keep_spoken(tx, change_id, [_spoken(one, before) for one, before in zip(said, held, strict=True)])
    await store.bump_map(tx)
    await require_unused(tx, [one.region_id for one in saying.statements if isinstance(one, Withdrawal)])


async def take_back(tx: Transaction, change_id: UUID, undo_id: UUID, *, reason: str, now: datetime) -> None:
    """Say again what held before the change. What was believed between stays on record. Errors: LaterChange, RegionInUse, RegionsOverlap."""
    code = await store.changed_since(tx, change_id)
    if code is not None:
        raise LaterChange(f"Something else was said since of {code} or what it lies in. Undo the later change first.")
    spoken = await store.spoken_by(tx, change_id)
    former = [one.former_event_id for one in spoken if one.former_event_id is not None]
    versions, lineage = await store.versions_said(tx, former), await store.lineage_said(tx, former)
    statements: list[Statement] = []
    for one in spoken:
        if one.what in {store.VERSION, store.WITHDRAWAL}:
            before = versions.get(one.former_event_id) if one.former_event_id else None
            statements.append(before or Withdrawal(one.region_id, one.valid_from))
    saying = Saying(
        sorted(statements, key=saying_order),
        [
            lineage[one.former_event_id]
            for one in spoken
            if one.what == store.LINEAGE_WITHDRAWAL and one.former_event_id
        ],
        await store.lineage_as_believed(tx, [one.event_id for one in spoken if one.what == store.LINEAGE]),
    )
    await say(tx, undo_id, saying, reason=reason, now=now)
    taken = await store.code_taken_since(tx, [one.region_id for one in saying.statements])
    if taken is not None:
        raise RegionsOverlap(
            f"{taken.code} is the code of {taken.name} since {taken.valid_from} by {taken.decree}. Undo that decree first.",
            facts={"region_code": taken.code, "decree": taken.decree},
        )


async def _keep(tx: Transaction, said: Sequence[Said[RegionEvent]], overruled: dict[UUID, Recorded]) -> None:
    await withdraw_versions(tx, of_type(said, RegionVersionWithdrawn))
    await keep_versions(tx, of_type(said, RegionVersionPublished))
    await save_lineage(tx, of_type(said, RegionLineageRecorded))
    await store.withdraw_lineage(tx, {event_id: one.recorded_at for event_id, one in overruled.items()})


def of_type(said: Sequence[Said[RegionEvent]], kind: type[E]) -> list[Said[E]]:
    return [Said(one.event, one.event_id, one.version, one.recorded_at) for one in said if isinstance(one.event, kind)]


def _spoken(said: Said[RegionEvent], former: UUID | None) -> Spoken:
    event = said.event
    what, start = store.LINEAGE, None
    match event:
        case RegionVersionPublished():
            what, start = store.VERSION, event.valid_from
        case RegionVersionWithdrawn():
            what, start = store.WITHDRAWAL, event.valid_from
        case RegionLineageWithdrawn():
            what = store.LINEAGE_WITHDRAWAL
    return Spoken(what, event.region_id, start or date.min, said.event_id, former, said.recorded_at)


def _event(statement: Statement, reason: str) -> RegionEvent:
    if isinstance(statement, Withdrawal):
        return RegionVersionWithdrawn(
            region_id=statement.region_id, valid_from=_bound(statement.valid_from), reason=reason
        )
    return published_version(statement)


def published_version(version: RegionVersion) -> RegionVersionPublished:
    return RegionVersionPublished(
        region_id=version.region_id,
        scheme=version.scheme,
        code=version.code,
        name=version.name,
        level=version.level,
        kind=version.kind,
        parent_id=version.parent_id,
        path=version.path,
        timezone=version.timezone,
        valid_from=_bound(version.valid_from),
        valid_to=_bound(version.valid_to),
        decree=version.decree,
    )


def published_lineage(lineage: RegionLineage) -> RegionLineageRecorded:
    stated = lineage.stated
    return RegionLineageRecorded(
        region_id=lineage.to_id,
        kind=stated.kind,
        from_region_id=lineage.from_id,
        from_code=stated.from_code,
        to_code=stated.to_code,
        effective_on=stated.effective_on,
        basis=stated.basis,
        confidence=stated.confidence,
    )


def _taken_back(lineage: RegionLineage, reason: str) -> RegionLineageWithdrawn:
    stated = lineage.stated
    return RegionLineageWithdrawn(
        region_id=lineage.to_id,
        kind=stated.kind,
        from_region_id=lineage.from_id,
        from_code=stated.from_code,
        to_code=stated.to_code,
        effective_on=stated.effective_on,
        reason=reason,
    )


def _bound(day: date) -> date | None:
    """As events say it: None where an interval is open."""
    return None if day in {date.min, date.max} else day
