"""Follow-up plans: submit, and tell how their items go on (rules: domain/follow_up.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.activities import (
    FollowUpEvent,
    FollowUpItemCancelled,
    FollowUpItemCompleted,
    FollowUpItemProgressed,
    FollowUpPlanSubmitted,
    PlanItem,
)
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.vocabulary import Basis

from simpul_activities.commands.known import allowed_regions, require_library, require_person
from simpul_activities.domain import follow_up
from simpul_activities.domain import plan as rules
from simpul_activities.domain.calendar import local_date
from simpul_activities.domain.plan import Item, Plan
from simpul_activities.store import bimteks, plans, registrations
from simpul_activities.views.participation import PlanView


@dataclass(frozen=True)
class SubmitPlan:
    bimtek_id: UUID
    library_id: UUID
    items: Sequence[Item]
    basis: Basis


@dataclass(frozen=True)
class ItemChange:
    """A change of one item: of which plan, the version its caller saw, where the caller may act, and when it is."""

    plan_id: UUID
    no: int
    expected_version: int
    scope: Scope
    now: datetime


async def submit_plan(tx: Transaction, plan_id: UUID, command: SubmitPlan, *, scope: Scope, now: datetime) -> Answer:
    """The library submits it, so that its own region is what counts, not the host's.

    Errors: BimtekNotFound, LibraryUnknown, PersonUnknown, PersonIsMerged, PersonErased, PlanAlreadySubmitted, and those of rules.submit.
    """
    allowed = await allowed_regions(tx, scope, now)
    bimtek = await bimteks.load(tx, command.bimtek_id, allowed=allowed)
    library = await require_library(tx, command.library_id, allowed=allowed)
    for owner_id in {item.owner_id for item in command.items if item.owner_id is not None}:
        await require_person(tx, owner_id, allowed=allowed, field="/items")
    plan = rules.submit(
        bimtek,
        command.items,
        plan_id=plan_id,
        library=library,
        represented=await registrations.is_represented(tx, bimtek.bimtek_id, library.library_id),
        basis=command.basis,
    )
    recorded = await append(
        tx, _submitted(plan), occurred_at=now, source_tz=library.timezone, region_id=library.region_id
    )
    plan = replace(plan, version=recorded.version)
    await plans.insert(tx, plan, at=recorded.recorded_at, by=tx.origin.actor)
    return Answer(PlanView.of(plan, now=now), version=plan.version, location=f"/v1/plans/{plan_id}")


async def report_progress(tx: Transaction, change: ItemChange, *, progress: int, reason: str | None) -> Answer:
    """Errors: PlanNotFound, PreconditionFailed, and those of follow_up.report_progress."""
    plan = follow_up.report_progress(await _load(tx, change), change.no, progress=progress, reason=reason)
    event = FollowUpItemProgressed(
        plan_id=plan.plan_id,
        library_id=plan.library_id,
        item_no=change.no,
        due_on=plan.item(change.no).due_on,
        progress=progress,
        reason=reason,
    )
    return await _save(tx, plan, event, change)


async def complete_item(
    tx: Transaction, change: ItemChange, *, evidence: Sequence[str], completed_on: date | None
) -> Answer:
    """Done today, unless another local day is given. Errors: PlanNotFound, PreconditionFailed, and those of follow_up.complete."""
    plan = await _load(tx, change)
    today = local_date(change.now, plan.timezone)
    on = completed_on or today
    plan = follow_up.complete(plan, change.no, evidence=evidence, completed_on=on, today=today)
    event = FollowUpItemCompleted(
        plan_id=plan.plan_id,
        library_id=plan.library_id,
        item_no=change.no,
        due_on=plan.item(change.no).due_on,
        completed_on=on,
        open_items=plan.open_items,
    )
    return await _save(tx, plan, event, change)


async def cancel_item(tx: Transaction, change: ItemChange, *, reason: str) -> Answer:
    """Errors: PlanNotFound, PreconditionFailed, and those of follow_up.cancel."""
    plan = follow_up.cancel(await _load(tx, change), change.no, reason=reason)
    event = FollowUpItemCancelled(
        plan_id=plan.plan_id,
        library_id=plan.library_id,
        item_no=change.no,
        due_on=plan.item(change.no).due_on,
        reason=reason,
        open_items=plan.open_items,
    )
    return await _save(tx, plan, event, change)


async def _load(tx: Transaction, change: ItemChange) -> Plan:
    allowed = await allowed_regions(tx, change.scope, change.now)
    plan = await plans.load(tx, change.plan_id, allowed=allowed)
    require_version(plan.version, change.expected_version)
    return plan


async def _save(tx: Transaction, plan: Plan, event: FollowUpEvent, change: ItemChange) -> Answer:
    recorded = await append(tx, event, occurred_at=change.now, source_tz=plan.timezone)
    plan = replace(plan, version=recorded.version)
    await plans.update_item(tx, plan, change.no)
    return Answer(PlanView.of(plan, now=change.now), version=plan.version)


def _submitted(plan: Plan) -> FollowUpPlanSubmitted:
    return FollowUpPlanSubmitted(
        plan_id=plan.plan_id,
        library_id=plan.library_id,
        bimtek_id=plan.bimtek_id,
        items=tuple(PlanItem(no=item.no, pillar=item.pillar.value, due_on=item.due_on) for item in plan.items),
        basis=plan.basis,
    )
