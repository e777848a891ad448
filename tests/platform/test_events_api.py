"""GET /v1/events: the ledger over HTTP, in the order of Kafka, for those who may see it, page by page or as a stream."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from simpul_shared.access import Role
from simpul_shared.contracts.topics import LIBRARIES, Topic
from simpul_shared.platform.http import events
from simpul_shared.platform.http.query import encode_cursor
from simpul_shared.platform.watch import LedgerWatch

from tests.platform.test_http_edge import refused
from tests.platform.test_ledger_reader import nominated
from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest
from tests.support.serving import Served, serving
from tests.support.tally.service import renamed

RENAMED = "id.simpul.registry.library-renamed.v1"
NOMINATED = "id.simpul.registry.library-nominated.v1"


async def all_pages(service: ServiceUnderTest, *, role: Role = Role.SYSTEM, region: str = "ID", **asked: Any) -> Any:
    """Items of all pages, and the last page."""
    caller, items, asked = service.caller(role, region), [], {"limit": 3, **asked}
    while True:
        response = await caller.get("/v1/events", **asked)
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        asked["after"] = page["next_cursor"]
        if not page["more"]:
            return items, page


async def test_pages_hold_what_kafka_holds_in_the_order_of_each_partition(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(20)]
    async with topics(kafka) as settings, working(settings, tally):
        for round_ in range(5):
            await tally.announce(*(renamed(library, str(round_)) for library in libraries))
        await drain(tally, tally)
        on_kafka = await read_topic(kafka, settings.topic_prefix, LIBRARIES, count=100)
    items, _ = await all_pages(tally, limit=7)
    assert len(items) == 100
    by_key = defaultdict(list)
    for item in items:
        by_key[item["subject"]].append(item)
    for partition in on_kafka.values():
        for subject in {item["subject"] for item in partition}:
            assert [item for item in partition if item["subject"] == subject] == by_key[subject]
    assert {item["id"] for partition in on_kafka.values() for item in partition} == {item["id"] for item in items}


async def read_topic(kafka: str, prefix: str, topic: Topic, *, count: int) -> dict[int, list[dict[str, Any]]]:
    """The first time each event is on the topic, by partition and in its order."""
    consumer = AIOKafkaConsumer(prefix + topic.name, bootstrap_servers=kafka, auto_offset_reset="earliest")
    found: dict[str, None] = {}
    partitions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    await consumer.start()
    try:
        while len(found) < count:
            record = await asyncio.wait_for(consumer.getone(), 30)
            event = msgspec.json.decode(record.value)
            if event["id"] not in found:
                found[event["id"]] = None
                partitions[record.partition].append(event)
    finally:
        await consumer.stop()
    return partitions


async def test_the_items_are_the_recorded_bytes(tally: ServiceUnderTest) -> None:
    await tally.announce(renamed(uuid4(), 'Perpustakaan "Cerdas" Désa'))
    response = await tally.caller(Role.AUDITOR).get("/v1/events")
    (value,) = [row["value"] for row in await tally.database.pool.fetch("select value from ledger")]
    assert b'{"items":[' + value + b"]," in response.content


async def test_the_cursor_moves_past_events_that_were_not_asked_for(tally: ServiceUnderTest) -> None:
    await tally.announce(*(renamed(uuid4(), str(n)) for n in range(5)))
    empty = (await tally.caller().get("/v1/events", types=NOMINATED)).json()
    assert empty["items"] == []
    await tally.announce(nominated(uuid4(), uuid4()), renamed(uuid4(), "after"))
    after = (await tally.caller().get("/v1/events", types=NOMINATED, after=empty["next_cursor"])).json()
    assert [item["type"] for item in after["items"]] == [NOMINATED]
    unfiltered = (await tally.caller().get("/v1/events", after=empty["next_cursor"])).json()
    assert [item["type"] for item in unfiltered["items"]] == [NOMINATED, RENAMED]
    both, _ = await all_pages(tally, types=f"{RENAMED},{NOMINATED}")
    assert len(both) == 7


async def test_through_is_said_once_all_is_read_and_only_then(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(uuid4(), str(n)) for n in range(5)))
        await drain(tally, tally)
    assert (await tally.caller().get("/v1/events", limit=2)).json()["through"] is None
    items, last = await all_pages(tally)
    recorded = [msgspec.convert(item["recordedtime"], str) for item in items]
    assert last["through"] > max(recorded)


async def test_the_cursor_of_an_empty_ledger_leads_to_its_first_event(tally: ServiceUnderTest) -> None:
    page = (await tally.caller().get("/v1/events")).json()
    assert (page["items"], page["more"], page["through"]) == ([], False, None)
    await tally.announce(renamed(uuid4(), "first"))
    assert len((await tally.caller().get("/v1/events", after=page["next_cursor"])).json()["items"]) == 1


@pytest.mark.parametrize("cursor", ["x", "", "W10", "WyJ0YWxseSIsLTEsMCwxXQ", "WyJ0YWxseSIsMSwyLDk5OTk5OTk5XQ", "é"])
async def test_a_malformed_cursor_is_refused(tally: ServiceUnderTest, cursor: str) -> None:
    document = refused(await tally.caller().get("/v1/events", after=cursor), 422, "cursor-malformed")
    assert document["field"] == "/query/after"


async def test_a_cursor_of_another_service_is_refused(tally: ServiceUnderTest) -> None:
    cursor = encode_cursor("registry", 1, 1, 1)
    document = refused(await tally.caller().get("/v1/events", after=cursor), 422, "cursor-malformed")
    assert "registry" in document["detail"]


async def test_an_unknown_type_is_refused_with_the_list_of_known_ones(tally: ServiceUnderTest) -> None:
    document = refused(
        await tally.caller().get("/v1/events", types=f"{RENAMED},library-renamed"), 422, "event-type-unknown"
    )
    assert RENAMED in document["known_types"]
    assert "library-renamed" in document["detail"]


async def test_who_lacks_the_permission_is_refused(tally: ServiceUnderTest) -> None:
    refused(await tally.caller(Role.LIBRARY_STAFF).get("/v1/events"), 403, "permission-missing")


async def test_a_province_gets_its_own_events_and_a_region_unknown_to_it_none(tally: ServiceUnderTest) -> None:
    nation, bali, mengwi, papua = (uuid4() for _ in range(4))
    await keep_region(tally, bali, "51", [nation, bali])
    await keep_region(tally, mengwi, "51.03.02.2009", [nation, bali, mengwi])
    await keep_region(tally, papua, "94", [nation, papua])
    library = uuid4()
    await tally.announce(nominated(library, mengwi), renamed(library, "Mengwi"), nominated(uuid4(), papua))
    await tally.announce(renamed(uuid4(), "of no known region"))
    seen = {region: len((await all_pages(tally, region=region))[0]) for region in ("ID", "51", "94", "33")}
    assert seen == {"ID": 4, "51": 2, "94": 1, "33": 0}
    assert len((await all_pages(tally, role=Role.PROVINCE_ADMIN, region="51.03.02.2009"))[0]) == 2


async def keep_region(service: ServiceUnderTest, region: UUID, code: str, path: list[UUID]) -> None:
    await service.database.pool.execute(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, path, timezone, valid_from, valid_to, decree,
            recorded_at, event_id, aggregate_version)
        values ($1, 'test', $2, '', '', '', $3, 'Asia/Makassar', '2015-01-01', 'infinity', '', now(), gen_random_uuid(), 1)
        """,
        region,
        code,
        path,
    )


