"""Bimtek through HTTP: planned, announced, started, closed, cancelled; cascade; lists; who sees what."""

from datetime import date
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.activities import BimtekCancelled, BimtekClosed, BimtekPlanned

from tests.service.activities import world
from tests.service.activities.world import CLERK, HEAD, MENGWI, PIKAT, VOLUNTEER, bimtek, session
from tests.support.services import Caller, ServiceUnderTest


async def test_a_bimtek_is_planned_and_announced_without_its_officials_names(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    officials = [{"name": "Ni Wayan Kristiani", "role": "Kepala Dinas"}]
    answer = await badung.post("/v1/bimteks", bimtek(officials=officials, capacity=40))

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/v1/bimteks/{made['bimtek_id']}"
    assert (made["status"], made["timezone"], made["officials"]) == ("DIRENCANAKAN", "Asia/Makassar", officials)
    [envelope] = await activities.ledger(BimtekPlanned)
    event = msgspec.json.decode(envelope.data, type=BimtekPlanned)
    assert (event.region_id, event.session_count) == (world.region_id("51.03.02.2009"), 2)
    for name in (b"Kristiani", b"Dinas"):
        assert name not in bytes(envelope.data)
    assert (await badung.get(f"/v1/bimteks/{made['bimtek_id']}")).json() == made


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"ends_on": "2026-06-28"}, 422, "dates-out-of-order", "/ends_on"),
        ({"starts_on": "1999-12-31"}, 422, "date-out-of-range", "/starts_on"),
        ({"starts_on": 20260629}, 422, "invalid", "/starts_on"),
        ({"timezone": "Europe/Berlin"}, 422, "timezone-unknown", "/timezone"),
        ({"region_code": "5103"}, 422, "region-code-malformed", "/region_code"),
        ({"region_code": "51.99"}, 404, "region-unknown", None),
        ({"region_code": "51.05"}, 403, "outside-scope", "/region_code"),
        ({"organisers": []}, 422, "invalid", "/organisers"),
        ({"sessions": []}, 422, "invalid", "/sessions"),
        ({"sessions": [session(1), session(3)]}, 422, "sessions-not-numbered", "/sessions"),
        ({"sessions": [session(1, "2026-07-01")]}, 422, "session-outside-dates", "/sessions/0/starts_at"),
        (
            {"sessions": [session(1, ends_at="2026-06-29T09:00:00+08:00")]},
            422,
            "dates-out-of-order",
            "/sessions/0/ends_at",
        ),
        (
            {"sessions": [session(1), session(2, starts_at="2026-06-29T09:00:00")]},
            422,
            "time-without-zone",
            "/sessions/1/starts_at",
        ),
        ({"parent_bimtek_id": str(uuid4()), "parent_basis": "inferred"}, 404, "bimtek-not-found", "/parent_bimtek_id"),
        ({"parent_bimtek_id": str(uuid4())}, 422, "invalid", "/"),
        ({"capacity": 0}, 422, "invalid", "/capacity"),
        ({"title": "x" * 201}, 422, "invalid", "/title"),
    ],
)
async def test_a_plan_that_cannot_be_right_is_refused(
    shared: ServiceUnderTest, changed: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await shared.caller(Role.REGENCY_ADMIN, "51.03").post("/v1/bimteks", bimtek(**changed))

    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)


async def test_a_session_until_midnight_in_papua_lies_on_its_last_day(national: Caller) -> None:
    papua = {"region_code": "91.03", "starts_on": "2026-06-30", "ends_on": "2026-06-30"}
    until_midnight = session(1, starts_at="2026-06-30T23:30:00+09:00", ends_at="2026-07-01T00:00:00+09:00")
    past_midnight = session(1, starts_at="2026-06-30T23:30:00+09:00", ends_at="2026-07-01T00:30:00+09:00")

    made = await world.planned(national, sessions=[until_midnight], **papua)
    refused = await national.post("/v1/bimteks", bimtek(sessions=[past_midnight], **papua))

    assert made["timezone"] == "Asia/Jayapura"
    assert made["sessions"][0]["starts_at"] == "2026-06-30T23:30:00+09:00"
    assert refused.json()["code"] == "session-outside-dates"


