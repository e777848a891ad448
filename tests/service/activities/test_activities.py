"""Community activities through HTTP: recorded, refused, corrected, withdrawn, listed."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.activities import ActivityCorrected, ActivityRecorded, ActivityWithdrawn
from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.registry import LibraryClosed, LibraryDormant, LibraryReactivated
from simpul_shared.contracts.topics import LIBRARIES, MARKS, REGIONS
from simpul_shared.platform.database import Database

from tests.service.activities import world
from tests.service.activities.world import MENGWI, PIKAT, SEREH, activity, content, counts, in_days
from tests.support.services import Caller, ServiceUnderTest


async def record(caller: Caller, **changed: Any) -> dict[str, Any]:
    answer = await caller.post("/v1/activities", activity(**changed))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_activity_is_recorded_and_announced(activities: ServiceUnderTest, mengwi: Caller) -> None:
    answer = await mengwi.post("/v1/activities", activity(notes="Bersama PKK."))

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/activities/{made['activity_id']}"
    assert (made["held_on"], made["timezone"], made["status"]) == ("2026-11-14", "Asia/Makassar", "DIKIRIM")
    [envelope] = await activities.ledger(ActivityRecorded)
    event = msgspec.json.decode(envelope.data, type=ActivityRecorded)
    assert (event.library_id, event.region_id) == (MENGWI, world.region_id("51.03.02.2009"))
    assert (event.held_on, event.counts.total) == (date(2026, 11, 14), 24)
    assert (envelope.aggregateversion, envelope.sourcetz) == (1, "Asia/Makassar")
    assert b"keripik" not in bytes(envelope.data)
    assert b"PKK" not in bytes(envelope.data)


async def test_what_was_recorded_reads_the_same(mengwi: Caller) -> None:
    made = await record(mengwi)

    read = await mengwi.get(f"/v1/activities/{made['activity_id']}")

    assert read.headers["etag"] == '"1"'
    assert read.json() == made | {"changes": []}


async def test_half_past_midnight_in_papua_belongs_to_the_new_month(national: Caller) -> None:
    made = await record(national, library_id=str(SEREH), starts_at="2026-11-01T00:30:00+09:00")

    assert made["held_on"] == "2026-11-01"
    assert (await record(national, library_id=str(MENGWI), starts_at="2026-11-01T00:30:00+09:00"))[
        "held_on"
    ] == "2026-10-31"


async def test_counts_that_do_not_add_up_are_refused_with_their_sums(
    activities: ServiceUnderTest, mengwi: Caller
) -> None:
    wrong = counts(10, gender={"male": 4, "female": 5, "unknown": 0}, disability=11)

    answer = await mengwi.post("/v1/activities", activity(counts=wrong))

    assert (answer.status_code, answer.json()["code"]) == (422, "counts-do-not-add-up")
    found = [(one["field"], one["sum"], one["total"]) for one in answer.json()["errors"]]
    assert found == [("/counts/gender", 9, 10), ("/counts/disability", 11, 10)]
    assert answer.headers["content-type"] == "application/problem+json"
    assert await activities.ledger(ActivityRecorded) == []


async def test_the_database_too_refuses_counts_that_do_not_add_up(shared: ServiceUnderTest, mengwi: Caller) -> None:
    made = await record(mengwi)

    with pytest.raises(Exception, match="activity_gender_adds_up"):
        await shared.database.pool.execute("update activity set male = 1 where activity_id = $1", made["activity_id"])


async def test_a_closed_library_is_refused(activities: ServiceUnderTest, mengwi: Caller) -> None:
    await activities.receive(LibraryClosed(library_id=MENGWI, effective_on=date(2026, 3, 1), reason="Digabung"))

    answer = await mengwi.post("/v1/activities", activity())

    assert (answer.status_code, answer.json()["code"]) == (409, "library-closed")
    assert "closed since 2026-03-01" in answer.json()["detail"]
    assert await activities.ledger(ActivityRecorded) == []


async def test_a_dormant_library_is_refused_until_it_is_reactivated(
    activities: ServiceUnderTest, mengwi: Caller
) -> None:
    await activities.receive(LibraryDormant(library_id=MENGWI, effective_on=date(2026, 5, 1), reason="Renovasi"))
    refused = await mengwi.post("/v1/activities", activity())
    await activities.receive(LibraryReactivated(library_id=MENGWI, effective_on=date(2026, 6, 1)))

    assert (refused.status_code, refused.json()["code"]) == (409, "library-not-active")
    assert "dormant since 2026-05-01" in refused.json()["detail"]
    await record(mengwi)


async def test_a_library_only_nominated_is_refused_and_a_designated_one_is_not(empty: ServiceUnderTest) -> None:
    village = "51.03.02.2009"
    await empty.receive(*world.regions(), world.nominated(village))
    refused = await empty.caller().post("/v1/activities", activity())
    await empty.receive(world.verified(village), world.designated(village))

    assert (refused.status_code, refused.json()["code"]) == (409, "library-not-active")
    await record(empty.caller())


async def test_an_unknown_library_is_refused_saying_how_far_registry_events_are_applied(
    shared: ServiceUnderTest,
) -> None:
    national = shared.caller()
    answer = await national.post("/v1/activities", activity(library_id=str(uuid4())))

    assert (answer.status_code, answer.json()["code"]) == (409, "library-unknown")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["field"] == "/library_id"
    assert "No registry events are applied here" in answer.json()["detail"]
    assert answer.json().get("registry_applied_through") is None


async def test_the_refusal_of_an_unknown_library_names_the_last_mark_that_is_applied(
    activities: ServiceUnderTest, national: Caller
) -> None:
    through = datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)
    reached = {LIBRARIES.name: {"0": 20}, REGIONS.name: {"0": 5}}
    ahead = {LIBRARIES.name: {"0": 1000}}
    marks = [
        LowWaterMark(service="registry", shard=shard, through=moment, offsets=offsets)
        for shard in (0, 1)
        for moment, offsets in ((through, reached), (through + timedelta(minutes=1), ahead))
    ]
    await activities.apply([activities.record(MARKS.name, None, msgspec.json.encode(mark)) for mark in marks])

    answer = await national.post("/v1/activities", activity(library_id=str(uuid4())))

    assert answer.json()["registry_applied_through"] == through.isoformat()
    assert f"Registry events up to {through.isoformat()} are applied here" in answer.json()["detail"]


async def test_a_library_out_of_scope_looks_like_an_unknown_one(klungkung: Caller) -> None:
    unknown = str(uuid4())
    out_of_scope = await klungkung.post("/v1/activities", activity())
    missing = await klungkung.post("/v1/activities", activity(library_id=unknown))

    assert out_of_scope.status_code == missing.status_code == 409
    told = [one.json() | {"request_id": ""} for one in (out_of_scope, missing)]
    assert told[0]["detail"].replace(str(MENGWI), unknown) == told[1]["detail"]
    assert told[0] | {"detail": ""} == told[1] | {"detail": ""}


async def test_a_library_whose_region_is_not_here_yet_is_unknown_to_a_regency_and_known_to_the_nation(
    empty: ServiceUnderTest,
) -> None:
    village = "51.03.02.2009"
    await empty.receive(*world.active_library(village), world.region("ID"), world.region("51"), world.region("51.03"))
    badung = empty.caller(Role.REGENCY_ADMIN, "51.03")
    early = await badung.post("/v1/activities", activity())
    await empty.receive(world.region("51.03.02"), world.region(village))

    assert (early.status_code, early.json()["code"]) == (409, "library-unknown")
    await record(badung)
    await record(empty.caller())


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"starts_at": "2026-11-14T09:00:00"}, "time-without-zone", "/starts_at"),
        ({"starts_at": 1700000000}, "invalid", "/starts_at"),
        ({"starts_at": in_days(2)}, "activity-in-future", "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "date-out-of-range", "/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "date-out-of-range", "/starts_at"),
        ({"title": "x" * 201}, "invalid", "/title"),
        ({"title": "   "}, "invalid", "/title"),
        ({"notes": "x" * 4001}, "invalid", "/notes"),
        ({"category": "OLAHRAGA"}, "invalid", "/category"),
        ({"library_id": "51.03.02.2009"}, "invalid", "/library_id"),
        ({"surprise": 1}, "invalid", "/surprise"),
        ({"counts": counts(24) | {"total": "24"}}, "invalid", "/counts/total"),
        ({"counts": counts(-1)}, "invalid", "/counts/total"),
        ({"counts": counts(10**12)}, "invalid", "/counts/total"),
        ({"counts": counts(1) | {"total": True}}, "invalid", "/counts/total"),
    ],
)
async def test_what_cannot_be_right_is_refused(
    shared: ServiceUnderTest, changed: dict[str, Any], code: str, field: str
) -> None:
    answer = await shared.caller().post("/v1/activities", activity(**changed))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


async def test_a_clock_that_is_hours_ahead_is_forgiven(mengwi: Caller) -> None:
    await record(mengwi, starts_at=in_days(0.9))


async def test_a_body_over_the_limit_is_refused(mengwi: Caller) -> None:
    answer = await mengwi.post("/v1/activities", activity(notes="x" * 1_100_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_unusual_letters_are_kept(mengwi: Caller) -> None:
    title = "ᬲᬸᬭᬢ᭄ Aksara Bali & “kutipan” 📚"

    assert (await record(mengwi, title=title))["title"] == title


async def test_fifty_parallel_repeats_of_a_post_are_one_activity(activities: ServiceUnderTest, mengwi: Caller) -> None:
    answers = await asyncio.gather(*(mengwi.post("/v1/activities", activity(), key="once") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await activities.ledger(ActivityRecorded)) == 1


async def test_a_correction_replaces_the_whole_and_keeps_what_stood_before(
    activities: ServiceUnderTest, mengwi: Caller
) -> None:
    made = await record(mengwi)
    path = f"/v1/activities/{made['activity_id']}"
    better = content(counts=counts(20), starts_at="2026-10-31T23:30:00+08:00", reason="Salah hitung")

    corrected = await mengwi.post(f"{path}/correct", better, version=1)

    assert corrected.status_code == 200, corrected.text
    assert corrected.headers["etag"] == '"2"'
    read = (await mengwi.get(path)).json()
    assert (read["status"], read["held_on"], read["counts"]["total"]) == ("DIKOREKSI", "2026-10-31", 20)
    [change] = read["changes"]
    assert (change["version"], change["reason"], change["changed_by"]) == (2, "Salah hitung", "mengwi")
    assert (change["before"]["counts"]["total"], change["before"]["starts_at"]) == (24, "2026-11-14T09:00:00+08:00")
    [envelope] = await activities.ledger(ActivityCorrected)
    event = msgspec.json.decode(envelope.data, type=ActivityCorrected)
    assert (envelope.aggregateversion, event.held_on, event.counts.total) == (2, date(2026, 10, 31), 20)


async def test_an_activity_of_a_library_closed_since_can_still_be_corrected(
    activities: ServiceUnderTest, mengwi: Caller
) -> None:
    made = await record(mengwi)
    await activities.receive(LibraryClosed(library_id=MENGWI, effective_on=date(2026, 11, 20), reason="Digabung"))

    answer = await mengwi.post(f"/v1/activities/{made['activity_id']}/correct", content(reason="x"), version=1)

    assert answer.status_code == 200


async def test_a_withdrawn_activity_stays_readable_and_cannot_change(
    activities: ServiceUnderTest, mengwi: Caller
) -> None:
    made = await record(mengwi)
    path = f"/v1/activities/{made['activity_id']}"

    withdrawn = await mengwi.post(f"{path}/withdraw", {"reason": "Tercatat dua kali"}, version=1)
    again = await mengwi.post(f"{path}/withdraw", {"reason": "Tercatat dua kali"}, version=2)
    corrected = await mengwi.post(f"{path}/correct", content(reason="x"), version=2)

    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "DITARIK")
    assert {again.json()["code"], corrected.json()["code"]} == {"activity-withdrawn"}
    assert (await mengwi.get(path)).json()["status"] == "DITARIK"
    [envelope] = await activities.ledger(ActivityWithdrawn)
    assert envelope.aggregateversion == 2


async def test_a_change_needs_the_version_that_its_caller_saw(mengwi: Caller) -> None:
    made = await record(mengwi)
    path = f"/v1/activities/{made['activity_id']}/correct"

    without = await mengwi.post(path, content(reason="x"))
    stale = await mengwi.post(path, content(reason="x"), version=7)

    assert (without.status_code, without.json()["code"]) == (428, "if-match-required")
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (412, "version-mismatch", 1)


async def test_an_activity_out_of_scope_looks_missing(mengwi: Caller, klungkung: Caller) -> None:
    made = await record(mengwi)
    unknown = str(uuid4())
    for path, body in (("", None), ("/correct", content(reason="x")), ("/withdraw", {"reason": "x"})):
        there, nowhere = f"/v1/activities/{made['activity_id']}{path}", f"/v1/activities/{unknown}{path}"
        if body is None:
            hidden, missing = await klungkung.get(there), await klungkung.get(nowhere)
        else:
            hidden, missing = [await klungkung.post(one, body, version=1) for one in (there, nowhere)]
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json()["code"] == missing.json()["code"] == "activity-not-found"
        assert hidden.json()["detail"].replace(made["activity_id"], unknown) == missing.json()["detail"]


async def test_lists_show_what_is_in_scope_and_filter_it(
    activities: ServiceUnderTest, national: Caller, badung: Caller, mengwi: Caller
) -> None:
    mine = await record(mengwi, category="TIK", starts_at="2026-10-05T09:00:00+08:00")
    theirs = await record(national, library_id=str(PIKAT), starts_at="2026-11-05T09:00:00+08:00")

    async def ids(caller: Caller, **params: Any) -> list[str]:
        answer = await caller.get("/v1/activities", **params)
        assert answer.status_code == 200, answer.text
        return [one["activity_id"] for one in answer.json()["items"]]

    assert await ids(national) == [theirs["activity_id"], mine["activity_id"]]
    assert await ids(badung) == [mine["activity_id"]]
    assert await ids(national, region="51.05") == [theirs["activity_id"]]
    assert await ids(national, category="TIK") == [mine["activity_id"]]
    assert await ids(national, library_id=PIKAT) == [theirs["activity_id"]]
    assert await ids(badung, library_id=PIKAT) == []
    assert await ids(national, **{"from": "2026-11-01"}) == [theirs["activity_id"]]
    assert await ids(national, to="2026-10-05") == [mine["activity_id"]]


async def test_pages_follow_each_other_without_gap_or_repeat(activities: ServiceUnderTest, mengwi: Caller) -> None:
    made = [(await record(mengwi))["activity_id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = (await mengwi.get("/v1/activities", **params)).json()
        seen += [one["activity_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"region": "51.05"}, 403, "outside-scope"),
        ({"region": "ID"}, 403, "outside-scope"),
        ({"region": "99"}, 404, "region-unknown"),
        ({"region": "5103"}, 422, "region-code-malformed"),
        ({"cursor": "nonsense"}, 422, "cursor-malformed"),
        ({"limit": 201}, 422, "invalid"),
    ],
)
async def test_a_list_refuses_what_it_cannot_answer(
    shared: ServiceUnderTest, params: dict[str, Any], status: int, code: str
) -> None:
    answer = await shared.caller(Role.REGENCY_ADMIN, "51.03").get("/v1/activities", **params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_caller_without_the_permission_is_refused(shared: ServiceUnderTest) -> None:
    answer = await shared.caller(Role.AUDITOR).post("/v1/activities", activity())

    assert (answer.status_code, answer.json()["code"]) == (403, "permission-missing")


async def test_an_activity_names_the_bimtek_or_the_plan_item_that_led_to_it(
    activities: ServiceUnderTest, national: Caller, mengwi: Caller
) -> None:
    made = await world.running(national)
    await world.registered(national, made, world.HEAD)
    plan = (await mengwi.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan())).json()
    item = {"plan_id": plan["plan_id"], "no": 1}

    by_item = await record(mengwi, plan_item=item)
    by_bimtek = await record(mengwi, bimtek_id=made["bimtek_id"])
    wrong_item = await mengwi.post("/v1/activities", activity(plan_item=item | {"no": 2}))
    another = await mengwi.post("/v1/activities", activity(plan_item=item, bimtek_id=str(uuid4())))
    unknown = await mengwi.post("/v1/activities", activity(bimtek_id=str(uuid4())))

    assert by_item["bimtek_id"] == by_bimtek["bimtek_id"] == made["bimtek_id"]
    assert (by_item["plan_item"], by_bimtek["plan_item"]) == (item, None)
    assert (wrong_item.status_code, wrong_item.json()["code"]) == (404, "plan-item-not-found")
    assert (another.status_code, another.json()["code"]) == (422, "origins-differ")
    assert (unknown.status_code, unknown.json()["field"]) == (404, "/bimtek_id")
    events = [msgspec.json.decode(e.data, type=ActivityRecorded) for e in await activities.ledger(ActivityRecorded)]
    assert {str(event.bimtek_id) for event in events} == {made["bimtek_id"]}


async def test_no_word_of_a_title_or_note_is_in_the_ledger(activities: ServiceUnderTest, mengwi: Caller) -> None:
    await record(mengwi, title="Kanari kuning", notes="Kanari biru")

    assert await count_in_ledger(activities.database, "Kanari") == 0


async def count_in_ledger(database: Database, word: str) -> int:
    found: int = await database.pool.fetchval(
        "select count(*) from ledger where position(convert_to($1, 'UTF8') in value) > 0", word
    )
    return found
