"""Freshness: from the commit in activities to the figure in reporting's months, in an open loop at several rates.

Beside it the least that any such system does (the same bytes produced and consumed), a polling outbox, and Debezium. The
real workers of both services run as processes; the writer is the command's own append and wake-up.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from simpul_activities.app import SERVICE as ACTIVITIES
from simpul_shared.platform.database import Database, open_database
from simpul_shared.platform.outbox import append
from simpul_shared.platform.waker import wake_relay

from tests.benchmark.debezium import Connect, connect_to
from tests.benchmark.events import TOPIC, Numbered, event_number, numbered, recorded
from tests.benchmark.processes import running_service
from tests.benchmark.projection import projected
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage
from tests.benchmark.table import Goal, Measure, Ratio, Result, percentile, ratios
from tests.support.services import ORIGIN

RATES = size((50, 300, 1000), quick=(50,))
SECONDS = size(4.0, quick=1.0)
_PATIENCE = 60.0
_SEEN, _CONSUMED = "ours: commit to the month's figure", "ours: commit to consumed"
_RAW, _POLLING, _DEBEZIUM = "limit: produce to consumed", "outbox polled every 1 s", "Debezium: commit to consumed"

Write = Callable[[Numbered], Awaitable[None]]


@dataclass
class Times:
    """When each event was committed, and when it was seen; both by its number."""

    committed: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)

    def milliseconds(self) -> list[float]:
        """Errors: RuntimeError unless each event that was committed was seen."""
        if self.committed.keys() != self.seen.keys():
            raise RuntimeError(f"{len(self.committed)} committed, {len(self.seen)} seen")
        return [max(self.seen[number] - at, 0.0) * 1000 for number, at in self.committed.items()]


async def at_rate(rate: int, first: int, write: Write, times: Times, *, before: bool = False) -> int:
    """Start a write every 1/rate s, whether or not earlier ones have ended. The clock starts at the write's end, or `before` it."""
    total = int(rate * SECONDS)
    events = list(numbered(first, total))
    began = time.perf_counter()

    async def one(event: Numbered) -> None:
        if before:
            times.committed[event.number] = time.perf_counter()
        await write(event)
        times.committed.setdefault(event.number, time.perf_counter())

    async with asyncio.TaskGroup() as group:
        for place, event in enumerate(events):
            await asyncio.sleep(max(0.0, began + place / rate - time.perf_counter()))
            group.create_task(one(event))
    return total


