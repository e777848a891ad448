"""As known at an instant: a frozen answer stays the same to the byte, and says when it is final."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import uuid6
from simpul_reporting.app import SERVICE
from simpul_shared.access import Role
from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.registry import LibraryActivated
from simpul_shared.contracts.topics import LEDGER_SHARDS, LIBRARIES, MARKS

from tests.service.reporting.world import Map, bali, corrected_activity, designated, now, recorded_activity
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test

REPORT = "/v1/reports/realisation"


@pytest.fixture
async def reporting(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await service.receive(*bali().published())
        yield service


async def mark(reporting: ServiceUnderTest, through: datetime, *services: str, shards: int = LEDGER_SHARDS) -> None:
    """What each service's relay would say: all that was recorded up to `through` lies below the offsets applied here."""
    rows = await reporting.database.pool.fetch("select topic, partition, next_offset from consumer_offset")
    offsets = {row["topic"]: {str(row["partition"]): row["next_offset"]} for row in rows}
    for service in services:
        for shard in range(shards):
            value = LowWaterMark(service=service, shard=shard, through=through, offsets=offsets)
            await reporting.apply([reporting.record(MARKS.name, None, msgspec.json.encode(value))])


async def set_target(reporting: ServiceUnderTest, code: str, value: int) -> httpx.Response:
    body = {"programme_year": 2021, "indicator": "LIBRARIES", "region_code": code, "value": value}
    return await reporting.caller().post("/v1/targets", body)


async def fill(reporting: ServiceUnderTest, map_: Map) -> tuple[UUID, UUID]:
    library, activity = uuid6.uuid7(), uuid6.uuid7()
    await reporting.receive(
        designated(map_["51.03.02.2009"], library_id=library),
        designated(map_["51.05.02.2003"]),
        recorded_activity(map_["51.03.02.2009"], library_id=library, activity_id=activity, total=20),
    )
    await set_target(reporting, "ID", 450)
    await set_target(reporting, "51", 12)
    return library, activity


async def test_an_answer_frozen_at_an_instant_stays_the_same_to_the_byte(reporting: ServiceUnderTest) -> None:
    map_ = bali()
    library, activity = await fill(reporting, map_)
    frozen_at = now()
    await mark(reporting, frozen_at + timedelta(microseconds=1), "registry", "activities", "reporting")
    questions: list[tuple[str, dict[str, Any]]] = [
        (REPORT, {"programme_year": 2021, "region": "51", "known_on": frozen_at.isoformat()}),
        (REPORT, {"programme_year": 2021, "known_on": frozen_at.isoformat(), "all_children": True}),
        ("/v1/reports/activities", {"from": "2021-01", "to": "2021-12", "known_on": frozen_at.isoformat()}),
        ("/v1/reports/bimtek-attendance", {"from": "2021-01", "to": "2021-12", "known_on": frozen_at.isoformat()}),
    ]
    before = [await reporting.caller().get(path, **params) for path, params in questions]

    await change_everything(reporting, map_, library, activity)
    await mark(reporting, now(), "registry", "activities", "reporting")

    after = [await reporting.caller().get(path, **params) for path, params in questions]
    assert [answer.status_code for answer in before] == [200] * 4
    assert not before[0].json()["watermark"]["provisional"]
    assert [answer.content for answer in before] == [answer.content for answer in after]
    live = (await reporting.caller().get(REPORT, programme_year=2021, region="51")).json()
    assert (before[0].json()["target"], before[0].json()["realised"]) == (12, 2)
    assert (live["target"], live["realised"], live["region"]["name"]) == (13, 3, "Provinsi Bali")
    months = (await reporting.caller().get("/v1/reports/activities", **{"from": "2021-01", "to": "2021-12"})).json()
    assert (before[2].json()["total"]["attendances"], months["total"]["attendances"]) == (20, 7 + 30)


async def change_everything(reporting: ServiceUnderTest, map_: Map, library: UUID, activity: UUID) -> None:
    """A late designation and activity, a corrected activity, a revised target, and Bali under another name."""
    await reporting.receive(
        designated(map_["51.02.05.2004"]),
        recorded_activity(map_["51.05.02.2003"], total=7),
        replace(map_["51"], name="Provinsi Bali").published(),
        corrected_activity(map_["51.03.02.2009"], library_id=library, activity_id=activity, total=30),
    )
    listed = (await reporting.caller().get("/v1/targets", programme_year=2021)).json()["items"]
    target = next(item for item in listed if item["region"]["code"] == "51")
    await reporting.caller().post(
        f"/v1/targets/{target['target_id']}/revise", {"value": 13, "reason": "Tambahan"}, version=1
    )


