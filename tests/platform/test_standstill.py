"""What notices a standstill by itself: a consumer that gets nothing, a Kafka that never acknowledges, a held horizon."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import asyncpg
from simpul_shared.platform.relay import Row, Sent
from simpul_shared.platform.relay_backends import KafkaProducer
from simpul_shared.platform.telemetry import CONSUMER_REBUILDS, HORIZON_AGE, LEDGER_UNPUBLISHED, RELAY_RESTARTS
from simpul_shared.platform.worker import Worker

from tests.support.databases import Databases
from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest
from tests.support.tally.service import renamed


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.05)


def pause(worker: Worker) -> None:
    """The consumer goes on heartbeating and polling, and gets nothing any more: what aiokafka #1037 looks like."""
    assert worker.subscription is not None
    consumer = worker.subscription._subscriber.consumer
    consumer.pause(*consumer.assignment())


async def test_a_consumer_that_silently_stops_is_built_anew(tally: ServiceUnderTest, kafka: str) -> None:
    rebuilds = CONSUMER_REBUILDS._value.get()
    async with topics(kafka, silence_seconds=2.0) as settings, working(settings, tally) as (worker,):
        await tally.announce(renamed(uuid4(), "before"))
        await drain(tally, tally)
        pause(worker)
        await tally.announce(renamed(uuid4(), "after"))
        await drain(tally, tally)
        assert worker.subscription is not None
        assert worker.subscription.trouble() is None
    assert CONSUMER_REBUILDS._value.get() > rebuilds


async def test_a_quiet_consumer_with_nothing_to_read_is_left_alone(tally: ServiceUnderTest, kafka: str) -> None:
    # Marks come so seldom that nothing is on any topic for long once the first event is applied.
    await tally.announce(renamed(uuid4(), "only"))
    async with (
        topics(kafka, silence_seconds=6.0, mark_seconds=30.0) as settings,
        working(settings, tally) as (worker,),
    ):
        assert worker.subscription is not None
        await until(lambda: counted(tally))
        rebuilds = CONSUMER_REBUILDS._value.get()
        await until(lambda: silent_for(worker, 13.0))
        assert worker.subscription.trouble() is None
    assert CONSUMER_REBUILDS._value.get() == rebuilds


async def counted(tally: ServiceUnderTest) -> bool:
    return bool(await tally.database.pool.fetchval("select count(*) = 1 from tally"))


async def silent_for(worker: Worker, seconds: float) -> bool:
    assert worker.subscription is not None
    return worker.subscription.follower.silent_seconds() > seconds


async def test_a_held_horizon_is_named_until_it_is_let_go(
    tally: ServiceUnderTest, databases: Databases, kafka: str
) -> None:
    admin = await asyncpg.connect(databases.admin_url)
    async with topics(kafka, silence_seconds=1.0) as settings, working(settings, tally) as (worker,):
        transaction = admin.transaction()
        await transaction.start()
        await admin.execute("select pg_current_xact_id()")
        await tally.announce(renamed(uuid4(), "held back"))
        await until(lambda: names(worker, admin))
        await worker.lookout.look()
        assert HORIZON_AGE._value.get() >= 1.0
        assert sum(LEDGER_UNPUBLISHED.labels(shard=str(n))._value.get() for n in (0, 1)) == 1
        await transaction.rollback()
        await drain(tally, tally)
        await worker.lookout.look()
        assert worker.lookout.trouble() is None
    await admin.close()


async def names(worker: Worker, admin: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return f"process {admin.get_server_pid()}" in (await worker.troubles()).get("horizon", "")


async def test_a_page_that_kafka_never_acknowledges_is_sent_by_a_fresh_producer(
    tally: ServiceUnderTest, kafka: str
) -> None:
    restarts = sum(RELAY_RESTARTS.labels(shard=str(n))._value.get() for n in (0, 1))
    swallowed = 0
    send = KafkaProducer.send_all

    async def swallow_first(self: KafkaProducer, rows: Sequence[Row]) -> list[Sent]:
        nonlocal swallowed
        if rows and swallowed < 3:
            swallowed += len(rows)
            # As the sender of a stuck producer: neither ack nor error.
            return [Sent(row.topic, 1, asyncio.get_running_loop().create_future()) for row in rows]
        return await send(self, rows)

    KafkaProducer.send_all = swallow_first  # type: ignore[method-assign]
    try:
        async with topics(kafka, ack_seconds=1.0) as settings, working(settings, tally):
            await tally.announce(*(renamed(uuid4(), str(n)) for n in range(3)))
            await drain(tally, tally)
    finally:
        KafkaProducer.send_all = send  # type: ignore[method-assign]
    assert swallowed == 3
    assert sum(RELAY_RESTARTS.labels(shard=str(n))._value.get() for n in (0, 1)) > restarts
    assert await tally.database.pool.fetchval("select sum(events) from tally") == 3
