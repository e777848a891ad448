"""What is there after all has healed: ledgers, topics, facts, reports. Read from outside, judged by checker.py."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from simpul_operator.addresses import SERVICES
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.contracts.topics import MARKS, TOPICS
from simpul_shared.platform.consume import Record
from simpul_shared.platform.database import search_path
from simpul_shared.platform.migrate import PROJECTION

from tests.fault.lane.clients import YEAR
from tests.fault.lane.driver import Driver
from tests.fault.lane.places import NATION, PROVINCES, regions
from tests.fault.lane.platform import ALL, Platform
from tests.fault.lane.reader import MONTHS

YEARS = (YEAR, YEAR + 1, YEAR + 2)
"""The programme years whose realisation is compared."""

_CONSUMERS = ("activities", "reporting")
_FACTS = {
    "activity_fact": "select event_id, activity_id as aggregate_id, aggregate_version as version from activity_fact",
    "activity_fact, closed": """
        select superseded_by, activity_id, aggregate_version from activity_fact where superseded_by is not null
        """,
    "library_name": "select event_id, library_id, aggregate_version from library_name",
    "designation_fact": "select event_id, library_id, aggregate_version from designation_fact",
    "registration_fact": "select event_id, registration_id, aggregate_version from registration_fact",
    "attendance_fact": "select event_id, registration_id, aggregate_version from attendance_fact",
}


@dataclass(frozen=True)
class Published:
    """An event as it stands in a topic, or in a ledger (then without partition and offset)."""

    event_id: str
    type: str
    aggregate: str
    version: int
    op_id: str
    topic: str
    key: str
    partition: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Fact:
    """A row of reporting that one event made, or closed."""

    table: str
    event_id: str
    aggregate: str
    version: int


@dataclass(frozen=True)
class Figures:
    """What the reports say of one region."""

    activities: int
    attendances: int
    registered: int
    marks: int


@dataclass(frozen=True)
class Report:
    """A region's figures, and those of its children and of itself alone, as one answer gives them."""

    total: Figures
    parts: Figures


@dataclass(frozen=True)
class Projection:
    """Every row of reporting's projection as text, in order, without its places in the log."""

    rows: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256("\n".join(self.rows).encode()).hexdigest()


@dataclass(frozen=True)
class Evidence:
    """`applied` are the versions that each consumer has applied, by consumer and aggregate; `followed` its topics.

    `projections` are by what they were built from; 'live' is the one in use.
    """

    ledger: Sequence[Published]
    topic: Sequence[Published]
    facts: Sequence[Fact]
    applied: Mapping[str, Mapping[str, int]]
    followed: Mapping[str, Sequence[str]]
    letters: Sequence[str]
    reports: Mapping[str, Report]
    realised: Mapping[str, Mapping[int, int]]
    projections: Mapping[str, Projection]


async def gather(platform: Platform, driver: Driver, projections: Mapping[str, Projection]) -> Evidence:
    return Evidence(
        ledger=[one for service in SERVICES for one in await read_ledger(platform, service)],
        topic=[_published(record) for record in await read_topics(platform)],
        facts=await _facts(platform),
        applied={service: await _applied(platform, service) for service in _CONSUMERS},
        followed={service: [topic.name for topic in ALL[service].topics] for service in _CONSUMERS},
        letters=[one for service in _CONSUMERS for one in await _letters(platform, service)],
        reports={code: await _report(driver, code) for code in regions()},
        realised=await _realised(driver),
        projections=projections,
    )


