"""What people write into the search leads to the place that they mean, and plain names are answered as ever."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from simpul_registry.domain.assigned_codes import AssignedCodes
from simpul_registry.domain.gazetteer import Entry, Gazetteer, Hit, Wanted
from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.domain.statement import FOREVER, Statement
from simpul_shared.vocabulary import RegionCodeMalformed

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


KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
TAKEN_BACK = datetime(2026, 6, 1, tzinfo=UTC)
MOVED_ON = date(2020, 1, 1)


def _entry(code: str, name: str, since: date = date.min, until: date = date.max) -> Entry:
    parts = code.split(".")
    path = (_id("ID"), *(_id(".".join(parts[:length])) for length in range(1, len(parts) + 1)))
    return Entry(_id(code), code, since, until, KNOWN, FOREVER, name, path)


GAZETTEER = Gazetteer(_entry(code, name) for code, name in NAMES.items())


TODAY = date(2026, 11, 23)


def search(text: str, *, depth: int | None = None, limit: int = 10) -> list[Hit]:
    return GAZETTEER.search(Wanted(text, TODAY, depth), limit=limit)


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


@pytest.mark.parametrize("scheme", [None, CodeScheme.KEMENDAGRI])
@pytest.mark.parametrize(
    "text",
    ["5103022009", " 5103 ", "510", "5103-020-009", "5103 mengwi", "Desa Mengwi (5103022009)", "51.03 punggul 5103022"],
)
def test_an_undotted_code_is_never_cut_but_refused_and_told_what_to_do(text: str, scheme: CodeScheme | None) -> None:
    with pytest.raises(RegionCodeMalformed, match="scheme=BPS"):
        GAZETTEER.search(Wanted(text, TODAY, scheme=scheme), ASSIGNED, limit=10)


def test_a_number_that_is_no_code_or_that_a_name_has_is_a_word() -> None:
    villages = Gazetteer([_entry("51.03.02.2001", "20 Ilir"), _entry("51.03.02.2002", "Trans 2000")])
    found = [villages.search(Wanted(text, TODAY), limit=1)[0].entry.name for text in ("20 ilir", "trans 2000")]
    assert found == ["20 Ilir", "Trans 2000"]


def test_a_post_code_hides_nothing() -> None:
    assert codes("punggul, badung 80352") == codes("80352 punggul badung") == ["51.03.03.2014"]
    assert codes("punggul badung 803521") == []


def test_plain_names_are_answered_by_all_that_they_begin_the_larger_first() -> None:
    assert codes("mengwi") == ["51.03.02", "51.03.02.2009", "35.16.09.2002"]
    assert codes("mengwi", depth=4) == ["51.03.02.2009", "35.16.09.2002"]
    assert codes("--- %% '") == []


def _assigned(region: str, code: str, since: date = date.min, until: date = date.max) -> Statement:
    return Statement(_id(region), code, since, until, KNOWN, FOREVER)


ASSIGNED = AssignedCodes(
    [
        _assigned("51.03", "5103"),
        _assigned("51.03.02", "5103020"),
        _assigned("51.03.02.2009", "5103020009", until=MOVED_ON),
        _assigned("51.03.02.2009", "5103020010", since=MOVED_ON),
        _assigned("35.16.09.2002", "5103020009", since=MOVED_ON),
        Statement(_id("51.71"), "5171", date.min, date.max, KNOWN, TAKEN_BACK),
    ]
)


def by_bps(text: str, **wanted: Any) -> list[tuple[str, str | None]]:
    """Kemendagri's code of each hit, and the code of BPS that it was found by."""
    hits = GAZETTEER.search(Wanted(text, TODAY, scheme=CodeScheme.BPS, **wanted), ASSIGNED, limit=10)
    return [(hit.entry.code, None if hit.assigned is None else hit.assigned.code) for hit in hits]


