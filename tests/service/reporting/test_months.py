"""The roll-ups equal an independent recount, whatever the order in which events come."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
import uuid6
from simpul_reporting.consumers import HANDLERS
from simpul_reporting.store.months import drifted, recount
from simpul_shared.contracts.activities import ActivityRecorded
from simpul_shared.contracts.envelope import Event
from simpul_shared.platform.consume import Received

from tests.service.reporting.history import (
    COUNTED,
    MARKED,
    History,
    activity_events,
    bimtek_events,
    expected_activities,
    expected_marks,
    library_events,
    made_up,
    region_events,
    shuffled,
)
from tests.service.reporting.world import bali, now, recorded_activity
from tests.support.services import ORIGIN, ServiceUnderTest


async def apply_in_pieces(reporting: ServiceUnderTest, history: History, events: list[Event]) -> None:
    """In batches of random size; now and then a batch is delivered again, at new offsets."""
    waiting = events
    while waiting:
        size = history.random.choice([1, 2, 5, 40])
        records = await reporting.announce(*waiting[:size])
        waiting = waiting[size:]
        await reporting.apply(records)
        if history.random.random() < 0.2:
            await reporting.apply([reporting.record(r.topic, r.key, r.value) for r in records])


async def stored(reporting: ServiceUnderTest, query: str, names: tuple[str, ...]) -> list[tuple[Any, list[int]]]:
    rows = await reporting.database.pool.fetch(query)
    return [(tuple(row.values())[: -len(names)], [row[name] for name in names]) for row in rows]


async def stored_activities(reporting: ServiceUnderTest) -> dict[Any, list[int]]:
    query = """
        select region_id, parent_id, month, category, activities, attendances, women, men, gender_unknown, disability,
            low_income from activity_month where activities <> 0
        """
    return dict(await stored(reporting, query, COUNTED))


async def stored_marks(reporting: ServiceUnderTest) -> dict[Any, Counter[str]]:
    query = "select region_id, parent_id, month, registered, present, late, excused, sick, absent from attendance_month"
    counters = {
        key: Counter(dict(zip(MARKED, figures, strict=True))) for key, figures in await stored(reporting, query, MARKED)
    }
    return {key: +counter for key, counter in counters.items() if +counter}


def made_up_streams(history: History) -> list[list[Event]]:
    """Each stream keeps its order: a region's statements, a library's life, an activity's, a Bimtek with its participants."""
    libraries = [(history.id(), history.random.choice(history.villages)) for _ in range(12)]
    regions: dict[UUID, list[Event]] = {}
    for event in region_events(history):
        regions.setdefault(event.region_id, []).append(event)
    activities = [activity_events(history, *history.random.choice(libraries)) for _ in range(40)]
    bimteks = [bimtek_events(history, history.random.sample(libraries, 4)) for _ in range(3)]
    ids = [library for library, _ in libraries]
    lives = [library_events(history, *library, ids[place + 1 :]) for place, library in enumerate(libraries)]
    return [*regions.values(), *lives, *activities, *bimteks]


@pytest.mark.parametrize("seed", range(3))
async def test_months_equal_a_recount_of_events_that_came_in_any_order_twice_and_before_their_regions(
    reporting: ServiceUnderTest, seed: int
) -> None:
    history = made_up(seed)
    events = shuffled(history, made_up_streams(history))
    await apply_in_pieces(reporting, history, events)

    assert await reporting.dead_letters() == []
    assert await stored_activities(reporting) == expected_activities(history, events)
    assert await stored_marks(reporting) == expected_marks(history, events)
    async with reporting.database.transaction(ORIGIN) as tx:
        assert await drifted(tx) == 0


async def test_months_that_were_spoilt_are_found_and_made_anew(reporting: ServiceUnderTest) -> None:
    history = made_up(1)
    events = shuffled(history, made_up_streams(history))
    await apply_in_pieces(reporting, history, events)
    async with reporting.database.transaction(ORIGIN) as tx:
        await tx.execute(
            "update activity_month set women = women + 1 where category = (select min(category) from activity_month)"
        )
        await tx.execute("delete from attendance_month where month = (select min(month) from attendance_month)")

    async with reporting.database.transaction(ORIGIN) as tx:
        before = await drifted(tx)
        await recount(tx)
        after = await drifted(tx)

    assert before > 0
    assert after == 0
    assert await stored_activities(reporting) == expected_activities(history, events)
    assert await stored_marks(reporting) == expected_marks(history, events)


async def test_a_fact_and_its_region_that_come_side_by_side_still_find_each_other(reporting: ServiceUnderTest) -> None:
    """Two workers: neither sees what the other has not committed, so one must wait for the other."""
    map_ = bali()
    await reporting.receive(*(event for event in map_.published() if event.code != "51.03.02.2009"))
    village = map_["51.03.02.2009"]
    async with reporting.database.transaction(ORIGIN) as tx:
        await HANDLERS[ActivityRecorded](tx, [received(recorded_activity(village))])
        region = asyncio.create_task(apply_alone(reporting, village.published()))
        await until_waiting_for_a_lock(reporting)
    await region

    async with reporting.database.transaction(ORIGIN) as tx:
        assert await tx.fetchval("select activities from activity_month where region_id = $1", village.id) == 1


async def apply_alone(reporting: ServiceUnderTest, event: Event) -> None:
    async with reporting.database.transaction(ORIGIN) as tx:
        await HANDLERS[type(event)](tx, [received(event)])


async def until_waiting_for_a_lock(reporting: ServiceUnderTest) -> None:
    async with asyncio.timeout(10):
        while not await reporting.database.pool.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 (Postgres tells nobody who waits)
            await asyncio.sleep(0.01)


def received(event: Event) -> Received[Any]:
    return Received(event, uuid6.uuid7(), 1, now(), now(), event.topic.name, 0, 0, "test", None)
