"""Search over all names and codes: of all times or of a day, with slips, homonyms told apart."""

from typing import Any

import pytest
from simpul_shared.contracts.registry import RegionCodeAssigned

from tests.service.registry.conftest import region_id
from tests.service.registry.loading import LoadedRegistry
from tests.service.registry.test_decrees import BADUNG, Desk
from tests.support.services import ServiceUnderTest


async def search(loaded: LoadedRegistry, q: str, **params: object) -> list[Any]:
    response = await loaded.caller.get("/v1/regions/search", q=q, **params)
    assert response.status_code == 200, response.text
    found: list[Any] = response.json()["items"]
    return found


async def test_homonyms_are_told_apart_by_what_lies_above_them(loaded: LoadedRegistry) -> None:
    hits = await search(loaded, "punggul", level="DESA", valid_on="2021-06-28")
    alike = [one for one in hits if one["name"] == "Punggul"]
    assert sorted([place["name"] for place in one["above"]][1:] for one in alike) == [
        ["BALI", "KAB. BADUNG", "Abiansemal"],
        ["JAWA TIMUR", "KAB. MOJOKERTO", "Dlanggu"],
        ["JAWA TIMUR", "KAB. SIDOARJO", "Gedangan"],
    ]


@pytest.mark.parametrize(
    "q",
    [
        "punggul badung",
        "Badung PUNGGUL",
        "pungul badung",
        "51.03.03.2014",
        "Desa Punggul, Kec. Abiansemal, Kab. Badung, Prov. Bali",
        "51-03-03-2014",
        "51.03 punggul",
    ],
)
async def test_words_of_the_regions_above_slips_and_codes_lead_to_one_village(loaded: LoadedRegistry, q: str) -> None:
    [hit] = await search(loaded, q, level="DESA")
    assert hit["code"] == "51.03.03.2014"
    assert hit["near"] == (1 if q == "pungul badung" else 0)


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("pangkalpinang", "Kota Pangkal Pinang"),
        ("baubau", "Kota Bau Bau"),
        ("abian semal", "Abiansemal"),
        ("pungg ul badung", "Punggul"),
        ("DI Yogyakarta", "Daerah Istimewa Yogyakarta"),
        ("D.I. Yogyakarta", "Daerah Istimewa Yogyakarta"),
        ("Tg. Priok", "Tanjung Priok"),
        ("P. Derawan", "Pulau Derawan"),
        ("punggul badung 80352", "Punggul"),
        ("sleman jogja", "Sleman"),
    ],
)
async def test_a_blank_too_many_or_too_few_or_a_short_word_hides_no_place(
    loaded: LoadedRegistry, q: str, meant: str
) -> None:
    hits = await search(loaded, q)
    assert hits[0]["name"] == meant


async def test_homonyms_that_are_written_otherwise_have_a_place_on_a_full_page(loaded: LoadedRegistry) -> None:
    names = [one["name"] for one in await search(loaded, "suka maju")]
    assert names == ["Suka Maju"] * 8 + ["Sukamaju"] * 2
    assert (await search(loaded, "suka maju luwu utara"))[0]["name"] == "Sukamaju"


async def test_a_name_of_the_past_finds_the_place_and_its_own_time(loaded: LoadedRegistry) -> None:
    [old] = await search(loaded, "91.09.09.1005")
    assert (old["name"], old["valid_to"], old["above"][1]["code"]) == ("Karang Senang", "2022-11-09", "91")
    hits = await search(loaded, "karang senang mimika", level="DESA")
    assert [(one["code"], one["above"][1]["code"]) for one in hits] == [("94.04.09.1002", "94")]
    then = await search(loaded, "karang senang mimika", level="DESA", valid_on="2021-12-31")
    assert [(one["code"], one["above"][1]["code"]) for one in then] == [("91.09.09.1005", "91")]
    assert then[0]["region_id"] == hits[0]["region_id"] == old["region_id"]


async def test_nothing_was_known_before_the_load_and_nothing_is_like_nothing(loaded: LoadedRegistry) -> None:
    assert await search(loaded, "punggul", known_on="2020-01-01") == []
    assert await search(loaded, "qqqqwwww") == []
    assert await search(loaded, "--- %% '") == []


async def test_the_words_for_levels_and_signs_in_codes_lead_to_the_place_that_people_mean(
    registry: ServiceUnderTest,
) -> None:
    meant = {
        "desa mengwi": "51.03.02.2009",
        "Kec. Mengwi": "51.03.02",
        "Baha, Kec. Mengwi, Kab. Badung": "51.03.02.2008",
        "51-03-02-2008": "51.03.02.2008",
    }
    assert {q: (await found(Desk(registry), q))[0]["code"] for q in meant} == meant


