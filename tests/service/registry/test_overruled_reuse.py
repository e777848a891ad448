"""Lineage that says of a code that it names another place now, overruled: the two places are one. With rows of the shipped data."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from simpul_registry.app import SERVICE
from simpul_registry.jobs import load_edition
from simpul_registry.store.dataset import RegionData

from tests.service.registry.test_decrees import Desk
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test

KABAT, GAMPONG = "11.07.15.2046", "11.07.15.2050"
"""In 2017 Meunasah Kabat lost the first code to Kabat, says the data, and Kabat the second to Gampong; both with low confidence."""

DAYS = ("2016-01-01", "2017-12-26", "2017-12-27", "2026-01-01")
NOMINATION = {"name": "Perpustakaan", "type": "DESA", "programme_year": 2021, "scheme": "STIMULAN_APBN"}


@pytest.fixture
async def aceh(databases: Databases, shipped: RegionData) -> AsyncIterator[ServiceUnderTest]:
    codes = {code[:length] for code in (KABAT, GAMPONG) for length in (2, 5, 8, 13)}
    some = replace(
        shipped,
        intervals=[one for one in shipped.intervals if one.code in codes],
        lineage=[one for one in shipped.lineage if {one.from_code, one.to_code} <= codes],
    )
    async with service_under_test(SERVICE, databases) as service:
        await load_edition(service.database, "some", lambda: some, say=lambda _: None)
        yield service


class Villages(Desk):
    async def ids(self, code: str, **known: str) -> list[str]:
        """Whom the code names on each of the days."""
        found = [(await self.one.get("/v1/regions", code=code, valid_on=day, **known)).json()["items"] for day in DAYS]
        return [one["region_id"] for [one] in found]

    async def told(self, region: str) -> list[Any]:
        items: list[Any] = (await self.one.get(f"/v1/regions/{region}/lineage")).json()["items"]
        return items

    async def event(self, kind: str, from_code: str) -> str:
        region = (await self.ids(from_code))[0]
        [one] = [one for one in await self.told(region) if (one["kind"], one["from_code"]) == (kind, from_code)]
        return str(one["event_id"])

    async def overrule(self, event_id: str) -> Any:
        return await self.one.post("/v1/region-overrules", {"lineage_event_id": event_id, "reason": "Peta desa 2017"})

    async def overruled(self, kind: str, from_code: str) -> Any:
        answer = await self.overrule(await self.event(kind, from_code))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def undo(self, overrule: Any) -> None:
        path = f"/v1/region-overrules/{overrule['overrule_id']}/undo"
        answer = await self.one.post(path, {"reason": "Keliru"}, version=1)
        assert answer.status_code == 200, answer.text

    async def library(self, code: str, on: str) -> Any:
        words = NOMINATION | {"region_code": code, "nominated_on": on, "name": f"Perpustakaan {code} {on}"}
        answer = await self.one.post("/v1/libraries", words)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def moment(self) -> str:
        return (await self.registry.ledger())[-1].recordedtime.isoformat()

    async def everything(self) -> object:
        """What is believed of either code, without the events by which it is told."""
        ids = [await self.ids(code) for code in (KABAT, GAMPONG)]
        lineage = [await self.told(one) for one in sorted({region for several in ids for region in several})]
        return ids, [[one | {"event_id": None, "recorded_at": None} for one in told] for told in lineage]


@pytest.fixture
def villages(aceh: ServiceUnderTest) -> Villages:
    return Villages(aceh)


async def test_a_code_used_again_names_one_place_all_along_when_a_person_says_so(villages: Villages) -> None:
    before, moment = await villages.everything(), await villages.moment()
    ids = {code: await villages.ids(code) for code in (KABAT, GAMPONG)}
    assert all(len(set(one)) == 2 for one in ids.values())
    overrules = [
        await villages.overruled("RECODED", GAMPONG),
        await villages.overruled("REUSED", KABAT),
        await villages.overruled("REUSED", GAMPONG),
    ]
    for code, overrule in ((KABAT, overrules[1]), (GAMPONG, overrules[2])):
        assert set(await villages.ids(code)) == {overrule["region_id"]}
        assert overrule["joined_region_id"] == ids[code][0]
        [first, *_] = await villages.told(overrule["region_id"])
        assert (first["kind"], first["basis"], first["confidence"]) == ("RENAMED", "PERSON", "HIGH")
        assert (await villages.ids(code, known_on=moment)) == ids[code]
        gone = await villages.one.get(f"/v1/regions/{overrule['joined_region_id']}", valid_on=DAYS[0])
        assert (gone.status_code, gone.json()["joined_into"]) == (404, overrule["region_id"])
        assert overrule["region_id"] in gone.json()["detail"]
        assert (await villages.told(overrule["joined_region_id"])) == []
    assert (await villages.ids(GAMPONG))[-1] == ids[GAMPONG][-1]
    for overrule in reversed(overrules):
        await villages.undo(overrule)
    parted = await villages.one.get(f"/v1/regions/{overrules[0]['new_region_id']}", valid_on=DAYS[-1])
    assert (parted.status_code, "joined_into" in parted.json()) == (404, False)
    assert await villages.everything() == before


async def test_places_of_which_one_goes_on_elsewhere_are_not_one_until_that_is_overruled(villages: Villages) -> None:
    recoded = await villages.event("RECODED", GAMPONG)
    for code in (KABAT, GAMPONG):
        refused = await villages.overrule(await villages.event("REUSED", code))
        assert (refused.status_code, refused.json()["code"]) == (409, "lineage-rests-on-another")
        assert refused.json()["lineage_event_ids"] == [recoded]
        assert recoded in refused.json()["detail"]


async def test_of_two_places_that_are_one_that_id_stays_which_something_refers_to(villages: Villages) -> None:
    old, new = (await villages.ids(GAMPONG))[1:3]
    library = await villages.library(GAMPONG, "2017-05-02")
    assert library["region"]["region_id"] == old
    await villages.overruled("RECODED", GAMPONG)
    overrule = await villages.overruled("REUSED", GAMPONG)
    assert (overrule["region_id"], overrule["joined_region_id"]) == (old, new)
    assert [one["library_id"] for one in overrule["libraries"]] == [library["library_id"]]
    assert set(await villages.ids(GAMPONG)) == {old}
    again = (await villages.one.get(f"/v1/libraries/{library['library_id']}")).json()
    assert (again["region"]["code"], again["region"]["name"]) == (GAMPONG, "Gampong Krueng Seumideun")


async def test_a_library_of_the_time_before_belongs_to_the_earlier_place_when_they_are_two_again(
    villages: Villages,
) -> None:
    await villages.overruled("RECODED", GAMPONG)
    old, new = (await villages.ids(GAMPONG))[1:3]
    overrule = await villages.overruled("REUSED", GAMPONG)
    for on in ("2017-05-02", "2021-05-02"):
        library = await villages.library(GAMPONG, on)
        assert library["region"]["region_id"] == overrule["region_id"] == new
    path = f"/v1/region-overrules/{overrule['overrule_id']}"
    assert {one["belongs_to"] for one in (await villages.one.get(path)).json()["libraries"]} == {new}
    await villages.undo(overrule)
    told = (await villages.one.get(path)).json()["libraries"]
    assert [(one["nominated_on"], one["belongs_to"]) for one in told] == [("2017-05-02", old), ("2021-05-02", new)]


async def test_two_places_where_a_library_lay_once_keep_their_ids(villages: Villages) -> None:
    await villages.overruled("RECODED", GAMPONG)
    old, new = (await villages.ids(GAMPONG))[1:3]
    library = await villages.library(GAMPONG, "2017-05-02")
    moved = {"region_code": KABAT, "effective_on": "2018-01-01", "reason": "Pindah"}
    path = f"/v1/libraries/{library['library_id']}"
    assert (await villages.other.post(f"{path}/return", {"reason": "Pindah"}, version=1)).status_code == 200
    assert (await villages.one.post(f"{path}/relocate", moved, version=2)).status_code == 200
    overrule = await villages.overruled("REUSED", GAMPONG)
    assert (overrule["region_id"], overrule["joined_region_id"]) == (old, new)


async def test_two_places_that_both_have_a_library_are_not_made_one(villages: Villages) -> None:
    for on in ("2017-05-02", "2021-05-02"):
        await villages.library(GAMPONG, on)
    await villages.overruled("RECODED", GAMPONG)
    before = await villages.everything()
    refused = await villages.overrule(await villages.event("REUSED", GAMPONG))
    assert (refused.status_code, refused.json()["code"]) == (409, "region-in-use")
    assert await villages.everything() == before
