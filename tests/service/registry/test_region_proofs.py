"""The whole region data through the API, against the files they came from: six decrees, and Papua before and after."""

import csv
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import asyncpg
import pytest
from simpul_registry.domain.identity import SCHEME
from simpul_registry.store.dataset import RegionData
from simpul_shared.vocabulary import LineageKind

from tests.service.registry import imports
from tests.service.registry.loading import LoadedRegistry
from tests.service.registry.test_load_regions import SNAPSHOTS

VILLAGES = [83_184, 83_436, 83_449, 83_467, 83_763, 83_762]
Rows = dict[str, dict[str, str]]


async def exported(loaded: LoadedRegistry, on: date, **params: object) -> list[dict[str, str]]:
    response = await loaded.caller.get("/v1/regions/export", valid_on=on.isoformat(), **params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(response.text.splitlines()))


async def crosswalk(loaded: LoadedRegistry, **params: object) -> list[Any]:
    found: list[Any] = []
    cursor: dict[str, object] = {}
    while True:
        response = await loaded.caller.get("/v1/regions/crosswalk", limit=200, **params, **cursor)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def in_force(shipped: RegionData, on: date) -> dict[str, str]:
    return {one.code: one.name for one in shipped.intervals if one.valid_from <= on < one.valid_to}


@pytest.mark.parametrize(("snapshot", "villages"), list(zip(SNAPSHOTS, VILLAGES, strict=True)))
async def test_the_api_rebuilds_each_decree_by_code_and_name(
    loaded: LoadedRegistry, shipped: RegionData, snapshot: tuple[date, int], villages: int
) -> None:
    on, count = snapshot
    rows = [row for row in await exported(loaded, on) if row["code"] != "ID"]
    assert len(rows) == count
    assert {row["code"]: row["name"] for row in rows} == in_force(shipped, on)
    assert sum(row["level"] == "DESA" for row in rows) == villages
    decrees = {one.code: one.decree for one in shipped.intervals if one.valid_from <= on < one.valid_to}
    assert {row["code"]: row["decree"] for row in rows} == decrees
    by_id = {row["region_id"]: row["code"] for row in rows}
    assert all(by_id[row["parent_id"]] == row["code"].rpartition(".")[0] for row in rows if "." in row["code"])


async def test_an_export_can_be_narrowed_to_a_level_and_says_what_was_known(loaded: LoadedRegistry) -> None:
    assert len(await exported(loaded, date(2021, 6, 28), level="PROVINSI")) == 34
    assert await exported(loaded, date(2021, 6, 28), known_on="2020-01-01") == []


async def test_every_province_has_its_time_zone_and_all_that_lies_in_it(
    loaded: LoadedRegistry, shipped: RegionData
) -> None:
    rows = await exported(loaded, date(2025, 6, 23))
    assert {row["code"]: row["timezone"] for row in rows if row["level"] == "PROVINSI"} == shipped.timezones
    assert all(row["timezone"] == shipped.timezones[row["code"][:2]] for row in rows if row["code"] != "ID")
    zones = Counter(row["timezone"] for row in rows if row["level"] == "DESA")
    assert zones == {"Asia/Jakarta": 54_544, "Asia/Makassar": 19_437, "Asia/Jayapura": 9_781}


async def test_every_village_of_papua_with_lineage_is_one_region_under_its_old_and_its_new_province(
    loaded: LoadedRegistry, shipped: RegionData
) -> None:
    before, after = [
        {row["code"]: row for row in await exported(loaded, day)} for day in (date(2021, 12, 31), date(2023, 1, 31))
    ]
    steps = {}
    for one in sorted(shipped.lineage, key=lambda one: one.effective_on):
        if one.kind is LineageKind.RECODED and date(2021, 12, 31) < one.effective_on <= date(2023, 1, 31):
            steps[one.from_code] = one.to_code
    villages = [code for code in before if code.startswith("91.") and len(code) == 13]
    traced = {code: steps.get(steps.get(code, code), steps.get(code)) for code in villages if code in steps}
    assert (len(villages), len(traced)) == (5_521, 4_498)
    old_province, new_province = provinces(before), provinces(after)
    for old, new in traced.items():
        assert new is not None
        assert before[old]["region_id"] == after[new]["region_id"]
        assert (old_province[old], new_province[new]) == ("91", new[:2])
    assert Counter(new[:2] for new in traced.values() if new) == {"95": 2_625, "94": 1_191, "93": 674, "91": 8}


