"""Kafka in: of activities the follow-up plans, so that no library closes and leaves them behind, and which Bimteks
there are and were cancelled."""

from simpul_shared.contracts.activities import (
    BimtekCancelled,
    BimtekPlanned,
    FollowUpItemCancelled,
    FollowUpItemCompleted,
    FollowUpPlanSubmitted,
)
from simpul_shared.platform.consume import Handlers

from simpul_registry.commands.known import FOLLOWED
from simpul_registry.store.kin import keep_plans, settle_plans
from simpul_registry.store.replica_links import keep_bimteks, keep_cancellations

HANDLERS: Handlers = {
    FollowUpPlanSubmitted: keep_plans,
    FollowUpItemCompleted: settle_plans,
    FollowUpItemCancelled: settle_plans,
    BimtekPlanned: keep_bimteks,
    BimtekCancelled: keep_cancellations,
}
TOPICS = FOLLOWED
