"""The other sides of the projection suite, each in a process of its own: `python -m tests.benchmark.projection_sides raw|each <url> <bootstrap> <topic>`."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from simpul_reporting.store.activities import add_activities
from simpul_shared.contracts.activities import ActivityRecorded
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Database, Origin, Transaction, open_database

from tests.benchmark.events import TOPIC

_ORIGIN = Origin("reporting", actor="bench", channel="SYSTEM", correlation_id="bench")
_envelope = msgspec.json.Decoder(Envelope)
_data = msgspec.json.Decoder(ActivityRecorded)


def received(record: Any) -> Received[ActivityRecorded]:
    one = _envelope.decode(record.value)
    place = (TOPIC.name, record.partition, record.offset)
    event = _data.decode(one.data)
    return Received(event, one.id, one.aggregateversion, one.time, one.recordedtime, *place, one.correlationid, None)


async def raw(database: Database, bootstrap: str, topic: str) -> None:
    """The limit: getmany, msgspec, the same SQL, the offsets in the same transaction; no versions, no letters, no group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    partitions = [TopicPartition(topic, number) for number in range(TOPIC.partitions)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    while True:
        by_partition = await consumer.getmany(timeout_ms=200, max_records=2000)
        events = [received(record) for records in by_partition.values() for record in records]
        if not events:
            continue
        async with database.transaction(_ORIGIN) as tx:
            await add_activities(tx, events)
            await _move(tx, {place.partition: records[-1].offset + 1 for place, records in by_partition.items()})


async def _move(tx: Transaction, offsets: dict[int, int]) -> None:
    await tx.execute(
        """
        insert into consumer_offset (consumer, topic, partition, next_offset)
        select 'reporting', $1, * from unnest($2::integer[], $3::bigint[])
        on conflict (consumer, topic, partition) do update set next_offset = excluded.next_offset
        """,
        TOPIC.name,
        list(offsets),
        list(offsets.values()),
    )


async def each(database: Database, bootstrap: str, topic: str) -> None:
    """The peer: FastStream as its tutorial has it, one message, one transaction, one ack."""
    broker = KafkaBroker(bootstrap, logger=None, apply_types=False)
    subscriber = broker.subscriber(
        topic,
        group_id=f"{topic}.each",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        decoder=_keep,
    )

    async def handle(message: KafkaMessage) -> None:
        async with database.transaction(_ORIGIN) as tx:
            await add_activities(tx, [received(message.raw_message)])

    subscriber(handle)
    await broker.start()
    await asyncio.Event().wait()


async def _keep(message: KafkaMessage) -> Any:
    return message


async def main(arguments: Sequence[str]) -> None:
    side, url, bootstrap, topic = arguments
    async with open_database(url, name="bench", size=4, statement_seconds=120) as database:
        await {"raw": raw, "each": each}[side](database, bootstrap, topic)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
