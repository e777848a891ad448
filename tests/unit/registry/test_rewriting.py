"""A blank too many or too few, or a word cut short, leads to the place that is meant, after what is called just so."""

import pytest
from simpul_registry.domain.gazetteer import Gazetteer, Wanted
from simpul_registry.domain.question import Reading
from simpul_registry.domain.rewriting import SHORT_FOR, other_ways

from tests.unit.registry.test_gazetteer import TODAY, _entry

NAMES = {
    "19": "Kepulauan Bangka Belitung",
    "19.71": "Kota Pangkal Pinang",
    "31": "Daerah Khusus Ibukota Jakarta",
    "31.72": "Kota Jakarta Utara",
    "31.72.02": "Tanjung Priok",
    "34": "Daerah Istimewa Yogyakarta",
    "34.71": "Kota Yogyakarta",
    "51": "Bali",
    "51.03": "Kabupaten Badung",
    "51.03.03": "Abiansemal",
    "51.03.03.2001": "Suka Maju",
    "51.03.03.2002": "Sukamaju",
    "51.03.03.2003": "Suka Maju Jaya",
    "51.03.03.2014": "Punggul",
    "53.14.01.2020": "Babau",
    "64.03.08": "Sungai Rampah",
    "74.72": "Kota Bau Bau",
}
GAZETTEER = Gazetteer(_entry(code, name) for code, name in NAMES.items())


def found(text: str, *, limit: int = 10, of: Gazetteer = GAZETTEER) -> list[tuple[str, int]]:
    return [(hit.entry.name, hit.near) for hit in of.search(Wanted(text, TODAY), limit=limit)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pangkalpinang", "Kota Pangkal Pinang"),
        ("Kota Pangkalpinang", "Kota Pangkal Pinang"),
        ("baubau", "Kota Bau Bau"),
        ("Tg. Priok", "Tanjung Priok"),
        ("sei rampah", "Sungai Rampah"),
        ("pungg ul badung", "Punggul"),
        ("Ds. Pungg ul, Kec. Abiansemal", "Punggul"),
        ("kota jogjakarta", "Kota Yogyakarta"),
    ],
)
def test_one_place_is_meant(text: str, meant: str) -> None:
    [(name, near)] = found(text)
    assert name == meant
    assert near > 0


@pytest.mark.parametrize("text", ["abian semal", "Abian Semal", "kec. abian semal", "abian sem"])
def test_two_words_are_one_also_while_the_second_is_still_in_the_writing(text: str) -> None:
    assert found(text, limit=1) == [("Abiansemal", 1)]


@pytest.mark.parametrize("text", ["DI Yogyakarta", "D.I. Yogyakarta", "di yogyakrta"])
def test_initials_are_written_out_with_points_or_without(text: str) -> None:
    assert "Daerah Istimewa Yogyakarta" in [name for name, _ in found(text)]


def test_what_is_called_just_so_comes_first_and_leaves_a_place_on_a_full_page() -> None:
    assert found("suka maju") == [("Suka Maju", 0), ("Suka Maju Jaya", 0), ("Sukamaju", 1)]
    assert found("sukamaju") == [("Sukamaju", 0), ("Suka Maju", 1), ("Suka Maju Jaya", 1)]
    many = Gazetteer(
        [*(_entry(f"51.03.03.{2001 + one}", "Suka Maju") for one in range(20)), _entry("51.03.03.2099", "Sukamaju")]
    )
    assert found("suka maju", limit=4, of=many) == [("Suka Maju", 0)] * 4
    assert found("suka maju", limit=5, of=many) == [("Suka Maju", 0)] * 4 + [("Sukamaju", 1)]


def test_words_that_stand_apart_in_a_name_are_not_taken_for_one() -> None:
    assert found("sukajaya") == []
    assert found("badungbali") == []


def test_a_known_word_stays_as_it_is_beside_one_that_nobody_knows() -> None:
    known = {"suka", "maju", "su ka", "xsuka"}
    ways = other_ways(Reading(["suka", "maju", "x", "suka"]), known, known.__contains__)
    assert [list(way.words) for way in ways] == [["suka", "maju", "xsuka"]]


def test_joining_two_words_moves_the_levels_of_those_behind_and_never_crosses_one() -> None:
    known = {"a", "b", "ab", "bc", "c"}
    [way] = other_ways(Reading(["a", "b", "c"], {0: 4, 2: 3}), known, known.__contains__)
    assert (way.words, way.levels, way.near) == (["ab", "c"], {0: 4, 1: 3}, 1)


def test_what_a_word_is_short_for_is_one_word_or_two() -> None:
    assert {len(whole.split()) for whole in SHORT_FOR.values()} == {1, 2}


def test_words_spelt_alike_are_looked_for_only_where_no_other_way_makes_names_of_all() -> None:
    names = {"51": "Bali", "51.08.05.2001": "Kalian Isado", "51.08.05.2002": "Kalisada"}
    both = Gazetteer(_entry(code, name) for code, name in names.items())
    other = Gazetteer(_entry(code, name) for code, name in names.items() if name != "Kalisada")
    assert found("kal isada", of=both) == [("Kalisada", 1)]
    assert found("kal isada", of=other) == [("Kalian Isado", 1)]
