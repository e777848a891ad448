"""Targets over HTTP: the sum rule, revisions, and what is left to share out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from simpul_reporting.app import SERVICE
from simpul_shared.access import Role
from simpul_shared.contracts.reporting import TargetRevised, TargetSet

from tests.service.reporting.world import bali
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, service_under_test


@pytest.fixture
async def reporting(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await service.receive(*bali().published())
        yield service


async def put(caller: Caller, code: str, value: int, **more: Any) -> httpx.Response:
    body = {"programme_year": 2021, "indicator": "LIBRARIES", "region_code": code, "value": value} | more
    return await caller.post("/v1/targets", body)


async def test_targets_are_shared_out_from_the_country_down_and_say_what_is_left(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    for code, value in {"ID": 450, "51": 12, "51.03": 5, "51.05": 4}.items():
        answer = await put(caller, code, value)
        assert answer.status_code == 201, answer.text
    await put(caller, "ID", 32, indicator="PROVINCES")

    listed = (await caller.get("/v1/targets", programme_year=2021)).json()["items"]
    figures = [(t["region"]["code"], t["indicator"], t["value"], t["unallocated"]) for t in listed]

    assert sorted(figures[:2]) == [("ID", "LIBRARIES", 450, 438), ("ID", "PROVINCES", 32, None)]
    assert figures[2:] == [("51", "LIBRARIES", 12, 3), ("51.03", "LIBRARIES", 5, 5), ("51.05", "LIBRARIES", 4, 4)]


async def test_a_share_beyond_what_is_left_is_refused_and_names_both(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    for code, value in {"ID": 450, "51": 12, "51.03": 5, "51.05": 4}.items():
        await put(caller, code, value)

    answer = await put(caller, "51.02", 4)

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["left"]) == (409, "target-exceeds-parent", 3)
    assert "Kabupaten Tabanan (51.02)" in problem["detail"]
    assert "Bali (51)" in problem["detail"]
    assert (await put(caller, "51.02", 3)).status_code == 201


async def test_a_region_gets_no_share_of_a_target_that_is_not_set(reporting: ServiceUnderTest) -> None:
    answer = await put(reporting.caller(), "51.03", 5)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "target-parent-missing")
    assert problem["parent_region_code"] == "51"


async def test_a_second_target_for_the_same_region_and_year_is_refused_and_names_the_first(
    reporting: ServiceUnderTest,
) -> None:
    caller = reporting.caller()
    first = await put(caller, "ID", 450)
    second = await put(caller, "ID", 450)
    next_year = await put(caller, "ID", 450, programme_year=2022)

    assert (second.status_code, second.json()["code"]) == (409, "target-exists")
    assert second.json()["target_id"] == first.json()["target_id"]
    assert next_year.status_code == 201


async def test_a_target_is_revised_between_its_shares_and_the_target_above(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    for code, value in {"ID": 20, "31": 3, "51": 12, "51.03": 5}.items():
        last = await put(caller, code, value)
    bali_ = next(
        t for t in (await caller.get("/v1/targets", programme_year=2021)).json()["items"] if t["region"]["code"] == "51"
    )
    path = f"/v1/targets/{bali_['target_id']}/revise"

    too_low = await caller.post(path, {"value": 4, "reason": "kurang"}, version=1)
    too_high = await caller.post(path, {"value": 18, "reason": "lebih"}, version=1)
    right = await caller.post(path, {"value": 17, "reason": "Tambahan kuota"}, version=1)
    stale = await caller.post(path, {"value": 16, "reason": "Terlambat"}, version=1)
    without = await caller.post(path, {"value": 16, "reason": "Tanpa If-Match"})

    assert last.json()["unallocated"] == 5
    assert (too_low.status_code, too_low.json()["code"]) == (409, "target-below-children")
    assert (too_high.status_code, too_high.json()["code"], too_high.json()["left"]) == (
        409,
        "target-exceeds-parent",
        17,
    )
    assert (right.status_code, right.json()["value"], right.headers["ETag"]) == (200, 17, '"2"')
    assert (stale.status_code, without.status_code) == (412, 428)
    history = await caller.get(f"/v1/targets/{bali_['target_id']}")
    assert [(r["version"], r["value"], r["reason"]) for r in history.json()["revisions"]] == [
        (1, 12, None),
        (2, 17, "Tambahan kuota"),
    ]


async def test_parallel_shares_never_add_up_to_more_than_the_target_above(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    for code, value in {"ID": 450, "51": 7}.items():
        await put(caller, code, value)

    answers = await asyncio.gather(*(put(caller, code, 5) for code in ("51.02", "51.03", "51.05")))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_targets_are_announced(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    target = (await put(caller, "ID", 450, basis="stated")).json()
    await caller.post(f"/v1/targets/{target['target_id']}/revise", {"value": 460, "reason": "Tambahan"}, version=1)

    events = await reporting.ledger(TargetSet, TargetRevised)

    assert [(e.type, e.aggregateversion, e.subject) for e in events] == [
        (TargetSet.type, 1, target["target_id"]),
        (TargetRevised.type, 2, target["target_id"]),
    ]


async def test_how_many_provinces_take_part_is_a_target_of_the_country_alone(reporting: ServiceUnderTest) -> None:
    answer = await put(reporting.caller(), "51", 1, indicator="PROVINCES")

    assert (answer.status_code, answer.json()["code"]) == (422, "indicator-national-only")


async def test_only_who_may_set_targets_sets_them_and_only_in_its_regions(reporting: ServiceUnderTest) -> None:
    await put(reporting.caller(), "ID", 450)
    mine = await put(reporting.caller(), "31", 3)

    by_role = await put(reporting.caller(Role.PROVINCE_ADMIN, "51"), "51", 12)
    by_region = await put(reporting.caller(Role.NATIONAL_ADMIN, "31"), "51", 12)
    other = reporting.caller(Role.NATIONAL_ADMIN, "51")
    unseen = await other.get(f"/v1/targets/{mine.json()['target_id']}")
    missing = await other.get("/v1/targets/01930f6e-2b1c-7c43-9d8e-0c7d6f1b2a34")
    changed = await other.post(
        f"/v1/targets/{mine.json()['target_id']}/revise", {"value": 1, "reason": "Bukan wilayahnya"}, version=1
    )

    assert (by_role.status_code, by_role.json()["code"]) == (403, "permission-missing")
    assert (by_region.status_code, by_region.json()["code"]) == (403, "outside-scope")
    assert (unseen.status_code, missing.status_code, changed.status_code) == (404, 404, 404)
    assert unseen.json()["code"] == missing.json()["code"] == "target-unknown"
    assert (await other.get("/v1/targets", programme_year=2021)).json()["items"] == []


async def test_a_list_of_targets_comes_in_pages(reporting: ServiceUnderTest) -> None:
    caller = reporting.caller()
    for code in ("ID", "51", "51.02", "51.03", "51.05"):
        await put(caller, code, 9 if code in {"ID", "51"} else 3)
    codes, cursor = [], None
    for _ in range(3):
        params = {"programme_year": 2021, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await caller.get("/v1/targets", **params)).json()
        codes += [item["region"]["code"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert codes == ["ID", "51", "51.02", "51.03", "51.05"]
    assert cursor is None
