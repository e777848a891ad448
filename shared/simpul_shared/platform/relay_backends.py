"""The relay's real Postgres and Kafka: PostgresLedger on one connection that holds the lead, and an idempotent producer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from simpul_shared.platform.database import lock_key, prepare_connection
from simpul_shared.platform.relay import Ack, Horizon, Ledger, Offsets, Place, Producer, Row, Sent

WAKE_CHANNEL = "simpul_ledger"
_LEAD_RETRY_SECONDS = 1.0
_FLUSH_SECONDS = 2.0
_REMEMBERED_KEYS = 100_000
"""More than there are libraries; some 20 MB."""

log = structlog.get_logger()


RELAY_SETTINGS = {
    "timezone": "UTC",
    # A cursor that a dying Postgres forgets only sends its last pages again; waiting for the disk would delay every page.
    "synchronous_commit": "off",
    # Of a day that is not analysed yet Postgres expects few rows: it would fetch and sort all that is left for every page.
    "enable_bitmapscan": "off",
}


class PostgresLedger:
    """The ledger of one shard, read and advanced on the connection whose session lock is the leadership."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", shard: int) -> None:
        self._connection = connection
        self._shard = shard
        self._woken = asyncio.Event()

    @property
    def connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        return self._connection

    async def listen(self) -> None:
        await self._connection.add_listener(WAKE_CHANNEL, lambda *_: self._woken.set())

    async def start(self) -> tuple[Place, Offsets]:
        row = await self._connection.fetchrow(
            "select xid::text, id, recorded_on, offsets from relay_cursor where shard = $1", self._shard
        )
        if row is None:
            raise RuntimeError(f"relay_cursor lacks shard {self._shard}: run migrate")
        return Place(int(row["xid"]), row["id"], row["recorded_on"]), row["offsets"]

    async def observe(self) -> Horizon:
        # The moment first, as a floor under all that is recorded from here on; then the snapshot. The other way round,
        # or without the floor when the clock steps back, the mark would claim what a transaction recorded in between.
        clock = await self._connection.fetchval(
            """
            update relay_cursor
            set observed_through = greatest(clock_timestamp(), observed_through + interval '1 microsecond')
            where shard = $1 returning observed_through
            """,
            self._shard,
        )
        row = await self._connection.fetchrow(
            "select pg_snapshot_xmin(s)::text as low, pg_snapshot_xmax(s)::text as high from pg_current_snapshot() as s"
        )
        assert row is not None, "the query always answers one row"  # noqa: S101 (narrows the type)
        return Horizon(clock, int(row["low"]), int(row["high"]))

    async def page(self, after: Place, *, limit: int) -> Sequence[Row]:
        # ledger.xid, not a column of the answer: as text 1000 would come before 999.
        # A transaction may end on the day after it began, and a clock may step back: look one day behind the cursor.
        rows = await self._connection.fetch(
            """
            select xid::text as xid_digits, id, recorded_on, topic, key, value, traceparent from ledger
            where shard = $1 and (xid, id) > ($2::text::xid8, $3) and recorded_on >= $4::date - 1
                and xid < pg_snapshot_xmin(pg_current_snapshot())
            order by ledger.xid, id limit $5
            """,
            self._shard,
            str(after.xid),
            after.id,
            after.recorded_on,
            limit,
        )
        return [
            Row(Place(int(xid), id_, recorded_on), topic, key, value, traceparent)
            for xid, id_, recorded_on, topic, key, value, traceparent in rows
        ]

    async def advance(self, to: Place, offsets: Offsets) -> None:
        await self._connection.execute(
            """
            update relay_cursor set xid = $2::text::xid8, id = $3, recorded_on = greatest(recorded_on, $4), offsets = $5
            where shard = $1
            """,
            self._shard,
            str(to.xid),
            to.id,
            to.recorded_on,
            offsets,
        )

    async def mark(self, through: datetime) -> None:
        async with self._connection.transaction():
            await self._connection.execute("set local synchronous_commit = on")
            await self._connection.execute(
                "update relay_cursor set marked_through = greatest(marked_through, $2) where shard = $1",
                self._shard,
                through,
            )

    async def wait(self, *, seconds: float) -> None:
        """Until something was committed, or `seconds` have passed: the wake-up is a hint, the poll the safety."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._woken.clear()


class KafkaProducer:
    """aiokafka's idempotent producer, acks=all."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix

    async def send(
        self, topic: str, *, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> Awaitable[Ack]:
        sent: Awaitable[Ack] = await self._producer.send(self._prefix + topic, key=key, value=value, headers=headers)
        return sent

    async def send_all(self, rows: Sequence[Row]) -> list[Sent]:
        """Batches built here, and not by a send per row, which makes and answers a future for each: half the cost of a page."""
        partitions = {topic: await self._partitions(topic) for topic in {row.topic for row in rows}}
        sent: list[Sent] = []
        batches: dict[tuple[str, int], BatchBuilder] = {}
        for row in rows:
            place = (row.topic, partition_of(row.key, partitions[row.topic], ()))
            batch = batches.get(place)
            if batch is None or not _added(batch, row):
                if batch is not None:
                    sent.append(await self._submit(place, batch))
                batches[place] = batch = self._producer.create_batch()
                if not _added(batch, row):
                    raise RuntimeError(f"an empty batch takes no event of {len(row.value)} bytes")
        sent += [await self._submit(place, batch) for place, batch in batches.items()]
        return sent

    async def _partitions(self, topic: str) -> Sequence[int]:
        return sorted(await self._producer.partitions_for(self._prefix + topic))

    async def _submit(self, place: tuple[str, int], batch: BatchBuilder) -> Sent:
        topic, partition = place
        ack: Awaitable[Ack] = await self._producer.send_batch(batch, self._prefix + topic, partition=partition)
        return Sent(topic, batch.record_count(), ack)


def _added(batch: BatchBuilder, row: Row) -> bool:
    """False where the batch is full."""
    return batch.append(timestamp=None, key=row.key, value=row.value, headers=row.headers) is not None


@lru_cache(maxsize=_REMEMBERED_KEYS)
def _hash_of(key: bytes) -> int:
    hashed: int = murmur2(key)
    return hashed & 0x7FFFFFFF


def partition_of(key: bytes, partitions: Sequence[int], available: Sequence[int]) -> int:  # noqa: ARG001 (aiokafka's signature)
    """aiokafka's own choice, which is Java's; remembered, because its hash in Python costs more than the rest of a send."""
    return partitions[_hash_of(key) % len(partitions)]


@asynccontextmanager
async def lead(
    shard: int,
    *,
    database_url: str,
    service: str,
    bootstrap: str,
    prefix: str,
    poll_seconds: float = _LEAD_RETRY_SECONDS,
) -> AsyncIterator[tuple[Ledger, Producer]]:
    """Wait until this process leads the shard, then yield its ledger and producer."""
    connection = await asyncpg.connect(
        database_url,
        command_timeout=30,
        server_settings={"application_name": f"simpul-{service}-relay-{shard}", **RELAY_SETTINGS},
    )
    try:
        await prepare_connection(connection)
        while not await connection.fetchval("select pg_try_advisory_lock($1)", lock_key(f"relay/{shard}")):  # noqa: ASYNC110
            await asyncio.sleep(poll_seconds)
        ledger = PostgresLedger(connection, shard)
        await ledger.listen()
        async with _producer(bootstrap, f"simpul-{service}-relay-{shard}") as producer:
            yield ledger, KafkaProducer(producer, prefix)
    finally:
        connection.terminate()


@asynccontextmanager
async def _producer(bootstrap: str, client_id: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        # A page goes into its batches as a whole before the sender gets its turn, so lingering would only delay.
        linger_ms=0,
        max_batch_size=256 * 1024,
        max_request_size=1024 * 1024,
        request_timeout_ms=20000,
        partitioner=partition_of,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    """Stop without waiting for a Kafka that is away: the cursor has not moved past what was not acknowledged."""
    try:
        async with asyncio.timeout(_FLUSH_SECONDS):
            await producer.stop()
    except TimeoutError:
        log.warning("relay.producer_abandoned")
        await _abandon(producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """What stop() does after its flush, which has no limit and cannot be asked for again; here in the order that ends.

    The sender's task waits for the requests under way even when it is cancelled; without connections those fail at once.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FLUSH_SECONDS):
            await producer.client.close()
            await producer._sender.close()  # noqa: SLF001