@pytest.fixture
async def served(tally: ServiceUnderTest) -> AsyncIterator[Served]:
    async with serving(tally) as one:
        yield one


async def test_a_waiting_client_is_answered_when_something_comes(tally: ServiceUnderTest, served: Served) -> None:
    async with served.client() as client:
        waiting = asyncio.create_task(client.get("/v1/events", params={"wait": 30, "types": RENAMED}))
        await until(lambda: served.app.state.watch._waiting == 1)
        await tally.announce(nominated(uuid4(), uuid4()))
        await tally.announce(renamed(uuid4(), "awaited"))
        page = (await waiting).json()
    assert [item["data"]["new_name"] for item in page["items"]] == ["awaited"]


async def test_who_waits_in_vain_gets_a_cursor_that_has_moved(tally: ServiceUnderTest, served: Served) -> None:
    async with served.client() as client:
        before = (await client.get("/v1/events", params={"types": RENAMED})).json()
        waiting = asyncio.create_task(client.get("/v1/events", params={"wait": 2, "types": RENAMED}))
        await until(lambda: served.app.state.watch._waiting == 1)
        await tally.announce(nominated(uuid4(), uuid4()))
        page = (await waiting).json()
    assert page["items"] == []
    assert page["next_cursor"] != before["next_cursor"]


async def until(condition: Any, *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is awaited sets no event)
            await asyncio.sleep(0.01)


