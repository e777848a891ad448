"""Rules of a Bimtek's programme: dates, sessions, zones."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from simpul_activities.domain import bimtek as rules
from simpul_activities.domain.bimtek import (
    DatesOutOfOrder,
    Pillar,
    SessionNotFound,
    SessionOutsideDates,
    SessionsNotNumbered,
)
from simpul_activities.domain.calendar import DateOutOfRange, TimezoneUnknown
from simpul_activities.domain.plan import DueDateOutOfRange, Item, ItemsNotNumbered, LibraryNotRepresented, a_year_after
from simpul_activities.domain.plan import submit as submit_plan
from simpul_shared.errors import Refusal
from simpul_shared.vocabulary import Basis, BimtekStatus

from tests.unit.activities.examples import library, planned, session


def test_sessions_may_be_parallel_and_are_kept_in_the_order_of_their_numbers() -> None:
    made = planned(session(2), session(1))

    assert [one.no for one in made.programme.sessions] == [1, 2]
    assert made.status is BimtekStatus.PLANNED
    with pytest.raises(SessionNotFound):
        made.session(3)


@pytest.mark.parametrize("numbers", [(1, 1), (2, 3), (1, 3)])
def test_sessions_are_numbered_without_gap_or_repeat(numbers: tuple[int, int]) -> None:
    with pytest.raises(SessionsNotNumbered):
        planned(*(session(no) for no in numbers))


@pytest.mark.parametrize(
    ("zone", "starts_at", "ends_at", "inside"),
    [
        ("Asia/Jayapura", "2026-06-30T23:30:00+09:00", "2026-07-01T00:00:00+09:00", True),
        ("Asia/Jayapura", "2026-06-30T23:30:00+09:00", "2026-07-01T00:00:01+09:00", False),
        ("Asia/Jayapura", "2026-06-28T22:00:00+07:00", "2026-06-29T01:00:00+09:00", True),
        ("Asia/Jayapura", "2026-06-28T23:59:59+09:00", "2026-06-29T01:00:00+09:00", False),
        ("Asia/Jakarta", "2026-07-01T00:30:00+09:00", "2026-07-01T01:30:00+09:00", True),
        ("Asia/Jakarta", "2026-06-29T00:30:00+09:00", "2026-06-29T08:00:00+09:00", False),
    ],
)
def test_a_session_lies_within_the_dates_by_the_clock_of_the_venue(
    zone: str, starts_at: str, ends_at: str, *, inside: bool
) -> None:
    if inside:
        assert planned(session(1, starts_at, ends_at), timezone=zone).timezone == zone
        return
    with pytest.raises(SessionOutsideDates):
        planned(session(1, starts_at, ends_at), timezone=zone)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"ends_on": date(2026, 6, 28)}, DatesOutOfOrder),
        ({"starts_on": date(1999, 12, 31)}, DateOutOfRange),
        ({"ends_on": date(2101, 1, 1)}, DateOutOfRange),
        ({"timezone": "Asia/Singapore"}, TimezoneUnknown),
        ({"timezone": "../etc/passwd"}, TimezoneUnknown),
    ],
)
def test_a_programme_that_cannot_be_held_is_refused(changed: dict[str, Any], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        planned(**changed)


def test_a_session_that_ends_when_it_starts_is_refused() -> None:
    with pytest.raises(DatesOutOfOrder):
        planned(session(1, ends_at="2026-06-29T09:00:00+08:00"))


def item(no: int = 1, due_on: date = date(2026, 9, 30)) -> Item:
    return Item(no, Pillar.ADVOCACY, "Peraturan desa", due_on)


def submit(*items: Item, represented: bool = True) -> None:
    running = rules.start(rules.announce(planned()))
    submit_plan(running, items, plan_id=uuid4(), library=library(), represented=represented, basis=Basis.SAMPLE)


@pytest.mark.parametrize("due_on", [date(2026, 7, 1), date(2027, 6, 30)])
def test_follow_up_is_due_from_the_day_after_until_a_year_after(due_on: date) -> None:
    submit(item(due_on=due_on))


@pytest.mark.parametrize("due_on", [date(2026, 6, 30), date(2027, 7, 1)])
def test_follow_up_due_too_early_or_too_late_is_refused(due_on: date) -> None:
    with pytest.raises(DueDateOutOfRange):
        submit(item(due_on=due_on))


def test_items_are_numbered_and_the_library_represented() -> None:
    with pytest.raises(ItemsNotNumbered):
        submit(item(1), item(3))
    with pytest.raises(LibraryNotRepresented):
        submit(item(), represented=False)


def test_a_year_after_a_leap_day_is_the_twenty_eighth() -> None:
    assert a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)
    assert a_year_after(date(2027, 2, 28)) == date(2028, 2, 28)
