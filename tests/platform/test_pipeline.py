"""Ledger, relay, Kafka, consumer: all real, and broken on the way."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from simpul_operator.embedded.ports import free_port
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.telemetry import links_of

from tests.support.databases import Databases
from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY, renamed


async def test_an_event_reaches_the_projection(tally: ServiceUnderTest, kafka: str) -> None:
    library = uuid4()
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(renamed(library, "Perpustakaan Desa Baha"))
        await drain(tally, tally)
    row = await tally.database.pool.fetchrow("select events, names from tally where library_id = $1", library)
    assert row is not None
    assert row["names"] == ["Perpustakaan Desa Baha"]


async def test_a_restarted_worker_goes_on_where_it_stopped(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(30)]
    async with topics(kafka) as settings:
        for round_ in range(3):
            async with working(settings, tally):
                await tally.announce(*(renamed(library, f"{round_}-{n}") for n in range(20) for library in libraries))
                await asyncio.sleep(0.05 * round_)  # stop it in different states of its work
        async with working(settings, tally):
            await drain(tally, tally)
    rows = await tally.database.pool.fetch("select events, names from tally")
    expected = [f"{round_}-{n}" for round_ in range(3) for n in range(20)]
    assert [row["names"] for row in rows] == [expected] * 30


async def test_a_database_that_lost_its_first_batches_reads_them_again(
    tally: ServiceUnderTest, kafka: str, databases: Databases
) -> None:
    """As after a crash: Kafka has been told offsets that the database no longer knows of."""
    library = uuid4()
    async with topics(kafka) as settings, service_under_test(TALLY, databases) as forgetful:
        async with working(settings, tally):
            await tally.announce(*(renamed(library, str(n)) for n in range(40)))
            await drain(tally, tally)
        async with working(settings, forgetful), asyncio.timeout(60):
            while await forgetful.database.pool.fetchval("select max(version) from applied_version") != 40:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        names = await forgetful.database.pool.fetchval("select names from tally where library_id = $1", library)
    assert names == [str(n) for n in range(40)]


async def test_several_brokers_may_be_named_and_the_first_be_away(tally: ServiceUnderTest, kafka: str) -> None:
    library = uuid4()
    async with topics(kafka) as settings:
        named = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()},{kafka}"})
        async with working(named, tally):
            await tally.announce(renamed(library, "Perpustakaan Desa Baha"))
            await drain(tally, tally)
    assert await tally.database.pool.fetchval("select events from tally where library_id = $1", library) == 1


async def test_two_workers_share_the_work_and_count_once(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(50)]
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(library, str(n)) for n in range(10) for library in libraries))
        async with working(settings, tally):
            await tally.announce(*(renamed(library, str(n)) for n in range(10, 20) for library in libraries))
            await drain(tally, tally)
    rows = await tally.database.pool.fetch("select names from tally")
    assert [row["names"] for row in rows] == [[str(n) for n in range(20)]] * 50


async def test_a_crash_between_ack_and_cursor_sends_again_and_counts_once(
    tally: ServiceUnderTest, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simpul_shared.platform.relay_backends import PostgresLedger

    crashes = 0
    advance = PostgresLedger.advance

    async def crash_thrice(self: PostgresLedger, to: object, offsets: object) -> None:
        nonlocal crashes
        crashes += 1
        if crashes <= 3:
            raise ConnectionError("killed between ack and cursor")
        await advance(self, to, offsets)  # type: ignore[arg-type]

    monkeypatch.setattr(PostgresLedger, "advance", crash_thrice)
    library = uuid4()
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(library, str(n)) for n in range(40)))
        await drain(tally, tally)
    assert crashes > 3
    row = await tally.database.pool.fetchrow("select events, names from tally where library_id = $1", library)
    assert row is not None
    assert row["names"] == [str(n) for n in range(40)]


async def test_the_consumer_killed_before_its_commit_applies_once(
    tally: ServiceUnderTest, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simpul_shared.platform.consume_backends import PostgresStore

    crashes = 0
    store_offsets = PostgresStore.store_offsets

    async def crash_thrice(self: PostgresStore, tx: object, offsets: object) -> None:
        nonlocal crashes
        crashes += 1
        if crashes <= 3:
            raise ConnectionError("killed before the commit")
        await store_offsets(self, tx, offsets)  # type: ignore[arg-type]

    monkeypatch.setattr(PostgresStore, "store_offsets", crash_thrice)
    library = uuid4()
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(library, str(n)) for n in range(40)))
        await drain(tally, tally)
    assert crashes > 3
    row = await tally.database.pool.fetchrow("select events from tally where library_id = $1", library)
    assert row is not None
    assert row["events"] == 40


async def test_an_open_transaction_holds_the_mark_but_not_other_events(tally: ServiceUnderTest, kafka: str) -> None:
    slow, quick = uuid4(), uuid4()
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(renamed(uuid4(), "warm"))
        await drain(tally, tally)
        async with tally.database.pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_current_xact_id()")
            await tally.announce(renamed(quick, "x"))
            with pytest.raises(TimeoutError):
                await drain(tally, tally, seconds=0.8)
        await tally.announce(renamed(slow, "y"))
        await drain(tally, tally)
    assert await tally.database.pool.fetchval("select count(*) from tally") == 3


async def test_one_trace_goes_from_the_request_through_kafka(tally: ServiceUnderTest, kafka: str) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    body = {"library_id": str(uuid4()), "name": "a"}
    async with topics(kafka) as settings, working(settings, tally):
        await tally.caller().post("/v1/names", body, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        await drain(tally, tally)
        consumer = AIOKafkaConsumer(
            settings.topic_prefix + LIBRARIES.name, bootstrap_servers=kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            record = await asyncio.wait_for(consumer.getone(), 10)
        finally:
            await consumer.stop()
    headers = dict(record.headers)
    assert headers["content-type"] == b"application/cloudevents+json; charset=utf-8"
    (link,) = links_of([headers["traceparent"].decode()])
    assert format(link.context.trace_id, "032x") == trace