async def test_an_answer_is_provisional_until_every_service_has_passed_the_instant_asked_for(
    reporting: ServiceUnderTest,
) -> None:
    asked = now()

    async def provisional() -> bool:
        answer = await reporting.caller().get(REPORT, programme_year=2021, known_on=asked.isoformat())
        value: bool = answer.json()["watermark"]["provisional"]
        return value

    seen = [await provisional()]
    await mark(reporting, asked - timedelta(seconds=1), "registry", "activities", "reporting")
    seen.append(await provisional())
    await mark(reporting, asked + timedelta(seconds=1), "registry", "activities")
    seen.append(await provisional())
    await mark(reporting, asked + timedelta(seconds=1), "reporting", shards=1)
    seen.append(await provisional())
    await mark(reporting, asked + timedelta(seconds=1), "reporting")
    seen.append(await provisional())

    assert seen == [True, True, True, True, False]


async def test_the_watermark_tells_how_far_each_service_is_applied_and_how_far_behind_that_is(
    reporting: ServiceUnderTest,
) -> None:
    moment = now()
    unknown = (await reporting.caller().get(REPORT, programme_year=2021)).json()["watermark"]
    await mark(reporting, moment - timedelta(seconds=90), "registry")
    await mark(reporting, moment - timedelta(seconds=30), "activities", "reporting")
    known = (await reporting.caller().get(REPORT, programme_year=2021)).json()["watermark"]

    assert unknown == {
        "applied_through": {"registry": None, "activities": None, "reporting": None},
        "lag_seconds": None,
        "withheld": 0,
        "provisional": True,
    }
    assert datetime.fromisoformat(known["applied_through"]["registry"]) == moment - timedelta(seconds=90)
    assert datetime.fromisoformat(known["applied_through"]["activities"]) == moment - timedelta(seconds=30)
    assert 90 <= known["lag_seconds"] < 120
    assert known["provisional"] is True


async def test_a_live_answer_is_measured_by_the_marks_and_not_by_a_clock_that_is_slow(databases: Databases) -> None:
    def slow_clock() -> datetime:
        return now() - timedelta(hours=2)

    async with service_under_test(SERVICE, databases, clock=slow_clock) as reporting:
        map_, moment = bali(), now()
        await reporting.receive(*map_.published(), designated(map_["51.03.02.2009"]))
        await reporting.apply([reporting.record(LIBRARIES.name, b"k", b"{")])
        await mark(reporting, moment, "registry", "activities", "reporting")

        report = (await reporting.caller().get(REPORT, programme_year=2021)).json()

    told = report["watermark"]
    assert {datetime.fromisoformat(one) for one in told["applied_through"].values()} == {moment}
    assert (report["realised"], told["withheld"], told["lag_seconds"], told["provisional"]) == (1, 1, 0, True)


async def test_a_mark_counts_only_once_the_events_below_it_are_applied(reporting: ServiceUnderTest) -> None:
    asked = now()
    offsets = {"simpul.registry.regions.v1": {"0": 10_000}}
    for shard in range(LEDGER_SHARDS):
        for service in ("registry", "activities", "reporting"):
            value = LowWaterMark(service=service, shard=shard, through=asked + timedelta(seconds=1), offsets=offsets)
            await reporting.apply([reporting.record(MARKS.name, None, msgspec.json.encode(value))])

    answer = await reporting.caller().get(REPORT, programme_year=2021, known_on=asked.isoformat())

    assert answer.json()["watermark"]["provisional"] is True


async def watermark_at(reporting: ServiceUnderTest, known_on: datetime) -> dict[str, Any]:
    answer = await reporting.caller().get(REPORT, programme_year=2021, known_on=known_on.isoformat())
    told: dict[str, Any] = answer.json()["watermark"]
    return told