async def test_a_bimtek_closes_only_when_marks_and_plans_are_complete(
    activities: ServiceUnderTest, badung: Caller, mengwi: Caller
) -> None:
    made = await world.running(badung)
    path = f"/v1/bimteks/{made['bimtek_id']}"
    head = await world.registered(badung, made, HEAD)
    clerk = await world.registered(badung, made, CLERK)
    await badung.post(f"{path}/registrations/{clerk['registration_id']}/withdraw", {"reason": "Sakit"}, version=1)
    await world.marked(badung, made, 1, **{head["registration_id"]: "HADIR"})

    early = await badung.post(f"{path}/close", version=made["version"])
    assert (early.status_code, early.json()["code"]) == (409, "bimtek-incomplete")
    assert early.json()["missing_attendance"] == [{"registration_id": head["registration_id"], "sessions": [2]}]
    assert early.json()["missing_plans"] == [str(MENGWI)]

    await world.marked(badung, made, 2, **{head["registration_id"]: "TERLAMBAT"})
    assert (await mengwi.post(f"{path}/plans", world.plan())).status_code == 201
    closed = await badung.post(f"{path}/close", version=made["version"])
    assert (closed.status_code, closed.json()["status"]) == (200, "SELESAI")
    [envelope] = await activities.ledger(BimtekClosed)
    assert envelope.aggregateversion == closed.json()["version"] == 4


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ((), "start"),
        ((), "close"),
        (("announce",), "announce"),
        (("announce",), "close"),
        (("announce", "start"), "announce"),
        (("announce", "start"), "start"),
        (("announce", "start", "close"), "start"),
        (("announce", "start", "close"), "close"),
        (("announce", "start", "close"), "cancel"),
    ],
)
async def test_a_step_out_of_turn_is_refused(shared: ServiceUnderTest, steps: tuple[str, ...], refused: str) -> None:
    national = shared.caller()
    made = await world.moved(national, await world.planned(national), *steps)
    body = {"reason": "x"} if refused == "cancel" else None

    answer = await national.post(f"/v1/bimteks/{made['bimtek_id']}/{refused}", body, version=made["version"])

    assert (answer.status_code, answer.json()["code"]) == (409, "bimtek-state")
    assert answer.json()["status_now"] == made["status"]


async def test_a_step_needs_the_version_that_its_caller_saw(badung: Caller) -> None:
    made = await world.planned(badung)
    path = f"/v1/bimteks/{made['bimtek_id']}/announce"

    assert (await badung.post(path)).status_code == 428
    assert (await badung.post(path, version=2)).status_code == 412
    assert (await badung.post(path, version=1)).status_code == 200


async def test_a_cancelled_bimtek_says_why_and_takes_nobody(activities: ServiceUnderTest, badung: Caller) -> None:
    made = await world.running(badung)
    path = f"/v1/bimteks/{made['bimtek_id']}"

    cancelled = await badung.post(f"{path}/cancel", {"reason": "Banjir"}, version=made["version"])
    late = await badung.post(f"{path}/registrations", {"person_id": str(HEAD), "library_id": str(MENGWI)})

    assert (cancelled.json()["status"], cancelled.json()["cancelled_because"]) == ("DIBATALKAN", "Banjir")
    assert (late.status_code, late.json()["code"]) == (409, "bimtek-state")
    [envelope] = await activities.ledger(BimtekCancelled)
    assert b"Banjir" in bytes(envelope.data)


async def test_the_cascade_leads_from_a_training_to_those_that_passed_it_on(national: Caller) -> None:
    first = await world.planned(national, level="NASIONAL")
    second = await world.planned(national, parent_bimtek_id=first["bimtek_id"], parent_basis="inferred")
    third = await world.planned(national, parent_bimtek_id=second["bimtek_id"], parent_basis="sample")

    async def cascade(made: dict[str, Any]) -> list[list[tuple[int, str]]]:
        found = (await national.get(f"/v1/bimteks/{made['bimtek_id']}/cascade")).json()
        return [
            [(step["distance"], step["bimtek"]["bimtek_id"]) for step in found[side]]
            for side in ("parents", "children")
        ]

    one, two, three = (made["bimtek_id"] for made in (first, second, third))
    assert await cascade(first) == [[], [(1, two), (2, three)]]
    assert await cascade(second) == [[(-1, one)], [(1, three)]]
    assert await cascade(third) == [[(-1, two), (-2, one)], []]


