"""The client against a real service: typed events, cursors, failures on the way, effects once."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from simpul_operator.roles import APP, OWNER
from simpul_shared.access import Role
from simpul_shared.client import Batch, EventFeed, FeedRefused, FileCheckpoint, PostgresCheckpoint
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.reporting import TargetSet

from tests.platform.test_events_api import until
from tests.platform.test_ledger_reader import nominated
from tests.support.reference import ROOT
from tests.support.services import ServiceUnderTest
from tests.support.serving import Served
from tests.support.tally.service import renamed
from tests.support.tokens import token


async def good_token() -> str:
    return token(Role.SYSTEM)


class Disturbed(httpx.AsyncBaseTransport):
    """The network to the real service, on which the first requests fare badly."""

    def __init__(self, *mishaps: httpx.Response | Exception) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._mishaps = list(mishaps)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._mishaps:
            return await self._real.handle_async_request(request)
        mishap = self._mishaps.pop(0)
        if isinstance(mishap, Exception):
            raise mishap
        return mishap

    async def aclose(self) -> None:
        await self._real.aclose()


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False) as client:
        yield client


async def caught_up(feed: EventFeed, after: str | None = None) -> list[Batch]:
    return [batch async for batch in feed.batches(after, until_caught_up=True)]


def names(batches: list[Batch]) -> list[str]:
    events = [one.event for batch in batches for one in batch.events]
    return [event.new_name for event in events if isinstance(event, LibraryRenamed)]


async def test_events_come_typed_and_go_on_from_a_cursor(tally: ServiceUnderTest, http: httpx.AsyncClient) -> None:
    await tally.announce(*(renamed(uuid4(), str(n)) for n in range(5)), nominated(uuid4(), uuid4()))
    feed = EventFeed(http, good_token, types=[LibraryRenamed], limit=2)
    batches = await caught_up(feed)
    assert names(batches) == ["0", "1", "2", "3", "4"]
    await tally.announce(renamed(uuid4(), "new"))
    assert names(await caught_up(feed, batches[-1].cursor)) == ["new"]


async def test_waiting_goes_on_until_something_comes(tally: ServiceUnderTest, http: httpx.AsyncClient) -> None:
    async with aclosing(EventFeed(http, good_token, wait_seconds=1).batches()) as batches:
        assert (await anext(batches)).events == []
        assert (await anext(batches)).events == []
        await tally.announce(renamed(uuid4(), "awaited"))
        assert names([await anext(batches)]) == ["awaited"]


async def test_failures_on_the_way_are_tried_again_after_a_pause(tally: ServiceUnderTest, served: Served) -> None:
    await tally.announce(renamed(uuid4(), "x"))
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    mishaps: list[httpx.Response | Exception] = [
        httpx.Response(503, headers={"Retry-After": "7"}),
        httpx.ConnectError("refused"),
        httpx.Response(502),
        httpx.ReadTimeout("silent"),
    ]
    async with httpx.AsyncClient(base_url=served.url, transport=Disturbed(*mishaps)) as client:
        assert names(await caught_up(EventFeed(client, good_token, sleep=pause))) == ["x"]
    assert pauses[0] == 7
    assert 0.5 <= pauses[1] <= 1 <= pauses[2] <= 2 <= pauses[3] <= 4


async def test_an_expired_token_is_replaced_and_a_second_refusal_is_final(http: httpx.AsyncClient) -> None:
    given = iter([token(Role.SYSTEM, exp=1), token(Role.SYSTEM), "rubbish", "rubbish"])

    async def next_token() -> str:
        return next(given)

    assert await caught_up(EventFeed(http, next_token))
    with pytest.raises(FeedRefused, match="unauthenticated"):
        await caught_up(EventFeed(http, next_token))


async def test_what_will_never_be_answered_is_raised_with_the_problem(http: httpx.AsyncClient) -> None:
    with pytest.raises(FeedRefused, match="cursor-malformed") as refusal:
        await caught_up(EventFeed(http, good_token), "rubbish")
    assert (refusal.value.status, refusal.value.problem["field"]) == (422, "/query/after")
    assert await caught_up(EventFeed(http, good_token, types=[TargetSet]))  # a type that nobody has sent yet


async def test_a_stream_is_taken_up_again_when_it_ends(
    tally: ServiceUnderTest, served: Served, http: httpx.AsyncClient
) -> None:
    await tally.announce(renamed(uuid4(), "one"), renamed(uuid4(), "two \u2028 lines\x85"))
    seen: list[str] = []
    async with aclosing(EventFeed(http, good_token).stream()) as batches:
        while len(seen) < 2:
            seen += names([await anext(batches)])
        await served.app.state.watch.stop()  # ends the streams as a stopping service does
        served.app.state.watch.stopped = False
        await tally.announce(renamed(uuid4(), "three"))
        while len(seen) < 3:
            seen += names([await anext(batches)])
    assert seen == ["one", "two \u2028 lines\x85", "three"]


async def test_a_stream_that_breaks_off_or_is_refused_for_now_is_tried_again(
    tally: ServiceUnderTest, served: Served
) -> None:
    await tally.announce(renamed(uuid4(), "x"))
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    mishaps: list[httpx.Response | Exception] = [
        httpx.ConnectError("refused"),
        httpx.Response(503, headers={"Retry-After": "3"}),
        httpx.Response(200),
    ]
    async with (
        httpx.AsyncClient(base_url=served.url, transport=Disturbed(*mishaps)) as client,
        aclosing(EventFeed(client, good_token, sleep=pause).stream()) as batches,
    ):
        batch = await anext(batches)
    assert names([batch]) == ["x"]
    assert pauses[1] == 3


async def test_a_file_keeps_cursor_and_versions(
    tally: ServiceUnderTest, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    library, path = uuid4(), tmp_path / "checkpoint.json"
    await tally.announce(renamed(library, "1"), renamed(library, "2"))
    (batch,) = await caught_up(EventFeed(http, good_token))
    checkpoint = FileCheckpoint(path)
    assert len(checkpoint.versions.fresh(batch.events)) == 2
    checkpoint.save(batch.cursor)
    await tally.announce(renamed(library, "3"))
    again = FileCheckpoint(path)
    assert again.cursor == batch.cursor
    everything = (await caught_up(EventFeed(http, good_token)))[0].events
    assert [one.envelope.aggregateversion for one in again.versions.fresh(everything)] == [3]


@pytest.fixture
async def own_database(tally: ServiceUnderTest) -> str:
    """A database where the consumer may make tables; it happens to be the service's, by its owner."""
    return tally.url.replace(f"//{APP}", f"//{OWNER}")


