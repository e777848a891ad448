"""Events of activities: Bimtek from plan to follow-up, attendance, community activities."""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from simpul_shared.contracts.envelope import Event, Instant
from simpul_shared.contracts.topics import ACTIVITIES, BIMTEKS, Topic
from simpul_shared.vocabulary import (
    ActivityCategory,
    AttendanceStatus,
    Basis,
    BimtekKind,
    BimtekLevel,
    DeliveryMode,
    MeasureMethod,
)


class BimtekEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "bimtek"
    topic: ClassVar[Topic] = BIMTEKS
    aggregate_field: ClassVar[str] = "bimtek_id"
    key_field: ClassVar[str] = "bimtek_id"

    bimtek_id: UUID


class BimtekPlanned(BimtekEvent, frozen=True, kw_only=True):
    """`starts_on` and `ends_on` are inclusive local dates of the venue's `timezone`. `region_id` hosts it."""

    type: ClassVar[str] = "id.simpul.activities.bimtek-planned.v1"

    title: str
    kind: BimtekKind
    level: BimtekLevel
    mode: DeliveryMode
    region_id: UUID
    region_basis: Basis
    timezone: str
    starts_on: date
    ends_on: date
    session_count: int
    basis: Basis
    parent_bimtek_id: UUID | None = None


class BimtekAnnounced(BimtekEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.bimtek-announced.v1"


class BimtekStarted(BimtekEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.bimtek-started.v1"


class BimtekClosed(BimtekEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.bimtek-closed.v1"


class BimtekCancelled(BimtekEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.bimtek-cancelled.v1"

    reason: str


class RegistrationEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "registration"
    topic: ClassVar[Topic] = BIMTEKS
    aggregate_field: ClassVar[str] = "registration_id"
    key_field: ClassVar[str] = "bimtek_id"

    registration_id: UUID
    bimtek_id: UUID


class ParticipantRegistered(RegistrationEvent, frozen=True, kw_only=True):
    """`region_id` is the region of the library represented, at the time of registration."""

    type: ClassVar[str] = "id.simpul.activities.participant-registered.v1"

    person_id: UUID
    library_id: UUID
    region_id: UUID
    basis: Basis


class ParticipantWithdrawn(RegistrationEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.participant-withdrawn.v1"

    reason: str


class AttendanceRecorded(RegistrationEvent, frozen=True, kw_only=True):
    """First mark of a registration in a session. `held_on` is the session's local date."""

    type: ClassVar[str] = "id.simpul.activities.attendance-recorded.v1"

    session_no: int
    held_on: date
    status: AttendanceStatus
    library_id: UUID
    region_id: UUID
    basis: Basis


class AttendanceCorrected(RegistrationEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.attendance-corrected.v1"

    session_no: int
    held_on: date
    old_status: AttendanceStatus
    status: AttendanceStatus
    library_id: UUID
    region_id: UUID
    reason: str


class PlanItem(msgspec.Struct, frozen=True, kw_only=True):
    no: int
    pillar: str
    due_on: date


class FollowUpEvent(Event, frozen=True, kw_only=True):
    """`library_id` is who submitted the plan, also when another carries it out by now."""

    aggregate: ClassVar[str] = "plan"
    topic: ClassVar[Topic] = ACTIVITIES
    aggregate_field: ClassVar[str] = "plan_id"
    key_field: ClassVar[str] = "library_id"

    plan_id: UUID
    library_id: UUID


class FollowUpPlanSubmitted(FollowUpEvent, frozen=True, kw_only=True):
    """Rencana tindak lanjut (RTL) of one library after one Bimtek; the wording stays in the service."""

    type: ClassVar[str] = "id.simpul.activities.follow-up-plan-submitted.v1"

    bimtek_id: UUID
    items: tuple[PlanItem, ...]
    basis: Basis


class FollowUpItemProgressed(FollowUpEvent, frozen=True, kw_only=True):
    """How far an item is, in percent; where it fell, `reason` says why."""

    type: ClassVar[str] = "id.simpul.activities.follow-up-item-progressed.v1"

    item_no: int
    due_on: date
    progress: int
    reason: str | None = None


class FollowUpItemCompleted(FollowUpEvent, frozen=True, kw_only=True):
    """An item is done, with evidence that stays in the service. `completed_on` is a local date."""

    type: ClassVar[str] = "id.simpul.activities.follow-up-item-completed.v1"

    item_no: int
    due_on: date
    completed_on: date
    open_items: int


class FollowUpItemCancelled(FollowUpEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.follow-up-item-cancelled.v1"

    item_no: int
    due_on: date
    reason: str
    open_items: int


class Gender(msgspec.Struct, frozen=True, kw_only=True):
    male: int
    female: int
    unknown: int


class Age(msgspec.Struct, frozen=True, kw_only=True):
    """Age bands in completed years."""

    from_0_to_6: int
    from_7_to_12: int
    from_13_to_17: int
    from_18_to_35: int
    from_36_to_59: int
    from_60: int
    unknown: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Attendances of one activity. Each dimension adds up to `total`; disability and low income are subsets of it."""

    total: int
    gender: Gender
    age: Age
    disability: int
    low_income: int


class ActivityEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "activity"
    topic: ClassVar[Topic] = ACTIVITIES
    aggregate_field: ClassVar[str] = "activity_id"
    key_field: ClassVar[str] = "library_id"

    activity_id: UUID
    library_id: UUID


class ActivityRecorded(ActivityEvent, frozen=True, kw_only=True):
    """`held_on` is the local date of the library's `timezone`; it decides the month the activity counts in."""

    type: ClassVar[str] = "id.simpul.activities.activity-recorded.v1"

    region_id: UUID
    category: ActivityCategory
    starts_at: Instant
    held_on: date
    timezone: str
    counts: Counts
    method: MeasureMethod
    basis: Basis
    bimtek_id: UUID | None = None


class ActivityCorrected(ActivityEvent, frozen=True, kw_only=True):
    """The whole activity as it should have been recorded; replaces what earlier versions said."""

    type: ClassVar[str] = "id.simpul.activities.activity-corrected.v1"

    region_id: UUID
    category: ActivityCategory
    starts_at: Instant
    held_on: date
    timezone: str
    counts: Counts
    method: MeasureMethod
    reason: str


class ActivityWithdrawn(ActivityEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.activities.activity-withdrawn.v1"

    reason: str


EVENTS: tuple[type[Event], ...] = (
    BimtekPlanned,
    BimtekAnnounced,
    BimtekStarted,
    BimtekClosed,
    BimtekCancelled,
    ParticipantRegistered,
    ParticipantWithdrawn,
    AttendanceRecorded,
    AttendanceCorrected,
    FollowUpPlanSubmitted,
    FollowUpItemProgressed,
    FollowUpItemCompleted,
    FollowUpItemCancelled,
    ActivityRecorded,
    ActivityCorrected,
    ActivityWithdrawn,
)
