"""Events of reporting: targets."""

from typing import ClassVar
from uuid import UUID

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.topics import TARGETS, Topic
from simpul_shared.vocabulary import Basis, Indicator


class TargetEvent(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "target"
    topic: ClassVar[Topic] = TARGETS
    aggregate_field: ClassVar[str] = "target_id"
    key_field: ClassVar[str] = "region_id"

    target_id: UUID
    region_id: UUID
    programme_year: int
    indicator: Indicator
    value: int
    basis: Basis


class TargetSet(TargetEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.reporting.target-set.v1"


class TargetRevised(TargetEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.reporting.target-revised.v1"

    old_value: int
    reason: str


EVENTS: tuple[type[Event], ...] = (TargetSet, TargetRevised)
