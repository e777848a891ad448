"""What people write into the search leads to the place that they mean, and plain names are answered as ever."""

from datetime import UTC, date, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from simpul_registry.domain.gazetteer import FOREVER, Entry, Gazetteer, Hit, Wanted

NAMES = {
    "35": "Jawa Timur",
    "35.16": "Kabupaten Mojokerto",
    "35.16.09": "Dlanggu",
    "35.16.09.2001": "Punggul",
    "35.16.09.2002": "Mengwi Kecil",
    "35.16.09.2003": "Desa Baru",
    "35.16.09.2004": "Baru",
    "51": "Bali",
    "51.03": "Kabupaten Badung",
    "51.03.02": "Mengwi",
    "51.03.02.2009": "Mengwi",
    "51.03.03": "Abiansemal",
    "51.03.03.2014": "Punggul",
    "51.71": "Kota Denpasar",
    "51.71.01": "Denpasar Selatan",
    "51.71.01.1005": "Renon",
}


def _id(code: str) -> UUID:
    return uuid5(NAMESPACE_OID, code)


def _entry(code: str, name: str) -> Entry:
    parts = code.split(".")
    path = (_id("ID"), *(_id(".".join(parts[:length])) for length in range(1, len(parts) + 1)))
    return Entry(_id(code), code, name, path, date.min, date.max, datetime(2026, 1, 1, tzinfo=UTC), FOREVER)


GAZETTEER = Gazetteer(_entry(code, name) for code, name in NAMES.items())


def search(text: str, *, depth: int | None = None, limit: int = 10) -> list[Hit]:
    return GAZETTEER.search(Wanted(text, date(2026, 11, 23), depth), limit=limit)


def codes(text: str, *, depth: int | None = None, limit: int = 10) -> list[str]:
    return [hit.entry.code for hit in search(text, depth=depth, limit=limit)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("desa mengwi", ["51.03.02.2009", "35.16.09.2002"]),
        ("Kec. Mengwi", ["51.03.02", "35.16.09.2002"]),
        ("Kecamatan Denpasar Selatan", ["51.71.01"]),
        ("distrik dlanggu", ["35.16.09"]),
        ("Kel. Renon", ["51.71.01.1005"]),
        ("kelurahan renon kota denpasar", ["51.71.01.1005"]),
        ("Kab. Badung", ["51.03"]),
        ("provinsi bali", ["51"]),
        ("Prov Jawa Timur", ["35"]),
    ],
)
def test_the_word_for_a_level_says_of_what_level_the_name_is(text: str, found: list[str]) -> None:
    assert codes(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Punggul, Abiansemal, Badung",
        "Punggul, Kec. Abiansemal, Kab. Badung",
        "Ds.Punggul Kec.Abiansemal",
        "desa punggul kab badung",
        "Prov. Bali, Kab. Badung, Kec. Abiansemal, Desa Punggul",
        "Desa/Kel. Punggul, Kec. Abiansemal",
        "Desa Pungul, Kecamatan Abiansemal, Kabupaten Badung, Provinsi Bali",
    ],
)
def test_an_address_leads_to_one_of_two_homonyms_in_either_order(text: str) -> None:
    [hit] = search(text)
    assert hit.entry.code == "51.03.03.2014"
    assert hit.near == ("Pungul" in text)


@pytest.mark.parametrize("text", ["Kec. Punggul Badung", "Gampong Punggul Kab. Badung", "kota punggul badung"])
def test_a_word_for_the_wrong_level_or_a_local_one_hides_no_place(text: str) -> None:
    assert codes(text) == ["51.03.03.2014"]


def test_a_place_called_so_comes_before_those_of_the_name_without_the_word() -> None:
    assert codes("desa baru") == ["35.16.09.2003", "35.16.09.2004"]
    assert codes("desa baru", limit=1) == ["35.16.09.2003"]


def test_a_word_for_a_level_does_not_stand_for_the_names_that_it_begins() -> None:
    assert codes("kec mengwi", limit=1) == ["51.03.02"]
    assert codes("mengwi kec") == ["35.16.09.2002"]  # still in the writing


def test_words_for_levels_alone_find_what_is_called_so_or_nothing() -> None:
    assert codes("desa") == ["35.16.09.2003"]
    assert codes("kecamatan provinsi") == codes("Kec. Qqqwww") == []


@pytest.mark.parametrize("text", ["51-03-02", "51/03/02", "51 03 02", "51,03,02", "51.03.02", " 51. 03. 02 "])
def test_a_code_is_read_whatever_stands_between_its_numbers(text: str) -> None:
    assert codes(text) == ["51.03.02", "51.03.02.2009"]


def test_a_code_among_words_says_where_they_are_looked_for() -> None:
    assert codes("51.03 mengwi") == ["51.03.02", "51.03.02.2009"]
    assert codes("51.03.02.2009 - Desa Mengwi") == codes("Mengwi (51-03-02-2009)") == ["51.03.02.2009"]
    assert codes("(51.03.03.2014)") == ["51.03.03.2014"]
    assert codes("35.16 abiansemal") == []


def test_an_undotted_code_is_never_cut() -> None:
    assert codes("5103022009") == []


def test_plain_names_are_answered_by_all_that_they_begin_the_larger_first() -> None:
    assert codes("mengwi") == ["51.03.02", "51.03.02.2009", "35.16.09.2002"]
    assert codes("mengwi", depth=4) == ["51.03.02.2009", "35.16.09.2002"]
    assert codes("--- %% '") == []
