"""Projection: from Kafka to reporting's facts and months, effect once, in the real worker.

Beside it a bare loop with the same SQL, and FastStream with one transaction per message. All read the same topic.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from aiokafka import AIOKafkaProducer
from simpul_operator.embedded.process import Child
from simpul_reporting.app import SERVICE
from simpul_reporting.store.months import drifted
from simpul_shared.contracts.registry import RegionVersionPublished
from simpul_shared.vocabulary import RegionKind, RegionLevel

from tests.benchmark.events import LIBRARIES, TOPIC, Numbered, numbered, region_id
from tests.benchmark.processes import running, running_service
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage, cpu_seconds, resident_mb
from tests.benchmark.table import Goal, Measure, Ratio, Result, ratios
from tests.support.services import ORIGIN, ServiceUnderTest, service_under_test

ROWS = size(100_000, quick=4_000)
FEW = size(1_000, quick=100)
_OURS, _RAW, _EACH = (
    "ours: the shipped worker",
    "limit: getmany, msgspec, the same SQL",
    "FastStream, one transaction each",
)
_LEVELS = (
    (RegionLevel.NATION, RegionKind.NATION),
    (RegionLevel.PROVINCE, RegionKind.PROVINCE),
    (RegionLevel.REGENCY, RegionKind.REGENCY),
    (RegionLevel.DISTRICT, RegionKind.DISTRICT),
    (RegionLevel.VILLAGE, RegionKind.VILLAGE),
)
_WIDTHS = (1, 10, 50, 100)


@dataclass
class Side:
    name: str
    per_second: list[float] = field(default_factory=list)
    own_cpu: list[float] = field(default_factory=list)
    postgres_cpu: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def measures(self) -> list[Measure]:
        return [
            Measure(self.name, "events/s", "", self.per_second),
            Measure(self.name, "own CPU per 1 M events", "s", self.own_cpu),
            Measure(self.name, "Postgres CPU per 1 M events", "s", self.postgres_cpu),
            Measure(self.name, "resident memory", "MB", self.resident),
        ]


def regions() -> list[RegionVersionPublished]:
    """A country whose villages are those of the numbered events."""
    paths = {_path(number)[: depth + 1] for number in range(LIBRARIES) for depth in range(len(_LEVELS))}
    return [_region(path) for path in sorted(paths, key=len)]


def _path(number: int) -> tuple[UUID, ...]:
    above = [UUID(int=(1 << 70) + (depth << 32) + number % width) for depth, width in enumerate(_WIDTHS)]
    return (*above, region_id(number))


def _region(path: tuple[UUID, ...]) -> RegionVersionPublished:
    level, kind = _LEVELS[len(path) - 1]
    return RegionVersionPublished(
        region_id=path[-1],
        scheme="KEMENDAGRI",
        code=f"{path[-1].int % 10**9}",
        name="Bench",
        level=level,
        kind=kind,
        parent_id=path[-2] if len(path) > 1 else None,
        path=path,
        timezone="Asia/Makassar",
        valid_from=None,
        valid_to=None,
        decree="bench",
    )


async def produce(stage: Stage, topic: str, events: Sequence[Numbered]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=stage.bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=262144
    )
    await producer.start()
    await asyncio.gather(*[await producer.send(topic, key=e.key, value=e.value) for e in events])
    await producer.stop()


@asynccontextmanager
async def projected(stage: Stage) -> AsyncIterator[ServiceUnderTest]:
    """Reporting with the regions, and no fact yet."""
    async with service_under_test(SERVICE, stage.databases) as service:
        await service.receive(*regions())
        yield service


@dataclass
class Projection:
    stage: Stage
    sides: dict[str, Side]
    events: Sequence[Numbered]

    async def round(self, *, counted: bool) -> None:
        for name in (_OURS, _RAW, _EACH):
            events = self.events[:FEW] if name == _EACH else self.events
            prefix = await self.stage.topics()
            await produce(self.stage, prefix + TOPIC.name, events)
            async with projected(self.stage) as reporting:
                await self._measure(self.sides[name], reporting, prefix, events, counted=counted)

    async def _measure(
        self, side: Side, reporting: ServiceUnderTest, prefix: str, events: Sequence[Numbered], *, counted: bool
    ) -> None:
        postgres = self.stage.postgres_cpu()
        async with self._process(side.name, reporting.url, prefix) as process:
            assert process.pid is not None
            own = cpu_seconds([process.pid])
            speed = await projected_all(reporting, len(events))
            spent, resident = cpu_seconds([process.pid]) - own, resident_mb(process.pid)
        await _check(reporting, events)
        if counted:
            millions = len(events) / 1e6
            side.per_second.append(speed)
            side.own_cpu.append(spent / millions)
            side.postgres_cpu.append((self.stage.postgres_cpu() - postgres) / millions)
            side.resident.append(resident)

    @asynccontextmanager
    async def _process(self, name: str, url: str, prefix: str) -> AsyncIterator[Child]:
        if name == _OURS:
            settings = {"SIMPUL_KAFKA_BOOTSTRAP": self.stage.bootstrap, "SIMPUL_TOPIC_PREFIX": prefix}
            worker = running_service("reporting", "worker", database_url=url, settings=settings, wait=False)
            async with worker as (process, _):
                yield process
            return
        arguments = ("raw" if name == _RAW else "each", url, self.stage.bootstrap, prefix + TOPIC.name)
        async with running(name, "tests.benchmark.projection_sides", *arguments) as process:
            yield process


async def projected_all(reporting: ServiceUnderTest, total: int) -> float:
    """Wait for all facts; facts per second, from the first that is seen to the last: starting and joining a group is not in it."""
    first: tuple[float, int] | None = None
    async with asyncio.timeout(600):
        while True:
            count, now = await _figure(reporting), time.perf_counter()
            if first is None and count:
                first = now, count
            if first is not None and count == total:
                return (count - first[1]) / (now - first[0]) if count > first[1] else float(total)
            await asyncio.sleep(0.01)


async def _figure(reporting: ServiceUnderTest) -> int:
    count: int = await reporting.database.pool.fetchval(
        "select coalesce(sum(activities), 0)::bigint from activity_month where parent_id is null"
    )
    return count


async def _check(reporting: ServiceUnderTest, events: Sequence[Numbered]) -> None:
    """Every event one fact, counted once in every region above; the months equal a recount."""
    found = await reporting.database.pool.fetchrow(
        "select count(*) as facts, count(distinct event_id) as events, sum(total) as attendances, sum(men) as men from activity_fact"
    )
    assert found is not None
    men = sum(e.number % 7 for e in events)
    if tuple(found) != (len(events), len(events), 10 * len(events), men):
        raise RuntimeError(f"of {len(events)} events: {dict(found)}")
    async with reporting.database.transaction(ORIGIN) as tx:
        if wrong := await drifted(tx):
            raise RuntimeError(f"{wrong} months differ from a recount")
    if letters := await reporting.dead_letters():
        raise RuntimeError(f"{len(letters)} dead letters")


async def result(stage: Stage) -> Result:
    projection = Projection(stage, {name: Side(name) for name in (_OURS, _RAW, _EACH)}, list(numbered(1, ROWS)))
    for number in range(ROUNDS + 1):
        say(f"projection: round {number} of {ROUNDS}")
        await projection.round(counted=number > 0)
    ours, raw, each = (projection.sides[name] for name in (_OURS, _RAW, _EACH))
    found = [
        Ratio("the worker to the bare loop, events/s", ratios(ours.per_second, raw.per_second), Goal(0.7)),
        Ratio("the same by own CPU", ratios(raw.own_cpu, ours.own_cpu)),
        Ratio("the worker to one transaction per message", ratios(ours.per_second, each.per_second), Goal(100)),
    ]
    return Result("projection", [m for side in (ours, raw, each) for m in side.measures()], found)
