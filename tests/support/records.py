"""Straight into Kafka and out of it, past the platform: what a broken producer sends, and what a topic really holds."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.topics import Topic
from simpul_shared.platform.consume import Record
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.platform.settings import PlatformSettings

from tests.support.services import ORIGIN, ServiceUnderTest


async def never_recorded(service: ServiceUnderTest, *events: Event) -> list[Record]:
    """The records that the service's ledger would make of these events, from version 1 on; nothing is kept of them."""
    async with service.database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        tx = Transaction(connection, ORIGIN)
        await tx.lock("never recorded")
        facts = [Fact(event, datetime.now(UTC)) for event in events]
        ids = [one.event_id for one in await append_all(tx, facts, under_lock="never recorded")]
        rows = await tx.fetch("select event_id, topic, key, value from ledger where event_id = any($1)", ids)
        await transaction.rollback()
    by_id = {row["event_id"]: row for row in rows}
    return [Record(by_id[i]["topic"], 0, 0, by_id[i]["key"], by_id[i]["value"]) for i in ids]


@asynccontextmanager
async def producer(settings: PlatformSettings) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, enable_idempotence=True, linger_ms=5)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def send(settings: PlatformSettings, records: Sequence[Record]) -> None:
    """As a broken producer would; in order per key."""
    async with producer(settings) as made:
        sent = [
            await made.send(settings.topic_prefix + r.topic, key=r.key, value=r.value, headers=list(r.headers))
            for r in records
        ]
        for future in sent:
            await future


async def read_topic(settings: PlatformSettings, topic: Topic) -> list[Any]:
    """All records of a topic, in order per partition, up to its present end."""
    async with _reader(settings, topic) as (consumer, partitions):
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                records += some
        return records


async def unread(service: ServiceUnderTest, settings: PlatformSettings, topic: Topic) -> int:
    """How many records of a topic the service has not applied or put aside yet."""
    async with _reader(settings, topic) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
    stored = await service.store.stored_offsets()
    return sum(max(end - stored.get((topic.name, one.partition), 0), 0) for one, end in ends.items())


async def until_read(
    service: ServiceUnderTest, settings: PlatformSettings, topic: Topic, *, seconds: float = 60
) -> None:
    """Errors: TimeoutError."""
    deadline = time.monotonic() + seconds
    while left := await unread(service, settings, topic):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{service.service.name} has {left} records of {topic.name} before it after {seconds} s")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _reader(
    settings: PlatformSettings, topic: Topic
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic_prefix + topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()