def provinces(rows: Rows) -> dict[str, str]:
    """The province of each code, by the parents that the rows name."""
    by_id = {row["region_id"]: row for row in rows.values()}
    found: dict[str, str] = {}
    for code, row in rows.items():  # the larger regions come first
        parent = by_id.get(row["parent_id"])
        found[code] = code if row["level"] == "PROVINSI" or parent is None else found[parent["code"]]
    return found


async def test_villages_of_papua_that_nothing_leads_from_are_listed_as_successor_unknown(
    loaded: LoadedRegistry,
) -> None:
    """46 of the 5,521 of province 91, as issue and data say; Papua Barat (92) has three more."""
    told = await crosswalk(loaded, from_on="2021-12-31", to_on="2023-01-31", within="91", level="DESA")
    assert Counter(one["fate"] for one in told) == {
        "UNCHANGED": 977,
        "RECODED": 4_498,
        "SUCCESSOR_UNKNOWN": 46,
    }
    assert all(one["now"] == [] for one in told if one["fate"] == "SUCCESSOR_UNKNOWN")
    assert all(one["now"][0]["region_id"] == one["region_id"] for one in told if one["fate"] != "SUCCESSOR_UNKNOWN")
    unknown = {"from_on": "2021-12-31", "to_on": "2023-01-31", "level": "DESA", "fate": "SUCCESSOR_UNKNOWN"}
    assert len(await crosswalk(loaded, **unknown, within="91")) == 46
    assert len(await crosswalk(loaded, **unknown, within="92")) == 3


async def test_a_list_with_the_codes_of_an_old_map_is_told_of_each_where_its_place_went(loaded: LoadedRegistry) -> None:
    told = await crosswalk(loaded, from_on="2021-12-31", to_on="2023-01-31", within="91", level="DESA")
    in_use = {row["code"] for row in await exported(loaded, date(2023, 1, 31), level="DESA")}
    gone = [one for one in told if one["code"] not in in_use]
    unknown = [one for one in gone if one["fate"] == "SUCCESSOR_UNKNOWN"]
    listed = [*unknown, *[one for one in gone if one["fate"] == "RECODED"][::10]]
    content = imports.csv(*(imports.row("Pustaka", one["code"], Tanggal_Usulan="31/1/2023") for one in listed))
    looked_at = await imports.checked(loaded.service, loaded.caller, content)
    problems = [one["problems"][0] for one in await imports.rows(loaded.caller, looked_at, limit="200")]
    assert (len(unknown), len(problems)) == (46, 46 + 450)
    assert {one["code"] for one in problems} == {"region-unknown"}
    assert [one["choices"] for one in problems] == [
        [f"{now['code']} {now['name']}" for now in one["now"]] for one in listed
    ]
    assert all("penggantinya tidak tercatat" in one["hint"] for one in problems[:46])


async def test_over_all_years_a_village_is_lost_only_where_no_lineage_was_recorded(
    loaded: LoadedRegistry, shipped: RegionData
) -> None:
    """192 codes that vanished without lineage, and eight places whose code went to another one that came from elsewhere."""
    pool = loaded.service.database.pool
    ended = await pool.fetch(
        """
        select region_id, max(code) as code, max(valid_to) as ended, max(level) as level from region_version
        where superseded_at = 'infinity' group by region_id having max(valid_to) < 'infinity'
        """
    )
    assert Counter(row["level"] for row in ended) == {"DESA": 200}
    reused = {(one.from_code, one.effective_on) for one in shipped.lineage if one.kind is LineageKind.REUSED}
    assert sum((row["code"], row["ended"]) in reused for row in ended) == 8


async def test_a_retired_code_answers_where_it_went_with_kind_and_confidence(loaded: LoadedRegistry) -> None:
    response = await loaded.caller.get("/v1/regions", code="91.09.09.1005", valid_on="2023-01-31")
    body = response.json()
    assert (response.status_code, body["fate"]) == (404, "RECODED")
    assert [one["code"] for one in body["successors"]] == ["94.04.09.1002"]
    [step] = body["lineage"]
    assert (step["kind"], step["confidence"], step["effective_on"]) == ("RECODED", "HIGH", "2022-11-09")