async def test_a_bimtek_is_seen_where_it_is_hosted_and_where_its_participants_come_from(
    activities: ServiceUnderTest, national: Caller, badung: Caller, klungkung: Caller
) -> None:
    made = await world.running(national)
    path = f"/v1/bimteks/{made['bimtek_id']}"
    hidden = await klungkung.get(path)
    await world.registered(national, made, HEAD, MENGWI)
    theirs = await world.registered(national, made, VOLUNTEER, PIKAT)
    seen = await klungkung.get(path)
    rows = (await klungkung.get(f"{path}/registrations")).json()["items"]
    step = await klungkung.post(f"{path}/close", version=made["version"])

    assert (hidden.status_code, hidden.json()["code"]) == (404, "bimtek-not-found")
    assert seen.status_code == 200
    assert [row["registration_id"] for row in rows] == [theirs["registration_id"]]
    assert (step.status_code, step.json()["code"]) == (403, "outside-scope")
    assert len((await badung.get(f"{path}/registrations")).json()["items"]) == 2
    listed = (await klungkung.get("/v1/bimteks")).json()["items"]
    assert [one["bimtek_id"] for one in listed] == [made["bimtek_id"]]


async def test_lists_filter_by_host_region_kind_level_status_and_dates(
    activities: ServiceUnderTest, national: Caller
) -> None:
    june = await world.moved(national, await world.planned(national), "announce")
    papua = {
        "region_code": "91.03",
        "starts_on": "2026-07-06",
        "ends_on": "2026-07-06",
        "kind": "SIM",
        "level": "PROVINSI",
    }
    july = await world.planned(national, sessions=[session(1, "2026-07-06")], **papua)

    async def ids(**params: Any) -> list[str]:
        answer = await national.get("/v1/bimteks", **params)
        assert answer.status_code == 200, answer.text
        return [one["bimtek_id"] for one in answer.json()["items"]]

    assert await ids() == [july["bimtek_id"], june["bimtek_id"]]
    for params in (
        {"region": "51"},
        {"kind": "SPP_TIK"},
        {"level": "KABKOTA"},
        {"status": "DIUMUMKAN"},
        {"to": "2026-07-05"},
    ):
        assert await ids(**params) == [june["bimtek_id"]]
    for params in ({"region": "91"}, {"kind": "SIM"}, {"from": "2026-07-01"}):
        assert await ids(**params) == [july["bimtek_id"]]
    first = (await national.get("/v1/bimteks", limit=1)).json()
    assert await ids(limit=1, cursor=first["next_cursor"]) == [june["bimtek_id"]]


async def test_a_host_that_has_changed_province_belongs_to_the_one_where_it_lies_now(
    activities: ServiceUnderTest,
) -> None:
    village, moved_on = world.region("91.03.01.2001"), date(2022, 11, 9)
    papua_tengah = msgspec.structs.replace(
        world.region("91"),
        region_id=world.region_id("94"),
        code="94",
        path=(world.region_id("ID"), world.region_id("94")),
    )
    now = msgspec.structs.replace(
        village, code="94.01.01.2001", path=(*papua_tengah.path, village.region_id), valid_from=moved_on
    )
    await activities.receive(papua_tengah, msgspec.structs.replace(village, valid_to=moved_on), now)
    before = {"region_code": "91.03.01.2001", "starts_on": "2021-06-29", "ends_on": "2021-06-29"}
    body = bimtek(sessions=[session(1, "2021-06-29")], **before)

    old_province = await activities.caller(Role.PROVINCE_ADMIN, "91").post("/v1/bimteks", body)
    new_province = await activities.caller(Role.PROVINCE_ADMIN, "94").post("/v1/bimteks", body)

    assert (old_province.status_code, old_province.json()["code"]) == (403, "outside-scope")
    assert (new_province.status_code, new_province.json()["region_code"]) == (201, "91.03.01.2001")


async def test_staff_of_a_village_may_not_plan(mengwi: Caller) -> None:
    answer = await mengwi.post("/v1/bimteks", bimtek())

    assert (answer.status_code, answer.json()["code"]) == (403, "permission-missing")
