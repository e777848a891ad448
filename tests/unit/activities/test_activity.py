"""Rules of community activities: whose, when, and what becomes of them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpul_activities.domain import activity as rules
from simpul_activities.domain.activity import Activity, ActivityInFuture, ActivityStatus, ActivityWithdrawn
from simpul_activities.domain.calendar import ZONES, DateOutOfRange, local_date, today
from simpul_activities.domain.counts import CountsDoNotAddUp
from simpul_activities.domain.library import LibraryClosed, LibraryMerged, LibraryNotActive, Place, Survivor
from simpul_shared.vocabulary import Basis, LibraryStatus

from tests.unit.activities.examples import NOW, content, counts, library

_HOURS = {"Asia/Jakarta": 7, "Asia/Pontianak": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}


def recorded(**changed: Any) -> Activity:
    fields: dict[str, Any] = {"content": content(), "library": library(), "now": NOW} | changed
    return rules.record(
        fields["content"],
        activity_id=uuid4(),
        library=fields["library"],
        basis=Basis.SAMPLE,
        now=fields["now"],
    )


@settings(deadline=None)
@given(st.integers(0, 26 * 366 * 24 * 3600), st.sampled_from(sorted(ZONES)))
def test_an_activity_is_held_on_the_day_that_the_library_s_clock_shows(seconds: int, zone: str) -> None:
    moment = datetime(2000, 1, 3, tzinfo=UTC) + timedelta(seconds=seconds)
    activity = recorded(content=content(moment), library=library(timezone=zone))

    assert activity.held_on == (moment + timedelta(hours=_HOURS[zone])).date()


def test_half_past_midnight_in_papua_is_the_first_and_still_the_day_before_in_jakarta() -> None:
    moment = datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=9)))

    assert local_date(moment, "Asia/Jayapura") == date(2026, 11, 1)
    assert local_date(moment, "Asia/Jakarta") == date(2026, 10, 31)
    assert today(moment) == date(2026, 10, 31)


@pytest.mark.parametrize("status", [status for status in LibraryStatus if status is not LibraryStatus.CLOSED])
def test_a_library_works_once_designated_and_until_dormant(status: LibraryStatus) -> None:
    if status in {LibraryStatus.DESIGNATED, LibraryStatus.ACTIVE}:
        assert recorded(library=library(status)).status is ActivityStatus.RECORDED
        return
    with pytest.raises(LibraryNotActive):
        recorded(library=library(status))


def test_a_closed_library_is_refused_with_the_day_it_closed() -> None:
    with pytest.raises(LibraryClosed, match="closed since 2026-03-01"):
        recorded(library=library(LibraryStatus.CLOSED, closed_on=date(2026, 3, 1)))


def test_an_activity_may_lie_a_day_ahead_of_the_clock_and_no_more() -> None:
    tomorrow = NOW + timedelta(hours=24)
    assert recorded(content=content(tomorrow)).content.starts_at == tomorrow
    with pytest.raises(ActivityInFuture):
        recorded(content=content(tomorrow + timedelta(seconds=1)))


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "1999-12-31T12:00:00Z", "2100-12-31T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
def test_moments_that_no_calendar_of_ours_holds_are_refused(moment: str) -> None:
    with pytest.raises(DateOutOfRange):
        recorded(content=content(datetime.fromisoformat(moment)))


def test_a_correction_is_held_to_the_same_rules_but_the_library_s_present_state() -> None:
    activity = recorded()

    corrected = rules.correct(activity, content(datetime(2026, 10, 31, 15, 30, tzinfo=UTC)), library=library(), now=NOW)

    assert (corrected.status, corrected.held_on) == (ActivityStatus.CORRECTED, date(2026, 10, 31))
    assert corrected.library_id == activity.library_id
    with pytest.raises(CountsDoNotAddUp):
        rules.correct(activity, content(counts=msgspec.structs.replace(counts(5), total=6)), library=library(), now=NOW)


def test_what_was_withdrawn_stays_withdrawn() -> None:
    withdrawn = rules.withdraw(recorded())

    assert withdrawn.status is ActivityStatus.WITHDRAWN
    with pytest.raises(ActivityWithdrawn):
        rules.withdraw(withdrawn)
    with pytest.raises(ActivityWithdrawn):
        rules.correct(withdrawn, content(), library=library(), now=NOW)


BEFORE, AFTER = UUID(int=1), UUID(int=2)
MOVED = library(
    region_id=AFTER,
    timezone="Asia/Jakarta",
    places=(
        Place(date.min, BEFORE, "Asia/Makassar"),
        Place(date(2026, 7, 1), AFTER, "Asia/Jakarta"),
    ),
)


@pytest.mark.parametrize(
    ("starts_at", "region_id", "held_on"),
    [
        ("2026-06-30T22:30:00+08:00", BEFORE, date(2026, 6, 30)),
        ("2026-06-30T23:30:00+07:00", BEFORE, date(2026, 7, 1)),
        ("2026-07-01T00:00:00+07:00", AFTER, date(2026, 7, 1)),
    ],
)
def test_an_activity_lies_where_its_library_lay_on_its_day(starts_at: str, region_id: UUID, held_on: date) -> None:
    held = content(datetime.fromisoformat(starts_at))
    recorded = rules.record(held, activity_id=uuid4(), library=MOVED, basis=Basis.STATED, now=NOW)
    assert (recorded.region_id, recorded.held_on) == (region_id, held_on)
    moved_by_correction = rules.correct(recorded, content(datetime(2026, 8, 1, tzinfo=UTC)), library=MOVED, now=NOW)
    assert moved_by_correction.region_id == AFTER


def test_a_merged_library_records_nothing_and_its_survivor_is_named() -> None:
    gone = library(survivor=Survivor(UUID(int=7), "Perpustakaan Widya"))
    with pytest.raises(LibraryMerged, match=f"merged into Perpustakaan Widya. Use that one: {UUID(int=7)}"):
        rules.record(content(), activity_id=uuid4(), library=gone, basis=Basis.STATED, now=NOW)
