"""The composition root of activities: the only file that wires."""

from collections.abc import Mapping
from pathlib import Path

import simpul_shared
from simpul_shared.errors import Refusal
from simpul_shared.platform.service import Service

import simpul_activities
from simpul_activities.api import ROUTERS
from simpul_activities.consumers import HANDLERS, TOPICS
from simpul_activities.domain.counts import CountsDoNotAddUp
from simpul_activities.domain.plan import PlanAlreadySubmitted
from simpul_activities.domain.registration import PersonAlreadyRegistered
from simpul_activities.settings import ActivitiesSettings

CONSTRAINTS: Mapping[str, Refusal] = {
    "registration_person_once": PersonAlreadyRegistered(
        "The person has a registration in this Bimtek already. Use that one, or withdraw it first.", field="/person_id"
    ),
    "follow_up_plan_once": PlanAlreadySubmitted(
        "The library has submitted its follow-up plan for this Bimtek already.", field="/library_id"
    ),
    "activity_gender_adds_up": CountsDoNotAddUp(
        "The counts by gender don't add up to the total.", field="/counts/gender"
    ),
    "activity_age_adds_up": CountsDoNotAddUp("The counts by age don't add up to the total.", field="/counts/age"),
    "activity_subsets_within_total": CountsDoNotAddUp("A subset is larger than the total.", field="/counts/total"),
}

SERVICE = Service(
    name="activities",
    title="Bimtek dan kegiatan",
    settings=ActivitiesSettings,
    routers=ROUTERS,
    migrations=[
        ("regions", Path(simpul_shared.__file__).parent / "regions" / "migrations"),
        ("activities", Path(simpul_activities.__file__).parent / "migrations"),
    ],
    handlers=HANDLERS,
    topics=TOPICS,
    constraints=CONSTRAINTS,
)
