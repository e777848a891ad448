"""Community activities (kegiatan pelibatan masyarakat): recorded, corrected as a whole, withdrawn; never deleted."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from simpul_shared.contracts.activities import Counts
from simpul_shared.errors import Conflict, Invalid, NotFound
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

from simpul_activities.domain.calendar import local_date, require_instant_in_range
from simpul_activities.domain.counts import require_adding_up
from simpul_activities.domain.library import Library, require_at_work

CLOCK_TOLERANCE = timedelta(hours=24)
"""How far ahead of the service's clock an activity may lie: devices' clocks are wrong by hours."""


class ActivityNotFound(NotFound):
    slug = "activity-not-found"
    title = "Kegiatan tidak ditemukan"


class ActivityInFuture(Invalid):
    slug = "activity-in-future"
    title = "Kegiatan belum berlangsung"


class ActivityWithdrawn(Conflict):
    slug = "activity-withdrawn"
    title = "Kegiatan sudah ditarik"


class OriginsDiffer(Invalid):
    slug = "origins-differ"
    title = "Asal kegiatan tidak cocok"


class ActivityStatus(StrEnum):
    RECORDED = "DIKIRIM"
    CORRECTED = "DIKOREKSI"
    WITHDRAWN = "DITARIK"


@dataclass(frozen=True)
class PlanItemRef:
    """An item of a follow-up plan that the activity carries out."""

    plan_id: UUID
    no: int


@dataclass(frozen=True)
class Content:
    """What was held; a correction replaces all of it."""

    category: ActivityCategory
    title: str
    notes: str | None
    starts_at: datetime
    counts: Counts
    method: MeasureMethod


@dataclass(frozen=True)
class Activity:
    """`held_on` is the date of `starts_at` in the library's `timezone`. `version` is 0 until it is recorded."""

    activity_id: UUID
    version: int
    status: ActivityStatus
    library_id: UUID
    region_id: UUID
    timezone: str
    held_on: date
    content: Content
    basis: Basis
    bimtek_id: UUID | None = None
    plan_item: PlanItemRef | None = None


def record(
    content: Content,
    *,
    activity_id: UUID,
    library: Library,
    basis: Basis,
    now: datetime,
    bimtek_id: UUID | None = None,
    plan_item: PlanItemRef | None = None,
) -> Activity:
    """Errors: LibraryClosed, LibraryMerged, LibraryNotActive, CountsDoNotAddUp, ActivityInFuture, DateOutOfRange."""
    require_at_work(library)
    _require_sound(content, now)
    place = library.place_at(content.starts_at)
    return Activity(
        activity_id=activity_id,
        version=0,
        status=ActivityStatus.RECORDED,
        library_id=library.library_id,
        region_id=place.region_id,
        timezone=place.timezone,
        held_on=local_date(content.starts_at, place.timezone),
        content=content,
        basis=basis,
        bimtek_id=bimtek_id,
        plan_item=plan_item,
    )


def require_same_origin(of_item: UUID, named: UUID | None) -> UUID:
    """The Bimtek after which the follow-up item was planned. Errors: OriginsDiffer, when another one is named too."""
    if named not in {None, of_item}:
        raise OriginsDiffer(
            f"The follow-up item was planned after Bimtek {of_item}, not {named}. Leave bimtek_id out.",
            field="/bimtek_id",
        )
    return of_item


def correct(activity: Activity, content: Content, *, library: Library, now: datetime) -> Activity:
    """The activity as it should have been recorded; also when its library has closed since.

    It lies where the library lay on the day that it is now said to have been held.

    Errors: ActivityWithdrawn, CountsDoNotAddUp, ActivityInFuture, DateOutOfRange.
    """
    _require_standing(activity)
    _require_sound(content, now)
    place = library.place_at(content.starts_at)
    return replace(
        activity,
        status=ActivityStatus.CORRECTED,
        content=content,
        region_id=place.region_id,
        timezone=place.timezone,
        held_on=local_date(content.starts_at, place.timezone),
    )


def withdraw(activity: Activity) -> Activity:
    """Errors: ActivityWithdrawn."""
    _require_standing(activity)
    return replace(activity, status=ActivityStatus.WITHDRAWN)


def _require_standing(activity: Activity) -> None:
    if activity.status is ActivityStatus.WITHDRAWN:
        raise ActivityWithdrawn(
            f"Activity {activity.activity_id} was withdrawn. If it did take place, record it as a new activity."
        )


def _require_sound(content: Content, now: datetime) -> None:
    require_adding_up(content.counts)
    require_instant_in_range(content.starts_at, field="/starts_at")
    if content.starts_at > now + CLOCK_TOLERANCE:
        raise ActivityInFuture(
            f"The activity starts at {content.starts_at.isoformat()}, more than 24 hours from now. Record it after it was held.",
            field="/starts_at",
        )
