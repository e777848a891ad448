"""What consumers keep of the registry, in whatever order its topics come."""

from datetime import date

from simpul_shared.contracts.registry import (
    LibraryClosed,
    LibraryDormant,
    LibraryReactivated,
    LibraryRenamed,
    RegionVersionWithdrawn,
)

from tests.service.activities import world
from tests.service.activities.world import HEAD, MENGWI
from tests.support.services import Caller, ServiceUnderTest

VILLAGE = "51.03.02.2009"


async def library(service: ServiceUnderTest) -> dict[str, object]:
    row = await service.database.pool.fetchrow("select * from library where library_id = $1", MENGWI)
    assert row is not None
    return dict(row)


async def test_a_library_s_whole_life_in_one_batch_leaves_its_last_state(empty: ServiceUnderTest) -> None:
    await empty.receive(
        *world.active_library(VILLAGE),
        LibraryRenamed(library_id=MENGWI, old_name="A", new_name="B", effective_on=date(2022, 1, 1)),
        LibraryRenamed(library_id=MENGWI, old_name="B", new_name="C", effective_on=date(2022, 2, 1)),
        LibraryDormant(library_id=MENGWI, effective_on=date(2023, 1, 1), reason="x"),
        LibraryReactivated(library_id=MENGWI, effective_on=date(2023, 2, 1)),
        LibraryClosed(library_id=MENGWI, effective_on=date(2024, 1, 1), reason="x"),
    )

    kept = await library(empty)
    assert (kept["name"], kept["status"], kept["aggregate_version"]) == ("C", "DITUTUP", 9)
    assert (kept["designated_on"], kept["activated_on"]) == (date(2021, 3, 15), date(2021, 4, 1))
    assert (kept["dormant_since"], kept["closed_on"]) == (None, date(2024, 1, 1))


async def test_one_batch_and_one_event_at_a_time_leave_the_same(empty: ServiceUnderTest) -> None:
    records = await empty.announce(*world.active_library(VILLAGE))
    for record in records:
        await empty.apply([record])
    single = await library(empty)

    assert (single["status"], single["aggregate_version"]) == ("AKTIF", 4)


async def test_events_sent_again_change_nothing(empty: ServiceUnderTest) -> None:
    records = await empty.announce(*world.active_library(VILLAGE), world.person("head", VILLAGE))
    await empty.apply(records)
    before = await library(empty)
    again = [empty.record(record.topic, record.key, record.value) for record in records for _ in range(10)]
    await empty.apply(again)

    assert await library(empty) == before
    assert await empty.dead_letters() == []


async def test_people_and_libraries_may_come_before_their_regions(empty: ServiceUnderTest) -> None:
    await empty.receive(world.person("head", VILLAGE), *world.active_library(VILLAGE))
    await empty.receive(*reversed(world.regions()))

    assert await empty.dead_letters() == []
    assert await empty.database.pool.fetchval("select region_id from person where person_id = $1", HEAD)
    assert (await library(empty))["region_id"] == world.region_id(VILLAGE)
    place = await empty.database.pool.fetchrow(
        "select code, path from region_place where region_id = $1", world.region_id(VILLAGE)
    )
    assert place is not None
    assert (place["code"], place["path"][0]) == (VILLAGE, world.region_id("ID"))


async def test_what_was_recorded_in_a_withdrawn_region_stays_with_those_in_charge_there(
    activities: ServiceUnderTest, badung: Caller, klungkung: Caller
) -> None:
    planned = await world.planned(badung)
    recorded = (await badung.post("/v1/activities", world.activity())).json()
    undone = RegionVersionWithdrawn(region_id=world.region_id(VILLAGE), valid_from=None, reason="Keputusan dibatalkan")
    await activities.receive(undone)
    for path, made in (
        (f"/v1/bimteks/{planned['bimtek_id']}", planned),
        (f"/v1/activities/{recorded['activity_id']}", recorded),
    ):
        assert (await badung.get(path)).json().items() >= made.items()
        assert (await klungkung.get(path)).status_code == 404
    for path in ("/v1/bimteks", "/v1/activities"):
        assert len((await badung.get(path)).json()["items"]) == 1
        assert (await klungkung.get(path)).json()["items"] == []