async def test_each_effect_is_once_though_the_consumer_dies_at_any_step(
    tally: ServiceUnderTest, http: httpx.AsyncClient, own_database: str
) -> None:
    libraries = [uuid4() for _ in range(4)]
    for n in range(5):
        await tally.announce(*(renamed(library, str(n)) for library in libraries))
    connection = await asyncpg.connect(own_database)
    checkpoint = PostgresCheckpoint("counter")
    await checkpoint.prepare(connection)
    await connection.execute("create table counted (n integer not null); insert into counted values (0)")
    steps = iter(range(10_000))

    async def perhaps_die() -> None:
        if next(steps) % 5 == 3:
            raise ConnectionError("killed")

    done = False
    while not done:
        try:
            await _count(connection, EventFeed(http, good_token, limit=3), checkpoint, perhaps_die)
            done = True
        except ConnectionError:
            continue
    assert await connection.fetchval("select n from counted") == 20
    await connection.execute(
        "update simpul_cursor set cursor = $1", (await caught_up(EventFeed(http, good_token)))[0].cursor
    )
    await connection.execute("delete from simpul_cursor")  # all comes again, and is known
    await _count(connection, EventFeed(http, good_token), checkpoint, good_token)
    assert await connection.fetchval("select n from counted") == 20
    await connection.close()


async def _count(
    connection: Any, feed: EventFeed, checkpoint: PostgresCheckpoint, perhaps_die: Callable[[], Awaitable[object]]
) -> None:
    async for batch in feed.batches(await checkpoint.cursor(connection), until_caught_up=True):
        async with connection.transaction():
            fresh = await checkpoint.fresh(connection, batch.events)
            await perhaps_die()
            await connection.execute("update counted set n = n + $1", len(fresh))
            await perhaps_die()
            await checkpoint.save(connection, batch.cursor)
            await perhaps_die()
        await perhaps_die()


async def test_the_consumer_of_the_how_to_works_as_written(
    tally: ServiceUnderTest, served: Served, own_database: str
) -> None:
    page = (ROOT / "docs" / "how-to" / "follow-events.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names_kept: dict[str, Any] = {}
    exec(compile(code, "follow-events.md", "exec"), names_kept)  # noqa: S102 (our own page)
    library = uuid4()
    following = asyncio.create_task(names_kept["follow"](served.url, good_token, own_database))
    await tally.announce(nominated(library, uuid4()), renamed(library, "Perpustakaan Desa Baha"))
    connection = await asyncpg.connect(own_database)
    try:
        await until(lambda: following.done() or served.app.state.watch._waiting == 1)
        assert not following.done(), following.exception()
        await _until_named(connection, library, "Perpustakaan Desa Baha")
        await tally.announce(renamed(library, "Cerdas"))
        await _until_named(connection, library, "Cerdas")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await connection.close()


async def _until_named(connection: Any, library: UUID, name: str) -> None:
    async with asyncio.timeout(30):
        while await connection.fetchval("select name from library_name where library_id = $1", library) != name:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
