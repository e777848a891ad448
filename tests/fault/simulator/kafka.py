"""A model of Kafka's log and of aiokafka's idempotent producer, as far as the shipped code leans on them."""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Partition
from simpul_shared.platform.relay import Ack, Row, Sent

from tests.fault.simulator.world import Process, World

PARTITIONS = {LIBRARIES.name: 3, MARKS.name: 1}


@dataclass(frozen=True)
class Stored:
    """A record in a partition."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass
class Log:
    """One partition. Retention moves `base`; what is below is kept for the checker only."""

    base: int = 0
    records: list[Stored] = field(default_factory=list)
    known: set[bytes] = field(default_factory=set)
    _last: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return len(self.records)

    def append(self, producer: int, sequence: int, records: Sequence[Stored]) -> tuple[int, bool]:
        """Offset of the first, and whether the batch was there already. Errors: OutOfOrderSequenceNumber."""
        expected, offset = self._last.get(producer, (0, 0))
        if sequence + len(records) == expected:
            return offset, True
        if sequence != expected:
            raise OutOfOrderSequenceNumber
        offset = self.end
        self.records.extend(records)
        self.known.update(one.value for one in records)
        self._last[producer] = (sequence + len(records), offset)
        return offset, False


class ModelKafka:
    """A cluster that never loses what it acknowledged."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.logs = {(topic, number): Log() for topic, count in PARTITIONS.items() for number in range(count)}
        self._producers = 0

    def partition_of(self, topic: str, key: bytes) -> Partition:
        return (topic, zlib.crc32(key) % PARTITIONS[topic])

    def next_producer(self) -> int:
        self._producers += 1
        return self._producers


@dataclass(frozen=True)
class Acked:
    """relay.Ack."""

    partition: int
    offset: int


@dataclass
class _Waiting:
    record: Stored
    ack: "asyncio.Future[Ack]"


@dataclass
class _Lane:
    """What a producer has for one partition: at most one batch is under way."""

    sequence: int = 0
    queue: deque[_Waiting] = field(default_factory=deque)
    under_way: list[_Waiting] = field(default_factory=list)


class ModelProducer:
    """relay.Producer over the model: in order per partition, retries for ever, breaks for good on a wrong sequence."""

    def __init__(self, kafka: ModelKafka, process: Process) -> None:
        self._kafka = kafka
        self._process = process
        self._world = kafka.world
        self._id = kafka.next_producer()
        self._lanes: dict[Partition, _Lane] = {}
        self._broken: Exception | None = None
        self._idle = asyncio.Event()

    async def send(
        self, topic: str, *, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> Awaitable[Ack]:
        if self._world.chance.random() < 0.1:
            await self._process.travel("producer.send")
        if self._broken is not None:
            raise self._broken
        partition = self._kafka.partition_of(topic, key)
        ack: asyncio.Future[Ack] = self._world.loop.create_future()
        lane = self._lanes.setdefault(partition, _Lane())
        lane.queue.append(_Waiting(Stored(key, value, headers), ack))
        self._drain(partition)
        return ack

    async def send_all(self, rows: Sequence[Row]) -> list[Sent]:
        """Each by itself, so that faults tear the page anywhere."""
        sent = [await self.send(row.topic, key=row.key, value=row.value, headers=row.headers) for row in rows]
        return [Sent(row.topic, 1, ack) for row, ack in zip(rows, sent, strict=True)]

    async def stop(self) -> None:
        """Flush, as aiokafka does, then close."""
        while any(lane.queue or lane.under_way for lane in self._lanes.values()) and self._broken is None:
            self._idle.clear()
            await self._process.until("producer.stop", self._idle.wait)

    def _drain(self, partition: Partition) -> None:
        lane = self._lanes[partition]
        if lane.under_way or not lane.queue or self._process.dead or self._broken is not None:
            self._idle.set()
            return
        count = len(lane.queue)
        if count > 1 and self._world.strikes(self._world.chances.torn):
            count = self._world.chance.randrange(1, count)
            self._world.hit("torn batch", side="producer", partition=partition[1])
        lane.under_way = [lane.queue.popleft() for _ in range(count)]
        self._later(self._arrive, partition)

    def _arrive(self, partition: Partition) -> None:
        """The request reaches the broker, also when its sender has died meanwhile."""
        lane, chances = self._lanes[partition], self._world.chances
        if not self._kafka.up:
            self._retry(partition)
            return
        fatal = self._world.strikes(chances.fatal_send)
        if fatal and self._world.chance.random() < 0.5:
            self._break(partition)
            return
        records = [one.record for one in lane.under_way]
        log = self._kafka.logs[partition]
        again = any(one.value in log.known for one in records)
        offset, known = log.append(self._id, lane.sequence, records)
        if again and not known:
            self._world.hit("duplicate", partition=partition[1], offset=offset)
        self._world.note(
            "append", producer=self._id, partition=partition, offset=offset, count=len(records), known=known
        )
        if fatal:
            self._break(partition)
        elif self._world.strikes(chances.lost_ack):
            self._world.hit("lost ack", partition=partition, offset=offset)
            self._retry(partition)
        else:
            self._later(self._acknowledge, partition, offset)

    def _retry(self, partition: Partition) -> None:
        if not self._process.dead:
            self._world.loop.call_later(0.1 + 0.1 * self._world.chance.random(), self._arrive, partition)

    def _break(self, partition: Partition) -> None:
        """aiokafka #1017: from here on nothing goes through this producer."""
        self._world.hit("producer broken", partition=partition)
        self._broken = OutOfOrderSequenceNumber()
        for lane in self._lanes.values():
            for one in (*lane.under_way, *lane.queue):
                if not one.ack.done():
                    one.ack.set_exception(OutOfOrderSequenceNumber())
                    one.ack.exception()  # seen, even where nobody awaits it any more
        self._idle.set()

    def _acknowledge(self, partition: Partition, offset: int) -> None:
        lane = self._lanes[partition]
        if self._process.dead or self._broken is not None:
            return
        if self._process.frozen():
            self._world.loop.call_at(self._process.paused_until, self._acknowledge, partition, offset)
            return
        if self._process.fatal_moment("producer.ack"):
            self._process.kill()
            return
        for place, one in enumerate(lane.under_way):
            if not one.ack.done():
                one.ack.set_result(Acked(partition[1], offset + place))
        lane.sequence += len(lane.under_way)
        lane.under_way = []
        self._drain(partition)

    def _later(self, step: "object", *args: object) -> None:
        seconds = 0.001 + 0.004 * self._world.chance.random()
        if self._world.strikes(self._world.chances.delay):
            self._world.hit("delay", place="network")
            seconds += self._world.chance.uniform(0.05, 3.0)
        self._world.loop.call_later(seconds, step, *args)  # type: ignore[arg-type]


@asynccontextmanager
async def producing(kafka: ModelKafka, process: Process) -> AsyncIterator[ModelProducer]:
    await process.travel("producer.start")
    if not kafka.up:
        raise KafkaConnectionError("no broker answers")
    producer = ModelProducer(kafka, process)
    try:
        yield producer
    finally:
        await producer.stop()
