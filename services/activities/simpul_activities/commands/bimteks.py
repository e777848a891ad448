"""Bimtek: plan, announce, start, close, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.activities import (
    BimtekAnnounced,
    BimtekCancelled,
    BimtekClosed,
    BimtekEvent,
    BimtekPlanned,
    BimtekStarted,
)
from simpul_shared.errors import OutsideScope
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import Region, region_by_code
from simpul_shared.vocabulary import RegionCode

from simpul_activities.commands.known import allowed_regions
from simpul_activities.domain import bimtek as rules
from simpul_activities.domain.bimtek import Bimtek, Programme
from simpul_activities.domain.calendar import require_day_in_range
from simpul_activities.store import bimteks, copies
from simpul_activities.views.bimteks import BimtekView


@dataclass(frozen=True)
class PlanBimtek:
    """`timezone` None means that of the host region, which bears `region_code` on the first day."""

    region_code: RegionCode
    timezone: str | None
    programme: Programme


@dataclass(frozen=True)
class Change:
    """A step of an existing Bimtek: which one, the version its caller saw, where the caller may act, and when it is."""

    bimtek_id: UUID
    expected_version: int
    scope: Scope
    now: datetime


async def plan_bimtek(tx: Transaction, bimtek_id: UUID, command: PlanBimtek, *, scope: Scope, now: datetime) -> Answer:
    """Errors: RegionUnknown, OutsideScope, BimtekNotFound for the parent, and those of rules.plan."""
    programme = command.programme
    allowed = await allowed_regions(tx, scope, now)
    region = await _host(tx, command, allowed=allowed)
    bimtek = rules.plan(
        programme,
        bimtek_id=bimtek_id,
        region_id=region.region_id,
        region_code=region.code,
        timezone=command.timezone or region.timezone,
    )
    if programme.parent is not None:
        await bimteks.load(tx, programme.parent.bimtek_id, allowed=allowed, field="/parent_bimtek_id")
    recorded = await append(tx, _planned(bimtek), occurred_at=now, source_tz=bimtek.timezone)
    bimtek = replace(bimtek, version=recorded.version)
    await bimteks.insert(tx, bimtek)
    return _answer(bimtek, location=f"/v1/bimteks/{bimtek_id}")


async def announce_bimtek(tx: Transaction, change: Change) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, PreconditionFailed, BimtekInOtherState."""
    bimtek = rules.announce(await _load(tx, change))
    return await _save(tx, bimtek, BimtekAnnounced(bimtek_id=bimtek.bimtek_id), change)


async def start_bimtek(tx: Transaction, change: Change) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, PreconditionFailed, BimtekInOtherState."""
    bimtek = rules.start(await _load(tx, change))
    return await _save(tx, bimtek, BimtekStarted(bimtek_id=bimtek.bimtek_id), change)


async def close_bimtek(tx: Transaction, change: Change) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, PreconditionFailed, BimtekInOtherState, BimtekIncomplete."""
    running = await _load(tx, change)
    bimtek = rules.close(running, await bimteks.find_missing(tx, running.bimtek_id))
    return await _save(tx, bimtek, BimtekClosed(bimtek_id=bimtek.bimtek_id), change)


async def cancel_bimtek(tx: Transaction, reason: str, change: Change) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, PreconditionFailed, BimtekInOtherState."""
    bimtek = rules.cancel(await _load(tx, change), reason=reason)
    return await _save(tx, bimtek, BimtekCancelled(bimtek_id=bimtek.bimtek_id, reason=reason), change)


async def _host(tx: Transaction, command: PlanBimtek, *, allowed: Sequence[UUID] | None) -> Region:
    """The host region as it is on the first day; the caller's scope is judged by where it lies today."""
    starts_on = command.programme.starts_on
    require_day_in_range(starts_on, field="/starts_on")
    region = await region_by_code(tx, command.region_code, on=starts_on)
    if not await copies.lies_within(tx, region.region_id, allowed=allowed):
        raise OutsideScope(
            f"{region.code} {region.name} lies outside the regions of your access token.", field="/region_code"
        )
    return region


async def _load(tx: Transaction, change: Change) -> Bimtek:
    allowed = await allowed_regions(tx, change.scope, change.now)
    bimtek = await bimteks.load_hosted(tx, change.bimtek_id, allowed=allowed)
    require_version(bimtek.version, change.expected_version)
    return bimtek


async def _save(tx: Transaction, bimtek: Bimtek, event: BimtekEvent, change: Change) -> Answer:
    recorded = await append(tx, event, occurred_at=change.now, source_tz=bimtek.timezone)
    bimtek = replace(bimtek, version=recorded.version)
    await bimteks.update_status(tx, bimtek)
    return _answer(bimtek)


def _planned(bimtek: Bimtek) -> BimtekPlanned:
    p = bimtek.programme
    return BimtekPlanned(
        bimtek_id=bimtek.bimtek_id,
        title=p.title,
        kind=p.kind,
        level=p.level,
        mode=p.mode,
        region_id=bimtek.region_id,
        region_basis=p.region_basis,
        timezone=bimtek.timezone,
        starts_on=p.starts_on,
        ends_on=p.ends_on,
        session_count=len(p.sessions),
        basis=p.basis,
        parent_bimtek_id=None if p.parent is None else p.parent.bimtek_id,
    )


def _answer(bimtek: Bimtek, location: str | None = None) -> Answer:
    return Answer(BimtekView.of(bimtek), version=bimtek.version, location=location)