async def test_what_came_but_could_not_be_applied_keeps_later_answers_from_being_final(
    reporting: ServiceUnderTest,
) -> None:
    map_, before = bali(), now()
    announced = await reporting.announce(designated(map_["51.03.02.2009"]), designated(map_["51.05.02.2003"]))
    assert announced[0].value is not None
    broken = replace(announced[0], value=announced[0].value.replace(b'"programme_year":2021', b'"programme_year":"?"'))
    assert broken.value != announced[0].value
    await reporting.apply([broken, announced[1]])
    after = now()
    await mark(reporting, after + timedelta(seconds=1), "registry", "activities", "reporting")

    told = [await watermark_at(reporting, moment) for moment in (before, after)]
    assert [(one["withheld"], one["provisional"]) for one in told] == [(0, False), (1, True)]

    operator = reporting.caller(Role.OPERATOR)
    (letter,) = (await operator.get("/v1/dead-letters")).json()["items"]
    body = {"reason": "as the registry has it", "text": announced[0].value.decode()}
    path = f"/v1/dead-letters/{letter['dead_letter_id']}/edit"
    assert (await operator.post(path, body)).json()["state"] == "resolved"
    told = [await watermark_at(reporting, after)]
    assert [(one["withheld"], one["provisional"]) for one in told] == [(0, False)]
    live = (await reporting.caller().get(REPORT, programme_year=2021)).json()
    assert live["realised"] == 2


async def test_an_unreadable_record_may_be_as_old_as_the_last_mark_before_it(reporting: ServiceUnderTest) -> None:
    before = now()
    await mark(reporting, before, "registry", "activities", "reporting")
    await reporting.apply([reporting.record(LIBRARIES.name, b"k", b"{")])
    await mark(reporting, now() + timedelta(seconds=1), "registry", "activities", "reporting")

    told = [await watermark_at(reporting, before + timedelta(milliseconds=ms)) for ms in (-1, 1)]
    assert [(one["withheld"], one["provisional"]) for one in told] == [(0, False), (1, True)]


async def test_behind_a_version_that_stays_missing_no_answer_is_final(reporting: ServiceUnderTest) -> None:
    library, before = uuid6.uuid7(), now()
    _, second = await reporting.announce(
        designated(bali()["51.03.02.2009"], library_id=library),
        LibraryActivated(library_id=library, effective_on=date(2021, 7, 1)),
    )
    await reporting.apply([second])
    await mark(reporting, now() + timedelta(seconds=1), "registry", "activities", "reporting")
    assert (await watermark_at(reporting, before))["provisional"] is False
    await reporting.database.pool.execute("update dead_letter set first_seen_at = first_seen_at - interval '2 minutes'")
    assert (await watermark_at(reporting, before))["withheld"] == 1


async def test_a_bare_date_stands_for_the_end_of_that_day_in_jakarta(reporting: ServiceUnderTest) -> None:
    today = datetime.now(UTC) + timedelta(hours=7)
    answer = await reporting.caller().get(REPORT, programme_year=2021, known_on=today.date().isoformat())

    known_on = datetime.fromisoformat(answer.json()["known_on"])
    assert known_on == datetime.combine(today.date() + timedelta(days=1), datetime.min.time(), UTC) - timedelta(
        hours=7, microseconds=1
    )
    assert answer.json()["valid_on"] == today.date().isoformat()


async def test_an_instant_without_a_zone_or_sense_is_refused(reporting: ServiceUnderTest) -> None:
    for text in ("2026-11-22T10:05:00", "yesterday", "2026-13-01", "22-11-2026"):
        answer = await reporting.caller().get(REPORT, programme_year=2021, known_on=text)

        assert (answer.status_code, answer.json()["code"]) == (422, "known-on-malformed"), text


async def test_before_a_region_was_known_the_report_says_so(reporting: ServiceUnderTest) -> None:
    answer = await reporting.caller().get(REPORT, programme_year=2021, region="51", known_on="2021-12-31")

    assert (answer.status_code, answer.json()["code"]) == (404, "region-unknown")
    assert "later known_on" in answer.json()["detail"]


async def test_without_a_day_the_map_is_that_of_the_day_known(reporting: ServiceUnderTest) -> None:
    answer = await reporting.caller().get(
        REPORT, programme_year=2021, known_on=(now() + timedelta(days=400)).isoformat()
    )

    assert answer.json()["valid_on"] == (now() + timedelta(hours=7)).date().isoformat()


async def test_parameters_left_empty_are_as_good_as_left_out(reporting: ServiceUnderTest) -> None:
    asked = {"programme_year": 2021, "region": "51"}
    left_out = await reporting.caller().get(REPORT, **asked)
    empty = await reporting.caller().get(REPORT, **asked, valid_on="", known_on="")
    assert (empty.status_code, left_out.status_code) == (200, 200)
    assert empty.json()["valid_on"] == left_out.json()["valid_on"]
    assert empty.json()["realised"] == left_out.json()["realised"]
