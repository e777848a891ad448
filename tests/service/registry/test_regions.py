"""Questions about regions through HTTP, over all of them."""

from datetime import date
from typing import Any

import pytest
from simpul_registry.store.dataset import RegionData
from simpul_shared.access import Role

from tests.service.registry.loading import LoadedRegistry

BALI_2021 = [
    "51.03.02.2009",
    "51.03.05.2003",
    "51.03.03.2008",
    "51.03.03.2014",
    "51.03.02.2008",
    "51.05.02.2003",
    "51.05.03.2015",
    "51.05.04.2002",
    "51.05.04.2010",
    "51.02.05.2004",
    "51.02.05.2005",
    "51.02.08.2010",
]


async def get(loaded: LoadedRegistry, path: str, **params: object) -> Any:
    response = await loaded.caller.get(path, **params)
    assert response.status_code == 200, response.text
    return response.json()


async def by_code(loaded: LoadedRegistry, code: str, on: str) -> Any:
    [region] = (await get(loaded, "/v1/regions", code=code, valid_on=on))["items"]
    return region


async def codes(loaded: LoadedRegistry, **params: object) -> list[str]:
    return [region["code"] for region in (await get(loaded, "/v1/regions", **params))["items"]]


@pytest.mark.parametrize("code", BALI_2021)
async def test_the_villages_of_2021_resolve_to_their_province(loaded: LoadedRegistry, code: str) -> None:
    village = await by_code(loaded, code, "2021-06-28")
    above = await get(loaded, f"/v1/regions/{village['region_id']}/ancestors", valid_on="2021-06-28")
    assert [region["code"] for region in above["items"]] == ["ID", "51", code[:5], code[:8]]
    assert [region["region_id"] for region in above["items"]] == village["path"][:-1]
    assert (village["timezone"], above["items"][1]["name"]) == ("Asia/Makassar", "BALI")


async def test_a_village_of_papua_is_one_region_under_two_provinces(loaded: LoadedRegistry) -> None:
    before = await by_code(loaded, "91.09.09.1005", "2021-12-31")
    after = await by_code(loaded, "94.04.09.1002", "2023-01-31")
    assert before["region_id"] == after["region_id"]
    provinces = [
        (await get(loaded, f"/v1/regions/{before['region_id']}/ancestors", valid_on=day))["items"][1]["code"]
        for day in ("2021-12-31", "2023-01-31")
    ]
    assert provinces == ["91", "94"]
    history = (await get(loaded, f"/v1/regions/{before['region_id']}/history"))["items"]
    assert [(one["code"], one["valid_from"], one["valid_to"]) for one in history] == [
        ("91.09.09.1005", None, "2022-11-09"),
        ("94.04.09.1002", "2022-11-09", None),
    ]
    [move] = (await get(loaded, f"/v1/regions/{before['region_id']}/lineage"))["items"]
    assert (move["kind"], move["from_code"], move["to_code"], move["confidence"]) == (
        "RECODED",
        "91.09.09.1005",
        "94.04.09.1002",
        "HIGH",
    )


async def test_a_reused_code_names_two_places_and_the_old_one_goes_on_under_its_new_code(
    loaded: LoadedRegistry,
) -> None:
    """74.03.27.2017 named Matano Oe until November 2022 and Tanjung since."""
    old = await by_code(loaded, "74.03.27.2017", "2022-11-08")
    new = await by_code(loaded, "74.03.27.2017", "2022-11-09")
    moved = await by_code(loaded, "74.03.27.2009", "2022-11-09")
    assert (old["name"], new["name"]) == ("Matano Oe", "Tanjung")
    assert old["region_id"] == moved["region_id"] != new["region_id"]


async def test_a_new_province_shows_what_it_was_cut_out_of(loaded: LoadedRegistry) -> None:
    papua = await by_code(loaded, "91", "2023-01-01")
    tengah = await by_code(loaded, "94", "2023-01-01")
    lineage = (await get(loaded, f"/v1/regions/{tengah['region_id']}/lineage"))["items"]
    assert (lineage[0]["kind"], lineage[0]["from_region_id"], lineage[0]["basis"]) == (
        "SPLIT",
        papua["region_id"],
        "UU 15/2022",
    )


