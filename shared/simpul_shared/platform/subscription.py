"""Consuming's real Kafka: the FastStream subscriber that feeds the Follower, watched for silence. Effect once is not its task."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER

from simpul_shared.contracts.topics import MARKS, Topic
from simpul_shared.platform.consume import Applier, Handlers, Partition, Record
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.follow import Follower
from simpul_shared.platform.settings import PlatformSettings
from simpul_shared.platform.telemetry import CONSUMER_REBUILDS

log = structlog.get_logger()

_KAFKA_RETRY_SECONDS = 0.25

_FINISH_SECONDS = 4.0
_LOOK_SECONDS = 5.0
_REBUILDS = 3


class ConsumerStuck(Exception):
    """A consumer that gets nothing although there is something, again and again."""


_METADATA_MS = 5000


class KafkaMembership:
    """Membership over aiokafka's consumer, once there is one; topics here are without the prefix."""

    def __init__(self, consumer: Callable[[], AIOKafkaConsumer | None], prefix: str) -> None:
        self._consumer = consumer
        self._prefix = prefix

    def assignment(self) -> Collection[Partition]:
        consumer = self._consumer()
        return set() if consumer is None else {self.partition(one) for one in consumer.assignment()}

    def seek(self, partition: Partition, offset: int) -> None:
        self._member.seek(self._named(partition), offset)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        try:
            await self._member.commit({self._named(partition): next_ for partition, next_ in offsets.items()})
        except KafkaError as error:
            log.info("consumer.mirror_failed", error=repr(error))

    async def beginning_offset(self, partition: Partition) -> int:
        named = self._named(partition)
        offsets: dict[TopicPartition, int] = await self._member.beginning_offsets([named])
        return offsets[named]

    def highwaters(self) -> dict[Partition, int]:
        """The end of each assigned partition, as far as Kafka has told it."""
        consumer = self._consumer()
        known = {} if consumer is None else {one: consumer.highwater(one) for one in consumer.assignment()}
        return {self.partition(one): high for one, high in known.items() if high is not None}

    def partition(self, named: TopicPartition) -> Partition:
        return (named.topic.removeprefix(self._prefix), named.partition)

    def record(self, raw: "ConsumerRecord[Any, Any]") -> Record:
        topic = raw.topic.removeprefix(self._prefix)
        return Record(topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)

    @property
    def _member(self) -> AIOKafkaConsumer:
        consumer = self._consumer()
        if consumer is None:
            raise RuntimeError("there is no consumer before its start")
        return consumer

    def _named(self, partition: Partition) -> TopicPartition:
        topic, number = partition
        return TopicPartition(self._prefix + topic, number)


