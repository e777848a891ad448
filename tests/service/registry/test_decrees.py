"""A new decree, from its file through review and approval to its day, and back again."""

import asyncio
import base64
import gzip
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from simpul_registry.commands import decrees as commands
from simpul_registry.domain.decree import Difference, compare
from simpul_shared.access import Role
from simpul_shared.contracts.registry import (
    RegionLineageRecorded,
    RegionLineageWithdrawn,
    RegionVersionPublished,
    RegionVersionWithdrawn,
)
from simpul_shared.platform import outbox

from tests.service.registry.conftest import region_id
from tests.support.services import Caller, ServiceUnderTest

BADUNG = {
    "51.03": "KAB. BADUNG",
    "51.03.02": "Mengwi",
    "51.03.02.2008": "Baha",
    "51.03.02.2009": "Mengwi",
}
DAY = "2027-01-15"


def encoded(places: Mapping[str, str], *, packed: bool = False) -> str:
    text = "code,name\n" + "".join(f"{code},{name}\n" for code, name in places.items())
    content = text.encode()
    return sent(gzip.compress(content) if packed else content)


def sent(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Desk:
    """One person uploads, another decides."""

    def __init__(self, registry: ServiceUnderTest) -> None:
        self.registry = registry
        self.one, self.other = registry.caller(client="one"), registry.caller(client="other")

    async def upload(self, places: Mapping[str, str], *, within: str = "51.03", on: str = DAY, **more: Any) -> Any:
        body = {"decree": "Kepmendagri 9/2027", "effective_on": on, "within": within, "file": encoded(places)}
        response = await self.one.post("/v1/region-decrees", body | more)
        assert response.status_code == 201, response.text
        return response.json()

    async def rows(self, decree: Any, **params: Any) -> list[Any]:
        response = await self.one.get(f"/v1/region-decrees/{decree['decree_id']}/rows", **params)
        found: list[Any] = response.json()["items"]
        return found

    async def deed(self, who: Caller, decree: Any, what: str, body: object = None) -> Any:
        response = await who.post(f"/v1/region-decrees/{decree['decree_id']}/{what}", body, version=decree["version"])
        assert response.status_code == 200, response.text
        return response.json()

    async def approved(self, places: Mapping[str, str], **more: Any) -> Any:
        return await self.deed(self.other, await self.upload(places, **more), "approve")

    async def map(self, on: str, **params: Any) -> dict[str, tuple[str, str]]:
        """Code to name and region id of what lies in Bali."""
        response = await self.one.get("/v1/regions", prefix="51", valid_on=on, limit=200, **params)
        return {one["code"]: (one["name"], one["region_id"]) for one in response.json()["items"]}


@pytest.fixture
def desk(registry: ServiceUnderTest) -> Desk:
    return Desk(registry)


SPLIT_OFF = {
    **BADUNG,
    "51.03.02.2009": "Mengwi Kelod",
    "51.03.04": "Abiansemal",
    "51.03.04.2001": "Baha",
    "51.03.04.2002": "Sangeh",
}
del SPLIT_OFF["51.03.02.2008"]


async def test_a_decree_is_shown_as_a_difference_before_anything_changes(desk: Desk) -> None:
    before = await desk.map(DAY)
    decree = await desk.upload(SPLIT_OFF)
    assert (decree["status"], decree["uploaded_by"], decree["low_confidence"]) == ("DITINJAU", "one", 2)
    assert decree["changes"] == {"ADDED": 2, "MOVED": 1, "RENAMED": 1, "SPLIT": 1}
    rows = await desk.rows(decree)
    assert [(one["kind"], one["from_code"], one["to_code"], one["basis"], one["confidence"]) for one in rows] == [
        ("ADDED", None, "51.03.04", "", "HIGH"),
        ("SPLIT", "51.03.02", "51.03.04", "VILLAGES 1/2", "LOW"),
        ("RENAMED", "51.03.02.2009", "51.03.02.2009", "NAME_DIFFERS", "LOW"),
        ("MOVED", "51.03.02.2008", "51.03.04.2001", "NAME_SAME_REGENCY", "HIGH"),
        ("ADDED", None, "51.03.04.2002", "", "HIGH"),
    ]
    assert [one["kind"] for one in await desk.rows(decree, confidence="LOW")] == ["SPLIT", "RENAMED"]
    assert await desk.map(DAY) == before
    assert await desk.registry.ledger(RegionVersionPublished) == []


async def test_an_approved_decree_takes_effect_at_its_day_and_not_before(desk: Desk) -> None:
    decree = await desk.approved(SPLIT_OFF)
    assert (decree["status"], decree["decided_by"]) == ("DISETUJUI", "other")
    assert await desk.map("2027-01-14") == await desk.map("2026-11-22")
    after = await desk.map(DAY)
    assert after["51.03.04.2001"] == ("Baha", str(region_id("51.03.02.2008")))
    assert after["51.03.02.2009"] == ("Mengwi Kelod", str(region_id("51.03.02.2009")))
    assert "51.03.02.2008" not in after
    above = await desk.one.get(f"/v1/regions/{region_id('51.03.02.2008')}/ancestors", valid_on=DAY)
    assert [one["code"] for one in above.json()["items"]] == ["ID", "51", "51.03", "51.03.04"]
    gone = (await desk.one.get("/v1/regions", code="51.03.02.2008", valid_on=DAY)).json()
    assert (gone["fate"], [one["code"] for one in gone["successors"]]) == ("RECODED", ["51.03.04.2001"])
    assert [one["kind"] for one in gone["lineage"]] == ["MOVED"]
    said = await desk.registry.ledger(RegionVersionPublished)
    assert {one.actorref for one in said} == {"other"}
    kinds = [one.data for one in await desk.registry.ledger(RegionLineageRecorded)]
    assert len(kinds) == 3


async def test_a_village_that_becomes_a_kelurahan_stays_the_region_that_it_is(desk: Desk) -> None:
    places = {code.replace("51.03.02.2009", "51.03.02.1009"): name for code, name in BADUNG.items()}
    decree = await desk.approved(places)
    assert decree["changes"] == {"STATUS_CHANGED": 1}
    old = str(region_id("51.03.02.2009"))
    [step] = (await desk.one.get(f"/v1/regions/{old}/lineage")).json()["items"]
    assert (step["kind"], step["from_code"], step["to_code"]) == ("STATUS_CHANGED", "51.03.02.2009", "51.03.02.1009")
    told = [(await desk.one.get(f"/v1/regions/{old}", valid_on=day)).json() for day in ("2027-01-14", DAY)]
    assert [(one["code"], one["kind"], one["decree"]) for one in told] == [
        ("51.03.02.2009", "DESA", "test"),
        ("51.03.02.1009", "KELURAHAN", "Kepmendagri 9/2027"),
    ]


async def test_another_time_zone_is_reviewed_like_any_other_change(desk: Desk) -> None:
    bali = {code: name for code, (name, _) in (await desk.map("2026-01-15")).items()}
    lines = [f"{code},{name},{'Asia/Jakarta' if code == '51' else ''}\n" for code, name in bali.items()]
    nominated = await desk.one.post("/v1/libraries", NOMINATION | {"region_code": "51.03.02.2009"})
    assert nominated.status_code == 201, nominated.text
    decree = await desk.upload({}, within="51", file=sent("".join(["code,name,timezone\n", *lines]).encode()))
    assert (decree["changes"], decree["libraries"]) == ({"ZONE_CHANGED": 1}, 1)
    [row] = await desk.rows(decree)
    told = row["level"], row["from_code"], row["to_code"], row["basis"], row["libraries"]
    assert told == ("PROVINSI", "51", "51", "Asia/Makassar -> Asia/Jakarta", 1)
    decree = await desk.deed(desk.other, decree, "approve")
    mengwi = f"/v1/regions/{region_id('51.03.02.2009')}"

    async def zones() -> list[str]:
        return [(await desk.one.get(mengwi, valid_on=day)).json()["timezone"] for day in ("2027-01-14", DAY)]

    assert await zones() == ["Asia/Makassar", "Asia/Jakarta"]
    await desk.deed(desk.one, decree, "undo", {"reason": "Salah berkas"})
    assert await zones() == ["Asia/Makassar", "Asia/Makassar"]


async def test_a_part_of_a_province_cannot_be_said_to_have_another_time_zone(desk: Desk) -> None:
    lines = [f"{code},{name},Asia/Jayapura\n" for code, name in BADUNG.items()]
    file = sent("".join(["code,name,timezone\n", *lines]).encode())
    body = {"decree": "x", "effective_on": DAY, "within": "51.03", "file": file}
    refused = await desk.one.post("/v1/region-decrees", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "decree-file-broken")
    assert "51.03.02.2009 is said to lie in Asia/Jayapura" in refused.json()["detail"]


async def test_the_one_who_uploaded_may_not_approve(desk: Desk) -> None:
    decree = await desk.upload(SPLIT_OFF)
    path = f"/v1/region-decrees/{decree['decree_id']}/approve"
    refused = await desk.one.post(path, version=1)
    assert (refused.status_code, refused.json()["code"]) == (403, "own-decree")
    assert (await desk.other.post(path)).status_code == 428
    assert (await desk.other.post(path, version=2)).status_code == 412
    await desk.deed(desk.other, decree, "approve")
    again = await desk.other.post(path, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "decree-decided")


async def test_a_reviewer_overrules_rows_and_sees_the_others_made_anew(desk: Desk) -> None:
    decree = await desk.upload(BADUNG | {"51.03.02.2009": "Sangeh"})
    assert (await desk.rows(decree, confidence="LOW"))[0]["basis"] == "NAME_DIFFERS"
    ruling = {"kind": "APART", "from_code": "51.03.02.2009", "to_code": "51.03.02.2009", "reason": "Desa lain"}
    decree = await desk.deed(desk.other, decree, "rulings", ruling)
    assert decree["changes"] == {"ADDED": 1, "REUSED": 1, "VANISHED": 1}
    merged = {"kind": "MERGED", "from_code": "51.03.02.2009", "to_code": "51.03.02.2008", "reason": "Digabung"}
    decree = await desk.deed(desk.one, decree, "rulings", merged)
    await desk.deed(desk.other, decree, "approve")
    assert (await desk.map(DAY))["51.03.02.2009"][1] != str(region_id("51.03.02.2009"))
    old = (await desk.one.get(f"/v1/regions/{region_id('51.03.02.2009')}", valid_on=DAY)).json()
    assert (old["fate"], [one["code"] for one in old["successors"]]) == ("SUCCEEDED", ["51.03.02.2008"])


@pytest.mark.parametrize(
    "ruling",
    [
        {"kind": "SAME", "from_code": "51.03.02.2001", "to_code": "51.03.02.2009"},
        {"kind": "SAME", "from_code": "51.03.02.2009", "to_code": "51.03.02.2001"},
        {"kind": "SPLIT", "from_code": "51.03.02", "to_code": "51.03.02.2009"},
        {"kind": "SPLIT", "from_code": "51.03.02.2008", "to_code": "51.03.02.2009"},
        {"kind": "MERGED", "from_code": "51.03.02.2008", "to_code": "51.03.02.2009"},
    ],
)
async def test_a_ruling_that_the_maps_do_not_bear_is_refused(desk: Desk, ruling: dict[str, str]) -> None:
    decree = await desk.upload(BADUNG)
    path = f"/v1/region-decrees/{decree['decree_id']}/rulings"
    refused = await desk.other.post(path, {**ruling, "reason": "x"}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (422, "ruling-misplaced")


async def test_of_two_homonyms_that_end_where_one_begins_a_person_says_which_goes_on(desk: Desk) -> None:
    await desk.approved(BADUNG | {"51.03.02.2010": "Baha"}, on="2026-01-15")
    left = {code: name for code, name in BADUNG.items() if code != "51.03.02.2008"}
    decree = await desk.upload(left | {"51.03.02.2011": "Baha"})
    assert decree["changes"] == {"ADDED": 1, "VANISHED": 2}
    second = (await desk.map("2026-02-01"))["51.03.02.2010"][1]
    decree = await desk.deed(desk.other, decree, "rulings", ruling("SAME", "2010", "2011"))
    assert decree["changes"] == {"RECODED": 1, "VANISHED": 1}
    await desk.deed(desk.other, decree, "approve")
    assert (await desk.map(DAY))["51.03.02.2011"] == ("Baha", second)


def ruling(kind: str, old: str, new: str) -> dict[str, str]:
    """Of two villages of Mengwi."""
    return {"kind": kind, "from_code": f"51.03.02.{old}", "to_code": f"51.03.02.{new}", "reason": "x"}


async def test_rulings_that_contradict_each_other_are_refused_until_one_is_taken_back(desk: Desk) -> None:
    places = {**BADUNG, "51.03.02.2010": "Kekeran"}
    del places["51.03.02.2008"]
    decree = await desk.deed(desk.other, await desk.upload(places), "rulings", ruling("MERGED", "2008", "2009"))
    path = f"/v1/region-decrees/{decree['decree_id']}"
    for second in (ruling("SAME", "2008", "2010"), ruling("SPLIT", "2008", "2009"), ruling("SPLIT", "2009", "2009")):
        refused = await desk.other.post(f"{path}/rulings", second, version=decree["version"])
        assert (refused.status_code, refused.json()["code"]) == (422, "ruling-misplaced")
    await desk.approved(BADUNG | {"51.03.02.2008": "Kekeran"})
    decree = await desk.deed(desk.one, decree, "compare")
    assert decree["changes"] == {"MERGED": 1, "RECODED": 1}
    refused = await desk.other.post(f"{path}/approve", version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (422, "ruling-misplaced")
    decree = await desk.deed(desk.other, decree, "rulings", ruling("APART", "2008", "2009"))
    await desk.deed(desk.other, decree, "approve")
    [renamed, recoded] = (await desk.one.get(f"/v1/regions/{region_id('51.03.02.2008')}/lineage")).json()["items"]
    assert (renamed["kind"], recoded["kind"], recoded["to_code"]) == ("RENAMED", "RECODED", "51.03.02.2010")


async def test_the_country_is_no_place_that_a_ruling_can_name(desk: Desk) -> None:
    bali = {code: name for code, (name, _) in (await desk.map(DAY)).items()}
    lines = ["code,name,timezone", *(f"{code},{name}," for code, name in bali.items()), "54,BALI BARAT,Asia/Makassar"]
    decree = await desk.upload({}, within="ID", file=sent("\n".join(lines).encode()))
    body = {"kind": "SPLIT", "from_code": "ID", "to_code": "54", "reason": "x"}
    path = f"/v1/region-decrees/{decree['decree_id']}/rulings"
    refused = await desk.other.post(path, body, version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (422, "ruling-misplaced")


async def test_a_ruling_by_which_lineage_would_run_in_a_circle_is_refused(desk: Desk) -> None:
    decree = await desk.upload(BADUNG | {"51.03.02.2010": "Kekeran"})
    decree = await desk.deed(desk.other, decree, "rulings", ruling("SPLIT", "2008", "2010"))
    await desk.deed(desk.other, decree, "approve")
    decree = await desk.upload(BADUNG, on="2027-06-01")
    path = f"/v1/region-decrees/{decree['decree_id']}/rulings"
    refused = await desk.other.post(path, ruling("MERGED", "2010", "2008"), version=1)
    assert (refused.status_code, refused.json()["code"]) == (422, "ruling-misplaced")
    assert "circle" in refused.json()["detail"]
    await desk.deed(desk.other, decree, "rulings", ruling("MERGED", "2010", "2009"))


async def test_an_undone_decree_leaves_the_map_as_it_was_and_what_was_believed_between(desk: Desk) -> None:
    first = await desk.map(DAY)
    decree = await desk.approved(SPLIT_OFF)
    between = (await desk.registry.ledger())[-1].recordedtime.isoformat()
    changed = await desk.map(DAY)
    undone = await desk.deed(desk.one, decree, "undo", {"reason": "Salah berkas"})
    assert undone["status"] == "DIBATALKAN"
    assert await desk.map(DAY) == first
    assert await desk.map("2026-11-22") == first
    assert await desk.map(DAY, known_on=between) == changed
    sangeh = changed["51.03.04.2002"][1]
    told = await desk.one.get(f"/v1/regions/{sangeh}", valid_on=DAY)
    assert (told.status_code, told.json()["code"]) == (404, "region-unknown")
    assert "withdrawn" in told.json()["detail"]
    history = (await desk.one.get(f"/v1/regions/{sangeh}/history")).json()["items"]
    assert [one["superseded_at"] is not None for one in history] == [True]
    assert len(await desk.registry.ledger(RegionVersionWithdrawn)) == 4
    assert len(await desk.registry.ledger(RegionLineageWithdrawn)) == 3
    gone = await desk.one.get(f"/v1/regions/{region_id('51.03.02.2008')}/lineage")
    assert gone.json()["items"] == []
    again = await desk.other.post(
        f"/v1/region-decrees/{decree['decree_id']}/undo", {"reason": "x"}, version=undone["version"]
    )
    assert (again.status_code, again.json()["code"]) == (409, "decree-not-in-force")


async def test_a_change_of_many_statements_is_known_as_a_whole_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_STEP", 2)
    before = await desk.map(DAY)
    decree = await desk.approved(SPLIT_OFF)
    after = await desk.map(DAY)
    await desk.deed(desk.one, decree, "undo", {"reason": "Salah berkas"})
    recorded = sorted({one.recordedtime for one in await desk.registry.ledger()})
    instants = [at - step for at in recorded for step in (timedelta(microseconds=1), timedelta(0))]
    known = [await desk.map(DAY, known_on=one.isoformat()) for one in instants]
    assert known == [before, after, after, before]


NOMINATION = {"type": "DESA", "programme_year": 2026, "scheme": "STIMULAN_APBN", "name": "Perpustakaan Sangeh"}


async def used_sangeh(desk: Desk) -> dict[str, str]:
    """A library, a person and a code that refer to the village that a decree made; id by what it is."""
    sangeh = (await desk.map("2026-02-01"))["51.03.04.2002"][1]
    library = NOMINATION | {"region_code": "51.03.04.2002", "nominated_on": "2026-02-01"}
    person = {"name": "Ni Made Contoh", "region_code": "51.03.04.2002", "basis": "sample"}
    code = {"scheme": "BPS", "code": "5103040002", "source": "Perka BPS"}
    nominated = await desk.one.post("/v1/libraries", library)
    registered = await desk.one.post("/v1/people", person)
    assigned = await desk.one.post(f"/v1/regions/{sangeh}/codes", code)
    assert [one.status_code for one in (nominated, registered, assigned)] == [201, 201, 200], assigned.text
    return {
        "library": nominated.json()["library_id"],
        "person": registered.json()["person_id"],
        "BPS code 5103040002": sangeh,
    }


async def test_an_undo_that_would_leave_something_without_its_region_is_refused(desk: Desk) -> None:
    decree = await desk.approved(SPLIT_OFF, on="2026-01-15")
    used = await used_sangeh(desk)
    path = f"/v1/region-decrees/{decree['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "region-in-use")
    assert {one["what"]: one["id"] for one in refused.json()["references"]} == used
    assert {one["code"] for one in refused.json()["references"]} == {"51.03.04.2002"}
    same_day = await desk.upload(BADUNG, on="2026-01-15")
    again = await desk.other.post(f"/v1/region-decrees/{same_day['decree_id']}/approve", version=1)
    assert (again.status_code, again.json()["code"]) == (409, "region-in-use")
    moved = {"region_code": "51.03.02.2009", "effective_on": "2026-02-01", "reason": "Keputusan dibatalkan"}
    library = f"/v1/libraries/{used['library']}"
    assert (await desk.other.post(f"{library}/return", {"reason": "Desa dibatalkan"}, version=1)).status_code == 200
    assert (await desk.one.post(f"{library}/relocate", moved, version=2)).status_code == 200
    person = f"/v1/people/{used['person']}"
    assert (await desk.one.post(f"{person}/relocate", {"region_code": "51.03.02.2009"}, version=1)).status_code == 200
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    assert {one["what"] for one in refused.json()["references"]} == {"BPS code 5103040002"}
    back = await desk.one.post(f"{person}/relocate", {"region_code": "51.03.04.2002"}, version=2)
    assert back.status_code == 200
    assert (await desk.map("2026-02-01"))["51.03.04.2002"][0] == "Sangeh"
    later = await desk.approved(BADUNG, on="2026-03-01")
    assert later["changes"]["VANISHED"] == 2
    assert (await desk.one.get(f"/v1/people/{used['person']}")).json()["region"]["code"] == "51.03.04.2002"


async def test_a_region_where_a_library_lay_for_a_time_is_not_undone(desk: Desk) -> None:
    decree = await desk.approved(SPLIT_OFF, on="2026-01-15")
    words = NOMINATION | {"region_code": "51.03.04.2002", "nominated_on": "2026-02-01"}
    library = (await desk.one.post("/v1/libraries", words)).json()["library_id"]
    moved = {"region_code": "51.03.02.2009", "effective_on": "2026-03-01", "reason": "Pindah"}
    path = f"/v1/libraries/{library}"
    assert (await desk.other.post(f"{path}/return", {"reason": "Pindah"}, version=1)).status_code == 200
    assert (await desk.one.post(f"{path}/relocate", moved, version=2)).status_code == 200
    path = f"/v1/region-decrees/{decree['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "region-in-use")
    assert [(one["what"], one["id"]) for one in refused.json()["references"]] == [("library", library)]


async def test_a_region_of_an_office_that_is_to_close_is_not_undone_before(desk: Desk) -> None:
    bali = {code: name for code, (name, _) in (await desk.map("2026-01-15")).items()}
    decree = await desk.approved(bali | {"51.09": "KAB. CONTOH"}, within="51", on="2026-01-15")
    words = {"name": "Dinas Contoh", "jurisdiction": ["51.09"], "effective_on": "2026-02-01", "kind": "DINAS_KABKOTA"}
    office = await desk.one.post("/v1/offices", words)
    closing = {"effective_on": "2030-12-31", "reason": "Digabung"}
    assert (await desk.one.post(f"{office.headers['location']}/close", closing, version=1)).status_code == 200
    path = f"/v1/region-decrees/{decree['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "region-in-use")


async def test_an_overrule_is_not_undone_under_a_library_of_the_new_region(desk: Desk) -> None:
    decree = await desk.approved(BADUNG | {"51.03.02.2009": "Sangeh"}, on="2026-01-15")
    [step] = (await desk.one.get(f"/v1/regions/{region_id('51.03.02.2009')}/lineage")).json()["items"]
    body = {"lineage_event_id": step["event_id"], "reason": "Dua desa"}
    overrule = (await desk.other.post("/v1/region-overrules", body)).json()
    nomination = NOMINATION | {"region_code": "51.03.02.2009", "nominated_on": "2026-02-01"}
    library = (await desk.one.post("/v1/libraries", nomination)).json()
    assert library["region"]["region_id"] == overrule["new_region_id"]
    undo = f"/v1/region-overrules/{overrule['overrule_id']}/undo"
    refused = await desk.one.post(undo, {"reason": "Sama"}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "region-in-use")
    assert decree["changes"] == {"RENAMED": 1}


async def test_an_office_in_charge_of_a_new_regency_is_changed_before_the_decree_is_undone(desk: Desk) -> None:
    bali = {code: name for code, (name, _) in (await desk.map("2026-01-15")).items()}
    decree = await desk.approved(bali | {"51.09": "KAB. CONTOH"}, within="51", on="2026-01-15")
    words = {"name": "Dinas Contoh", "jurisdiction": ["51.03", "51.09"], "effective_on": "2026-02-01"}
    office = await desk.one.post("/v1/offices", words | {"kind": "DINAS_KABKOTA"})
    path = f"/v1/region-decrees/{decree['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    [told] = refused.json()["references"]
    assert (told["what"], told["id"], told["code"]) == ("office", office.json()["office_id"], "51.09")
    change = {**words, "jurisdiction": ["51.03"], "reason": "Kabupaten dibatalkan"}
    assert (await desk.one.post(f"{office.headers['location']}/change", change, version=1)).status_code == 200
    await desk.deed(desk.one, decree, "undo", {"reason": "x"})


async def test_what_refers_to_a_region_that_was_withdrawn_is_still_found(desk: Desk) -> None:
    """As where somebody nominated at the moment of an undo."""
    await desk.approved(SPLIT_OFF, on="2026-01-15")
    used = await used_sangeh(desk)
    await desk.registry.database.pool.execute(
        "update region_version set superseded_at = now() where code = '51.03.04.2002'"
    )
    library = f"/v1/libraries/{used['library']}"
    for path in (library, f"{library}/history", f"{library}/regions", "/v1/libraries", f"/v1/people/{used['person']}"):
        assert (await desk.one.get(path)).status_code == 200, path
    [listed] = (await desk.one.get("/v1/libraries")).json()["items"]
    assert listed["region"]["code"] == "51.03.04.2002"
    of_badung = desk.registry.caller(Role.NATIONAL_ADMIN, "51.03")
    moved = {"region_code": "51.03.02.2009", "effective_on": "2026-02-01", "reason": "Desa dibatalkan"}
    assert (await desk.other.post(f"{library}/return", {"reason": "x"}, version=1)).status_code == 200
    assert (await of_badung.post(f"{library}/relocate", moved, version=2)).status_code == 200
    assert (await desk.one.get(f"{library}/regions")).status_code == 200


async def test_a_retroactive_decree_changes_only_later_answers(desk: Desk) -> None:
    """Signed in March, told to us today: what was answered before is answered again for that moment."""
    earlier = await desk.map("2026-04-01")
    await desk.approved(SPLIT_OFF, on="2026-03-01")
    first = (await desk.registry.ledger())[0].recordedtime
    before = (first - timedelta(microseconds=1)).isoformat()
    assert await desk.map("2026-04-01", known_on=before) == earlier
    above = [
        (
            await desk.one.get(f"/v1/regions/{region_id('51.03.02.2008')}/ancestors", valid_on="2026-04-01", **known)
        ).json()
        for known in ({"known_on": before}, {})
    ]
    assert [one["items"][-1]["code"] for one in above] == ["51.03.02", "51.03.04"]
    history = f"/v1/regions/{region_id('51.03.02.2008')}/history"
    told = [(await desk.one.get(history, **known)).json()["items"] for known in ({"known_on": before}, {})]
    assert [[one["superseded_at"] is None for one in items] for items in told] == [[True], [False, True, True]]
    assert (await desk.map("2026-04-01"))["51.03.04.2001"][0] == "Baha"
    assert (await desk.map("2026-02-28"))["51.03.02.2008"][0] == "Baha"


async def test_what_was_known_at_an_instant_is_answered_alike_for_ever(desk: Desk) -> None:
    mengwi, path = region_id("51.03.02.2009"), "/v1/regions"
    before = (await desk.registry.database.pool.fetchval("select clock_timestamp()")).isoformat()
    asked: list[tuple[str, dict[str, str]]] = [
        (f"{path}/{mengwi}", {}),
        (f"{path}/{region_id('51.03.02')}/children", {}),
        (f"{path}/{mengwi}/ancestors", {}),
        (path, {"prefix": "51.03"}),
        *((path, {"code": code}) for code in ("51.03.04", "51.03.04.2001", "51.03.04.2002", "51.03.04.2009")),
    ]

    async def answers(known_on: str) -> list[Any]:
        day = {"valid_on": "2026-04-01", "known_on": known_on}
        return [(await desk.one.get(one, **day, **more)).json() | {"request_id": None} for one, more in asked]

    first = await answers(before)
    decree = await desk.approved(SPLIT_OFF, on="2026-03-01")
    between = (await desk.registry.ledger())[-1].recordedtime.isoformat()
    second, sangeh = await answers(between), (await desk.map("2026-04-01"))["51.03.04.2002"][1]
    assert second != first
    assert await answers(before) == first
    await desk.deed(desk.one, decree, "undo", {"reason": "Salah berkas"})
    assert await answers(between) == second
    assert await answers(before) == first
    for below in ("", "/codes"):
        unknown = await desk.one.get(f"{path}/{sangeh}{below}", known_on=before)
        assert unknown.json()["detail"].startswith(f"There is no region {sangeh}")


async def test_a_later_decree_must_be_undone_first(desk: Desk) -> None:
    first = await desk.approved(BADUNG | {"51.03.02.2009": "Mengwi Kelod"})
    second = await desk.approved(BADUNG | {"51.03.02.2009": "Mengwi Kaja"}, on="2027-06-01")
    path = f"/v1/region-decrees/{first['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=first["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "later-region-change")
    early = {"decree": "x", "effective_on": "2027-03-01", "within": "51.03", "file": encoded(BADUNG)}
    refused = await desk.one.post("/v1/region-decrees", early)
    assert (refused.status_code, refused.json()["code"]) == (409, "later-region-change")
    await desk.deed(desk.one, second, "undo", {"reason": "x"})
    assert (await desk.map("2027-06-01"))["51.03.02.2009"][0] == "Mengwi Kelod"
    await desk.deed(desk.one, first, "undo", {"reason": "x"})
    assert (await desk.map("2027-06-01"))["51.03.02.2009"][0] == "Mengwi"


async def test_an_undo_that_needs_a_code_given_away_since_names_code_and_decree(desk: Desk) -> None:
    first = await desk.approved(SPLIT_OFF)
    name = {"decree": "Kepmendagri 10/2027"}
    second = await desk.approved(SPLIT_OFF | {"51.03.02.2008": "Gulingan"}, on="2027-06-01", **name)
    path = f"/v1/region-decrees/{first['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=first["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "regions-overlap")
    assert "51.03.02.2008 is the code of Gulingan since 2027-06-01 by Kepmendagri 10/2027" in refused.json()["detail"]
    await desk.deed(desk.one, second, "undo", {"reason": "x"})
    await desk.deed(desk.one, first, "undo", {"reason": "x"})


async def test_a_day_to_come_is_named_as_such_in_a_village_to_come(desk: Desk) -> None:
    await desk.approved(SPLIT_OFF, on="2030-01-15")
    nomination = NOMINATION | {"region_code": "51.03.04.2002", "nominated_on": "2030-02-01"}
    refused = await desk.one.post("/v1/libraries", nomination)
    assert (refused.status_code, "future" in refused.json()["detail"]) == (422, True), refused.text


async def test_a_review_of_a_map_that_changed_meanwhile_is_made_anew(desk: Desk) -> None:
    waiting = await desk.upload(BADUNG | {"51.03.02.2009": "Mengwi Kelod"})
    await desk.approved(BADUNG | {"51.03.02.2008": "Baha Baru"})
    path = f"/v1/region-decrees/{waiting['decree_id']}/approve"
    refused = await desk.other.post(path, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "decree-stale")
    anew = await desk.deed(desk.one, waiting, "compare")
    assert anew["changes"] == {"RENAMED": 2}
    assert (await desk.deed(desk.other, anew, "approve"))["status"] == "DISETUJUI"
    rejected = await desk.deed(desk.other, await desk.upload(BADUNG), "reject", {"reason": "Tidak lengkap"})
    assert (rejected["status"], rejected["reason"]) == ("DITOLAK", "Tidak lengkap")


async def test_while_maps_are_compared_others_may_change_the_map_and_they_are_compared_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, under_way, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    compared: list[int] = []

    def compare_slowly(*maps: Any) -> Difference:
        compared.append(len(compared))
        if compared == [0]:
            loop.call_soon_threadsafe(under_way.set)
            go_on.wait(60)
        return compare(*maps)

    monkeypatch.setattr(commands, "compare", compare_slowly)
    upload = asyncio.create_task(desk.upload(BADUNG | {"51.03.02.2009": "Mengwi Kelod"}))
    try:
        await under_way.wait()
        await desk.approved(BADUNG | {"51.03.02.2008": "Baha Baru"})
    finally:
        go_on.set()
    decree = await upload
    assert decree["changes"] == {"RENAMED": 2}
    await desk.deed(desk.other, decree, "approve")
    assert len(compared) == 5, "two of the one in between, and one of the approval"


async def test_the_libraries_in_what_changes_are_counted_and_listed(desk: Desk) -> None:
    nomination = {
        "name": "Perpustakaan Baha",
        "type": "DESA",
        "region_code": "51.03.02.2008",
        "nominated_on": "2021-05-01",
        "programme_year": 2021,
        "scheme": "STIMULAN_APBN",
    }
    library = (await desk.one.post("/v1/libraries", nomination)).json()
    lost = {code: name for code, name in BADUNG.items() if code != "51.03.02.2008"}
    decree = await desk.upload(lost)
    assert decree["libraries"] == 1
    assert (await desk.rows(decree))[0]["libraries"] == 1
    listed = await desk.one.get(f"/v1/region-decrees/{decree['decree_id']}/libraries")
    [one] = listed.json()["items"]
    assert (one["library_id"], one["code"], one["gone"]) == (library["library_id"], "51.03.02.2008", True)
    await desk.deed(desk.other, decree, "approve")
    assert (await desk.one.get(f"/v1/region-decrees/{decree['decree_id']}/libraries")).json()["items"] == [one]
    assert (await desk.one.get(f"/v1/libraries/{library['library_id']}")).status_code == 200


@pytest.mark.parametrize(
    ("file", "code"),
    [
        pytest.param("%%%", "file-unreadable", id="not base64"),
        pytest.param(f"{encoded(BADUNG)}\u00e9", "file-unreadable", id="a letter outside ASCII"),
        pytest.param(f"\u200b{encoded(BADUNG)}", "file-unreadable", id="a blank without width"),
        pytest.param(sent(b"\xff\xfe"), "file-unreadable", id="not UTF-8"),
        pytest.param(sent(gzip.compress(b"0" * 17_000_000)), "file-unreadable", id="a bomb"),
        pytest.param(sent(b"\x1f\x8bnot gzip"), "file-unreadable", id="not gzip"),
        pytest.param(sent(gzip.compress(b"code,name\n51.03,KAB. BADUNG")[:-6]), "file-unreadable", id="cut gzip"),
        pytest.param(
            sent(gzip.compress(b"code,name\n") + gzip.compress(b"51.03,KAB")), "file-unreadable", id="two in one"
        ),
        pytest.param(encoded({"51.05": "KLUNGKUNG"}), "decree-file-broken", id="of another regency"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(desk: Desk, file: str, code: str) -> None:
    body = {"decree": "x", "effective_on": DAY, "within": "51.03", "file": file}
    response = await desk.one.post("/v1/region-decrees", body)
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_the_name_of_a_decree_holds_no_sign_that_nobody_sees_and_is_no_formula(desk: Desk) -> None:
    body = {"effective_on": DAY, "within": "51.03", "file": encoded(BADUNG)}
    for name in ("Kepmendagri\u202e 9/2027", "Kepmendagri 9\u200b/2027", "=HYPERLINK(1)"):
        refused = await desk.one.post("/v1/region-decrees", body | {"decree": name})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "/decree"), refused.text


async def test_only_those_of_the_whole_country_may_touch_the_map(desk: Desk) -> None:
    body = {"decree": "x", "effective_on": DAY, "within": "51.03", "file": encoded(BADUNG, packed=True)}
    province = desk.registry.caller(Role.PROVINCE_ADMIN, "51")
    part = desk.registry.caller(Role.NATIONAL_ADMIN, "51")
    assert (await province.post("/v1/region-decrees", body)).status_code == 403
    assert (await part.post("/v1/region-decrees", body)).json()["code"] == "outside-scope"
    assert (await desk.one.post("/v1/region-decrees", body)).status_code == 201
    listed = await desk.one.get("/v1/region-decrees", status="DITINJAU")
    assert [one["effective_on"] for one in listed.json()["items"]] == [DAY]


async def low_lineage(desk: Desk) -> Any:
    """Mengwi (2009) is told to be Sangeh since 2027, by a decree whose rows were not looked at closely."""
    await desk.approved(BADUNG | {"51.03.02.2009": "Sangeh"})
    await desk.approved(BADUNG | {"51.03.02.2009": "Tanah Lot"}, on="2027-06-01")
    items = (await desk.one.get(f"/v1/regions/{region_id('51.03.02.2009')}/lineage")).json()["items"]
    assert [(one["kind"], one["confidence"]) for one in items] == [("RENAMED", "LOW"), ("RENAMED", "LOW")]
    return items[0]


async def test_overruled_lineage_makes_two_regions_of_one_and_its_undoing_one_again(desk: Desk) -> None:
    step, old = await low_lineage(desk), str(region_id("51.03.02.2009"))
    body = {"lineage_event_id": step["event_id"], "reason": "Dua desa"}
    response = await desk.other.post("/v1/region-overrules", body)
    assert response.status_code == 201, response.text
    overrule = response.json()
    read = await desk.one.get(response.headers["location"])
    assert (read.json(), read.headers["etag"]) == (overrule, '"1"')
    assert (await desk.one.get("/v1/region-overrules")).json()["items"] == [overrule]
    assert (await desk.one.get(f"/v1/region-overrules/{old}")).json()["code"] == "overrule-unknown"
    assert [(await desk.map(day))["51.03.02.2009"][1] for day in ("2027-01-14", DAY, "2027-06-01")] == [
        old,
        overrule["new_region_id"],
        overrule["new_region_id"],
    ]
    lineage = (await desk.one.get(f"/v1/regions/{overrule['new_region_id']}/lineage")).json()["items"]
    assert [(one["kind"], one["effective_on"]) for one in lineage] == [("REUSED", DAY), ("RENAMED", "2027-06-01")]
    gone = (await desk.one.get(f"/v1/regions/{old}", valid_on=DAY)).json()
    assert gone["fate"] == "SUCCESSOR_UNKNOWN"
    undone = await desk.one.post(
        f"/v1/region-overrules/{overrule['overrule_id']}/undo", {"reason": "Sama"}, version=overrule["version"]
    )
    assert undone.status_code == 200, undone.text
    assert (await desk.map("2027-06-01"))["51.03.02.2009"] == ("Tanah Lot", old)
    assert (await desk.one.get(f"/v1/regions/{overrule['new_region_id']}", valid_on=DAY)).status_code == 404


async def test_libraries_of_a_region_that_became_two_are_listed_and_stay(desk: Desk) -> None:
    nomination = {"type": "DESA", "programme_year": 2021, "scheme": "STIMULAN_APBN"}
    nomination |= {"name": "Perpustakaan", "region_code": "51.03.02.2009", "nominated_on": "2021-05-01"}
    library = (await desk.one.post("/v1/libraries", nomination)).json()
    step = await low_lineage(desk)
    body = {"lineage_event_id": step["event_id"], "reason": "Dua desa"}
    code = {"scheme": "BPS", "code": "5103020009", "source": "Perka BPS"}
    assert (await desk.one.post(f"/v1/regions/{region_id('51.03.02.2009')}/codes", code)).status_code == 200
    overrule = (await desk.other.post("/v1/region-overrules", body)).json()
    [other] = overrule["others"]
    assert (other["what"], other["region_id"]) == ("BPS code 5103020009", str(region_id("51.03.02.2009")))
    [one] = overrule["libraries"]
    assert (one["library_id"], one["belongs_to"]) == (library["library_id"], str(region_id("51.03.02.2009")))
    assert (await desk.one.get(f"/v1/libraries/{library['library_id']}")).status_code == 200


async def test_lineage_that_is_sure_or_unknown_is_not_overruled(desk: Desk) -> None:
    await desk.approved(BADUNG | {"51.03.02.2009": "MENGWI"})
    [step] = (await desk.one.get(f"/v1/regions/{region_id('51.03.02.2009')}/lineage")).json()["items"]
    for event_id, code in ((step["event_id"], "lineage-sure"), (str(region_id("ID")), "lineage-unknown")):
        refused = await desk.one.post("/v1/region-overrules", {"lineage_event_id": event_id, "reason": "x"})
        assert refused.json()["code"] == code


async def lineage_of(desk: Desk, region: str, **known: str) -> list[tuple[str, str]]:
    items = (await desk.one.get(f"/v1/regions/{region}/lineage", **known)).json()["items"]
    return [(one["kind"], one["effective_on"]) for one in items]


async def test_a_decree_whose_lineage_was_overruled_and_told_again_is_undone_whole(desk: Desk) -> None:
    await low_lineage(desk)
    mengwi = str(region_id("51.03.02.2009"))
    last = (await desk.one.get(f"/v1/regions/{mengwi}/lineage")).json()["items"][1]
    later = (await desk.one.get("/v1/region-decrees")).json()["items"][0]
    body = {"lineage_event_id": last["event_id"], "reason": "Dua desa"}
    overrule = (await desk.other.post("/v1/region-overrules", body)).json()
    meanwhile = (await desk.registry.ledger())[-1].recordedtime.isoformat()
    believed = await lineage_of(desk, mengwi, known_on=meanwhile)
    undo = f"/v1/region-overrules/{overrule['overrule_id']}/undo"
    assert (await desk.other.post(undo, {"reason": "Sama"}, version=1)).status_code == 200
    assert await lineage_of(desk, mengwi) == [("RENAMED", DAY), ("RENAMED", "2027-06-01")]
    await desk.deed(desk.one, later, "undo", {"reason": "Salah berkas"})
    assert await lineage_of(desk, mengwi) == [("RENAMED", DAY)]
    assert await lineage_of(desk, mengwi, known_on=meanwhile) == believed


async def test_a_decree_is_not_undone_while_lineage_of_it_is_overruled(desk: Desk) -> None:
    decree = await desk.approved(SPLIT_OFF)
    abiansemal = (await desk.map(DAY))["51.03.04"][1]
    [split] = (await desk.one.get(f"/v1/regions/{abiansemal}/lineage")).json()["items"]
    body = {"lineage_event_id": split["event_id"], "reason": "Bukan pemekaran"}
    overrule = (await desk.other.post("/v1/region-overrules", body)).json()
    path = f"/v1/region-decrees/{decree['decree_id']}/undo"
    refused = await desk.one.post(path, {"reason": "x"}, version=decree["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "later-region-change")
    undo = f"/v1/region-overrules/{overrule['overrule_id']}/undo"
    assert (await desk.other.post(undo, {"reason": "Sama"}, version=1)).status_code == 200
    await desk.deed(desk.one, decree, "undo", {"reason": "x"})
    assert await lineage_of(desk, abiansemal) == []


async def test_history_lineage_and_codes_of_a_region_are_read_as_of_a_day_as_well(desk: Desk) -> None:
    await low_lineage(desk)
    mengwi = f"/v1/regions/{region_id('51.03.02.2009')}"
    code = {"scheme": "BPS", "code": "5103020009", "source": "Perka BPS", "valid_from": DAY}
    assert (await desk.one.post(f"{mengwi}/codes", code)).status_code == 200
    for day, names, steps, codes in (
        ("2027-01-14", ["Mengwi"], 0, 0),
        (DAY, ["Mengwi", "Sangeh"], 1, 1),
        ("2027-06-01", ["Mengwi", "Sangeh", "Tanah Lot"], 2, 1),
    ):
        history = (await desk.one.get(f"{mengwi}/history", valid_on=day)).json()["items"]
        assert list(dict.fromkeys(one["name"] for one in history)) == names
        believed = [one["name"] for one in history if one["superseded_at"] is None]
        assert believed == names[-1:]
        assert len((await desk.one.get(f"{mengwi}/lineage", valid_on=day)).json()["items"]) == steps
        assert len((await desk.one.get(f"{mengwi}/codes", valid_on=day)).json()["items"]) == codes
