"""Today is the day of the place: it begins in Bali while it is still yesterday in Jakarta."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from simpul_registry.app import SERVICE

from tests.service.registry.conftest import insert_regions
from tests.service.registry.people import registered
from tests.service.registry.test_decrees import NOMINATION, SPLIT_OFF, Desk
from tests.service.registry.test_libraries import BANJARANGKAN, active, step
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, service_under_test

TODAY, HALF_PAST_MIDNIGHT = "2026-07-01", "2026-07-01T00:30:00+08:00"


@pytest.fixture
async def registry(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    clock = datetime.fromisoformat(HALF_PAST_MIDNIGHT)
    async with service_under_test(SERVICE, databases, clock=lambda: clock) as service:
        await insert_regions(service)
        yield service


@pytest.fixture
def early(registry: ServiceUnderTest) -> Caller:
    """Somebody at work in Bali at half past midnight."""
    return registry.caller()


async def test_who_begins_at_a_library_today_is_listed_from_its_midnight_on(early: Caller) -> None:
    path, at = await registered(early), (await active(early)).rpartition("/")[2]
    work = {"library_id": at, "role": "PENGELOLA", "valid_from": TODAY}
    assert (await early.post(f"{path}/affiliations", work, version=1)).status_code == 200
    listed = await early.get("/v1/people", library_id=at)
    assert [f"/v1/people/{one['person_id']}" for one in listed.json()["items"]] == [path]
    assert (await early.get("/v1/people", library_id=at, on="2026-06-30")).json()["items"] == []


async def test_a_library_that_moves_today_is_found_where_it_is_shown(early: Caller) -> None:
    move = {"region_code": BANJARANGKAN, "effective_on": TODAY, "reason": "Gedung baru"}
    moved = await step(early, await active(early), "relocate", move)
    assert moved["region"]["code"] == BANJARANGKAN
    for asked, found in (({"region": "51.05"}, 1), ({"region": "51.03"}, 0)):
        assert len((await early.get("/v1/libraries", **asked)).json()["items"]) == found
        assert (await early.get("/v1/library-counts", **asked)).json()["total"] == found
    assert (await early.get("/v1/library-counts", region="51.03", valid_on="2026-06-30")).json()["total"] == 1


async def test_a_decree_of_today_is_in_effect_from_its_places_midnight_on(
    registry: ServiceUnderTest, early: Caller
) -> None:
    await Desk(registry).approved(SPLIT_OFF, on=TODAY)
    nomination = NOMINATION | {"region_code": "51.03.04.2002"}
    for given in ({}, {"nominated_on": TODAY, "name": "Perpustakaan Kedua"}):
        nominated = await early.post("/v1/libraries", nomination | given)
        assert (nominated.status_code, nominated.json().get("nominated_on")) == (201, TODAY), nominated.text
        assert (await early.get(nominated.headers["location"])).json()["region"]["code"] == "51.03.04.2002"
    assert len((await early.get("/v1/libraries")).json()["items"]) == 2
    person = {"name": "Ni Made Contoh", "region_code": "51.03.04.2002", "basis": "sample"}
    assert (await early.post("/v1/people", person)).status_code == 201
    ended = await early.post("/v1/libraries", nomination | {"region_code": "51.03.02.2008"})
    assert (ended.status_code, ended.json()["place_has_code"]) == (404, "51.03.04.2001")
    unknown = await early.post("/v1/libraries", nomination | {"region_code": "51.03.02.2999"})
    assert unknown.json()["nearest_codes"]