class Subscription:
    """FastStream batch subscribers, one after another, that feed a Follower."""

    def __init__(
        self,
        settings: PlatformSettings,
        store: PostgresStore,
        handlers: Handlers,
        *,
        consumer: str,
        topics: Sequence[Topic],
    ) -> None:
        self._settings = settings
        self.store = store
        self._group = settings.topic_prefix + consumer
        self._topics = [topic.name for topic in (*topics, MARKS)]
        self._subscriber: Any = None
        self._stuck: str | None = None
        self.membership = KafkaMembership(
            lambda: None if self._subscriber is None else self._subscriber.consumer, settings.topic_prefix
        )
        self.follower = Follower(store, Applier(store, handlers, poison_run=settings.dead_letter_run), self.membership)

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until told to stop; the batch in hand is then finished.

        Errors: ConsumerStuck, when building the consumer anew has not helped: the process is to be started again.
        """
        rebuilds = 0
        while not stopping.is_set():
            heard = self.follower.polled_at
            await self._consume(stopping)
            rebuilds = rebuilds + 1 if self.follower.polled_at == heard else 0
            if rebuilds == _REBUILDS:
                raise ConsumerStuck(f"the consumer heard nothing, though built anew {_REBUILDS} times")

    async def _consume(self, stopping: asyncio.Event) -> None:
        """Until told to stop, or until this consumer has silently stopped (aiokafka #1037)."""
        broker = self._declare()
        starting = asyncio.create_task(self._start(broker))
        try:
            await self._watch(stopping, starting)
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await _stop(broker)

    def _declare(self) -> KafkaBroker:
        broker = KafkaBroker(
            self._settings.kafka_bootstrap.split(","),  # one string would be taken for one broker
            apply_types=False,
            graceful_timeout=_FINISH_SECONDS,
            logger=None,
            allow_auto_create_topics=False,
            # A topic that was lost and made anew is to be found soon; the default is five minutes.
            metadata_max_age_ms=_METADATA_MS,
        )
        self._subscriber = broker.subscriber(
            *(self._settings.topic_prefix + topic for topic in self._topics),
            batch=True,
            group_id=self._group,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            max_records=self._settings.batch_records,
            fetch_max_wait_ms=100,
            batch_timeout_ms=200,
            parser=_parse,
            decoder=_decode,
            listener=_SeekToStored(self.follower, self.membership),
        )
        self._subscriber(self._receive)
        return broker

    async def _start(self, broker: KafkaBroker) -> None:
        """Keep on until Kafka answers. FastStream is started only then: at a failed start it leaves a producer open."""
        while True:
            started = None
            try:
                await _reach(self._settings.kafka_bootstrap)
                started = asyncio.create_task(broker.start())
                await asyncio.shield(started)
            except (KafkaError, OSError) as error:
                log.warning("consumer.waiting_for_kafka", error=repr(error))
                await asyncio.sleep(_KAFKA_RETRY_SECONDS)
            except asyncio.CancelledError:
                if started is not None:
                    # Cut off in mid-start, FastStream would leave its producer and its connections open.
                    await asyncio.wait({started}, timeout=_FINISH_SECONDS)
                raise
            else:
                return

    async def _watch(self, stopping: asyncio.Event, starting: "asyncio.Task[None]") -> None:
        limit, clock = self._settings.silence_seconds, asyncio.get_running_loop().time
        built = clock()
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), min(_LOOK_SECONDS, limit / 2))
            if starting.done():
                starting.result()  # an error that is not Kafka's ends the process
            # Each consumer has the whole time anew: one that is still joining its group is not stuck.
            if min(self.follower.silent_seconds(), clock() - built) > limit and await self._is_stuck():
                CONSUMER_REBUILDS.inc()
                return

    async def _is_stuck(self) -> bool:
        """Whether Kafka has records for this member that it does not get. While Kafka is away there are none to be had."""
        partitions = self.membership.assignment() or [(MARKS.name, 0)]
        stored = await self.store.stored_offsets()
        try:
            ends = await _end_offsets(self._settings.kafka_bootstrap, self._settings.topic_prefix, partitions)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("consumer.silent", kafka="away", error=repr(error))
            return False
        unread = sum(max(0, end - stored.get(partition, 0)) for partition, end in ends.items())
        silent = self.follower.silent_seconds()
        self._stuck = f"has got nothing for {silent:.0f} s though {unread} record(s) are there" if unread else None
        if unread:
            log.error("consumer.silent", unread=unread, seconds=silent)
        return unread > 0

    @property
    def polled_at(self) -> float:
        return self.follower.polled_at

    @property
    def stopped_because(self) -> str | None:
        return self.follower.stopped_because

    def trouble(self) -> str | None:
        """Why nothing is being consumed, or None."""
        return self.follower.trouble() or self._stuck

    def highwaters(self) -> dict[Partition, int]:
        """The end of each partition of this member, as far as Kafka has told it."""
        return self.membership.highwaters()

    async def _receive(self, raw: tuple["ConsumerRecord[Any, Any]", ...]) -> None:
        self._stuck = None
        await self.follower.receive([self.membership.record(one) for one in raw])


class _SeekToStored(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """On assignment begin where Postgres says; the row guards against records fetched before (aiokafka #738)."""

    def __init__(self, follower: Follower, membership: KafkaMembership) -> None:
        self._follower = follower
        self.membership = membership

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        log.info("consumer.revoked", partitions=len(list(revoked)))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        partitions = [self.membership.partition(one) for one in assigned]
        log.info("consumer.assigned", partitions=len(partitions))
        await self._follower.seek_to_stored(partitions)


async def _stop(broker: KafkaBroker) -> None:
    """Finish the batch in hand and leave the group; not longer than Kafka may keep us waiting."""
    try:
        async with asyncio.timeout(_FINISH_SECONDS + 1):
            await broker.stop()
    except TimeoutError:
        log.warning("consumer.abandoned")


async def _end_offsets(bootstrap: str, prefix: str, partitions: Collection[Partition]) -> dict[Partition, int]:
    """Asked through a connection of its own. Errors: KafkaError, TimeoutError."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(10):
            await consumer.start()
            ends = await consumer.end_offsets([TopicPartition(prefix + topic, number) for topic, number in partitions])
    finally:
        await consumer.stop()
    return {(one.topic.removeprefix(prefix), one.partition): end for one, end in ends.items()}


async def _reach(bootstrap: str) -> None:
    """Errors: KafkaError, while no broker answers."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        await client.bootstrap()
    finally:
        await client.close()


async def _parse(message: tuple["ConsumerRecord[Any, Any]", ...]) -> KafkaMessage:
    """Never raises: FastStream's own parser stumbles over a header and then skips the whole batch."""
    first = message[0]
    return KafkaMessage(
        body=b"",
        raw_message=message,
        message_id=f"{first.topic}-{first.partition}-{first.offset}",
        consumer=FAKE_CONSUMER,
    )


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