async def test_a_code_that_is_out_of_use_says_when_it_was_used_and_where_its_place_went(
    loaded: LoadedRegistry,
) -> None:
    response = await loaded.caller.get("/v1/regions", code="91.09.09.1005", valid_on="2023-01-31")
    body = response.json()
    assert (response.status_code, body["code"], body["field"]) == (404, "region-unknown", "/query/code")
    assert body["place_has_code"] == "94.04.09.1002"
    assert body["code_in_use"] == [{"name": "Karang Senang", "valid_from": None, "valid_to": "2022-11-09"}]
    assert "until before 2022-11-09" in body["detail"]


async def test_a_code_that_is_not_yet_in_use_says_from_when_it_is(loaded: LoadedRegistry) -> None:
    response = await loaded.caller.get("/v1/regions", code="94.04.09.1002", valid_on="2021-12-31")
    body = response.json()
    assert (response.status_code, body["code"]) == (404, "region-unknown")
    assert body["place_has_code"] == "91.09.09.1005"
    assert "from 2022-11-09" in body["detail"]


async def test_a_code_that_never_was_comes_with_the_nearest(loaded: LoadedRegistry) -> None:
    response = await loaded.caller.get("/v1/regions", code="51.03.02.2099")
    assert response.status_code == 404
    assert len(response.json()["nearest_codes"]) == 3
    assert all(code.startswith("51.03.02.20") for code in response.json()["nearest_codes"])


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"code": "5103022009"}, "region-code-malformed"),
        ({"prefix": "5103"}, "region-code-malformed"),
        ({"prefix": "51.%"}, "region-code-malformed"),
        ({"known_on": "2026-11-22T10:00:00"}, "known-on-malformed"),
        ({"known_on": "yesterday"}, "known-on-malformed"),
        ({"valid_on": "2021-02-30"}, "invalid"),
        ({"level": "RT"}, "invalid"),
        ({"limit": 0}, "invalid"),
        ({"cursor": "x"}, "cursor-malformed"),
    ],
)
async def test_a_question_that_cannot_be_understood_is_refused(
    loaded: LoadedRegistry, params: dict[str, object], expected: str
) -> None:
    response = await loaded.caller.get("/v1/regions", **params)
    assert (response.status_code, response.json()["code"]) == (422, expected)


async def test_names_are_found_by_any_part_in_any_case_the_larger_regions_first(loaded: LoadedRegistry) -> None:
    assert await codes(loaded, q="bALi", level="PROVINSI", valid_on="2021-06-28") == ["51"]
    assert await codes(loaded, q="punggul", valid_on="2021-06-28", prefix="51") == ["51.03.03.2014"]
    found = await codes(loaded, q="Badung", valid_on="2021-06-28")
    assert found[0] == "51.03"
    assert "35.18" not in found


@pytest.mark.parametrize("q", ["%", "_", "\\", "'; drop table region_version; --"])
async def test_signs_of_patterns_are_letters_like_others(loaded: LoadedRegistry, q: str) -> None:
    assert await codes(loaded, q=q) == []


async def test_a_prefix_finds_all_codes_that_begin_so(loaded: LoadedRegistry, shipped: RegionData) -> None:
    expected = sorted(
        one.code
        for one in shipped.intervals
        if one.code.startswith("51.03.02.200") and one.valid_from <= date(2021, 6, 28) < one.valid_to
    )
    assert len(expected) > 3
    assert await codes(loaded, prefix="51.03.02.200", valid_on="2021-06-28") == expected


async def test_children_come_by_code_and_page_by_page(loaded: LoadedRegistry) -> None:
    nation = await by_code(loaded, "ID", "2021-06-28")
    path = f"/v1/regions/{nation['region_id']}/children"
    seen: list[str] = []
    page: Any = {"next_cursor": None}
    while not seen or page["next_cursor"]:
        cursor = {"cursor": page["next_cursor"]} if seen else {}
        page = await get(loaded, path, valid_on="2021-06-28", limit=10, **cursor)
        seen += [region["code"] for region in page["items"]]
    assert len(seen) == 34
    assert seen == sorted(set(seen))


