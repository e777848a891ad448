"""The two Kafkas that must answer alike: the simulator's model and a real one, through what relay and consumer ship."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.follow import Follower, Membership
from simpul_shared.platform.relay import Producer
from simpul_shared.platform.relay_backends import KafkaProducer
from simpul_shared.platform.relay_backends import _producer as shipped_producer
from simpul_shared.platform.settings import PlatformSettings
from simpul_shared.platform.subscription import KafkaMembership, _SeekToStored

from tests.fault.simulator import kafka as model
from tests.fault.simulator.group import Member, ModelGroup
from tests.fault.simulator.kafka import ModelKafka
from tests.fault.simulator.world import Process, World


class Reader:
    """Takes a Follower's place: keeps what it is given, and begins where it is told, else where Kafka begins."""

    def __init__(self, begin_at: Mapping[Partition, int]) -> None:
        self._begin_at = begin_at
        self.membership: Membership
        self.records: list[Record] = []

    async def receive(self, records: Sequence[Record]) -> None:
        self.records += records

    async def seek_to_stored(self, partitions: Iterable[Partition]) -> None:
        for partition in self._begin_at.keys() & set(partitions) & set(self.membership.assignment()):
            self.membership.seek(partition, self._begin_at[partition])

    def holds(self, partitions: AbstractSet[Partition]) -> bool:
        return set(self.membership.assignment()) == partitions


class Broker(Protocol):
    """What is asked of both. All members are of one group."""

    partitions: AbstractSet[Partition]

    def producing(self) -> AbstractAsyncContextManager[Producer]: ...
    def member(self, begin_at: Mapping[Partition, int] = ...) -> AbstractAsyncContextManager[Reader]: ...
    async def delete_below(self, partition: Partition, offset: int) -> None: ...


class ModelBroker:
    """The model, on the test's own event loop."""

    def __init__(self) -> None:
        self.world = World(asyncio.get_running_loop(), 1)
        self.kafka = ModelKafka(self.world)
        self.group = ModelGroup(self.kafka)
        self.partitions: AbstractSet[Partition] = self.kafka.logs.keys()

    @asynccontextmanager
    async def producing(self) -> AsyncIterator[Producer]:
        async with model.producing(self.kafka, self._process()) as producer:
            yield producer

    @asynccontextmanager
    async def member(self, begin_at: Mapping[Partition, int] | None = None) -> AsyncIterator[Reader]:
        reader = Reader(begin_at or {})
        member = reader.membership = Member(self.group, self._process())
        running = member.start(reader)
        yield reader
        member.stopping = True
        await running

    async def delete_below(self, partition: Partition, offset: int) -> None:
        self.kafka.logs[partition].base = offset

    def _process(self) -> Process:
        return Process(self.world, "test", mortal=False)


class RealBroker:
    """Topics of the test's own on a real Kafka."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._bootstrap, self._prefix = settings.kafka_bootstrap, settings.topic_prefix
        self.partitions: AbstractSet[Partition] = {
            (topic.name, number) for topic in (LIBRARIES, MARKS) for number in range(topic.partitions)
        }

    @asynccontextmanager
    async def producing(self) -> AsyncIterator[Producer]:
        async with shipped_producer(self._bootstrap, "conformance") as producer:
            yield KafkaProducer(producer, self._prefix)

    @asynccontextmanager
    async def member(self, begin_at: Mapping[Partition, int] | None = None) -> AsyncIterator[Reader]:
        reader, consumer = Reader(begin_at or {}), self._consumer()
        membership = reader.membership = KafkaMembership(lambda: consumer, self._prefix)
        listener = _SeekToStored(cast("Follower", reader), membership)
        consumer.subscribe([self._prefix + topic.name for topic in (LIBRARIES, MARKS)], listener=listener)
        try:
            await consumer.start()
            async with _feeding(reader, membership, consumer):
                yield reader
        finally:
            await consumer.stop()

    async def delete_below(self, partition: Partition, offset: int) -> None:
        topic, number = partition
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            await admin.delete_records({TopicPartition(self._prefix + topic, number): RecordsToDelete(offset)})
        finally:
            await admin.close()

    def _consumer(self) -> AIOKafkaConsumer:
        """As the Subscription has it made; it only learns sooner of a rebalance."""
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=f"{self._prefix}conformance",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
            heartbeat_interval_ms=100,
        )


@asynccontextmanager
async def _feeding(reader: Reader, membership: KafkaMembership, consumer: AIOKafkaConsumer) -> AsyncIterator[None]:
    async def feed() -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=200)
            await reader.receive([membership.record(one) for of_one in fetched.values() for one in of_one])

    feeding = asyncio.create_task(feed())
    try:
        yield
    finally:
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
