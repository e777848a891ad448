"""Follow-up plans: submit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.activities import FollowUpPlanSubmitted, PlanItem
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import append
from simpul_shared.vocabulary import Basis

from simpul_activities.commands.known import allowed_regions, require_library
from simpul_activities.domain import plan as rules
from simpul_activities.domain.plan import Item, Plan
from simpul_activities.store import bimteks, plans, registrations
from simpul_activities.views.participation import PlanView


@dataclass(frozen=True)
class SubmitPlan:
    bimtek_id: UUID
    library_id: UUID
    items: Sequence[Item]
    basis: Basis


async def submit_plan(tx: Transaction, plan_id: UUID, command: SubmitPlan, *, scope: Scope, now: datetime) -> Answer:
    """The library submits it, so that its own region is what counts, not the host's.

    Errors: BimtekNotFound, LibraryUnknown, PlanAlreadySubmitted, and those of rules.submit.
    """
    allowed = await allowed_regions(tx, scope, now)
    bimtek = await bimteks.load(tx, command.bimtek_id, allowed=allowed)
    library = await require_library(tx, command.library_id, allowed=allowed)
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
    return Answer(PlanView.of(plan), version=plan.version, location=f"/v1/plans/{plan_id}")


def _submitted(plan: Plan) -> FollowUpPlanSubmitted:
    return FollowUpPlanSubmitted(
        plan_id=plan.plan_id,
        library_id=plan.library_id,
        bimtek_id=plan.bimtek_id,
        items=tuple(PlanItem(no=item.no, pillar=item.pillar.value, due_on=item.due_on) for item in plan.items),
        basis=plan.basis,
    )