async def test_many_who_wait_cost_one_connection_and_one_poll_a_second(
    tally: ServiceUnderTest, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = LedgerWatch._look

    async def count(self: LedgerWatch, connection: Any) -> None:
        nonlocal looks
        looks += 1
        await look(self, connection)

    monkeypatch.setattr(LedgerWatch, "_look", count)
    async with served.client() as client:
        await asyncio.gather(*(client.get("/v1/events", params={"wait": 3}) for _ in range(40)))
    assert 1 <= looks <= 5
    assert tally.database.pool.get_idle_size() == tally.database.pool.get_size()


async def test_watching_ends_with_the_last_who_waits_though_a_hint_comes_in_that_moment(
    tally: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()
    look = LedgerWatch._look

    async def seen(self: LedgerWatch, connection: Any) -> None:
        await look(self, connection)
        looked.set()

    monkeypatch.setattr(LedgerWatch, "_look", seen)
    for steps in range(6):
        looked.clear()
        watch = LedgerWatch(tally.database)
        watch._enter()
        await looked.wait()
        watching = watch._watching
        assert watching is not None
        for _ in range(5):
            await asyncio.sleep(0)
        watch._hint.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        watch._leave()
        done, _ = await asyncio.wait({watching}, timeout=5)
        assert done, steps


class Stream:
    """What a client of server-sent events sees: (id, data) of each block."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.last_id: str | None = None
        self.comments = 0

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line.removeprefix("id: ")
                if line.startswith(":"):
                    self.comments += 1
                if line.startswith("data: "):
                    event: dict[str, Any] = msgspec.json.decode(line.removeprefix("data: "))
                    return event
        raise EOFError


def stream(client: httpx.AsyncClient, *, last_id: str | None = None, **asked: Any) -> Any:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    return client.stream("GET", "/v1/events", params=asked, headers=headers)


async def test_a_stream_goes_on_and_is_resumed_where_it_broke_off(tally: ServiceUnderTest, served: Served) -> None:
    library = uuid4()
    await tally.announce(*(renamed(library, str(n)) for n in range(5)))
    async with served.client() as client:
        async with stream(client, limit=2) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            first = Stream(response)
            seen = [(await first.next())["aggregateversion"] for _ in range(5)]
            await tally.announce(renamed(library, "live"))
            seen.append((await first.next())["aggregateversion"])
        async with stream(client, last_id=first.last_id) as response:
            await tally.announce(renamed(library, "after the break"))
            seen.append((await Stream(response).next())["aggregateversion"])
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    await until(lambda: served.app.state.watch._waiting == 0)


async def test_a_silent_stream_gives_signs_of_life_and_its_place(
    tally: ServiceUnderTest, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.1)
    await tally.announce(nominated(uuid4(), uuid4()))
    async with served.client() as client, stream(client, types=RENAMED) as response:
        silent = Stream(response)
        reading = asyncio.create_task(silent.next())
        await until(lambda: silent.comments > 2)
        await tally.announce(renamed(uuid4(), "at last"))
        await reading
    async with served.client() as client:
        page = (await client.get("/v1/events", params={"after": silent.last_id})).json()
    assert page["items"] == []


async def test_a_stopping_server_lets_streams_and_waiting_clients_go(tally: ServiceUnderTest, served: Served) -> None:
    async with served.client() as client, stream(client) as response:
        waiting = asyncio.create_task(client.get("/v1/events", params={"wait": 30}))
        await until(lambda: served.app.state.watch._waiting == 2)
        stopping = asyncio.create_task(served.stop())
        async with asyncio.timeout(8):  # uvicorn itself would cut them off after 10 s
            assert (await waiting).json()["items"] == []
            async for _ in response.aiter_lines():
                pass
            await stopping


async def test_a_reader_that_does_not_read_holds_up_nothing_but_itself(tally: ServiceUnderTest, served: Served) -> None:
    await tally.announce(*(renamed(uuid4(), "x" * 100_000) for _ in range(200)))
    taken = 0
    page_of = events.Following.page

    async def count(self: events.Following, after: Any) -> Any:
        nonlocal taken
        taken += 1
        return await page_of(self, after)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events.Following, "page", count)
        async with served.client() as client, stream(client, limit=10) as response:
            lines = response.aiter_lines()
            await anext(lines)
            async with served.client() as other:
                for _ in range(5):
                    assert (await other.get("/health/ready")).status_code == 200
            assert taken < 20
            async for _ in lines:
                if taken == 20:
                    break