@asynccontextmanager
async def connected(platform: Platform, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    settings = {"search_path": search_path(PROJECTION)}
    connection = await asyncpg.connect(platform.direct_url(service), server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


async def ledger_records(platform: Platform, service: str) -> list[Record]:
    """The ledger in its order, as the records that the relay makes of it."""
    async with connected(platform, service) as connection:
        rows = await connection.fetch("select topic, key, value from ledger order by ledger.xid, id")
    return [Record(row["topic"], 0, offset, row["key"], row["value"]) for offset, row in enumerate(rows)]


async def read_ledger(platform: Platform, service: str) -> list[Published]:
    return [_published(record) for record in await ledger_records(platform, service)]


async def read_topics(platform: Platform) -> list[Record]:
    """Every record of every topic but the marks, partition by partition, as it stands there."""
    consumer = AIOKafkaConsumer(bootstrap_servers=platform.servers.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        followed = [topic for topic in TOPICS if topic is not MARKS]
        partitions = [TopicPartition(platform.prefix + one.name, n) for one in followed for n in range(one.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        return await _read_to_end(consumer, partitions, platform.prefix)
    finally:
        await consumer.stop()


async def _read_to_end(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], prefix: str) -> list[Record]:
    ends = await consumer.end_offsets(partitions)
    records: list[Record] = []
    while any([await consumer.position(one) < ends[one] for one in partitions]):
        for of_partition in (await consumer.getmany(timeout_ms=500)).values():
            records += [
                Record(one.topic.removeprefix(prefix), one.partition, one.offset, one.key, one.value)
                for one in of_partition
            ]
    return records


def _published(record: Record) -> Published:
    envelope = msgspec.json.decode(record.value or b"", type=Envelope)
    return Published(
        event_id=str(envelope.id),
        type=envelope.type,
        aggregate=envelope.subject,
        version=envelope.aggregateversion,
        op_id=envelope.correlationid,
        topic=record.topic,
        key=(record.key or b"").decode(),
        partition=record.partition,
        offset=record.offset,
    )


async def _facts(platform: Platform) -> list[Fact]:
    found = []
    async with connected(platform, "reporting") as connection:
        for table, query in _FACTS.items():
            found += [Fact(table, str(row[0]), str(row[1]), row[2]) for row in await connection.fetch(query)]
    return found


async def _applied(platform: Platform, service: str) -> dict[str, int]:
    async with connected(platform, service) as connection:
        rows = await connection.fetch("select aggregate_id, version from applied_version")
    return {str(row["aggregate_id"]): row["version"] for row in rows}


async def _letters(platform: Platform, service: str) -> list[str]:
    """Open dead letters, in words."""
    async with connected(platform, service) as connection:
        rows = await connection.fetch("select * from dead_letter where state in ('poison', 'waiting')")
    return [
        f"{service}: {row['state']} {row['topic']}/{row['partition']}@{row['record_offset']}: {row['reason']}, {row['detail']}"
        for row in rows
    ]


async def _report(driver: Driver, region: str) -> Report:
    held = await _read(driver, "/v1/reports/activities", region=region, **MONTHS)
    present = await _read(driver, "/v1/reports/bimtek-attendance", region=region, **MONTHS)
    parts = [_figures(one, {}) for one in _parts(held)] + [_figures({}, one) for one in _parts(present)]
    return Report(_figures(held["total"], present["total"]), _sum(parts))


def _parts(document: Any) -> list[Any]:
    return [document["own"], *document["children"]]


def _figures(held: Any, present: Any) -> Figures:
    marks = present.get("marks") or {}
    return Figures(
        activities=held.get("activities") or 0,
        attendances=held.get("attendances") or 0,
        registered=present.get("registered") or 0,
        marks=sum(marks.values()),
    )


def _sum(figures: Sequence[Figures]) -> Figures:
    return Figures(
        activities=sum(one.activities for one in figures),
        attendances=sum(one.attendances for one in figures),
        registered=sum(one.registered for one in figures),
        marks=sum(one.marks for one in figures),
    )


async def _realised(driver: Driver) -> dict[str, dict[int, int]]:
    """Libraries designated, of the country and each province, in the years of the run."""
    return {
        region: {year: (await _realisation(driver, region, year))["realised"] for year in YEARS}
        for region in (NATION, *PROVINCES)
    }


async def _realisation(driver: Driver, region: str, year: int) -> Any:
    return await _read(driver, "/v1/reports/realisation", region=region, programme_year=str(year))


async def _read(driver: Driver, path: str, **params: str) -> Any:
    response = await driver.read("reporting", path, **params)
    response.raise_for_status()
    return response.json()
