"""Kafka in: the follow-up plans that activities tells of, so that no library closes and leaves them behind."""

from simpul_shared.contracts.activities import FollowUpItemCancelled, FollowUpItemCompleted, FollowUpPlanSubmitted
from simpul_shared.contracts.topics import ACTIVITIES
from simpul_shared.platform.consume import Handlers

from simpul_registry.store.kin import keep_plans, settle_plans

HANDLERS: Handlers = {
    FollowUpPlanSubmitted: keep_plans,
    FollowUpItemCompleted: settle_plans,
    FollowUpItemCancelled: settle_plans,
}
TOPICS = (ACTIVITIES,)
