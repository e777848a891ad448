"""What activities makes of libraries that move, merge and close in favour of another."""

from datetime import date
from typing import Any

from simpul_shared.contracts.registry import LibraryClosed, LibraryMerged, LibraryRelocated, LibraryUnmerged

from tests.service.activities import world
from tests.service.activities.world import HEAD, MENGWI, PIKAT, SEREH, activity, content, plan
from tests.support.services import Caller, ServiceUnderTest

TUBAN, PIKAT_VILLAGE, SEREH_VILLAGE = "51.03.01.1001", "51.05.04.2010", "91.03.01.2001"


def merged(library: Any, survivor: Any) -> LibraryMerged:
    return LibraryMerged(library_id=library, survivor_id=survivor, effective_on=date(2026, 3, 1), reason="x")


def moved(old: str, new: str, on: date) -> LibraryRelocated:
    return LibraryRelocated(
        library_id=MENGWI,
        old_region_id=world.region_id(old),
        region_id=world.region_id(new),
        province_id=world.region_id(new[:2]),
        timezone=world.timezone_of(new),
        effective_on=on,
        reason="Gedung baru",
    )


async def recorded(caller: Caller, **changed: Any) -> Any:
    answer = await caller.post("/v1/activities", activity(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_merged_library_records_nothing_until_that_is_taken_back_and_its_survivor_is_named(
    activities: ServiceUnderTest, national: Caller
) -> None:
    await activities.receive(merged(MENGWI, PIKAT), merged(PIKAT, SEREH))
    refusal = await national.post("/v1/activities", activity())
    assert (refusal.status_code, refusal.json()["code"]) == (409, "library-merged")
    assert refusal.json()["survivor_id"] == str(SEREH)
    assert "Perpustakaan Desa Sereh" in refusal.json()["detail"]

    await activities.receive(
        LibraryUnmerged(library_id=MENGWI, survivor_id=PIKAT, effective_on=date(2026, 3, 1), reason="x")
    )
    await recorded(national)


async def test_an_activity_lies_where_its_library_lay_on_its_day_also_when_it_is_corrected(
    activities: ServiceUnderTest, national: Caller
) -> None:
    await activities.receive(
        moved("51.03.02.2009", TUBAN, date(2026, 11, 1)), moved(TUBAN, SEREH_VILLAGE, date(2026, 11, 10))
    )
    days = {"2026-10-31": "51.03.02.2009", "2026-11-05": TUBAN, "2026-11-14": SEREH_VILLAGE}
    for day, village in days.items():
        made = await recorded(national, starts_at=f"{day}T09:00:00+08:00")
        assert made["region_id"] == str(world.region_id(village))
    earlier = content(starts_at="2026-11-05T09:00:00+08:00") | {"reason": "salah tanggal"}
    corrected = await national.post(f"/v1/activities/{made['activity_id']}/correct", earlier, version=1)
    assert corrected.json()["region_id"] == str(world.region_id(TUBAN))


async def test_all_moves_in_one_batch_and_one_by_one_leave_the_same(activities: ServiceUnderTest) -> None:
    moves = [moved("51.03.02.2009", TUBAN, date(2026, 1, 1)), moved(TUBAN, PIKAT_VILLAGE, date(2026, 2, 1))]
    for move in moves:
        await activities.receive(move)
    rows = await activities.database.pool.fetch("select valid_from, region_id from library_region order by valid_from")
    assert [row["region_id"] for row in rows] == [
        world.region_id(code) for code in ("51.03.02.2009", TUBAN, PIKAT_VILLAGE)
    ]


async def test_who_took_over_a_plan_carries_it_out(activities: ServiceUnderTest, national: Caller) -> None:
    bimtek = await world.running(national)
    await world.registered(national, bimtek, HEAD)
    submitted = (await national.post(f"/v1/bimteks/{bimtek['bimtek_id']}/plans", plan())).json()
    item = {"plan_id": submitted["plan_id"], "no": 1}
    other = activity(library_id=str(PIKAT), plan_item=item)
    assert (await national.post("/v1/activities", other)).json()["code"] == "plan-item-not-found"

    await activities.receive(
        LibraryClosed(library_id=MENGWI, effective_on=date(2026, 11, 1), reason="x", transfer_to=PIKAT)
    )
    assert (await national.post("/v1/activities", other)).status_code == 201
