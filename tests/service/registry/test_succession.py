"""Libraries that move, merge, mentor each other and close with plans open, through HTTP."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from simpul_shared.access import Role
from simpul_shared.contracts import registry as announced
from simpul_shared.contracts.activities import (
    FollowUpItemCancelled,
    FollowUpItemCompleted,
    FollowUpItemProgressed,
    FollowUpPlanSubmitted,
    PlanItem,
)
from simpul_shared.vocabulary import Basis

from tests.service.registry.conftest import region_id
from tests.service.registry.test_libraries import BANJARANGKAN, DECREE, MENGWI, active, nominated, refused, step
from tests.support.services import Caller, ServiceUnderTest

BAHA = "51.03.02.2008"


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


async def merged(caller: Caller, gone: str, survivor: str, **changed: object) -> Any:
    body = {"survivor_id": id_of(survivor), "reason": "Tercatat dua kali", "effective_on": "2024-03-01"}
    return await step(caller, gone, "merge", body | changed)


def plan_of(library: str) -> FollowUpPlanSubmitted:
    return FollowUpPlanSubmitted(
        plan_id=uuid4(),
        library_id=UUID(id_of(library)),
        bimtek_id=uuid4(),
        items=(PlanItem(no=1, pillar="ADVOKASI", due_on=date(2024, 1, 1)),),
        basis=Basis.SAMPLE,
    )


async def test_a_library_that_moved_lies_in_each_region_in_its_time(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    body = {"region_code": BANJARANGKAN, "effective_on": "2024-01-01", "reason": "Gedung baru"}
    moved = await step(national, path, "relocate", body)

    assert moved["region"]["code"] == BANJARANGKAN
    places = (await national.get(f"{path}/regions")).json()["items"]
    assert [(one["region"]["code"], one["valid_from"], one["valid_to"]) for one in places] == [
        (MENGWI, None, "2024-01-01"),
        (BANJARANGKAN, "2024-01-01", None),
    ]

    async def found(**params: object) -> int:
        return len((await national.get("/v1/libraries", **params)).json()["items"])

    assert [await found(region="51.03", valid_on=day) for day in ("2023-12-31", "2024-01-01")] == [1, 0]
    assert [await found(region="51.05", valid_on=day) for day in ("2023-12-31", "2024-01-01")] == [0, 1]
    [envelope] = await registry.ledger(announced.LibraryRelocated)
    assert str(region_id(MENGWI)).encode() in bytes(envelope.data)
    klungkung = registry.caller(Role.AUDITOR, "51.05")
    assert (await klungkung.get(path)).status_code == 200
    assert (await registry.caller(Role.AUDITOR, "51.03").get(path)).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"region_code": MENGWI}, 409, "library-state"),
        ({"region_code": "51.05"}, 422, "library-level-mismatch"),
        ({"effective_on": "2099-01-01"}, 422, "date-in-future"),
        ({"effective_on": "2021-01-31"}, 422, "date-too-early"),
    ],
)
async def test_a_move_that_cannot_be_is_refused(
    national: Caller, changed: dict[str, object], status: int, code: str
) -> None:
    body = {"region_code": BANJARANGKAN, "effective_on": "2024-01-01", "reason": "x"}
    assert await refused(national, await active(national), "relocate", body | changed) == (status, code)


async def test_a_regency_does_not_move_a_library_into_another_one(registry: ServiceUnderTest, national: Caller) -> None:
    path = await active(national)
    badung = registry.caller(Role.REGENCY_ADMIN, "51.03")
    body = {"region_code": BANJARANGKAN, "effective_on": "2024-01-01", "reason": "x"}
    assert await refused(badung, path, "relocate", body) == (403, "outside-scope")


async def test_a_merged_library_keeps_its_id_and_history_and_leads_to_its_survivor(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first, second, third = [await active(national, name=name) for name in ("A", "B", "C")]
    gone = await merged(national, first, second)
    await merged(national, second, third)

    assert (gone["status"], gone["merged_into"], gone["merged_on"]) == ("DIGABUNG", id_of(second), "2024-03-01")
    answer = await national.get(first)
    assert (answer.status_code, answer.headers["location"]) == (307, third)
    assert answer.json()["library_id"] == id_of(first)
    assert (await national.get(first, redirect=False)).status_code == 200
    assert len((await national.get(f"{first}/history")).json()["items"]) == 5
    refusal = await national.post(f"{first}/rename", {"new_name": "x"}, version=gone["version"])
    assert (refusal.status_code, refusal.json()["code"]) == (409, "library-merged")
    assert refusal.json()["survivor_id"] == id_of(second)
    listed = (await national.get("/v1/libraries", status="DIGABUNG")).json()["items"]
    assert [one["name"] for one in listed] == ["A", "B"]


async def test_an_unmerged_library_goes_on_where_it_stood(registry: ServiceUnderTest, national: Caller) -> None:
    first, second = await active(national, name="A"), await active(national, name="B")
    before = (await national.get(first)).json()
    await merged(national, first, second)
    back = await step(national, first, "unmerge", {"reason": "Dua gedung berbeda"})

    assert back | {"version": 0} == before | {"version": 0}
    [envelope] = await registry.ledger(announced.LibraryUnmerged)
    assert b'"effective_on":"2024-03-01"' in bytes(envelope.data)
    assert await refused(national, first, "unmerge", {"reason": "x"}) == (409, "library-state")


async def test_a_survivor_is_not_designated_for_a_year_of_what_was_merged_into_it_until_that_is_taken_back(
    national: Caller,
) -> None:
    gone, between, survivor = [await active(national, name=name) for name in ("A", "B", "C")]
    later = DECREE | {"sk_date": "2022-03-15", "programme_year": 2022}
    await step(national, gone, "designate", later)
    await merged(national, gone, between)
    await merged(national, between, survivor)
    assert await refused(national, survivor, "designate", later) == (409, "episode-exists")

    version = (await national.get(gone, redirect=False)).json()["version"]
    assert (await national.post(f"{gone}/unmerge", {"reason": "x"}, version=version)).status_code == 200
    assert (await step(national, survivor, "designate", later))["episodes"][-1]["programme_year"] == 2022


@pytest.mark.parametrize(
    ("survivor", "code"),
    [
        ("itself", "one-library-only"),
        ("merged", "library-merged"),
        ("closed", "library-closed"),
        ("new", "survivor-behind"),
    ],
)
async def test_only_a_library_that_stands_and_is_as_far_can_be_a_survivor(
    national: Caller, survivor: str, code: str
) -> None:
    path, other = await active(national), await active(national, name="B")
    if survivor == "merged":
        await merged(national, other, path)
        path = await active(national, name="C")
    if survivor == "closed":
        await step(national, other, "close", {"reason": "x", "effective_on": "2022-01-01"})
    chosen = {"itself": path, "new": await nominated(national)}.get(survivor, other)
    body = {"survivor_id": id_of(chosen), "reason": "x", "effective_on": "2024-03-01"}
    assert (await refused(national, path, "merge", body))[1] == code


async def test_of_two_libraries_merged_into_each_other_at_once_one_goes_on(national: Caller) -> None:
    first, second = await active(national, name="A"), await active(national, name="B")
    version = (await national.get(first)).json()["version"]
    answers = await asyncio.gather(
        national.post(f"{first}/merge", {"survivor_id": id_of(second), "reason": "x"}, version=version),
        national.post(f"{second}/merge", {"survivor_id": id_of(first), "reason": "x"}, version=version),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_library_with_an_open_follow_up_plan_closes_only_when_it_is_settled(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path, heir = await active(national, name="A"), await active(national, name="B")
    plan = plan_of(path)
    await registry.receive(plan)
    version = (await national.get(path)).json()["version"]
    response = await national.post(f"{path}/close", {"reason": "Desa digabung"}, version=version)
    assert (response.status_code, response.json()["code"]) == (409, "open-follow-up-plans")
    assert response.json()["plan_ids"] == [str(plan.plan_id)]
    both = {"reason": "x", "transfer_to": id_of(heir), "waived_because": "x"}
    assert await refused(national, path, "close", both) == (422, "plans-settled-twice")

    await step(national, path, "close", {"reason": "Desa digabung", "transfer_to": id_of(heir)})
    assert await refused(national, heir, "close", {"reason": "x"}) == (409, "open-follow-up-plans")
    await step(national, heir, "close", {"reason": "x", "waived_because": "Program berakhir"})
    closed = await registry.ledger(announced.LibraryClosed)
    assert id_of(heir).encode() in bytes(closed[0].data)
    assert b"Program berakhir" in bytes(closed[1].data)


async def test_a_library_closes_once_all_items_of_its_follow_up_plan_are_completed_or_cancelled(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    plan = plan_of(path)
    item: dict[str, Any] = {"plan_id": plan.plan_id, "library_id": plan.library_id, "due_on": date(2024, 1, 1)}
    await registry.receive(
        plan,
        FollowUpItemProgressed(**item, item_no=1, progress=100),
        FollowUpItemCompleted(**item, item_no=1, completed_on=date(2024, 1, 1), open_items=1),
    )
    assert await refused(national, path, "close", {"reason": "x"}) == (409, "open-follow-up-plans")
    await registry.receive(FollowUpItemCancelled(**item, item_no=2, reason="x", open_items=0))
    await step(national, path, "close", {"reason": "Desa digabung"})


async def test_a_survivor_has_the_plans_of_what_was_merged_into_it_until_that_is_taken_back(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path, survivor = await active(national, name="A"), await active(national, name="B")
    await registry.receive(plan_of(path))
    await merged(national, path, survivor)
    assert await refused(national, survivor, "close", {"reason": "x"}) == (409, "open-follow-up-plans")
    await step(national, path, "unmerge", {"reason": "x"})
    await step(national, survivor, "close", {"reason": "x"})
