"""Real events in bulk, numbered by their ids, and what a topic holds of them afterwards."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from simpul_shared.contracts.activities import ActivityRecorded, Age, Counts, Gender
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.contracts.topics import ACTIVITIES
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

TOPIC = ACTIVITIES
LIBRARIES = 500
"""Few keys, so that each comes back often enough for an inversion to show."""

_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_TRANSACTION_ROWS = 2000


@dataclass(frozen=True)
class Numbered:
    """The n-th event: an ActivityRecorded as the ledger would hold it."""

    number: int
    key: bytes
    value: bytes

    @property
    def event_id(self) -> UUID:
        return UUID(int=self.number)


def library_id(number: int) -> UUID:
    return UUID(int=(1 << 64) + number % LIBRARIES)


def region_id(number: int) -> UUID:
    return UUID(int=(1 << 65) + number % LIBRARIES)


def recorded(number: int) -> ActivityRecorded:
    men = number % 7
    return ActivityRecorded(
        activity_id=UUID(int=(1 << 66) + number),
        library_id=library_id(number),
        region_id=region_id(number),
        category=list(ActivityCategory)[number % len(ActivityCategory)],
        starts_at=_AT,
        held_on=date(2026, 1 + number % 10, 14),
        timezone="Asia/Makassar",
        counts=Counts(
            total=10,
            gender=Gender(male=men, female=10 - men, unknown=0),
            age=Age(
                from_0_to_6=0,
                from_7_to_12=0,
                from_13_to_17=0,
                from_18_to_35=10,
                from_36_to_59=0,
                from_60=0,
                unknown=0,
            ),
            disability=0,
            low_income=1,
        ),
        method=MeasureMethod.COUNTED,
        basis=Basis.SAMPLE,
    )


def numbered(first: int, count: int) -> Iterator[Numbered]:
    for number in range(first, first + count):
        event = recorded(number)
        envelope = Envelope(
            specversion="1.0",
            id=UUID(int=number),
            source="/simpul/activities",
            type=event.type,
            subject=str(event.activity_id),
            time=_AT,
            datacontenttype="application/json",
            dataschema=f"urn:simpul:schema:{event.type}",
            aggregatetype=event.aggregate,
            aggregateversion=1,
            recordedtime=_AT,
            correlationid="bench",
            actorref="bench",
            channel="API",
            data=msgspec.Raw(msgspec.json.encode(event)),
        )
        yield Numbered(number, event.key, msgspec.json.encode(envelope))


async def fill_ledger(url: str, events: Sequence[Numbered], *, shard: int) -> int:
    """Put the events into a ledger, many to a transaction as an import would; returns the id of the last row."""
    where = ("shard", "recorded_at", "recorded_on", "event_id")
    columns = [*where, "event_type", "aggregate_type", "aggregate_id", "aggregate_version", "topic", "key", "value"]
    connection = await asyncpg.connect(url)
    try:
        now = datetime.now(UTC)
        common = (ActivityRecorded.type, ActivityRecorded.aggregate)
        for first in range(0, len(events), _TRANSACTION_ROWS):
            rows = [
                (
                    shard,
                    now,
                    now.date(),
                    e.event_id,
                    *common,
                    UUID(int=(1 << 66) + e.number),
                    1,
                    TOPIC.name,
                    e.key,
                    e.value,
                )
                for e in events[first : first + _TRANSACTION_ROWS]
            ]
            await connection.copy_records_to_table("ledger", records=rows, columns=columns)
        last: int = await connection.fetchval("select max(id) from ledger where shard = $1", shard)
        return last
    finally:
        await connection.close()


@dataclass
class Arrived:
    """What a topic holds: how many, in which order, and over how long the broker appended them."""

    numbers: list[int] = field(default_factory=list)
    inversions: int = 0
    value_bytes: int = 0
    first_ms: int = 0
    last_ms: int = 0

    @property
    def per_second(self) -> float:
        return len(self.numbers) / max((self.last_ms - self.first_ms) / 1000, 0.001)

    def require(self, first: int, count: int, *, value_bytes: int, ordered: bool = True) -> None:
        """Errors: RuntimeError unless exactly these events came, each once, unchanged, in order in every partition."""
        if sorted(self.numbers) != list(range(first, first + count)):
            raise RuntimeError(f"{len(self.numbers)} records, {len(set(self.numbers))} different, of {count} events")
        if self.value_bytes != value_bytes:
            raise RuntimeError(f"{self.value_bytes} bytes came of {value_bytes}")
        if ordered and self.inversions:
            raise RuntimeError(f"{self.inversions} inversions")


class _Data(msgspec.Struct):
    activity_id: UUID


class _Numbered(msgspec.Struct):
    data: _Data


_number = msgspec.json.Decoder(_Numbered)


def event_number(value: bytes) -> int:
    """Which of the numbered events it is, also where the ledger gave it an id of its own."""
    return _number.decode(value).data.activity_id.int & 0xFFFFFFFF


async def wait_for(bootstrap: str, topic: str, count: int, *, seconds: float = 120) -> None:
    """Errors: TimeoutError, when the topic holds fewer after so long."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        async with asyncio.timeout(seconds):
            while sum((await consumer.end_offsets(_partitions(topic))).values()) < count:  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(0.1)
    finally:
        await consumer.stop()


async def arrived(bootstrap: str, topic: str, *, after: int = 0) -> Arrived:
    """Read the topic to its end; records numbered up to `after` are of an earlier round and left out."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=8 * 1024 * 1024)
    await consumer.start()
    found, stamps = Arrived(), []
    try:
        partitions = _partitions(topic)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        latest: dict[int, int] = {}
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    number = event_number(record.value)
                    if number <= after:
                        continue
                    found.numbers.append(number)
                    found.inversions += number < latest.get(place.partition, 0)
                    latest[place.partition] = number
                    found.value_bytes += len(record.value)
                    stamps.append(record.timestamp)
    finally:
        await consumer.stop()
    if stamps:
        found.first_ms, found.last_ms = min(stamps), max(stamps)
    return found


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(TOPIC.partitions)]
