"""Search over all names and codes: of all times or of a day, with slips, homonyms told apart."""

from typing import Any

import pytest

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
