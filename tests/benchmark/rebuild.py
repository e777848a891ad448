"""Rebuild: the projection anew from Kafka beside the live one, compared and swapped, as `python -m simpul_reporting rebuild` does it.

Beside it a COPY of the resulting rows into the same tables, and replaying through handlers one message at a time.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

import asyncpg
from simpul_operator.roles import OWNER
from simpul_reporting.app import SERVICE

from tests.benchmark.events import TOPIC, Numbered, numbered
from tests.benchmark.processes import ROOT, running, running_service
from tests.benchmark.projection import produce, projected, projected_all, regions
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage
from tests.benchmark.table import Goal, Measure, Ratio, Result, ratios
from tests.support.services import ServiceUnderTest, service_under_test

ROWS = size(1_000_000, quick=4_000)
FEW = size(1_000, quick=100)
_OURS, _COPY, _EACH = "ours: rebuild, compare, swap", "limit: COPY of the resulting rows", "handlers, one message each"


@dataclass(frozen=True)
class Rows:
    """A projection's tables as COPY gives them, in binary."""

    tables: dict[str, bytes]


@dataclass
class Rebuilding:
    stage: Stage
    reporting: ServiceUnderTest
    prefix: str
    admin: "asyncpg.Connection[asyncpg.Record]"

    async def rebuild(self) -> float:
        """Seconds of the whole command. Errors: RuntimeError unless it found no difference and swapped."""
        owner = self.stage.databases.url(self.reporting.url.rpartition("/")[2], OWNER)
        environment = {
            **os.environ,
            "SIMPUL_KAFKA_BOOTSTRAP": self.stage.bootstrap,
            "SIMPUL_TOPIC_PREFIX": self.prefix,
            "SIMPUL_REPORTING_DATABASE_URL": self.reporting.url,
            "SIMPUL_REPORTING_OWNER_DATABASE_URL": owner,
        }
        command = (sys.executable, "-m", "simpul_reporting", "rebuild", "--reason", "bench")
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env=environment, cwd=ROOT
        )
        told, _ = await process.communicate()
        seconds = time.perf_counter() - began
        result = json.loads(told.splitlines()[-1]) if told else {}
        if process.returncode != 0 or not result.get("swapped") or result.get("differences"):
            raise RuntimeError(f"the rebuild ended with status {process.returncode}: {result}")
        return seconds

    async def rows(self) -> Rows:
        names = await self.admin.fetch(
            """
            select relname from pg_class
            where relnamespace = 'projection'::regnamespace and relkind in ('r', 'p') and not relispartition order by relname
            """
        )
        tables = {}
        for (name,) in names:
            buffer = BytesIO()
            everything = f'select * from projection."{name}"'  # noqa: S608 (a table of ours; COPY refuses partitioned ones by name)
            await self.admin.copy_from_query(everything, output=buffer, format="binary")
            tables[name] = buffer.getvalue()
        return Rows(tables)

    async def copy(self, rows: Rows) -> float:
        """Seconds to COPY them into the emptied tables of the projection before: the same tables, indexes and checks."""
        names = ", ".join(f'projection_old."{name}"' for name in rows.tables)
        await self.admin.execute(f"truncate {names}")
        # The months are among the rows, so the triggers that would count them stay still.
        await self.admin.execute("set session_replication_role = replica")
        began = time.perf_counter()
        async with self.admin.transaction():
            for name, data in rows.tables.items():
                await self.admin.copy_to_table(
                    name, schema_name="projection_old", source=BytesIO(data), format="binary"
                )
        seconds = time.perf_counter() - began
        await self._require_alike(rows)
        return seconds

    async def _require_alike(self, rows: Rows) -> None:
        for name in rows.tables:
            counts = await self.admin.fetchrow(
                f'select (select count(*) from projection."{name}") as live, (select count(*) from projection_old."{name}") as copied'  # noqa: S608 (names of our own tables)
            )
            assert counts is not None
            if counts["live"] != counts["copied"]:
                raise RuntimeError(f"{name}: {dict(counts)}")


@asynccontextmanager
async def prepared(stage: Stage, events: list[Numbered]) -> AsyncIterator[Rebuilding]:
    """A live projection that the real worker has made, and Kafka that holds all it was made of."""
    prefix = await stage.topics()
    settings = {"SIMPUL_KAFKA_BOOTSTRAP": stage.bootstrap, "SIMPUL_TOPIC_PREFIX": prefix}
    async with service_under_test(SERVICE, stage.databases) as reporting:
        async with running_service("reporting", "worker", database_url=reporting.url, settings=settings):
            await reporting.announce(*regions())
            await _regions_known(reporting)
            await produce(stage, prefix + TOPIC.name, events)
            await projected_all(reporting, len(events))
        admin = await asyncpg.connect(stage.admin_url_of(reporting.url), command_timeout=600)
        try:
            yield Rebuilding(stage, reporting, prefix, admin)
        finally:
            await admin.close()


async def _regions_known(reporting: ServiceUnderTest) -> None:
    async with asyncio.timeout(60):
        while await reporting.database.pool.fetchval("select count(*) from region_version") < len(regions()):  # noqa: ASYNC110 (the worker is another process)
            await asyncio.sleep(0.05)


async def one_by_one(stage: Stage, events: list[Numbered]) -> float:
    """Events/s of the same handler with a transaction per message, on a few events only."""
    prefix = await stage.topics()
    async with projected(stage) as reporting:
        await produce(stage, prefix + TOPIC.name, events)
        arguments = ("each", reporting.url, stage.bootstrap, prefix + TOPIC.name)
        async with running("each", "tests.benchmark.projection_sides", *arguments):
            return await projected_all(reporting, len(events))


async def result(stage: Stage) -> Result:
    events = list(numbered(1, ROWS))
    rebuilt, copied, each = [], [], []
    async with prepared(stage, events) as rebuilding:
        for number in range(ROUNDS + 1):
            say(f"rebuild: round {number} of {ROUNDS}")
            seconds = await rebuilding.rebuild()
            copying = await rebuilding.copy(await rebuilding.rows())
            slow = await one_by_one(stage, events[:FEW])
            if number:
                rebuilt.append(ROWS / seconds)
                copied.append(ROWS / copying)
                each.append(slow)
    measures = [
        Measure(name, "events/s", "", values) for name, values in ((_OURS, rebuilt), (_COPY, copied), (_EACH, each))
    ]
    found = [
        Ratio("a rebuild to a COPY of its rows", ratios(rebuilt, copied), Goal(0.25)),
        Ratio("a rebuild to handlers, one message each", ratios(rebuilt, each)),
    ]
    return Result("rebuild", measures, found)
