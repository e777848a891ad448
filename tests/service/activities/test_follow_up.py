"""Follow-up plans after they were submitted: progress, completion, cancelling, who may and what is told."""

from datetime import date
from typing import Any

import msgspec
from simpul_shared.contracts.activities import FollowUpItemCancelled, FollowUpItemCompleted, FollowUpItemProgressed
from simpul_shared.contracts.registry import LibraryClosed

from tests.service.activities import world
from tests.service.activities.world import CLERK, HEAD, MENGWI, PIKAT
from tests.support.services import Caller, ServiceUnderTest

DONE = {"evidence": ["foto/1.jpg"], "completed_on": "2026-09-12"}


async def submitted(national: Caller, items: int = 2) -> dict[str, Any]:
    made = await world.running(national)
    await world.registered(national, made, HEAD)
    listed = [world.plan()["items"][0] | {"no": no, "owner_id": str(CLERK)} for no in range(1, items + 1)]
    answer = await national.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan(items=listed))
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def changed(caller: Caller, plan: dict[str, Any], what: str, body: dict[str, Any], no: int = 1) -> Any:
    return await caller.post(f"/v1/plans/{plan['plan_id']}/items/{no}/{what}", body, version=plan["version"])


async def test_items_advance_and_are_completed_or_cancelled_and_each_step_is_told(
    activities: ServiceUnderTest, national: Caller, mengwi: Caller
) -> None:
    plan = await submitted(national)
    for what, body, no in (
        ("progress", {"progress": 60}, 1),
        ("progress", {"progress": 40, "reason": "Komputer rusak"}, 1),
        ("complete", DONE, 1),
        ("cancel", {"reason": "Kelompok bubar"}, 2),
    ):
        answer = await changed(mengwi, plan, what, body, no)
        assert answer.status_code == 200, answer.text
        plan = answer.json()

    assert (await mengwi.get(f"/v1/plans/{plan['plan_id']}")).json() == plan
    first, second = plan["items"]
    assert (first["state"], first["progress"], first["evidence"]) == ("SELESAI", 100, ["foto/1.jpg"])
    assert (second["state"], second["cancelled_because"]) == ("BATAL", "Kelompok bubar")
    told = await activities.ledger(FollowUpItemProgressed, FollowUpItemCompleted, FollowUpItemCancelled)
    assert [envelope.aggregateversion for envelope in told] == [2, 3, 4, 5]
    fell = msgspec.json.decode(told[1].data, type=FollowUpItemProgressed)
    done = msgspec.json.decode(told[2].data, type=FollowUpItemCompleted)
    gone = msgspec.json.decode(told[3].data, type=FollowUpItemCancelled)
    assert (fell.progress, fell.reason) == (40, "Komputer rusak")
    assert (done.library_id, done.completed_on, done.open_items) == (MENGWI, date(2026, 9, 12), 1)
    assert (gone.item_no, gone.open_items) == (2, 0)
    assert b"foto" not in bytes(told[2].data)


async def test_what_cannot_be_is_refused(national: Caller, mengwi: Caller, klungkung: Caller) -> None:
    plan = await submitted(national, items=1)
    stale = dict(plan)
    plan = (await changed(mengwi, plan, "progress", {"progress": 60})).json()
    refusals = [
        (await changed(mengwi, plan, "progress", {"progress": 10}), 422, "progress-fell"),
        (await changed(mengwi, plan, "progress", {"progress": 60}), 409, "progress-unchanged"),
        (await changed(mengwi, plan, "complete", DONE | {"evidence": []}), 422, "evidence-missing"),
        (await changed(mengwi, plan, "complete", DONE | {"completed_on": "2099-01-01"}), 422, "date-out-of-range"),
        (await changed(mengwi, plan, "cancel", {"reason": "x"}, no=2), 404, "plan-item-not-found"),
        (await changed(mengwi, stale, "cancel", {"reason": "x"}), 412, "version-mismatch"),
        (await changed(klungkung, plan, "cancel", {"reason": "x"}), 404, "plan-not-found"),
    ]
    for answer, status, code in refusals:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    plan = (await changed(mengwi, plan, "cancel", {"reason": "x"})).json()
    settled = await changed(mengwi, plan, "complete", DONE)
    assert (settled.status_code, settled.json()["code"]) == (409, "plan-item-settled")


async def test_an_open_item_is_overdue_once_its_day_has_passed(national: Caller) -> None:
    made = await world.running(national)
    await world.registered(national, made, HEAD)
    items = [world.plan()["items"][0] | {"due_on": "2026-07-01"}]
    plan = (await national.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan(items=items))).json()
    done = (await changed(national, plan, "complete", DONE)).json()
    assert [one["items"][0]["overdue"] for one in (plan, done)] == [True, False]


async def test_who_took_over_a_plan_reports_on_it(
    activities: ServiceUnderTest, national: Caller, klungkung: Caller
) -> None:
    plan = await submitted(national)
    await activities.receive(
        LibraryClosed(library_id=MENGWI, effective_on=date(2026, 11, 1), reason="x", transfer_to=PIKAT)
    )
    assert (await changed(klungkung, plan, "progress", {"progress": 5})).status_code == 200


async def test_an_owner_whom_nobody_knows_is_refused(national: Caller) -> None:
    made = await world.running(national)
    await world.registered(national, made, HEAD)
    items = [world.plan()["items"][0] | {"owner_id": str(world.person_id("nobody"))}]
    answer = await national.post(f"/v1/bimteks/{made['bimtek_id']}/plans", world.plan(items=items))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "person-unknown", "/items")
