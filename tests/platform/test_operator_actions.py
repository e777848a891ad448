"""What operators do is kept, shown to operators of the whole country only, and changed by nobody."""

import asyncpg
import pytest
from simpul_shared.access import Role
from simpul_shared.platform.audit import note_action
from simpul_shared.platform.database import Origin

from tests.support.services import ServiceUnderTest

BUDI = Origin("tally", actor="budi", channel="API", correlation_id="request-1")


async def note(tally: ServiceUnderTest, subject: str) -> None:
    async with tally.database.transaction(BUDI) as tx:
        await note_action(
            tx, client_id="cli", action="thing.mend", subject=subject, reason="it was broken", facts={"before": 1}
        )


async def test_actions_are_listed_the_latest_first_and_in_pages(tally: ServiceUnderTest) -> None:
    for number in range(3):
        await note(tally, f"thing/{number}")
    operator = tally.caller(Role.OPERATOR)
    first = (await operator.get("/v1/operator-actions", limit=2)).json()
    second = (await operator.get("/v1/operator-actions", limit=2, cursor=first["next_cursor"])).json()
    assert [one["subject"] for one in first["items"] + second["items"]] == ["thing/2", "thing/1", "thing/0"]
    assert second["next_cursor"] is None
    told = first["items"][0]
    assert (told["actor"], told["client_id"], told["correlation_id"]) == ("budi", "cli", "request-1")
    assert (told["reason"], told["facts"]) == ("it was broken", {"before": 1})


async def test_actions_are_found_by_what_they_were_done_to(tally: ServiceUnderTest) -> None:
    await note(tally, "thing/1")
    await note(tally, "thing/2")
    found = (await tally.caller(Role.OPERATOR).get("/v1/operator-actions", subject="thing/1")).json()
    assert [one["subject"] for one in found["items"]] == ["thing/1"]
    assert (await tally.caller(Role.OPERATOR).get("/v1/operator-actions", action="thing.break")).json()["items"] == []


@pytest.mark.parametrize(
    ("role", "region", "code"),
    [
        (Role.NATIONAL_ADMIN, "ID", "permission-missing"),
        (Role.AUDITOR, "ID", "permission-missing"),
        (Role.OPERATOR, "51", "outside-scope"),
    ],
)
async def test_others_than_operators_of_the_whole_country_are_refused(
    tally: ServiceUnderTest, role: Role, region: str, code: str
) -> None:
    response = await tally.caller(role, region).get("/v1/operator-actions")
    assert (response.status_code, response.json()["code"]) == (403, code)


@pytest.mark.parametrize("statement", ["update operator_action set reason = 'x'", "delete from operator_action"])
async def test_what_was_done_cannot_be_changed_afterwards(tally: ServiceUnderTest, statement: str) -> None:
    await note(tally, "thing/1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tally.database.pool.execute(statement)


async def fail_after_noting(tally: ServiceUnderTest) -> None:
    async with tally.database.transaction(BUDI) as tx:
        await note_action(tx, client_id="cli", action="a", subject="thing/1", reason="why", facts={})
        raise ZeroDivisionError


async def test_an_action_of_a_transaction_that_fails_is_not_kept(tally: ServiceUnderTest) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_after_noting(tally)
    assert await tally.database.pool.fetchval("select count(*) from operator_action") == 0


async def test_an_action_without_a_reason_is_refused_by_the_database(tally: ServiceUnderTest) -> None:
    async with tally.database.transaction(BUDI) as tx:
        with pytest.raises(asyncpg.CheckViolationError):
            await note_action(tx, client_id="cli", action="a", subject="thing/1", reason="", facts={})
