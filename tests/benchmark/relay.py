"""Relay: the shipped lane from ledger to Kafka, beside a raw producer, faststream-outbox and Debezium.

Speed is taken from the broker's own append times of the first and the last record, alike for all sides.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from simpul_shared.contracts.topics import MARKS

from tests.benchmark import outbox_peer
from tests.benchmark.debezium import Connect, connect_to
from tests.benchmark.events import TOPIC, Arrived, Numbered, arrived, fill_ledger, numbered, wait_for
from tests.benchmark.processes import ROOT
from tests.benchmark.relay_sides import SHARD, Orders, Spent
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage, cpu_seconds, resident_mb
from tests.benchmark.table import Goal, Measure, Ratio, Result, ratios
from tests.support.tally.service import TALLY

ROWS = size(100_000, quick=2_000)
OUTBOX_ROWS = size(3_000, quick=200)
_LANE, _RAW = "ours: the shipped lane", "limit: raw aiokafka, idempotent"
_OUTBOX, _OUTBOX_WIDE = "faststream-outbox, 1 worker", "faststream-outbox, 32 workers (order lost)"
_WARM, _FRESH = "Debezium, warm", "Debezium, fresh process"
_APPEND_TIMES = {**TOPIC.config, "message.timestamp.type": "LogAppendTime"}


@dataclass
class Side:
    name: str
    per_second: list[float] = field(default_factory=list)
    own_cpu: list[float] = field(default_factory=list)
    postgres_cpu: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def add(self, came: Arrived, *, spent: Spent, postgres: float) -> None:
        millions = len(came.numbers) / 1e6
        self.per_second.append(came.per_second)
        self.own_cpu.append(spent.cpu_seconds / millions)
        self.postgres_cpu.append(postgres / millions)
        self.resident.append(spent.resident_mb)

    def measures(self) -> list[Measure]:
        return [
            Measure(self.name, "events/s", "", self.per_second),
            Measure(self.name, "own CPU per 1 M events", "s", self.own_cpu),
            Measure(self.name, "Postgres CPU per 1 M events", "s", self.postgres_cpu),
            Measure(self.name, "resident memory", "MB", self.resident),
        ]


@dataclass
class Relays:
    """The sides, and what each round gives them: events numbered on from the last round."""

    stage: Stage
    warm: Connect
    fresh: Connect
    sides: dict[str, Side]
    next_number: int = 1

    async def round(self, *, counted: bool) -> None:
        events = list(numbered(self.next_number, ROWS))
        self.next_number += ROWS
        await self._ledger(events, counted=counted)
        few = events[:OUTBOX_ROWS]
        await self._outbox(_OUTBOX, few, workers=1, counted=counted)
        await self._outbox(_OUTBOX_WIDE, few, workers=32, counted=counted)
        await self._warm(events, counted=counted)
        await self._fresh(events, counted=counted)

    async def _ledger(self, events: Sequence[Numbered], *, counted: bool) -> None:
        async with self.stage.databases.database(TALLY) as url:
            last_id = await fill_ledger(url, events, shard=SHARD)
            for name, side in ((_LANE, "lane"), (_RAW, "raw")):
                prefix = await self._topic()
                orders = Orders(side, url, self.stage.bootstrap, prefix, len(events), last_id=last_id)
                await self._run(name, orders, events, counted=counted)

    async def _outbox(self, name: str, events: Sequence[Numbered], *, workers: int, counted: bool) -> None:
        async with self.stage.empty_database() as url:
            await outbox_peer.fill(url, events)
            orders = Orders("outbox", url, self.stage.bootstrap, await self._topic(), len(events), workers=workers)
            await self._run(name, orders, events, counted=counted)

    async def _run(self, name: str, orders: Orders, events: Sequence[Numbered], *, counted: bool) -> None:
        before = self.stage.postgres_cpu()
        spent = await _in_a_process(orders)
        postgres = self.stage.postgres_cpu() - before
        came = await arrived(self.stage.bootstrap, orders.prefix + TOPIC.name)
        _require(came, events, ordered=orders.workers == 1)
        if counted:
            self.sides[name].add(came, spent=spent, postgres=postgres)

    async def _warm(self, events: Sequence[Numbered], *, counted: bool) -> None:
        """Catching up after a pause, as the lane does: stopped over REST, filled, resumed."""
        await self._drain(events[:1])
        await self.warm.hold()
        await self._debezium(self.warm, _WARM, events, self.warm.go_on, counted=counted)

    async def _drain(self, events: Sequence[Numbered]) -> None:
        """Let it read away what the other sides have written to the log: that is not its work."""
        topic = await self._topic() + TOPIC.name
        await _fill_outbox(self.warm.database_url, events, topic)
        await wait_for(self.stage.bootstrap, topic, len(events))
        await self._forget(self.warm)

    async def _forget(self, connect: Connect) -> None:
        connection = await asyncpg.connect(connect.database_url)
        await connection.execute("truncate outbox")
        await connection.close()

    async def _fresh(self, events: Sequence[Numbered], *, counted: bool) -> None:
        try:
            await self._debezium(self.fresh, _FRESH, events, self.fresh.start, counted=counted)
        finally:
            await self.fresh.stop()

    async def _debezium(
        self,
        connect: Connect,
        name: str,
        events: Sequence[Numbered],
        go: Callable[[], Awaitable[None]],
        *,
        counted: bool,
    ) -> None:
        topic = await self._topic() + TOPIC.name
        await _fill_outbox(connect.database_url, events, topic)
        own, postgres = cpu_seconds(connect.pids), self.stage.postgres_cpu()
        await go()
        await wait_for(self.stage.bootstrap, topic, len(events))
        spent = Spent(cpu_seconds(connect.pids) - own, resident_mb(connect.pids[0]))
        postgres = self.stage.postgres_cpu() - postgres
        came = await arrived(self.stage.bootstrap, topic)
        _require(came, events)
        await self._forget(connect)
        if counted:
            self.sides[name].add(came, spent=spent, postgres=postgres)

    async def _topic(self) -> str:
        return await self.stage.topics([replace(TOPIC, config=_APPEND_TIMES), MARKS])


def _require(came: Arrived, events: Sequence[Numbered], *, ordered: bool = True) -> None:
    size_ = sum(len(e.value) for e in events)
    came.require(events[0].number, len(events), value_bytes=size_, ordered=ordered)


async def _in_a_process(orders: Orders) -> Spent:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmark.relay_sides",
        json.dumps(asdict(orders)),
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the side {orders.side} ended with status {process.returncode}")
    return Spent(**json.loads(told))


async def _fill_outbox(url: str, events: Sequence[Numbered], topic: str) -> None:
    connection = await asyncpg.connect(url)
    rows = [(e.event_id, topic, e.key.decode(), e.value) for e in events]
    for first in range(0, len(rows), 2000):
        columns = ("event_id", "topic", "key", "payload")
        await connection.copy_records_to_table("outbox", records=rows[first : first + 2000], columns=columns)
    await connection.close()


async def _debeziums(stack: AsyncExitStack, stage: Stage) -> tuple[Connect, Connect]:
    """One worker that stays, and one that is started anew each round; both have run once, so that their slots exist."""
    workers = []
    for name in ("warm", "fresh"):
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="simpul-connect-")))
        url = await stack.enter_async_context(stage.empty_database())
        workers.append(await connect_to(directory, url, stage.bootstrap, slot=f"debezium_{name}"))
        stack.push_async_callback(workers[-1].drop_slot)
    warm, fresh = workers
    stack.push_async_callback(warm.stop)
    await asyncio.gather(warm.start(), fresh.start())
    await fresh.stop()
    return warm, fresh


def _ratios(sides: dict[str, Side]) -> list[Ratio]:
    ours, raw, warm = sides[_LANE], sides[_RAW], sides[_WARM]
    speed = ours.per_second
    return [
        Ratio("the lane to a raw producer, events/s", ratios(speed, raw.per_second), Goal(0.92)),
        Ratio("the lane to faststream-outbox, 1 worker", ratios(speed, sides[_OUTBOX].per_second), Goal(20)),
        Ratio("the lane to faststream-outbox, 32 workers", ratios(speed, sides[_OUTBOX_WIDE].per_second), Goal(20)),
        Ratio("the lane to Debezium warm", ratios(speed, warm.per_second), Goal(1.1)),
        Ratio("the lane to Debezium, both in fresh processes", ratios(speed, sides[_FRESH].per_second), Goal(3)),
        Ratio(
            "Postgres CPU, the lane's to Debezium's",
            ratios(ours.postgres_cpu, warm.postgres_cpu),
            Goal(0.25, at_most=True),
        ),
    ]


async def result(stage: Stage) -> Result:
    async with AsyncExitStack() as stack:
        warm, fresh = await _debeziums(stack, stage)
        sides = {name: Side(name) for name in (_LANE, _RAW, _OUTBOX, _OUTBOX_WIDE, _WARM, _FRESH)}
        relays = Relays(stage, warm, fresh, sides)
        for number in range(ROUNDS + 1):
            say(f"relay: round {number} of {ROUNDS}")
            await relays.round(counted=number > 0)
    measures = [measure for side in sides.values() for measure in side.measures()]
    return Result("relay", measures, _ratios(sides))
