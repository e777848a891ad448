"""The rules of a library's life, over every state and every change."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from simpul_registry.domain import library as rules
from simpul_registry.domain import nomination as nominations
from simpul_registry.domain.library import Library, PlansAtClosing
from simpul_registry.domain.nomination import Actor, Mended, Nomination
from simpul_shared.access import GRANTS, Permission, Role
from simpul_shared.errors import Refusal
from simpul_shared.vocabulary import Basis, LibraryStatus, LibraryType, RegionLevel, Scheme

TODAY = date(2026, 11, 22)
NOMINATED = date(2021, 2, 1)
Change = Callable[[Library], Library]
NOMINATOR = Actor("regency", GRANTS[Role.REGENCY_ADMIN])
JUDGE = Actor("judge", GRANTS[Role.NATIONAL_ADMIN])


def nominated(**changed: object) -> Library:
    given_: dict[str, object] = {
        "name": "Perpustakaan Desa Mengwi",
        "type": LibraryType.VILLAGE,
        "region_id": UUID(int=1),
        "region_level": RegionLevel.VILLAGE,
        "nominated_on": NOMINATED,
        "programme_year": 2021,
        "scheme": Scheme.STIMULUS,
        "basis": Basis.STATED,
    }
    return nominations.nominate(UUID(int=2), Nomination(**(given_ | changed)), by=NOMINATOR, today=TODAY)  # type: ignore[arg-type]


def designated_for(year: int) -> Change:
    decree = partial(nominations.designate, by=JUDGE, sk_no="1", sk_date=date(2021, 3, 15), scheme=Scheme.STIMULUS)
    return partial(decree, programme_year=year, today=TODAY)


def on(day: date, change: Callable[..., Library]) -> Change:
    return lambda library: change(library, effective_on=day, today=TODAY)


CHANGES: dict[str, Change] = {
    "verify": partial(nominations.verify, by=JUDGE, today=TODAY),
    "return": partial(nominations.send_back, by=JUDGE, today=TODAY),
    "reject": partial(nominations.reject, by=JUDGE, today=TODAY),
    "resubmit": partial(
        nominations.resubmit, mended=Mended(), by=NOMINATOR, region_level=RegionLevel.VILLAGE, today=TODAY
    ),
    "designate": designated_for(2021),
    "designate for the next year": designated_for(2022),
    "activate": on(date(2021, 7, 5), rules.activate),
    "make dormant": on(date(2022, 7, 5), rules.make_dormant),
    "reactivate": on(date(2023, 7, 5), rules.reactivate),
    "close": on(date(2024, 7, 5), partial(rules.close, plans=PlansAtClosing(), bound_since=date.min)),
}
S = LibraryStatus
ALLOWED = {
    (S.NOMINATED, "verify"): S.VERIFIED,
    (S.NOMINATED, "return"): S.RETURNED,
    (S.NOMINATED, "reject"): S.REJECTED,
    (S.RETURNED, "resubmit"): S.NOMINATED,
    (S.REJECTED, "resubmit"): S.NOMINATED,
    (S.VERIFIED, "return"): S.RETURNED,
    (S.VERIFIED, "reject"): S.REJECTED,
    (S.VERIFIED, "designate"): S.DESIGNATED,
    (S.VERIFIED, "designate for the next year"): S.DESIGNATED,
    (S.DESIGNATED, "designate for the next year"): S.DESIGNATED,
    (S.DESIGNATED, "activate"): S.ACTIVE,
    (S.ACTIVE, "designate for the next year"): S.ACTIVE,
    (S.ACTIVE, "make dormant"): S.DORMANT,
    (S.DORMANT, "reactivate"): S.ACTIVE,
} | {(status, "close"): S.CLOSED for status in S if status is not S.CLOSED}
WAY_TO = {
    S.NOMINATED: [],
    S.VERIFIED: ["verify"],
    S.RETURNED: ["return"],
    S.REJECTED: ["reject"],
    S.DESIGNATED: ["verify", "designate"],
    S.ACTIVE: ["verify", "designate", "activate"],
    S.DORMANT: ["verify", "designate", "activate", "make dormant"],
    S.CLOSED: ["close"],
}


def in_state(status: LibraryStatus) -> Library:
    library = nominated()
    for change in WAY_TO[status]:
        library = CHANGES[change](library)
    return library


@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_is_allowed_in_its_states_and_refused_in_all_others(status: LibraryStatus, change: str) -> None:
    library = in_state(status)
    assert library.status is status
    if (status, change) in ALLOWED:
        assert CHANGES[change](library).status is ALLOWED[status, change]
    else:
        with pytest.raises(Refusal):
            CHANGES[change](library)


@given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=12))
def test_whatever_is_tried_the_invariants_hold(attempts: list[str]) -> None:
    library = nominated()
    for attempt in attempts:
        try:
            library = CHANGES[attempt](library)
        except Refusal:
            continue
        open_years = [e.programme_year for e in library.episodes if e.status is not S.REJECTED]
        assert len(open_years) == len(set(open_years))
        assert [e.no for e in library.episodes] == list(range(1, len(library.episodes) + 1))
        assert all(e.sk_no and e.sk_date for e in library.episodes if e.status is S.DESIGNATED)
        assert library.status_since <= TODAY


@pytest.mark.parametrize("library_type", list(LibraryType))
@pytest.mark.parametrize("level", list(RegionLevel))
def test_a_library_belongs_to_a_region_of_its_own_level(library_type: LibraryType, level: RegionLevel) -> None:
    village = {LibraryType.VILLAGE, LibraryType.COMMUNITY, LibraryType.WORSHIP}
    fits = level is RegionLevel.VILLAGE if library_type in village else library_type.value == level.value
    if fits:
        assert nominated(type=library_type, region_level=level).type is library_type
    else:
        with pytest.raises(rules.LevelMismatch):
            nominated(type=library_type, region_level=level)


def test_today_counts_as_past_and_tomorrow_as_future() -> None:
    assert nominated(nominated_on=TODAY).nominated_on == TODAY
    with pytest.raises(rules.DateInFuture):
        nominated(nominated_on=TODAY + timedelta(days=1))


def test_a_verified_library_may_be_designated_for_a_later_year_than_it_was_nominated_for() -> None:
    library = designated_for(2023)(in_state(S.VERIFIED))
    assert [(e.no, e.programme_year) for e in library.episodes] == [(1, 2023)]


@pytest.mark.parametrize("sent_back", ["return", "reject"])
def test_a_nomination_for_a_year_too_late_is_mended_when_it_is_put_forward_again(sent_back: str) -> None:
    library = CHANGES[sent_back](nominated(programme_year=2029))
    mended = nominations.resubmit(
        library, Mended(programme_year=2021), by=NOMINATOR, region_level=RegionLevel.VILLAGE, today=TODAY
    )
    assert mended.latest.programme_year == 2021
    active = CHANGES["activate"](CHANGES["designate"](CHANGES["verify"](mended)))
    assert CHANGES["designate for the next year"](active).open_years == {2021, 2022}


def test_no_nomination_is_mended_to_a_type_that_does_not_fit_its_region() -> None:
    returned = in_state(S.RETURNED)
    with pytest.raises(rules.LevelMismatch):
        nominations.resubmit(
            returned, Mended(type=LibraryType.REGENCY), by=NOMINATOR, region_level=RegionLevel.VILLAGE, today=TODAY
        )


@pytest.mark.parametrize("way", [["verify"], ["return"], ["reject"], ["return", "resubmit"]], ids=lambda way: way[-1])
def test_what_was_decided_on_a_nomination_holds_since_the_day_of_the_decision(way: list[str]) -> None:
    library = nominated()
    for change in way:
        library = CHANGES[change](library)
    assert (library.status_since, library.nominated_on) == (TODAY, NOMINATED)


def test_a_nomination_that_was_decided_on_may_have_closed_before_and_awaits_nothing_once_merged() -> None:
    verified = in_state(S.VERIFIED)
    assert CHANGES["close"](verified).status_since == date(2024, 7, 5) < verified.status_since
    assert nominations.awaits(replace(verified, merged_into=UUID(int=3), merged_on=TODAY)) is None


def test_a_rename_to_the_same_name_is_refused() -> None:
    with pytest.raises(rules.TransitionRefused):
        rules.rename(in_state(S.ACTIVE), new_name="Perpustakaan Desa Mengwi", effective_on=TODAY, today=TODAY)


@pytest.mark.parametrize("status", sorted(set(S) - {S.CLOSED}))
def test_a_library_is_renamed_and_moved_whenever_nobody_is_to_decide_on_it(status: LibraryStatus) -> None:
    library, today = in_state(status), {"effective_on": TODAY, "today": TODAY}
    changes: list[Callable[..., Library]] = [
        partial(rules.rename, new_name="Widya"),
        partial(rules.relocate, region_id=UUID(int=9), level=RegionLevel.VILLAGE),
    ]
    for change in changes:
        if status in {S.NOMINATED, S.VERIFIED}:
            with pytest.raises(rules.TransitionRefused):
                change(library, **today)
        else:
            assert change(library, **today).status is status


VILLAGE = Actor("village", GRANTS[Role.LIBRARY_STAFF])
REGENCY = Actor("another at the regency", GRANTS[Role.REGENCY_ADMIN])
PROVINCE = Actor("province", GRANTS[Role.PROVINCE_ADMIN])


def nominated_by(actor: Actor) -> Library:
    given_ = Nomination(
        "A", LibraryType.VILLAGE, UUID(int=1), RegionLevel.VILLAGE, NOMINATED, 2022, Scheme.STIMULUS, Basis.STATED
    )
    return nominations.nominate(UUID(int=2), given_, by=actor, today=TODAY)


def test_a_village_s_nomination_goes_through_regency_province_and_nation_in_this_order() -> None:
    library = nominated_by(VILLAGE)
    assert nominations.awaits(library) is Permission.LIBRARY_ENDORSE
    with pytest.raises(nominations.NotEndorsed):
        nominations.verify(library, by=PROVINCE, today=TODAY)
    library = nominations.endorse(library, by=REGENCY)
    assert nominations.awaits(library) is Permission.LIBRARY_VERIFY
    library = nominations.verify(library, by=PROVINCE, today=TODAY)
    assert nominations.awaits(library) is Permission.LIBRARY_DESIGNATE
    assert nominations.awaits(CHANGES["designate for the next year"](library)) is None


@pytest.mark.parametrize("actor", [VILLAGE, NOMINATOR, PROVINCE, JUDGE], ids=lambda actor: str(actor.subject))
@pytest.mark.parametrize(
    "decision",
    [
        nominations.endorse,
        *(partial(decide, today=TODAY) for decide in (nominations.verify, nominations.send_back, nominations.reject)),
    ],
)
def test_nobody_decides_on_what_they_nominated(actor: Actor, decision: Callable[..., Library]) -> None:
    with pytest.raises(nominations.SelfApproval):
        decision(nominated_by(actor), by=actor)


@pytest.mark.parametrize("sent_back", [nominations.send_back, nominations.reject])
def test_who_nominated_before_it_was_sent_back_does_not_decide_either(sent_back: Callable[..., Library]) -> None:
    library = sent_back(nominated_by(REGENCY), by=PROVINCE, today=TODAY)
    library = CHANGES["resubmit"](library)
    with pytest.raises(nominations.SelfApproval):
        nominations.reject(library, by=REGENCY, today=TODAY)


def test_a_lower_level_does_not_undo_what_it_has_passed_on() -> None:
    library = nominations.endorse(nominated_by(VILLAGE), by=REGENCY)
    with pytest.raises(nominations.NotYours):
        nominations.send_back(library, by=REGENCY, today=TODAY)
    with pytest.raises(nominations.NotYours):
        nominations.reject(nominations.verify(library, by=PROVINCE, today=TODAY), by=PROVINCE, today=TODAY)
    assert (
        nominations.reject(nominations.verify(library, by=PROVINCE, today=TODAY), by=JUDGE, today=TODAY).status
        is S.REJECTED
    )
