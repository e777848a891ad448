"""Counts add up, or are refused with what is off."""

from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from simpul_activities.domain.counts import CountsDoNotAddUp, require_adding_up
from simpul_shared.contracts.activities import Age, Counts, Gender

few = st.integers(0, 12)
many = st.integers(0, 80)


@st.composite
def any_counts(draw: st.DrawFn) -> Counts:
    gender = Gender(male=draw(few), female=draw(few), unknown=draw(few))
    bands = [draw(few) for _ in range(7)]
    age = Age(
        from_0_to_6=bands[0],
        from_7_to_12=bands[1],
        from_13_to_17=bands[2],
        from_18_to_35=bands[3],
        from_36_to_59=bands[4],
        from_60=bands[5],
        unknown=bands[6],
    )
    sums = [gender.male + gender.female + gender.unknown, sum(bands)]
    return Counts(
        total=draw(st.one_of(st.sampled_from(sums), many)),
        gender=gender,
        age=age,
        disability=draw(many),
        low_income=draw(many),
    )


@st.composite
def sound_counts(draw: st.DrawFn) -> Counts:
    total = draw(st.integers(0, 1000))
    male = draw(st.integers(0, total))
    female = draw(st.integers(0, total - male))
    children = draw(st.integers(0, total))
    return Counts(
        total=total,
        gender=Gender(male=male, female=female, unknown=total - male - female),
        age=Age(
            from_0_to_6=0,
            from_7_to_12=children,
            from_13_to_17=0,
            from_18_to_35=total - children,
            from_36_to_59=0,
            from_60=0,
            unknown=0,
        ),
        disability=draw(st.integers(0, total)),
        low_income=draw(st.integers(0, total)),
    )


def named_fields(counts: Counts) -> set[str]:
    try:
        require_adding_up(counts)
    except CountsDoNotAddUp as refusal:
        return {one["field"] for one in cast("list[dict[str, str]]", refusal.facts["errors"])}
    return set()


def wrong_fields(counts: Counts) -> set[str]:
    """What is off, counted another way."""
    g, a = counts.gender, counts.age
    age = a.from_0_to_6 + a.from_7_to_12 + a.from_13_to_17 + a.from_18_to_35 + a.from_36_to_59 + a.from_60 + a.unknown
    checks = {
        "/counts/gender": counts.total == g.male + g.female + g.unknown,
        "/counts/age": counts.total == age,
        "/counts/disability": counts.disability <= counts.total,
        "/counts/low_income": counts.low_income <= counts.total,
    }
    return {field for field, right in checks.items() if not right}


@settings(deadline=None)
@given(any_counts())
def test_exactly_the_dimensions_that_are_off_are_named(counts: Counts) -> None:
    assert named_fields(counts) == wrong_fields(counts)


@settings(deadline=None)
@given(sound_counts())
def test_counts_that_add_up_are_taken(counts: Counts) -> None:
    require_adding_up(counts)
