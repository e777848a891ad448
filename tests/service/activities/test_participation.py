"""Registrations, attendance and follow-up plans through HTTP."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.activities import (
    AttendanceCorrected,
    AttendanceRecorded,
    FollowUpPlanSubmitted,
    ParticipantRegistered,
    ParticipantWithdrawn,
)
from simpul_shared.contracts.registry import LibraryClosed, PersonErased, PersonMerged, PersonRelocated
from simpul_shared.vocabulary import ErasureReason

from tests.service.activities import world
from tests.service.activities.world import CLERK, HEAD, MENGWI, PIKAT, VOLUNTEER
from tests.support.services import Caller, ServiceUnderTest


def registration(**changed: Any) -> dict[str, Any]:
    return {"person_id": str(HEAD), "library_id": str(MENGWI), "basis": "sample"} | changed


async def test_a_person_is_registered_for_a_library(activities: ServiceUnderTest, badung: Caller) -> None:
    made = await world.moved(badung, await world.planned(badung), "announce")
    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", registration())

    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    read = await badung.get(answer.headers["location"])
    assert read.json() == answer.json() | {"marks": [], "corrections": []}
    [envelope] = await activities.ledger(ParticipantRegistered)
    event = msgspec.json.decode(envelope.data, type=ParticipantRegistered)
    assert (event.person_id, event.library_id, event.region_id) == (HEAD, MENGWI, world.region_id("51.03.02.2009"))
    assert envelope.subject == answer.json()["registration_id"]


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"library_id": str(uuid4())}, "library-unknown", "/library_id"),
        ({"person_id": str(uuid4())}, "person-unknown", "/person_id"),
        ({"library_id": str(PIKAT)}, "library-unknown", "/library_id"),
        ({"person_id": str(VOLUNTEER)}, "person-unknown", "/person_id"),
    ],
)
async def test_whoever_is_unknown_or_out_of_scope_is_refused(
    badung: Caller, changed: dict[str, Any], code: str, field: str
) -> None:
    made = await world.running(badung)
    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", registration(**changed))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, code, field)
    assert answer.headers["retry-after"] == "2"


async def test_a_closed_library_sends_nobody(activities: ServiceUnderTest, badung: Caller) -> None:
    made = await world.running(badung)
    await activities.receive(LibraryClosed(library_id=MENGWI, effective_on=date(2026, 3, 1), reason="Digabung"))

    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", registration())

    assert (answer.status_code, answer.json()["code"]) == (409, "library-closed")


async def test_a_person_is_given_all_seats_marks_and_events_and_that_is_kept(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    province = activities.caller(Role.PROVINCE_ADMIN, "51", client="province")
    made = await world.running(badung)
    seat = await world.registered(badung, made, HEAD)
    await world.registered(badung, made, CLERK)
    await badung.post(
        f"/v1/bimteks/{made['bimtek_id']}/registrations/{seat['registration_id']}/withdraw",
        {"reason": "Sakit"},
        version=1,
    )
    export = (await province.get(f"/v1/people/{HEAD}/export")).json()

    assert [one["registration_id"] for one in export["registrations"]] == [seat["registration_id"]]
    assert export["registrations"][0]["withdrawn_because"] == "Sakit"
    recorded = [one for one in await activities.ledger() if one.subject == seat["registration_id"]]
    assert [one["event_id"] for one in export["events"]] == [str(one.id) for one in recorded]
    assert [one["type"].split(".")[-2] for one in export["events"]] == [
        "participant-registered",
        "participant-withdrawn",
    ]
    rows = await activities.database.pool.fetch("select actor, action, subject from operator_action")
    assert [tuple(row) for row in rows] == [("province", "person.export", f"person/{HEAD}")]

    assert (await badung.get(f"/v1/people/{HEAD}/export")).json()["code"] == "permission-missing"
    elsewhere = activities.caller(Role.PROVINCE_ADMIN, "91")
    for person in (HEAD, uuid4()):
        refused = await elsewhere.get(f"/v1/people/{person}/export")
        assert (refused.status_code, refused.json()["code"]) == (404, "person-not-found")


async def test_an_erased_person_is_registered_no_more_and_keeps_the_seat_that_was_counted(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    made = await world.running(badung)
    taken = await world.registered(badung, made, HEAD)
    for person in (HEAD, CLERK):
        await activities.receive(PersonErased(person_id=person, reason=ErasureReason.REQUESTED))

    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", registration(person_id=str(CLERK)))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "person-erased", "/person_id")
    seat = await badung.get(f"/v1/registrations/{taken['registration_id']}")
    assert (seat.status_code, seat.json()["person_id"]) == (200, str(HEAD))


async def test_a_merged_person_has_one_seat_under_the_survivor_s_id(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    await activities.receive(world.person("helper", "51.03.02.2009"))
    helper, made, other = world.person_id("helper"), await world.running(badung), await world.running(badung)
    seats = {one["bimtek_id"]: f"/v1/bimteks/{one['bimtek_id']}/registrations" for one in (made, other)}
    taken = await world.registered(badung, made, helper)
    await activities.receive(
        PersonMerged(person_id=helper, survivor_id=CLERK), PersonMerged(person_id=CLERK, survivor_id=HEAD)
    )
    for merged in (helper, CLERK):
        refused = await badung.post(seats[other["bimtek_id"]], registration(person_id=str(merged)))
        told = refused.json()
        assert (refused.status_code, told["code"], told["survivor_id"]) == (409, "person-merged", str(HEAD))

    refused = await badung.post(seats[made["bimtek_id"]], registration())
    told = refused.json()
    assert (told["code"], told["registration_id"]) == ("person-already-registered", taken["registration_id"])
    assert (await badung.post(seats[other["bimtek_id"]], registration())).status_code == 201
    withdraw = f"{seats[made['bimtek_id']]}/{taken['registration_id']}/withdraw"
    assert (await badung.post(withdraw, {"reason": "Tercatat dua kali"}, version=1)).status_code == 200
    assert (await badung.post(seats[made["bimtek_id"]], registration(), key="again")).status_code == 201


async def test_a_person_who_moved_is_registered_by_those_in_charge_there(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    made = await world.running(badung)
    wanted = registration(person_id=str(VOLUNTEER))
    path = f"/v1/bimteks/{made['bimtek_id']}/registrations"
    assert (await badung.post(path, wanted)).json()["code"] == "person-unknown"
    there, here = world.region_id("51.05.02.2003"), world.region_id("51.03.02.2009")
    await activities.receive(PersonRelocated(person_id=VOLUNTEER, old_region_id=there, region_id=here))
    assert (await badung.post(path, wanted, key="again")).status_code == 201


async def test_a_planned_bimtek_takes_no_registration_yet(badung: Caller) -> None:
    made = await world.planned(badung)
    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", registration())

    assert (answer.status_code, answer.json()["code"]) == (409, "bimtek-state")


async def test_a_person_has_one_seat_and_may_return_after_withdrawing(badung: Caller) -> None:
    made = await world.running(badung)
    first = await world.registered(badung, made, HEAD)
    path = f"/v1/bimteks/{made['bimtek_id']}/registrations"

    twice = await badung.post(path, registration())
    await badung.post(f"{path}/{first['registration_id']}/withdraw", {"reason": "Sakit"}, version=1)
    again = await badung.post(path, registration())

    assert (twice.status_code, twice.json()["code"]) == (409, "person-already-registered")
    assert again.status_code == 201
    assert again.json()["registration_id"] != first["registration_id"]


async def test_capacity_holds_under_parallel_registrations(activities: ServiceUnderTest, national: Caller) -> None:
    names = [f"person {number}" for number in range(8)]
    await activities.receive(*(world.person(name, "51.03.02.2009") for name in names))
    made = await world.running(national, capacity=3)
    path = f"/v1/bimteks/{made['bimtek_id']}/registrations"

    answers = await asyncio.gather(
        *(national.post(path, registration(person_id=str(world.person_id(name)))) for name in names)
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"bimtek-full"}
    assert len((await national.get(path)).json()["items"]) == 3


async def test_a_withdrawal_is_announced_once_with_its_reason(activities: ServiceUnderTest, badung: Caller) -> None:
    made = await world.running(badung)
    head = await world.registered(badung, made, HEAD)
    path = f"/v1/bimteks/{made['bimtek_id']}/registrations/{head['registration_id']}/withdraw"

    without = await badung.post(path, {"reason": "Sakit"})
    done = await badung.post(path, {"reason": "Sakit"}, version=1)
    twice = await badung.post(path, {"reason": "Sakit"}, version=2)

    assert without.status_code == 428
    assert (done.status_code, done.json()["withdrawn_because"]) == (200, "Sakit")
    assert (twice.status_code, twice.json()["code"]) == (409, "registration-withdrawn")
    assert len(await activities.ledger(ParticipantWithdrawn)) == 1


async def test_a_sheet_is_recorded_once_however_often_it_is_sent(activities: ServiceUnderTest, badung: Caller) -> None:
    made = await world.running(badung)
    head = (await world.registered(badung, made, HEAD))["registration_id"]
    clerk = (await world.registered(badung, made, CLERK))["registration_id"]

    first = await world.marked(badung, made, 1, **{head: "HADIR"})
    second = await world.marked(badung, made, 1, **{head: "HADIR", clerk: "SAKIT"})
    third = await world.marked(badung, made, 1, **{head: "HADIR", clerk: "SAKIT"})

    assert [one.status_code for one in (first, second, third)] == [200] * 3
    assert [(one.json()["recorded"], one.json()["unchanged"]) for one in (first, second, third)] == [
        (1, 0),
        (1, 1),
        (0, 2),
    ]
    assert {mark["version"] for mark in third.json()["marks"]} == {2}
    envelopes = await activities.ledger(AttendanceRecorded)
    assert [(one.subject, one.aggregateversion) for one in envelopes] == [(head, 2), (clerk, 2)]
    event = msgspec.json.decode(envelopes[1].data, type=AttendanceRecorded)
    assert (event.session_no, event.held_on, event.status) == (1, date(2026, 6, 29), "SAKIT")
    assert event.region_id == world.region_id("51.03.02.2009")


async def test_another_mark_than_the_one_recorded_is_refused_and_the_whole_sheet_with_it(
    activities: ServiceUnderTest, badung: Caller
) -> None:
    made = await world.running(badung)
    head = (await world.registered(badung, made, HEAD))["registration_id"]
    clerk = (await world.registered(badung, made, CLERK))["registration_id"]
    await world.marked(badung, made, 1, **{head: "HADIR"})

    answer = await world.marked(badung, made, 1, **{clerk: "HADIR", head: "ALPA"})

    assert (answer.status_code, answer.json()["code"]) == (409, "attendance-already-recorded")
    assert answer.json()["recorded"] == [{"registration_id": head, "status": "HADIR"}]
    assert len(await activities.ledger(AttendanceRecorded)) == 1


async def test_marks_are_refused_for_strangers_missing_sessions_and_those_who_withdrew(
    badung: Caller,
) -> None:
    made = await world.running(badung)
    other = await world.running(badung)
    head = (await world.registered(badung, made, HEAD))["registration_id"]
    stranger = (await world.registered(badung, other, HEAD))["registration_id"]
    path = f"/v1/bimteks/{made['bimtek_id']}"

    elsewhere = await world.marked(badung, made, 1, **{stranger: "HADIR"})
    no_session = await world.marked(badung, made, 3, **{head: "HADIR"})
    twice = await badung.post(
        f"{path}/sessions/1/attendance", {"marks": [{"registration_id": head, "status": "HADIR"}] * 2}
    )
    await badung.post(f"{path}/registrations/{head}/withdraw", {"reason": "Sakit"}, version=1)
    gone = await world.marked(badung, made, 1, **{head: "HADIR"})

    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "registration-not-found")
    assert (no_session.status_code, no_session.json()["code"]) == (404, "session-not-found")
    assert (twice.status_code, twice.json()["code"]) == (422, "marked-twice")
    assert (gone.status_code, gone.json()["code"]) == (409, "registration-withdrawn")


async def test_attendance_waits_for_the_start(badung: Caller) -> None:
    made = await world.moved(badung, await world.planned(badung), "announce")
    head = (await world.registered(badung, made, HEAD))["registration_id"]

    answer = await world.marked(badung, made, 1, **{head: "HADIR"})

    assert (answer.status_code, answer.json()["code"]) == (409, "bimtek-state")


async def test_a_correction_keeps_both_values_and_who_and_why_also_after_closing(
    activities: ServiceUnderTest, badung: Caller, mengwi: Caller
) -> None:
    made = await world.running(badung, sessions=[world.session(1)])
    head = (await world.registered(badung, made, HEAD))["registration_id"]
    await world.marked(badung, made, 1, **{head: "HADIR"})
    await mengwi.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan())
    await world.moved(badung, made, "close")
    path = f"/v1/registrations/{head}/attendance/1/correct"

    without = await badung.post(path, {"status": "ALPA", "reason": "Salah baca"})
    same = await badung.post(path, {"status": "HADIR", "reason": "Salah baca"}, version=2)
    done = await badung.post(path, {"status": "ALPA", "reason": "Salah baca"}, version=2)
    stale = await badung.post(path, {"status": "IZIN", "reason": "Salah baca"}, version=2)
    unmarked = await badung.post(
        f"/v1/registrations/{head}/attendance/2/correct", {"status": "IZIN", "reason": "x"}, version=3
    )

    assert without.status_code == 428
    assert (same.status_code, same.json()["code"]) == (409, "attendance-unchanged")
    assert (done.status_code, done.headers["etag"]) == (200, '"3"')
    assert stale.status_code == 412
    assert (unmarked.status_code, unmarked.json()["code"]) == (404, "session-not-found")
    row = (await mengwi.get(f"/v1/registrations/{head}")).json()
    assert row["marks"] == [{"session_no": 1, "status": "ALPA"}]
    [correction] = row["corrections"]
    assert (correction["old_status"], correction["status"]) == ("HADIR", "ALPA")
    assert (correction["reason"], correction["corrected_by"]) == ("Salah baca", "badung")
    [envelope] = await activities.ledger(AttendanceCorrected)
    event = msgspec.json.decode(envelope.data, type=AttendanceCorrected)
    assert (event.old_status, event.status, envelope.aggregateversion) == ("HADIR", "ALPA", 3)


async def test_a_mark_not_yet_recorded_cannot_be_corrected(badung: Caller) -> None:
    made = await world.running(badung)
    head = (await world.registered(badung, made, HEAD))["registration_id"]

    answer = await badung.post(
        f"/v1/registrations/{head}/attendance/1/correct", {"status": "ALPA", "reason": "x"}, version=1
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "attendance-not-recorded")


async def test_a_registration_of_another_regency_looks_missing_even_in_a_bimtek_one_takes_part_in(
    national: Caller, klungkung: Caller
) -> None:
    made = await world.running(national)
    head = (await world.registered(national, made, HEAD, MENGWI))["registration_id"]
    volunteer = (await world.registered(national, made, VOLUNTEER, PIKAT))["registration_id"]
    await world.marked(national, made, 1, **{head: "HADIR", volunteer: "HADIR"})
    body = {"status": "ALPA", "reason": "x"}

    foreign = await klungkung.post(f"/v1/registrations/{head}/attendance/1/correct", body, version=2)
    own = await klungkung.post(f"/v1/registrations/{volunteer}/attendance/1/correct", body, version=2)
    sheet = (await klungkung.get(f"/v1/bimteks/{made['bimtek_id']}/attendance")).json()["items"]

    assert (foreign.status_code, foreign.json()["code"]) == (404, "registration-not-found")
    assert (await klungkung.get(f"/v1/registrations/{head}")).status_code == 404
    assert (own.status_code, own.json()["code"]) == (403, "outside-scope")
    assert [row["registration_id"] for row in sheet] == [volunteer]


async def test_the_attendance_sheet_shows_every_registration_page_by_page(national: Caller) -> None:
    made = await world.running(national)
    ids = [
        (await world.registered(national, made, person, library))["registration_id"]
        for person, library in ((HEAD, MENGWI), (CLERK, MENGWI), (VOLUNTEER, PIKAT))
    ]
    await world.marked(national, made, 2, **{ids[0]: "HADIR", ids[2]: "ALPA"})
    path = f"/v1/bimteks/{made['bimtek_id']}/attendance"

    first = (await national.get(path, limit=2)).json()
    second = (await national.get(path, limit=2, cursor=first["next_cursor"])).json()

    rows = [*first["items"], *second["items"]]
    assert [row["registration_id"] for row in rows] == ids
    assert [row["marks"] for row in rows] == [
        [{"session_no": 2, "status": "HADIR"}],
        [],
        [{"session_no": 2, "status": "ALPA"}],
    ]
    assert second["next_cursor"] is None


async def test_a_library_submits_its_follow_up_plan_once(
    activities: ServiceUnderTest, badung: Caller, mengwi: Caller
) -> None:
    made = await world.running(badung)
    await world.registered(badung, made, HEAD)
    path = f"/v1/bimteks/{made['bimtek_id']}/plans"

    done = await mengwi.post(path, world.plan())
    twice = await mengwi.post(path, world.plan())

    assert done.status_code == 201, done.text
    assert (twice.status_code, twice.json()["code"]) == (409, "plan-already-submitted")
    assert (await mengwi.get(done.headers["location"])).json() == done.json()
    assert (await badung.get(path)).json()["items"] == [done.json()]
    [envelope] = await activities.ledger(FollowUpPlanSubmitted)
    event = msgspec.json.decode(envelope.data, type=FollowUpPlanSubmitted)
    assert [(item.no, item.pillar, item.due_on) for item in event.items] == [
        (1, "PELIBATAN_MASYARAKAT", date(2026, 9, 30))
    ]
    assert b"Kelas komputer" not in bytes(envelope.data)


@pytest.mark.parametrize("due_on", ["2026-06-30", "2027-07-01"])
async def test_an_item_due_too_early_or_too_late_is_refused(badung: Caller, due_on: str) -> None:
    made = await world.running(badung)
    await world.registered(badung, made, HEAD)
    item = world.plan()["items"][0] | {"due_on": due_on}

    answer = await badung.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan(items=[item]))

    assert (answer.status_code, answer.json()["code"]) == (422, "due-date-out-of-range")
    assert answer.json()["field"] == "/items/0/due_on"


async def test_only_a_represented_library_plans_and_only_within_its_caller_s_scope(
    national: Caller, klungkung: Caller, badung: Caller
) -> None:
    made = await world.running(national)
    registered = await world.registered(national, made, VOLUNTEER, PIKAT)
    path = f"/v1/bimteks/{made['bimtek_id']}/plans"

    unrepresented = await badung.post(path, world.plan(MENGWI))
    foreign = await badung.post(path, world.plan(PIKAT))
    own = await klungkung.post(path, world.plan(PIKAT))
    hidden = await badung.get(own.headers["location"])

    assert registered["library_id"] == str(PIKAT)
    assert (unrepresented.status_code, unrepresented.json()["code"]) == (409, "library-not-represented")
    assert (foreign.status_code, foreign.json()["code"]) == (409, "library-unknown")
    assert own.status_code == 201
    assert (hidden.status_code, hidden.json()["code"]) == (404, "plan-not-found")