def test_a_code_of_bps_finds_who_bore_it_the_last_bearer_first() -> None:
    assert by_bps("5103020009") == [("35.16.09.2002", "5103020009"), ("51.03.02.2009", "5103020009")]
    assert by_bps("5103020009", on=date(2019, 12, 31)) == [("51.03.02.2009", "5103020009")]
    assert by_bps("5103020009", on=MOVED_ON) == [("35.16.09.2002", "5103020009")]


def test_the_beginning_of_a_code_of_bps_finds_each_bearer_once_by_its_last_code() -> None:
    villages = [("35.16.09.2002", "5103020009"), ("51.03.02.2009", "5103020010")]
    assert by_bps("51") == [("51.03", "5103"), ("51.03.02", "5103020"), *villages]
    assert by_bps(" 510302", depth=4) == villages
    assert by_bps("99") == []


def test_a_code_of_bps_is_found_as_it_was_known() -> None:
    assert by_bps("5171") == by_bps("5171", known_on=TAKEN_BACK) == []
    assert by_bps("5171", known_on=KNOWN) == by_bps("5171 denpasar", known_on=KNOWN) == [("51.71", "5171")]
    assert by_bps("5171 denpasar") == []
    assert by_bps("5103", depth=2, known_on=datetime(2025, 1, 1, tzinfo=UTC)) == []


def test_a_code_of_bps_finds_its_bearer_as_it_was_called_while_it_bore_it() -> None:
    names = Gazetteer([_entry("51.03", "Lama", until=MOVED_ON), _entry("51.03", "Baru", since=MOVED_ON)])
    old = AssignedCodes([_assigned("51.03", "5103", until=MOVED_ON)])
    [hit] = names.search(Wanted("5103", TODAY, scheme=CodeScheme.BPS), old, limit=10)
    assert hit.entry.name == "Lama"


@pytest.mark.parametrize("text", ["5103020010 Mengwi", "Desa Mengwi (5103020010)", "mengwy 5103020010", "(5103020010)"])
def test_a_code_of_bps_among_words_says_whose_they_are(text: str) -> None:
    assert by_bps(text) == [("51.03.02.2009", "5103020010")]
    assert by_bps("5103020010 punggul") == by_bps(text, on=date(2019, 12, 31)) == []


def test_what_is_said_later_changes_no_answer_as_it_was_known() -> None:
    first = [_entry("51.03.02.2001", "Kabat"), _entry("51.03.02.2002", "Kabat"), _entry("51.03.02.2003", "Kabet")]
    undone = [replace(first[0], superseded_at=TAKEN_BACK), *first[1:], replace(first[0], recorded_at=TAKEN_BACK)]
    renamed = [*undone, replace(_entry("51.03.02.2004", "Kabut"), recorded_at=TAKEN_BACK)]
    for text in ("kabat", "kabut", "ka bat"):
        told = [_known_then(entries, text) for entries in (first, undone, renamed)]
        assert told[0]
        assert told == [told[0]] * 3


def _known_then(entries: list[Entry], text: str) -> list[tuple[Entry, int]]:
    hits = Gazetteer(entries).search(Wanted(text, TODAY, known_on=KNOWN), limit=10)
    return [(replace(hit.entry, superseded_at=FOREVER), hit.near) for hit in hits]


def test_names_are_found_as_ever_when_a_scheme_is_said() -> None:
    assert by_bps("Desa Mengwi") == [("51.03.02.2009", None), ("35.16.09.2002", None)]
    assert [hit.entry.code for hit in GAZETTEER.search(Wanted("51.03", TODAY, 2), ASSIGNED, limit=10)] == ["51.03"]


@pytest.mark.parametrize("text", ["51.03.020.009", "5103 020", "51031234567", "51.03 mengwi"])
def test_a_code_with_signs_or_too_many_digits_is_none_of_bps(text: str) -> None:
    with pytest.raises(RegionCodeMalformed, match="no BPS code"):
        by_bps(text)
