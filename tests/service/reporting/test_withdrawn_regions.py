"""Regions that never were, as the registry says when a decree is undone: what happened in them still counts above them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import uuid6
from simpul_reporting.app import SERVICE
from simpul_shared.contracts.registry import RegionVersionWithdrawn

from tests.service.reporting.test_reports import ACTIVITIES, REALISATION, YEAR, get, set_targets
from tests.service.reporting.world import Map, bali, designated, nominated, recorded_activity
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test

ADDED = {"51.03.04": "Abiansemal", "51.03.04.2002": "Sangeh", "51.09": "Kabupaten Contoh"}


@pytest.fixture
def map_() -> Map:
    map_ = bali()
    for code, name in ADDED.items():
        map_.add(code, name)
    return map_


@pytest.fixture
async def reporting(databases: Databases, map_: Map) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await service.receive(*map_.published())
        yield service


async def undo(reporting: ServiceUnderTest, map_: Map) -> None:
    withdrawn = [
        RegionVersionWithdrawn(region_id=map_[code].id, valid_from=None, reason="Keputusan dibatalkan")
        for code in ADDED
    ]
    await reporting.receive(*withdrawn)


async def test_facts_of_a_withdrawn_region_stay_in_the_sums_above_it(reporting: ServiceUnderTest, map_: Map) -> None:
    library, spot = uuid6.uuid7(), map_["51.03.04.2002"]
    told = nominated(spot, library_id=library), designated(spot, library_id=library)
    await reporting.receive(*told, recorded_activity(spot, library_id=library, total=20))
    asked: list[tuple[str, dict[str, Any]]] = [
        (REALISATION, {"programme_year": 2021, "region": "51.03"}),
        (REALISATION, {"programme_year": 2021, "region": "51.03", "region_basis": "at_event"}),
        (ACTIVITIES, {"region": "51.03", **YEAR}),
        (ACTIVITIES, {"region": "51.03.02", **YEAR}),
    ]
    before = [await get(reporting, path, **params) for path, params in asked]
    await undo(reporting, map_)
    for (path, params), was in zip(asked, before, strict=True):
        told_now = await get(reporting, path, **params)
        for figure in ("realised", "total", "own"):
            assert told_now.get(figure) == was.get(figure)
        children = {one["code"]: one for one in told_now["children"]}
        assert all(
            children[one["code"]] == one for one in was["children"] if one.get("realised") or "activities" in one
        )
    assert (before[0]["realised"], before[2]["total"]["attendances"]) == (1, 20)


async def test_a_target_of_a_withdrawn_region_is_read_and_given_back(reporting: ServiceUnderTest, map_: Map) -> None:
    await set_targets(reporting, ID=100, _51=50, _51_09=40)
    caller = reporting.caller()
    listed = (await caller.get("/v1/targets", programme_year=2021)).json()["items"]
    path = f"/v1/targets/{listed[-1]['target_id']}"
    await undo(reporting, map_)
    assert (await caller.get("/v1/targets", programme_year=2021)).json()["items"] == listed
    assert (await caller.get(path)).json()["region"]["code"] == "51.09"
    revised = await caller.post(f"{path}/revise", {"value": 0, "reason": "Kabupaten tidak jadi"}, version=1)
    assert (revised.status_code, revised.json()["value"]) == (200, 0)
    await set_targets(reporting, _51_03=50)