async def test_the_same_question_on_other_days_has_other_answers(loaded: LoadedRegistry) -> None:
    nation = await by_code(loaded, "ID", "2021-06-28")
    path = f"/v1/regions/{nation['region_id']}/children"
    counts = [len((await get(loaded, path, valid_on=day, limit=200))["items"]) for day in ("2022-11-08", "2022-11-09")]
    assert counts == [34, 37]


async def test_before_the_load_nothing_was_known(loaded: LoadedRegistry) -> None:
    response = await loaded.caller.get("/v1/regions", code="51", known_on="2020-01-01")
    assert (response.status_code, response.json()["code"]) == (404, "region-unknown")


@pytest.mark.parametrize(
    ("on", "found"),
    [("0001-01-01", 422), ("1945-08-17", 200), ("2100-12-31", 200), ("9999-12-30", 422), ("9999-12-31", 422)],
)
async def test_days_at_the_ends_of_what_is_asked_about_are_answered(
    loaded: LoadedRegistry, on: str, found: int
) -> None:
    assert (await loaded.caller.get("/v1/regions", code="51", valid_on=on)).status_code == found


async def test_a_region_that_did_not_exist_on_a_day_says_when_it_does(loaded: LoadedRegistry) -> None:
    tengah = await by_code(loaded, "94", "2023-01-01")
    response = await loaded.caller.get(f"/v1/regions/{tengah['region_id']}", valid_on="2021-01-01")
    assert (response.status_code, response.json()["code"]) == (404, "region-unknown")
    assert "from 2022-11-09" in response.json()["detail"]


@pytest.mark.parametrize("what", ["", "/ancestors", "/children", "/history", "/lineage"])
async def test_an_id_of_no_region_is_unknown(loaded: LoadedRegistry, what: str) -> None:
    response = await loaded.caller.get(f"/v1/regions/00000000-0000-4000-8000-000000000000{what}")
    assert (response.status_code, response.json()["code"]) == (404, "region-unknown")


async def test_regions_are_the_same_for_every_caller(loaded: LoadedRegistry) -> None:
    staff = loaded.service.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    assert (await staff.get("/v1/regions", code="94.04")).status_code == 200


async def test_a_library_of_a_province_that_was_split_is_in_the_scope_of_the_new_one(loaded: LoadedRegistry) -> None:
    """Nominated under 91.09.09.1005 in 2021, designated in 2023, when its village lay in Papua Tengah (94)."""
    national = loaded.caller
    nominated = await national.post(
        "/v1/libraries",
        {
            "name": "Perpustakaan Karang Senang",
            "type": "DESA",
            "region_code": "91.09.09.1005",
            "nominated_on": "2021-05-01",
            "programme_year": 2023,
            "scheme": "USULAN_DAERAH",
        },
    )
    path = nominated.headers["location"]
    assert nominated.json()["region"]["code"] == "94.04.09.1002"
    await national.colleague.post(f"{path}/verify", version=1)
    decree = {"sk_no": "7/SK/2023", "sk_date": "2023-03-01", "programme_year": 2023, "scheme": "USULAN_DAERAH"}
    assert (await national.colleague.post(f"{path}/designate", decree, version=2)).status_code == 200
    provinces = [(await get(loaded, f"{path}/history"))["items"][place]["data"]["province_id"] for place in (0, 2)]
    assert provinces == [
        (await by_code(loaded, code, day))["region_id"] for code, day in (("91", "2021-05-01"), ("94", "2023-03-01"))
    ]
    assert (await loaded.service.caller(Role.AUDITOR, "94").get(path)).status_code == 200
    assert (await loaded.service.caller(Role.AUDITOR, "91").get(path)).status_code == 404
    by_old = await get(loaded, "/v1/libraries", region="91", valid_on="2021-12-31")
    by_new = await get(loaded, "/v1/libraries", region="94")
    assert [one["library_id"] for one in by_old["items"]] == [one["library_id"] for one in by_new["items"]]
