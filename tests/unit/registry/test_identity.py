"""Which place is which through its changing codes."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_registry.domain.identity import (
    CodeInterval,
    CodeLineage,
    Identities,
    RegionDataBroken,
    first_id,
    identify,
)
from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind

D0, D1, D2 = date.min, date(2017, 12, 27), date(2022, 11, 9)
END = date.max


def interval(code: str, begin: date, end: date = END, name: str = "Name") -> CodeInterval:
    return CodeInterval(code, name, RegionKind.VILLAGE, begin, end, "decree")


def change(
    kind: LineageKind, from_code: str, to_code: str, on: date, confidence: Confidence = Confidence.HIGH
) -> CodeLineage:
    return CodeLineage(kind, from_code, to_code, on, "basis", confidence)


RENAMED, RECODED, SPLIT, REUSED = (LineageKind(k) for k in ("RENAMED", "RECODED", "SPLIT", "REUSED"))


def test_a_place_keeps_its_id_under_a_new_name() -> None:
    found = identify([interval("11", D0, D1), interval("11", D1)], [change(RENAMED, "11", "11", D1)])
    assert found.ids["11", D0] == found.ids["11", D1] == first_id("11", D0)


@pytest.mark.parametrize("confidence", list(Confidence))
def test_a_place_keeps_its_id_under_a_new_code_however_sure_the_lineage_is(confidence: Confidence) -> None:
    moved = change(RECODED, "91.01", "93.01", D2, confidence)
    found = identify([interval("91.01", D0, D2), interval("93.01", D2)], [moved])
    assert found.ids["93.01", D2] == found.ids["91.01", D0]
    assert found.lineage[0].stated.confidence is confidence


def test_a_place_keeps_its_id_through_several_codes_and_names() -> None:
    rows = [interval("11", D0, D1), interval("12", D1, D2), interval("13", D2)]
    found = identify(rows, [change(RECODED, "11", "12", D1), change(RECODED, "12", "13", D2)])
    assert set(found.ids.values()) == {first_id("11", D0)}


def test_a_code_that_names_another_place_gets_a_new_id_and_the_old_place_takes_its_own_along() -> None:
    rows = [interval("11", D0, D1), interval("11", D1), interval("12", D1)]
    found = identify(rows, [change(REUSED, "11", "11", D1), change(RECODED, "11", "12", D1)])
    assert found.ids["12", D1] == first_id("11", D0)
    assert found.ids["11", D1] == first_id("11", D1)


def test_two_places_that_swap_their_codes_swap_nothing_else() -> None:
    rows = [interval("11", D0, D1), interval("12", D0, D1), interval("11", D1), interval("12", D1)]
    swap = [
        change(REUSED, "11", "11", D1),
        change(REUSED, "12", "12", D1),
        change(RECODED, "11", "12", D1),
        change(RECODED, "12", "11", D1),
    ]
    found = identify(rows, swap)
    assert found.ids["11", D1] == found.ids["12", D0]
    assert found.ids["12", D1] == found.ids["11", D0]


def test_a_place_that_arrives_under_a_reused_code_brings_its_id() -> None:
    rows = [interval("11", D0, D1), interval("12", D0, D1), interval("11", D1), interval("13", D1)]
    stated = [change(REUSED, "11", "11", D1), change(RECODED, "11", "13", D1), change(RECODED, "12", "11", D1)]
    found = identify(rows, stated)
    assert found.ids["11", D1] == first_id("12", D0)
    assert found.ids["13", D1] == first_id("11", D0)


def test_a_part_that_was_cut_out_is_a_new_region_and_the_rest_stays_what_it_was() -> None:
    rows = [interval("91", D0), interval("93", D2)]
    found = identify(rows, [change(SPLIT, "91", "93", D2)])
    assert found.ids["93", D2] == first_id("93", D2)
    assert (found.lineage[0].from_id, found.lineage[0].to_id) == (first_id("91", D0), first_id("93", D2))


def test_a_code_that_vanishes_and_returns_without_lineage_is_another_place() -> None:
    found = identify([interval("11", D0, D1), interval("11", D2)], [])
    assert found.ids["11", D0] != found.ids["11", D2]


def test_ids_are_the_same_in_every_installation() -> None:
    assert first_id("51.03.02.2009", D0) == UUID("1307edd5-83b6-5a8a-87a0-65d815a45ee5")


@pytest.mark.parametrize(
    ("rows", "stated"),
    [
        ([interval("11", D0, D1), interval("12", D2)], [change(RECODED, "11", "12", D2)]),
        ([interval("12", D1)], [change(RECODED, "11", "12", D1)]),
        ([interval("11", D0), interval("12", D1)], [change(RECODED, "11", "12", D1)]),
        ([interval("11", D0, D1), interval("13", D1)], [change(RECODED, "11", "12", D1)]),
        ([interval("11", D0, D1)], [change(RENAMED, "11", "11", D1)]),
        (
            [interval("11", D0, D1), interval("12", D1), interval("13", D1)],
            [change(RECODED, "11", "12", D1), change(RECODED, "11", "13", D1)],
        ),
    ],
    ids=[
        "the old code had ended before",
        "the old code never was",
        "the old code goes on",
        "the new code does not begin",
        "nothing begins that day",
        "one place under two codes",
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows: list[CodeInterval], stated: list[CodeLineage]) -> None:
    with pytest.raises(RegionDataBroken):
        identify(rows, stated)


@given(st.permutations(["11", "12", "13", "14"]), st.integers(0, 2**32))
def test_any_permutation_of_codes_leaves_each_place_what_it_is(codes: list[str], seed: int) -> None:
    """Every code's place moves to another's; each keeps its id and no id is borne twice on a day."""
    rows = [interval(code, D0, D1) for code in codes] + [interval(code, D1) for code in sorted(codes)]
    moves = list(zip(sorted(codes), codes, strict=True))
    stated = [change(RECODED, a, b, D1) for a, b in moves if a != b]
    stated += [change(REUSED, b, b, D1) for a, b in moves if a != b]
    stated += [change(RENAMED, a, b, D1) for a, b in moves if a == b]
    found = identify(_shuffled(rows, seed), _shuffled(stated, seed))
    assert all(found.ids[b, D1] == found.ids[a, D0] for a, b in moves)
    assert _distinct_on(found, D1)


def _shuffled(rows: Iterable[object], seed: int) -> list:  # type: ignore[type-arg]
    return sorted(rows, key=lambda row: hash((repr(row), seed)))


def _distinct_on(found: Identities, day: date) -> bool:
    ids = [region_id for (_, begin), region_id in found.ids.items() if begin == day]
    return len(ids) == len(set(ids))
