"""Community activities: record, correct, withdraw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.activities import ActivityCorrected, ActivityEvent, ActivityRecorded, ActivityWithdrawn
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.vocabulary import Basis

from simpul_activities.commands.known import allowed_regions, require_library
from simpul_activities.domain import activity as rules
from simpul_activities.domain.activity import Activity, Content, PlanItemRef
from simpul_activities.store import activities, bimteks, plans
from simpul_activities.views.activities import ActivityView


@dataclass(frozen=True)
class RecordActivity:
    """`bimtek_id` and `plan_item` say what led to the activity, where something did."""

    library_id: UUID
    content: Content
    basis: Basis
    bimtek_id: UUID | None
    plan_item: PlanItemRef | None


@dataclass(frozen=True)
class Change:
    """A change of an existing activity: which one, the version its caller saw, why, where the caller may act, and when it is."""

    activity_id: UUID
    expected_version: int
    reason: str
    scope: Scope
    now: datetime


async def record_activity(
    tx: Transaction, activity_id: UUID, command: RecordActivity, *, scope: Scope, now: datetime
) -> Answer:
    """Errors: LibraryUnknown, BimtekNotFound, PlanItemNotFound, and those of rules.record."""
    allowed = await allowed_regions(tx, scope, now)
    library = await require_library(tx, command.library_id, allowed=allowed)
    activity = rules.record(
        command.content,
        activity_id=activity_id,
        library=library,
        basis=command.basis,
        now=now,
        bimtek_id=await _origin(tx, command, allowed=allowed),
        plan_item=command.plan_item,
    )
    recorded = await append(tx, _recorded(activity), occurred_at=now, source_tz=activity.timezone)
    activity = replace(activity, version=recorded.version)
    await activities.insert(tx, activity, at=recorded.recorded_at, by=tx.origin.actor)
    return _answer(activity, location=f"/v1/activities/{activity_id}")


async def correct_activity(tx: Transaction, content: Content, change: Change) -> Answer:
    """Errors: ActivityNotFound, PreconditionFailed, and those of rules.correct."""
    before = await _load(tx, change)
    library = await require_library(tx, before.library_id, allowed=None)
    after = rules.correct(before, content, library=library, now=change.now)
    return await _save(tx, before, after, _corrected(after, change.reason), change)


async def withdraw_activity(tx: Transaction, change: Change) -> Answer:
    """Errors: ActivityNotFound, PreconditionFailed, and those of rules.withdraw."""
    before = await _load(tx, change)
    after = rules.withdraw(before)
    event = ActivityWithdrawn(activity_id=after.activity_id, library_id=after.library_id, reason=change.reason)
    return await _save(tx, before, after, event, change)


async def _load(tx: Transaction, change: Change) -> Activity:
    allowed = await allowed_regions(tx, change.scope, change.now)
    activity = await activities.load(tx, change.activity_id, allowed=allowed)
    require_version(activity.version, change.expected_version)
    return activity


async def _save(tx: Transaction, before: Activity, after: Activity, event: ActivityEvent, change: Change) -> Answer:
    recorded = await append(tx, event, occurred_at=change.now, source_tz=after.timezone)
    after = replace(after, version=recorded.version)
    await activities.update(tx, after)
    await activities.keep_before(tx, before, after, reason=change.reason, at=recorded.recorded_at, by=tx.origin.actor)
    return _answer(after)


async def _origin(tx: Transaction, command: RecordActivity, *, allowed: Sequence[UUID] | None) -> UUID | None:
    """The Bimtek that led to the activity, named by itself or by a follow-up item after it."""
    if command.plan_item is not None:
        planned_after = await plans.bimtek_of_item(tx, command.plan_item, library_id=command.library_id)
        return rules.require_same_origin(planned_after, command.bimtek_id)
    if command.bimtek_id is not None:
        await bimteks.load(tx, command.bimtek_id, allowed=allowed, field="/bimtek_id")
    return command.bimtek_id


def _recorded(activity: Activity) -> ActivityRecorded:
    content = activity.content
    return ActivityRecorded(
        activity_id=activity.activity_id,
        library_id=activity.library_id,
        region_id=activity.region_id,
        category=content.category,
        starts_at=content.starts_at,
        held_on=activity.held_on,
        timezone=activity.timezone,
        counts=content.counts,
        method=content.method,
        basis=activity.basis,
        bimtek_id=activity.bimtek_id,
    )


def _corrected(activity: Activity, reason: str) -> ActivityCorrected:
    content = activity.content
    return ActivityCorrected(
        activity_id=activity.activity_id,
        library_id=activity.library_id,
        region_id=activity.region_id,
        category=content.category,
        starts_at=content.starts_at,
        held_on=activity.held_on,
        timezone=activity.timezone,
        counts=content.counts,
        method=content.method,
        reason=reason,
    )


def _answer(activity: Activity, location: str | None = None) -> Answer:
    return Answer(ActivityView.of(activity), version=activity.version, location=location)
