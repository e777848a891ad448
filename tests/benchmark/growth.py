"""Growth: what an event costs while the tables grow from ten thousand to a million, and what the processes hold in memory.

Three stages one after the other over the same events: append to the ledger, relay to Kafka, project into reporting. Cost
is processor time (the stage's process and Postgres), which other work on the machine does not lengthen. The first stretch is
about a second of work, too short to be told once: it is run in several fresh databases, and their median counts.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from statistics import median

import asyncpg
from simpul_activities.app import SERVICE as ACTIVITIES
from simpul_shared.platform.database import Database, open_database
from simpul_shared.platform.outbox import Fact, append_all, purge_idempotency

from tests.benchmark.curve import draw
from tests.benchmark.events import recorded
from tests.benchmark.processes import running_service
from tests.benchmark.projection import projected
from tests.benchmark.sizes import QUICK, say, setting, size
from tests.benchmark.stage import Stage, cpu_seconds, resident_mb
from tests.benchmark.table import Goal, Measure, Ratio, Result
from tests.support.services import ORIGIN

MILESTONES = size((10_000, 30_000, 100_000, 300_000, 1_000_000), quick=(500, 3_000, 10_000))
_BEGINNING = (*MILESTONES[:2], 2 * MILESTONES[1])
"""It goes on past the first stretch, or the pages in hand at its end would be missing, as they are not at its beginning."""
_BEGINNINGS = setting("GROWTH_BEGINNINGS", 4, quick=1)
_TRANSACTION_EVENTS = 500
_FLAT = Goal(1.25, at_most=True)
_PURGED_ROWS = size(50_000, quick=500)


@dataclass(frozen=True)
class Point:
    """How far a stage was, and what it had used by then."""

    events: int
    own_cpu: float
    postgres_cpu: float
    resident_mb: float


@dataclass
class Curve:
    stage: str
    points: list[Point] = field(default_factory=list)

    beginnings: list[float] = field(default_factory=list)
    """What the first stretch cost in other runs."""

    def stretches(self) -> list[tuple[int, list[float]]]:
        """Microseconds per event between two milestones, by the events there are at the later one."""
        costs = [
            (
                later.events,
                [
                    (later.own_cpu + later.postgres_cpu - before.own_cpu - before.postgres_cpu)
                    / (later.events - before.events)
                    * 1e6
                ],
            )
            for before, later in pairwise(self.points)
            if later.events > before.events
        ]
        costs[0][1].extend(self.beginnings)
        return costs

    def line(self) -> list[tuple[int, float]]:
        return [(events, median(costs)) for events, costs in self.stretches()]

    def measures(self) -> list[Measure]:
        costs = [Measure(self.stage, f"CPU per event, up to {n:,}", "us", costs) for n, costs in self.stretches()]
        memory = [Measure(self.stage, f"resident memory at {p.events:,}", "MB", [p.resident_mb]) for p in self.points]
        return [*costs, *memory]

    def ratios(self) -> list[Ratio]:
        (_, begun), *_, (_, ended) = self.stretches()
        first, last = self.points[0], self.points[-1]
        return [
            Ratio(
                f"{self.stage}: cost of the last events to that of the first",
                [median(ended) / cost for cost in begun],
                _FLAT,
            ),
            Ratio(
                f"{self.stage}: memory at the end to that at the first milestone",
                [last.resident_mb / first.resident_mb],
                _FLAT,
            ),
        ]


@dataclass
class Growing:
    """One run of the three stages, up to the last of the milestones."""

    stage: Stage
    milestones: Sequence[int]

    async def follow(self, name: str, pid: int, count: Callable[[], Awaitable[int]], *, pause: float = 0.05) -> Curve:
        """Note a point at each milestone that the count passes."""
        curve = Curve(name)
        for milestone in self.milestones:
            while (events := await count()) < milestone:  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(pause)
            curve.points.append(Point(events, cpu_seconds([pid]), self.stage.postgres_cpu(), resident_mb(pid)))
            say(f"growth: {name}: {events:,}")
        return curve

    async def append(self, activities: Database) -> Curve:
        written = 0

        async def count() -> int:
            nonlocal written
            await _append(activities, written)
            written += _TRANSACTION_EVENTS
            return written

        return await self.follow("append", os.getpid(), count, pause=0)

    async def follow_worker(
        self, stage: str, service: str, url: str, settings: Mapping[str, str], count: Callable[[], Awaitable[int]]
    ) -> Curve:
        async with running_service(service, "worker", database_url=url, settings=settings, wait=False) as (process, _):
            assert process.pid is not None
            return await self.follow(stage, process.pid, count)


async def _append(activities: Database, first: int) -> None:
    events = [recorded(number) for number in range(first + 1, first + 1 + _TRANSACTION_EVENTS)]
    async with activities.transaction(ORIGIN) as tx:
        await tx.lock("bench")
        await append_all(tx, [Fact(event, datetime.now(UTC)) for event in events], under_lock="bench")


async def result(stage: Stage) -> Result:
    # Before and after the whole, since a machine does not stay equally fast for minutes.
    beginnings = [await _grown(stage, _BEGINNING) for _ in range(_BEGINNINGS)]
    curves = await _grown(stage, MILESTONES)
    beginnings += [await _grown(stage, _BEGINNING) for _ in range(_BEGINNINGS)]
    for curve, *begun in zip(curves, *beginnings, strict=True):
        curve.beginnings = [one.stretches()[0][1][0] for one in begun]
    if not QUICK:
        draw({curve.stage: curve.line() for curve in curves})
    measures = [measure for curve in curves for measure in curve.measures()]
    purged = await _purged(stage)
    return Result("growth", [*measures, *purged], [ratio for curve in curves for ratio in curve.ratios()])


async def _grown(stage: Stage, milestones: Sequence[int]) -> list[Curve]:
    """Errors: RuntimeError unless reporting holds one fact per event at the end."""
    growing = Growing(stage, milestones)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(stage.databases.database(ACTIVITIES))
        activities = await stack.enter_async_context(open_database(url, name="bench", size=4))
        reporting = await stack.enter_async_context(projected(stage))
        settings = {"SIMPUL_KAFKA_BOOTSTRAP": stage.bootstrap, "SIMPUL_TOPIC_PREFIX": await stage.topics()}
        appended = await growing.append(activities)
        await _rest(stage, url)
        sent, applied = partial(_sent, activities), partial(_applied, reporting.database)
        relayed = await growing.follow_worker("relay", "activities", url, settings, sent)
        projected_ = await growing.follow_worker("projection", "reporting", reporting.url, settings, applied)
        facts = await reporting.database.pool.fetchval("select count(distinct activity_id) from activity_fact")
        if facts != milestones[-1]:
            raise RuntimeError(f"{facts} facts of {milestones[-1]} events")
    return [appended, relayed, projected_]


async def _rest(stage: Stage, url: str) -> None:
    """Or the relay would pay for what Postgres does about a million rows that were appended, and not about a few."""
    admin = await asyncpg.connect(stage.admin_url_of(url))
    try:
        await admin.execute("vacuum (analyze)", timeout=600)
        await admin.execute("checkpoint", timeout=600)
    finally:
        await admin.close()


async def _sent(activities: Database) -> int:
    total: int = await activities.pool.fetchval(
        """
        select coalesce(sum(reached), 0)::bigint from (
            -- Both lanes write to every partition, so the further of them counts.
            select max(next::bigint) as reached from relay_cursor
                cross join lateral jsonb_each(offsets) as t(topic, partitions)
                cross join lateral jsonb_each(partitions) as p(number, next)
            group by topic, number
        ) as partitions
        """
    )
    return total


async def _applied(reporting: Database) -> int:
    total: int = await reporting.pool.fetchval(
        "select coalesce(sum(activities), 0)::bigint from activity_month where parent_id is null"
    )
    return total


async def _purged(stage: Stage) -> list[Measure]:
    """The stored answers' table after each of three days' worth that was kept, aged and purged."""
    async with stage.databases.database(ACTIVITIES) as url, open_database(url, name="bench", size=1) as activities:
        sizes = [await _size_after_purge(activities, day) for day in range(3)]
    return [Measure("stored answers, purged", "size of the table after each of three purges", "MB", sizes)]


async def _size_after_purge(activities: Database, day: int) -> float:
    """In MB."""
    await activities.pool.execute(
        """
        insert into idempotency (client_id, key, fingerprint, status, headers, body, created_at)
        select 'bench', $1::text || n, '\\x00', 201, '{}', convert_to(repeat('x', 600), 'UTF8'), now() - interval '100 hours'
        from generate_series(1, $2) as n
        """,
        f"{day}/",
        _PURGED_ROWS,
    )
    async with activities.transaction(ORIGIN) as tx:
        if await purge_idempotency(tx, older_than_hours=72) != _PURGED_ROWS:
            raise RuntimeError("the purge left rows behind")
    megabytes: float = await activities.pool.fetchval("select pg_total_relation_size('idempotency') / 1e6::float8")
    return megabytes