async def test_an_undotted_code_is_refused_as_everywhere_for_it_may_be_one_of_bps(registry: ServiceUnderTest) -> None:
    refused = await registry.caller().get("/v1/regions/search", q=" 5103022009 ")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "region-code-malformed")
    assert "with dots" in problem["detail"]
    assert "scheme=BPS" in problem["detail"]


MENGWI, BAHA = (f"/v1/regions/{region_id(code)}/codes" for code in ("51.03.02.2009", "51.03.02.2008"))
CODE = {"scheme": "BPS", "code": "5103020009", "source": "Perka BPS 3/2024"}


async def test_a_search_finds_a_code_of_bps_from_when_it_is_assigned_until_it_is_taken_back(
    registry: ServiceUnderTest,
) -> None:
    desk = Desk(registry)
    assert await found(desk, "5103020009", scheme="BPS") == []  # an index is there, with nothing in it
    assert (await desk.one.post(MENGWI, CODE | {"valid_from": "2020-01-01"})).status_code == 200
    [hit] = await found(desk, "5103020009", scheme="BPS")
    assert (hit["code"], hit["name"], hit["above"][-1]["name"]) == ("51.03.02.2009", "Mengwi", "Mengwi")
    assert hit["found_by"] == {"scheme": "BPS", "code": "5103020009", "valid_from": "2020-01-01", "valid_to": None}
    assert await found(desk, "510302", scheme="BPS", level="DESA", valid_on="2020-01-01") == [hit]
    assert await found(desk, "5103020009", scheme="BPS", valid_on="2019-12-31") == []
    taken_back = CODE | {"code": None, "valid_from": "2020-01-01"}
    assert (await desk.one.post(MENGWI, taken_back)).status_code == 200
    assert (await desk.one.post(BAHA, CODE)).status_code == 200
    assert [one["code"] for one in await found(desk, "5103", scheme="BPS")] == ["51.03.02.2008"]
    assigned, _, again = [one.recordedtime.isoformat() for one in await registry.ledger(RegionCodeAssigned)]
    assert await found(desk, "5103020009", scheme="BPS", known_on=assigned) == [hit]
    assert await found(desk, "5103020009", scheme="BPS", known_on="2020-06-01") == []
    assert [one["code"] for one in await found(desk, "51", scheme="BPS", known_on=again)] == ["51.03.02.2008"]


async def test_a_code_of_bps_makes_no_decree_stale_and_goes_with_its_region(registry: ServiceUnderTest) -> None:
    desk = Desk(registry)
    decree = await desk.upload(BADUNG | {"51.03.02.2009": "Mengwi Kelod"}, on="2026-03-01")
    assert (await desk.one.post(MENGWI, CODE)).status_code == 200
    [before] = await found(desk, "5103020009 desa mengwi", scheme="BPS")
    await desk.deed(desk.other, decree, "approve")
    [after] = await found(desk, "5103020009", scheme="BPS")
    assert [(one["name"], one["found_by"]["code"]) for one in (before, after)] == [
        ("Mengwi", "5103020009"),
        ("Mengwi Kelod", "5103020009"),
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"q": "5103020009", "scheme": "KEMENDAGRI"}, "scheme=BPS"),
        ({"q": "5103"}, "scheme=BPS"),
        ({"q": "Mengwi 5103020009"}, "scheme=BPS"),
        ({"q": "51.03.020.009", "scheme": "BPS"}, "nothing between"),
    ],
)
async def test_a_code_is_refused_where_it_is_not_of_its_schemes_form(
    registry: ServiceUnderTest, asked: dict[str, str], told: str
) -> None:
    refused = await registry.caller().get("/v1/regions/search", **asked)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "region-code-malformed")
    assert problem["field"] == "/query/q"
    assert told in problem["detail"]


async def test_a_search_sees_a_decree_at_once_and_again_what_was_believed_before(registry: ServiceUnderTest) -> None:
    desk = Desk(registry)
    assert [one["name"] for one in await found(desk, "baha")] == ["Baha"]
    assert await found(desk, "sangeh") == []
    await desk.approved(BADUNG | {"51.03.02.2008": "Sangeh"}, on="2026-03-01")
    [hit] = await found(desk, "sangeh")
    assert (hit["code"], hit["valid_from"]) == ("51.03.02.2008", "2026-03-01")
    assert await found(desk, "sangeh", valid_on="2026-02-28") == []
    assert await found(desk, "sangeh", known_on="2020-06-01") == []


async def found(desk: Desk, q: str, **params: object) -> list[Any]:
    response = await desk.one.get("/v1/regions/search", q=q, **params)
    items: list[Any] = response.json()["items"]
    return items
