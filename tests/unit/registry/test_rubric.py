"""Points and levels of ICT readiness, and which version of the rubric holds when."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_registry.domain.dated_rules import RulesBroken, RulesUnknown
from simpul_registry.domain.ict import (
    MEASURES,
    Computers,
    ComputersDoNotAddUp,
    IctObservation,
    Internet,
    InternetContradicts,
)
from simpul_registry.domain.rubric import Criterion, Rubric, Rubrics, Step, score
from simpul_registry.store.rules import READINESS, read_rubrics
from simpul_shared.vocabulary import FundSource, InternetKind, MeasureMethod

SHIPPED = read_rubrics()
NOTHING = IctObservation(
    observed_on=date(2026, 3, 14),
    computers=Computers(0, 0, 0),
    internet=Internet(InternetKind.NONE),
    electricity_hours=None,
    printers=None,
    staff_digital_level=None,
    method=MeasureMethod.COUNTED,
)
EVERYTHING = replace(
    NOTHING,
    computers=Computers(10, 10, 10),
    internet=Internet(InternetKind.FIBRE, 100.0, 50.0, 24),
    electricity_hours=24,
    printers=2,
    staff_digital_level=4,
)
PLAIN = Rubric("a", date(2020, 1, 1), (1, 2, 3, 4), (Criterion("printers", "Pencetak", (Step(1, 2), Step(3, 4))),))


def observations() -> st.SearchStrategy[IctObservation]:
    counts = st.tuples(*[st.integers(0, 20)] * 3).map(sorted)
    hours = st.none() | st.integers(0, 24)
    speed = st.none() | st.floats(0, 500)
    internet = st.just(Internet(InternetKind.NONE)) | st.builds(
        Internet, st.sampled_from([InternetKind.FIBRE, InternetKind.MOBILE]), speed, speed, hours
    )
    return st.builds(
        replace,
        st.just(NOTHING),
        computers=counts.map(lambda c: Computers(c[2], c[1], c[0])),
        internet=internet,
        electricity_hours=hours,
        printers=st.none() | st.integers(0, 5),
        staff_digital_level=st.none() | st.integers(0, 4),
    )


def test_the_shipped_rubric_goes_from_nothing_to_a_hundred_points() -> None:
    (rubric,) = SHIPPED.versions
    assert rubric.most == 100
    none, all_of_it = score(rubric, NOTHING.measures()), score(rubric, EVERYTHING.measures())
    assert (none.points, none.level) == (0, 0)
    assert (all_of_it.points, all_of_it.level) == (100, 4)


@given(observations())
def test_points_are_the_sum_of_what_the_criteria_gave_and_levels_follow_them(observed: IctObservation) -> None:
    for rubric in (*SHIPPED.versions, replace(SHIPPED.versions[0], levels=(1, 10, 50, 90))):
        result = score(rubric, observed.measures())
        assert result.points == sum(award.points for award in result.awards) <= rubric.most
        assert all(award.points == 0 for award in result.awards if award.value is None)
        assert result.level == sum(needed <= result.points for needed in rubric.levels)


@given(observations(), st.integers(1, 5))
def test_more_computers_in_use_never_lower_the_points(observed: IctObservation, more: int) -> None:
    computers = observed.computers
    grown = replace(
        observed,
        computers=Computers(computers.total + more, computers.working + more, computers.in_library_use + more),
    )
    (rubric,) = SHIPPED.versions
    assert score(rubric, grown.measures()).points >= score(rubric, observed.measures()).points


@pytest.mark.parametrize(("printers", "points"), [(None, 0), (0, 0), (1, 2), (2, 2), (3, 4), (9, 4)])
def test_a_criterion_gives_the_points_of_the_highest_step_reached(printers: int | None, points: int) -> None:
    result = score(PLAIN, replace(NOTHING, printers=printers).measures())
    assert (result.points, result.level) == (points, min(points, 4))


def test_the_version_in_force_on_a_day_is_the_last_that_has_begun() -> None:
    rubrics = Rubrics((PLAIN, replace(PLAIN, version="b", valid_from=date(2026, 1, 1))))
    days = (date(2020, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2030, 1, 1))
    assert [rubrics.effective(day).version for day in days] == ["a", "a", "b", "b"]
    assert rubrics.named("a", field="/query/rubric") is PLAIN
    with pytest.raises(RulesUnknown):
        rubrics.effective(date(2019, 12, 31))
    with pytest.raises(RulesUnknown):
        rubrics.named("c", field="/query/rubric")


def test_an_observation_that_contradicts_itself_is_refused() -> None:
    for counts in ((5, 6, 1), (5, 4, 5)):
        with pytest.raises(ComputersDoNotAddUp):
            Computers(*counts)
    fund = FundSource.VILLAGE
    for told in ((0.0,), (None, 0.0), (None, None, 0), (None, None, None, 0), (None, None, None, None, fund)):
        with pytest.raises(InternetContradicts):
            Internet(InternetKind.NONE, *told)


def test_no_internet_is_a_speed_of_nothing_and_an_unmeasured_one_is_unknown() -> None:
    assert NOTHING.measures()["down_mbps"] == 0
    assert replace(NOTHING, internet=Internet(InternetKind.MOBILE)).measures()["down_mbps"] is None
    assert NOTHING.measures().keys() == MEASURES


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('measure = "printers"', 'measure = "chairs"'),
        ('measure = "printers"', 'measure = "down_mbps"'),
        ("[[1, 10], [3, 20], [5, 25]]", "[[1, 10], [3, 5]]"),
        ("[20, 40, 60, 80]", "[20, 40, 60]"),
        ("[20, 40, 60, 80]", "[20, 40, 60, 101]"),
        ("[20, 40, 60, 80]", "[40, 20, 60, 80]"),
        ('version = "1"', ""),
        ("[[version]]", "[[version"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_with_the_file_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "rules.toml"
    text = READINESS.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesBroken, match=r"rules\.toml"):
        read_rubrics(path)


def test_versions_need_names_of_their_own_and_an_order() -> None:
    for second in (PLAIN, replace(PLAIN, version="b"), replace(PLAIN, version="b", valid_from=date(2019, 1, 1))):
        with pytest.raises(RulesBroken):
            Rubrics((PLAIN, second))
    with pytest.raises(RulesBroken):
        Rubrics(())
