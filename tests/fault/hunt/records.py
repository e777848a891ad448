"""Straight into Kafka and out of it, past the platform: what a broken producer sends, and what a topic really holds."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from simpul_shared.contracts.topics import Topic
from simpul_shared.platform.settings import PlatformSettings


async def send(settings: PlatformSettings, topic: Topic, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(settings.topic_prefix + topic.name, key=key, value=value)
    finally:
        await producer.stop()


async def read_topic(settings: PlatformSettings, topic: Topic) -> list[Any]:
    """All records of a topic, in order per partition, up to its present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic_prefix + topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                records += some
        return records
    finally:
        await consumer.stop()