@asynccontextmanager
async def consuming(bootstrap: str, topic: str, times: Times) -> AsyncIterator[None]:
    """A bare consumer at the topic's end that notes when each event comes."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    for partition in consumer.assignment():
        await consumer.position(partition)

    async def watch() -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                now = time.perf_counter()
                for record in records:
                    times.seen.setdefault(event_number(record.value), now)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()


async def all_seen(times: Times) -> None:
    async with asyncio.timeout(_PATIENCE):
        while times.committed.keys() - times.seen.keys():  # noqa: ASYNC110 (the watcher is another task)
            await asyncio.sleep(0.005)


@dataclass
class Bench:
    """Everything that the sides stand on, started once."""

    stage: Stage
    prefix: str
    activities: Database
    reporting: "asyncpg.Pool[asyncpg.Record]"
    producer: AIOKafkaProducer
    debezium: Connect
    outbox: "asyncpg.Pool[asyncpg.Record]"
    found: dict[tuple[str, int], list[list[float]]] = field(default_factory=dict)
    next_number: int = 1

    async def round(self, rate: int, *, counted: bool) -> None:
        for side in (self._ours, self._raw, self._debezium, self._polling):
            for name, latencies in (await side(rate)).items():
                if counted:
                    self.found.setdefault((name, rate), []).append(latencies)

    def _numbers(self, rate: int) -> int:
        first = self.next_number
        self.next_number += int(rate * SECONDS)
        return first

    async def _ours(self, rate: int) -> dict[str, list[float]]:
        visible, consumed, first = Times(), Times(), self._numbers(rate)
        async with consuming(self.stage.bootstrap, self.prefix + TOPIC.name, consumed):
            watcher = asyncio.create_task(self._watch(visible, int(rate * SECONDS)))
            await at_rate(rate, first, self._commit, consumed)
            await all_seen(consumed)
            async with asyncio.timeout(_PATIENCE):
                await watcher
        # Figures carry no names: the n-th committed is seen when the figure shows n more.
        order = sorted(consumed.committed, key=lambda number: consumed.committed[number])
        seen = dict(zip(order, visible.seen.values(), strict=True))
        return {
            _SEEN: Times(consumed.committed, seen).milliseconds(),
            _CONSUMED: consumed.milliseconds(),
        }

    async def _commit(self, event: Numbered) -> None:
        fact = recorded(event.number)
        async with self.activities.transaction(ORIGIN) as tx:
            await tx.lock(fact.activity_id)
            # The consumer tells events by number, so the envelope's id is not what it looks at.
            await append(tx, fact, occurred_at=datetime.now(UTC))

    async def _watch(self, times: Times, total: int) -> None:
        before = await self._figure()
        while len(times.seen) < total:
            count, now = await self._figure() - before, time.perf_counter()
            for place in range(len(times.seen), count):
                times.seen[place] = now
            await asyncio.sleep(0.002)

    async def _figure(self) -> int:
        count: int = await self.reporting.fetchval(
            "select coalesce(sum(activities), 0)::bigint from activity_month where parent_id is null"
        )
        return count

    async def _raw(self, rate: int) -> dict[str, list[float]]:
        topic = await self.stage.topics([TOPIC]) + TOPIC.name

        async def write(event: Numbered) -> None:
            await self.producer.send_and_wait(topic, key=event.key, value=event.value)

        return {_RAW: await self._to_consumed(rate, topic, write, before=True)}

    async def _debezium(self, rate: int) -> dict[str, list[float]]:
        topic = await self.stage.topics([TOPIC]) + TOPIC.name

        async def write(event: Numbered) -> None:
            await self.outbox.execute(
                "insert into outbox (event_id, topic, key, payload) values ($1, $2, $3, $4)",
                event.event_id,
                topic,
                event.key.decode(),
                event.value,
            )

        return {_DEBEZIUM: await self._to_consumed(rate, topic, write)}

    async def _polling(self, rate: int) -> dict[str, list[float]]:
        topic = await self.stage.topics([TOPIC]) + TOPIC.name
        polling = asyncio.create_task(poll(self.outbox, self.producer, topic))

        async def write(event: Numbered) -> None:
            await self.outbox.execute("insert into polled (key, value) values ($1, $2)", event.key, event.value)

        try:
            return {_POLLING: await self._to_consumed(rate, topic, write)}
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)

    async def _to_consumed(self, rate: int, topic: str, write: Write, *, before: bool = False) -> list[float]:
        times = Times()
        async with consuming(self.stage.bootstrap, topic, times):
            await at_rate(rate, self._numbers(rate), write, times, before=before)
            await all_seen(times)
        return times.milliseconds()


async def poll(pool: "asyncpg.Pool[asyncpg.Record]", producer: AIOKafkaProducer, topic: str) -> None:
    """The outbox of the textbooks: every second take what is there, send it, delete it."""
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch("delete from polled returning polled_id, key, value")
            in_order = sorted(rows, key=lambda row: row["polled_id"])
            await asyncio.gather(*[await producer.send(topic, key=row["key"], value=row["value"]) for row in in_order])
        await asyncio.sleep(1.0)


@asynccontextmanager
async def bench(stage: Stage) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        prefix = await stage.topics()
        settings = {"SIMPUL_KAFKA_BOOTSTRAP": stage.bootstrap, "SIMPUL_TOPIC_PREFIX": prefix}
        url = await stack.enter_async_context(stage.databases.database(ACTIVITIES))
        reporting = await stack.enter_async_context(projected(stage))
        for service, database_url in (("activities", url), ("reporting", reporting.url)):
            worker = running_service(service, "worker", database_url=database_url, settings=settings)
            await stack.enter_async_context(worker)
        activities = await stack.enter_async_context(open_database(url, name="bench", size=20))
        waking = asyncio.create_task(wake_relay(activities))
        stack.callback(waking.cancel)
        producer = AIOKafkaProducer(bootstrap_servers=stage.bootstrap, enable_idempotence=True, linger_ms=5)
        await producer.start()
        stack.push_async_callback(producer.stop)
        peer_url = await stack.enter_async_context(stage.empty_database())
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="simpul-connect-")))
        debezium = await connect_to(directory, peer_url, stage.bootstrap, slot="debezium_freshness")
        stack.push_async_callback(debezium.drop_slot)
        stack.push_async_callback(debezium.stop)
        await debezium.start()
        outbox = await stack.enter_async_context(asyncpg.create_pool(peer_url, min_size=5, max_size=20))
        await outbox.execute(
            "create table polled (polled_id bigint generated always as identity, key bytea not null, value bytea not null)"
        )
        yield Bench(stage, prefix, activities, reporting.database.pool, producer, debezium, outbox)


async def result(stage: Stage) -> Result:
    async with bench(stage) as running:
        await running.round(RATES[-1], counted=False)
        for number in range(1, ROUNDS + 1):
            say(f"freshness: round {number} of {ROUNDS}")
            for rate in RATES:
                await running.round(rate, counted=True)
    return _result(running.found)


def _result(found: dict[tuple[str, int], list[list[float]]]) -> Result:
    measures = [
        Measure(name, f"{label} at {rate}/s", "ms", [percentile(one, share) for one in rounds])
        for (name, rate), rounds in sorted(found.items(), key=lambda item: item[0][1])
        for label, share in (("p50", 0.5), ("p99", 0.99))
    ]
    return Result("freshness", measures, [one for rate in RATES for one in _ratios(found, rate)])


def _ratios(found: dict[tuple[str, int], list[list[float]]], rate: int) -> list[Ratio]:
    def p99(name: str) -> list[float]:
        return [percentile(one, 0.99) for one in found[name, rate]]

    return [
        Ratio(
            f"p99 at {rate}/s, visible in the report to the limit",
            ratios(p99(_SEEN), p99(_RAW)),
            Goal(3, at_most=True) if rate == 300 else None,
        ),
        Ratio(
            f"p99 at {rate}/s, the relay to Debezium",
            ratios(p99(_CONSUMED), p99(_DEBEZIUM)),
            Goal(1, at_most=True) if rate == 300 else None,
        ),
        Ratio(f"p99 at {rate}/s, the outbox polled every second to ours", ratios(p99(_POLLING), p99(_CONSUMED))),
    ]
