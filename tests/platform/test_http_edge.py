"""The edge of every service: tokens, idempotency, versions, limits, problems; shown on the tally service."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from simpul_shared.access import Role
from simpul_shared.platform.database import lock_key, open_database

from tests.support.services import ServiceUnderTest, served
from tests.support.tokens import token

PROBLEM = "application/problem+json"


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check that the response is the problem document meant, and return it."""
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM), response.text
    document: dict[str, Any] = response.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["detail"]
    assert document["request_id"] == response.headers["x-request-id"]
    return document


async def test_50_parallel_repeats_of_a_post_are_one_event_and_50_equal_bodies(tally: ServiceUnderTest) -> None:
    caller, body = tally.caller(), {"library_id": str(uuid4()), "name": "Mengwi"}
    responses = await asyncio.gather(*(caller.post("/v1/names", body, key="same") for _ in range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert {response.headers["etag"] for response in responses} == {'"1"'}
    assert len(await tally.ledger()) == 1


async def test_a_repeat_with_another_body_is_refused(tally: ServiceUnderTest) -> None:
    caller, library = tally.caller(), str(uuid4())
    await caller.post("/v1/names", {"library_id": library, "name": "a"}, key="k")
    refused(
        await caller.post("/v1/names", {"library_id": library, "name": "b"}, key="k"), 422, "idempotency-key-reused"
    )


async def test_an_answer_is_repeated_only_to_who_had_it(tally: ServiceUnderTest) -> None:
    caller, body = tally.caller(), {"library_id": str(uuid4()), "name": "a"}
    assert (await caller.post("/v1/names", body, key="k")).status_code == 201
    assert caller.colleague is not None
    refused(await caller.colleague.post("/v1/names", body, key="k"), 422, "idempotency-key-reused")


async def test_the_same_key_of_another_client_is_another_request(tally: ServiceUnderTest) -> None:
    body = {"library_id": str(uuid4()), "name": "a"}
    for client in ("one", "two"):
        assert (await tally.caller(client=client).post("/v1/names", body, key="k")).status_code == 201
    assert len(await tally.ledger()) == 2


async def test_a_repeat_waits_for_the_first_and_then_says_conflict(tally: ServiceUnderTest) -> None:
    caller, body = tally.caller(), {"library_id": str(uuid4()), "name": "a"}
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", lock_key("idempotency/test-client/k"))
        response = await caller.post("/v1/names", body, key="k")
    assert refused(response, 409, "request-in-progress")
    assert response.headers["retry-after"] == "2"
    assert (await caller.post("/v1/names", body, key="k")).status_code == 201


async def test_more_repeats_than_connections_all_get_an_answer(tally: ServiceUnderTest) -> None:
    caller, body = tally.caller(), {"library_id": str(uuid4()), "name": "a"}
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", lock_key("idempotency/test-client/k"))
        responses = await asyncio.gather(*(caller.post("/v1/names", body, key="k") for _ in range(14)))
    for response in responses:
        refused(
            response, *((409, "request-in-progress") if response.status_code == 409 else (503, "database-unavailable"))
        )


async def test_an_aggregate_held_too_long_answers_busy(tally: ServiceUnderTest) -> None:
    library = str(uuid4())
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", lock_key(library))
        response = await tally.caller().post("/v1/names", {"library_id": library, "name": "a"})
    refused(response, 503, "busy")


async def test_a_post_without_a_key_is_refused(tally: ServiceUnderTest) -> None:
    response = await tally.http.post(
        "/v1/names",
        json={"library_id": str(uuid4()), "name": "a"},
        headers={"Authorization": f"Bearer {token(Role.NATIONAL_ADMIN)}"},
    )
    refused(response, 400, "idempotency-key-required")


async def test_naive_times_are_refused_with_a_pointer(tally: ServiceUnderTest) -> None:
    body = {"library_id": str(uuid4()), "name": "a", "at": "2021-06-28T09:00:00"}
    document = refused(await tally.caller().post("/v1/names", body), 422, "time-without-zone")
    assert document["field"] == "/at"


async def test_all_errors_of_a_body_are_named_at_once(tally: ServiceUnderTest) -> None:
    document = refused(await tally.caller().post("/v1/names", {"library_id": "x"}), 422, "invalid")
    assert [error["field"] for error in document["errors"]] == ["/library_id", "/name"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "json-unreadable"),
        (b'{"name": NaN}', 400, "json-unreadable"),
        (b'{"name": "\\u0000"}', 400, "json-unreadable"),
        (b'{"name": "\\ud800"}', 400, "json-unreadable"),
        (b"\xff\xfe{}", 400, "json-unreadable"),
        (b"[" * 100_000, 400, "json-unreadable"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400, "json-unreadable"),
        (b'"' + b"x" * 1024 * 1024 + b'"', 413, "body-too-large"),
    ],
    ids=["cut", "nan", "nul", "surrogate", "utf-16", "100,000 deep", "40 deep", "over 1 MiB"],
)
async def test_bodies_that_cannot_be_kept_are_refused(
    tally: ServiceUnderTest, content: bytes, status: int, code: str
) -> None:
    headers = {
        "Authorization": f"Bearer {token(Role.NATIONAL_ADMIN)}",
        "Idempotency-Key": "k",
        "Content-Type": "application/json",
    }
    refused(await tally.http.post("/v1/names", content=content, headers=headers), status, code)


