"""The topics from their beginning up to the offsets that the live consumer has stored, without a consumer group."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from simpul_shared.contracts.topics import Topic
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.rebuild.schemas import RebuildFailed

_BATCH_RECORDS = 10_000
_POLL_MS = 500
_SILENT_POLLS = 120


class KafkaSource:
    """One topic after the other: regions come before the facts that lie in them, which spares placing those twice."""

    def __init__(self, consumer: AIOKafkaConsumer, prefix: str, topics: Sequence[Topic], live: PostgresStore) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._topics = [prefix + topic.name for topic in topics]
        self._live = live
        self._targets: dict[TopicPartition, int] = {}
        self.earliest: dict[Partition, int] = {}

    async def start(self) -> None:
        """Errors: RebuildFailed when a topic is missing."""
        partitions = [one for topic in self._topics for one in self._partitions(topic)]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        begins = await self._consumer.beginning_offsets(partitions)
        self.earliest = {self._unprefixed(one): offset for one, offset in begins.items()}

    async def aim(self) -> int:
        stored = await self._live.stored_offsets()
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        # A topic that was made anew is shorter than what was read of the one before.
        self._targets = {one: min(stored.get(self._unprefixed(one), 0), end) for one, end in ends.items()}
        return sum([target - await self._position(one) for one, target in await self._unreached()])

    async def batch(self) -> Sequence[Record]:
        for _ in range(_SILENT_POLLS):
            unreached = [one for one, _ in await self._unreached()]
            if not unreached:
                return []
            reading = [one for one in unreached if one.topic == unreached[0].topic]
            self._read_only(reading)
            fetched = await self._consumer.getmany(*reading, timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS)
            records = [self._record(raw) for one, some in fetched.items() for raw in self._wanted(one, some)]
            if records:
                return records
        raise RebuildFailed("Kafka has sent nothing for a minute. Is it up? Run the rebuild again.")

    def _partitions(self, topic: str) -> list[TopicPartition]:
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            raise RebuildFailed(
                f"Kafka has no topic {topic}. Run `simpul topics restore`, or rebuild with --from-ledger."
            )
        return [TopicPartition(topic, number) for number in sorted(numbers)]

    async def _unreached(self) -> list[tuple[TopicPartition, int]]:
        """Partitions that are not read up to their targets, in the order of the topics."""
        places = {one: await self._position(one) for one in self._targets}
        left = [(one, target) for one, target in self._targets.items() if places[one] < target]
        return sorted(left, key=lambda pair: (self._topics.index(pair[0].topic), pair[0].partition))

    async def _position(self, partition: TopicPartition) -> int:
        position: int = await self._consumer.position(partition)
        return position

    def _read_only(self, partitions: Sequence[TopicPartition]) -> None:
        self._consumer.pause(*(self._consumer.assignment() - set(partitions)))
        self._consumer.resume(*partitions)

    def _wanted(
        self, partition: TopicPartition, fetched: "Sequence[ConsumerRecord[Any, Any]]"
    ) -> "Sequence[ConsumerRecord[Any, Any]]":
        target = self._targets[partition]
        wanted = [raw for raw in fetched if raw.offset < target]
        if len(wanted) < len(fetched):
            self._consumer.seek(partition, target)
        return wanted

    def _record(self, raw: "ConsumerRecord[Any, Any]") -> Record:
        topic, number = raw.topic.removeprefix(self._prefix), raw.partition
        return Record(topic, number, raw.offset, raw.key, raw.value, raw.headers)

    def _unprefixed(self, partition: TopicPartition) -> Partition:
        return (partition.topic.removeprefix(self._prefix), partition.partition)


@asynccontextmanager
async def reading_topics(
    bootstrap: str, prefix: str, topics: Sequence[Topic], live: PostgresStore
) -> AsyncIterator[KafkaSource]:
    """Errors: aiokafka.errors.KafkaError, RebuildFailed."""
    consumer = AIOKafkaConsumer(
        *(prefix + topic.name for topic in topics),
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_max_wait_ms=100,
    )
    try:
        await consumer.start()
        consumer.unsubscribe()
        source = KafkaSource(consumer, prefix, topics, live)
        await source.start()
        yield source
    finally:
        await consumer.stop()