async def test_a_retired_code_without_lineage_says_that_its_successor_is_unknown(loaded: LoadedRegistry) -> None:
    lost = (
        await loaded.caller.get(
            "/v1/regions/crosswalk",
            from_on="2021-12-31",
            to_on="2023-01-31",
            within="91",
            level="DESA",
            fate="SUCCESSOR_UNKNOWN",
            limit=1,
        )
    ).json()["items"][0]
    for path, params in (("/v1/regions", {"code": lost["code"]}), (f"/v1/regions/{lost['region_id']}", {})):
        response = await loaded.caller.get(path, **params, valid_on="2023-01-31")
        body = response.json()
        assert (response.status_code, body["fate"], body["successors"]) == (404, "SUCCESSOR_UNKNOWN", [])
    assert (
        "successor unknown"
        in (await loaded.caller.get("/v1/regions", code=lost["code"], valid_on="2023-01-31")).json()["detail"]
    )
    history = await loaded.caller.get(f"/v1/regions/{lost['region_id']}/history")
    assert history.json()["items"][-1]["code"] == lost["code"]


async def test_a_crosswalk_runs_forward_only(loaded: LoadedRegistry) -> None:
    response = await loaded.caller.get("/v1/regions/crosswalk", from_on="2023-01-31", to_on="2021-12-31")
    assert (response.status_code, response.json()["code"]) == (422, "crosswalk-backwards")


@pytest.mark.parametrize("same", ["code", "region_id"])
async def test_two_statements_for_one_day_are_refused_by_the_database(loaded: LoadedRegistry, same: str) -> None:
    """The rules forbid it before; this is what holds when they are wrong."""
    async with loaded.service.database.pool.acquire() as connection:
        work = connection.transaction()
        await work.start()
        await connection.execute(
            """
            insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
                valid_to, decree, recorded_at, event_id, aggregate_version)
            select case when $1 then region_id else 'a0000000-0000-4000-8000-000000000000' end, scheme,
                case when $1 then '99' else code end, name, level, kind, parent_id,
                array[case when $1 then region_id else 'a0000000-0000-4000-8000-000000000000' end], timezone,
                '2021-01-01', '2021-01-02', decree, recorded_at, gen_random_uuid(), 99
            from region_version where code = '51' and scheme = $2 and valid_to = 'infinity'
            """,
            same == "region_id",
            SCHEME,
        )
        expected = {"code": "region_version_code_overlap", "region_id": "region_version_region_overlap"}
        with pytest.raises(asyncpg.ExclusionViolationError) as refused:
            await connection.execute("set constraints all immediate")
        assert refused.value.constraint_name == expected[same]
        await work.rollback()


async def test_lineage_in_a_circle_is_refused_by_the_database(loaded: LoadedRegistry) -> None:
    """Papua (91) can't come of Papua Tengah (94), which was cut out of it."""
    async with loaded.service.database.pool.acquire() as connection:
        work = connection.transaction()
        await work.start()
        await connection.execute(
            """
            insert into region_lineage (event_id, region_id, from_region_id, kind, from_code, to_code, effective_on, basis,
                confidence, recorded_at)
            select gen_random_uuid(), from_region_id, region_id, kind, to_code, from_code, '2026-01-01', basis, confidence,
                recorded_at
            from region_lineage where kind = 'SPLIT' and from_code = '91' and to_code = '94'
            """
        )
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await connection.execute("set constraints all immediate")
        assert refused.value.constraint_name == "region_lineage_acyclic"
        await work.rollback()


async def test_homonyms_are_told_apart_by_their_codes_only(shipped: RegionData) -> None:
    """Why names are never resolved: a third of the villages of 2025 share one with another."""
    names = defaultdict(list)
    for code, name in in_force(shipped, date(2025, 6, 23)).items():
        if len(code) == 13:
            names[name.upper()].append(code)
    assert sum(len(codes) for codes in names.values() if len(codes) > 1) == 27_545
