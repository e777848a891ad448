"""Every record that the whole platform put on Kafka follows the published schemas, and is what the ledgers hold."""

import json
from collections import Counter

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from simpul_operator.demo.load import load
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import CONTENT_TYPE
from simpul_shared.contracts.schemas import MARK
from simpul_shared.contracts.topics import MARKS, TOPICS

from tests.end_to_end.conftest import RunningPlatform
from tests.support.published import require_published

pytestmark = pytest.mark.timeout(400)


async def on_kafka(bootstrap: str) -> list["ConsumerRecord[bytes, bytes]"]:
    """All records of all topics, up to their ends as they are now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(places)
        records: list[ConsumerRecord[bytes, bytes]] = []
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                records.extend(batch)
        return records
    finally:
        await consumer.stop()


async def in_ledgers(platform: RunningPlatform) -> Counter[str]:
    """How many events of each type the services have recorded."""
    found: Counter[str] = Counter()
    for service, server in platform.stack.databases.items():
        connection = await asyncpg.connect(server.admin_url.rpartition("/")[0] + f"/{service}")
        try:
            rows = await connection.fetch("select event_type, count(*) as events from ledger group by event_type")
        finally:
            await connection.close()
        found.update({row["event_type"]: row["events"] for row in rows})
    return found


async def test_all_that_is_on_kafka_follows_the_published_schemas(platform: RunningPlatform) -> None:
    await load(platform.client, print)
    recorded = await in_ledgers(platform)
    ids = set()
    marks = 0
    for record in await on_kafka(platform.addresses.kafka_bootstrap):
        assert record.value is not None
        if record.topic == MARKS.name:
            marks += 1
            require_published(record.value, name=MARK)
            continue
        kind = EVENTS[require_published(record.value)]
        event = json.loads(record.value)
        assert record.topic == kind.topic.name
        assert record.key == event["data"][kind.key_field].encode()
        assert event["subject"] == event["data"][kind.aggregate_field]
        assert ("content-type", CONTENT_TYPE.encode()) in record.headers
        ids.add((event["type"], event["id"]))
    assert marks > 0
    assert Counter(name for name, _ in ids) == recorded
    assert len(recorded) > 10