async def test_an_event_over_512_kib_is_refused_and_leaves_nothing(tally: ServiceUnderTest) -> None:
    response = await tally.caller().post("/v1/names", {"library_id": str(uuid4()), "name": "x" * 600_000}, key="big")
    refused(response, 422, "event-too-large")
    assert await tally.ledger() == []
    assert await tally.database.pool.fetchval("select count(*) from idempotency") == 0


async def test_a_route_that_does_not_exist_is_a_problem_too(tally: ServiceUnderTest) -> None:
    refused(await tally.caller().get("/v1/nothing"), 404, "not-found")


async def test_a_role_without_the_permission_is_refused(tally: ServiceUnderTest) -> None:
    body = {"library_id": str(uuid4()), "name": "a"}
    refused(await tally.caller(Role.AUDITOR).post("/v1/names", body), 403, "permission-missing")


async def test_the_trace_goes_from_the_request_into_the_ledger(tally: ServiceUnderTest) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    body = {"library_id": str(uuid4()), "name": "a"}
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": "asked-by-test"}
    await tally.caller().post("/v1/names", body, headers=headers)
    (envelope,) = await tally.ledger()
    assert envelope.traceparent is not None
    assert envelope.traceparent.split("-")[1] == trace
    assert envelope.correlationid == "asked-by-test"


async def test_ready_needs_postgres_and_nothing_else(tally: ServiceUnderTest) -> None:
    assert (await tally.http.get("/health/ready")).status_code == 200
    async with open_database(tally.url, name="test", size=1) as database:
        gone = httpx.ASGITransport(served(tally.service, database))
    async with httpx.AsyncClient(transport=gone, base_url="http://service.test") as http:
        response = await http.get("/health/ready")
    assert response.status_code == 503
    assert "cannot be reached" in response.json()["detail"]


async def test_a_misspelt_parameter_is_refused_and_not_left_out(tally: ServiceUnderTest) -> None:
    caller = tally.caller(Role.OPERATOR)
    document = refused(await caller.get("/v1/events", limt=1), 422, "parameter-unknown")
    assert (document["field"], document["known"]) == ("/query/limt", ["after", "limit", "types", "wait"])
    assert "Did you mean limit?" in document["detail"]
    assert (await caller.get("/v1/events", limit=1)).status_code == 200
    body = {"library_id": str(uuid4()), "name": "a"}
    document = refused(await tally.caller().post("/v1/names?dry_run=true", body), 422, "parameter-unknown")
    assert (document["field"], await tally.ledger()) == ("/query/dry_run", [])
