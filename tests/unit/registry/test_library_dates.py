"""The days that a library's decrees, merges, links and its end are said to be from: none contradicts what came before."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from simpul_registry.domain import library as life
from simpul_registry.domain import nomination, succession
from simpul_registry.domain.library import DateTooEarly, Library, PlansAtClosing
from simpul_registry.domain.succession import Kin
from simpul_shared.vocabulary import RegionLevel, Scheme

from tests.unit.registry.test_library_rules import CHANGES, JUDGE, TODAY, S, in_state, nominated

DAY = timedelta(days=1)
DECREED = date(2021, 3, 15)


def designated(library: Library, *, on: date, year: int) -> Library:
    decree = {"sk_no": "1", "sk_date": on, "programme_year": year, "scheme": Scheme.STIMULUS}
    return nomination.designate(library, by=JUDGE, today=TODAY, **decree)  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "year"), [(S.VERIFIED, 2021), (S.DESIGNATED, 2022), (S.ACTIVE, 2022)])
def test_no_decree_is_from_before_the_nomination(status: S, year: int) -> None:
    library = in_state(status)
    with pytest.raises(DateTooEarly):
        designated(library, on=library.nominated_on - DAY, year=year)
    assert designated(library, on=library.nominated_on, year=year).latest.sk_date == library.nominated_on


MOVED = date(2024, 6, 1)


def relocated(library: Library) -> Library:
    to = {"region_id": UUID(int=9), "level": RegionLevel.VILLAGE}
    return life.relocate(library, effective_on=MOVED, today=TODAY, **to)  # type: ignore[arg-type]


def renamed(library: Library) -> Library:
    return life.rename(library, new_name="Widya", effective_on=MOVED, today=TODAY)


@pytest.mark.parametrize(
    ("library", "bound_since"),
    [
        (relocated(in_state(S.ACTIVE)), date.min),
        (renamed(in_state(S.ACTIVE)), date.min),
        (designated(designated(in_state(S.ACTIVE), on=MOVED, year=2024), on=DECREED, year=2025), date.min),
        (in_state(S.ACTIVE), MOVED),
    ],
    ids=["moved", "renamed", "designated for further years", "another bound to it"],
)
def test_a_library_neither_closes_nor_merges_before_anything_that_was_said_of_it(
    library: Library, bound_since: date
) -> None:
    survivor = replace(in_state(S.ACTIVE), library_id=UUID(int=3))
    for on in (MOVED - DAY, MOVED):
        days = {"bound_since": bound_since, "effective_on": on, "today": TODAY}
        if on < MOVED:
            with pytest.raises(DateTooEarly):
                life.close(library, plans=PlansAtClosing(), **days)
            with pytest.raises(DateTooEarly):
                succession.merge(library, survivor, **days)
        else:
            assert life.close(library, plans=PlansAtClosing(), **days).status_since == MOVED
            assert succession.merge(library, survivor, **days).merged_on == MOVED


def test_a_designated_library_merges_no_earlier_than_its_survivor_was_designated_and_a_nominated_one_may() -> None:
    late = replace(designated(in_state(S.VERIFIED), on=date(2024, 3, 15), year=2024), library_id=UUID(int=3))
    days = {"bound_since": date.min, "effective_on": date(2021, 8, 1), "today": TODAY}
    with pytest.raises(DateTooEarly):
        succession.merge(in_state(S.ACTIVE), late, **days)
    assert succession.merge(nominated(), late, **days).merged_on == date(2021, 8, 1)


@pytest.mark.parametrize("later", ["source", "replica"])
def test_nobody_mentors_or_is_mentored_before_the_first_decree(later: str) -> None:
    first, second = in_state(S.ACTIVE), replace(CHANGES["designate for the next year"](in_state(S.VERIFIED)))
    second = replace(CHANGES["activate"](second), library_id=UUID(int=3), nominated_on=date(2020, 1, 1))
    pair = (first, second) if later == "replica" else (second, first)
    with pytest.raises(DateTooEarly):
        succession.link_replica(*pair, kin=Kin(), effective_on=DECREED - DAY, today=TODAY)
    succession.link_replica(*pair, kin=Kin(), effective_on=DECREED, today=TODAY)
