"""The rules of reporting by themselves."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_reporting.domain.figures import percentage
from simpul_reporting.domain.moments import (
    FOREVER,
    MonthsMalformed,
    as_of,
    lag_seconds,
    parse_months,
)
from simpul_reporting.domain.targets import (
    Place,
    Share,
    Target,
    TargetBelowChildren,
    TargetExceedsParent,
    require_covers_children,
    require_within_parent,
    target_day,
)
from simpul_shared.known_on import KnownOnMalformed, parse_known_on
from simpul_shared.vocabulary import Basis, Indicator, RegionLevel

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
BALI = Place(uuid4(), "51", "Bali", RegionLevel.PROVINCE)
BADUNG = Place(uuid4(), "51.03", "Kabupaten Badung", RegionLevel.REGENCY)


def share(value: int, *, given_to_others: int) -> Share:
    target = Target(uuid4(), 1, 2021, Indicator.LIBRARIES, BALI.region_id, None, value, Basis.STATED)
    return Share(target, BALI, given_to_others)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (12, 450, 2.67),
        (1, 8, 12.5),
        (1, 800, 0.13),
        (0, 5, 0.0),
        (5, 5, 100.0),
        (7, 5, 140.0),
        (3, None, None),
        (3, 0, None),
    ],
)
def test_a_percentage_has_two_decimals_and_rounds_halves_up(
    part: int, whole: int | None, expected: float | None
) -> None:
    assert percentage(part, whole) == expected


@given(value=st.integers(0, 1000), whole=st.integers(0, 1000), others=st.integers(0, 1000))
def test_a_share_is_granted_exactly_while_the_shares_add_up_to_no_more_than_the_target(
    value: int, whole: int, others: int
) -> None:
    if value + others <= whole:
        require_within_parent(value, BADUNG, share(whole, given_to_others=others))
    else:
        with pytest.raises(TargetExceedsParent):
            require_within_parent(value, BADUNG, share(whole, given_to_others=others))


def test_a_refused_share_says_what_is_left() -> None:
    with pytest.raises(
        TargetExceedsParent, match=r"Kabupaten Badung \(51\.03\) cannot get 6: Bali \(51\) has 12.*5 are left"
    ):
        require_within_parent(6, BADUNG, share(12, given_to_others=7))


def test_a_target_may_go_down_to_what_its_children_have_and_no_further() -> None:
    require_covers_children(9, BALI, 9)
    with pytest.raises(TargetBelowChildren):
        require_covers_children(8, BALI, 9)


def test_a_bare_date_is_the_end_of_the_day_in_jakarta() -> None:
    assert parse_known_on("2026-11-22") == datetime(2026, 11, 22, 16, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T10:05:00+07:00", "2026-11-22T10:05:00 07:00", "2026-11-22 10:05:00+07:00", "2026-11-22T03:05:00Z"],
)
def test_an_instant_is_read_with_its_zone_even_when_the_plus_sign_was_lost(text: str) -> None:
    assert parse_known_on(text) == datetime(2026, 11, 22, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:05:00",
        "2026-11-22 10:05",
        "2026",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_naive_or_senseless_instant_is_refused(text: str) -> None:
    with pytest.raises(KnownOnMalformed):
        parse_known_on(text)


def test_without_a_day_a_question_about_the_past_means_the_day_it_was_known_on() -> None:
    late_evening = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    assert as_of(valid_on=None, known_on=late_evening, now=NOON).valid_on == date(2026, 11, 21)
    assert as_of(valid_on=None, known_on=NOON + timedelta(days=9), now=NOON).valid_on == date(2026, 11, 22)
    assert as_of(valid_on=date(2021, 1, 1), known_on=late_evening, now=NOON).valid_on == date(2021, 1, 1)


def test_a_live_answer_holds_all_that_is_applied() -> None:
    assert as_of(valid_on=None, known_on=None, now=NOON).known_at == FOREVER
    assert as_of(valid_on=None, known_on=NOON, now=NOON).known_at == NOON


def test_a_targets_code_is_read_on_the_last_day_of_its_year_or_today_if_earlier() -> None:
    assert target_day(2021, today=date(2026, 11, 22)) == date(2021, 12, 31)
    assert target_day(2027, today=date(2026, 11, 22)) == date(2026, 11, 22)


def test_lag_is_measured_to_the_instant_asked_for_and_never_negative() -> None:
    through = NOON - timedelta(seconds=90)
    assert lag_seconds(through, known_on=NOON, now=NOON) == 90
    assert lag_seconds(through, known_on=NOON - timedelta(days=1), now=NOON) == 0
    assert lag_seconds(None, known_on=NOON, now=NOON) is None


def test_months_default_to_those_of_this_year_up_to_now() -> None:
    months = parse_months(None, None, today=date(2026, 11, 22))
    assert (str(months.first), str(months.last), len(list(months))) == ("2026-01", "2026-11", 11)
    assert parse_months(None, "2021-12", today=date(2026, 11, 22)).first.year == 2021
    assert parse_months("2020-02", "2020-02", today=date(2026, 11, 22)).last_day == date(2020, 2, 29)


@pytest.mark.parametrize(
    ("first", "last"), [("2021-02", "2021-01"), ("2011-01", "2021-01"), ("2021-1", None), (None, "2021-00")]
)
def test_a_run_of_months_that_is_none_is_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(MonthsMalformed):
        parse_months(first, last, today=date(2026, 11, 22))


def test_ten_years_of_months_are_still_answered() -> None:
    assert len(list(parse_months("2011-02", "2021-01", today=date(2026, 11, 22)))) == 120
