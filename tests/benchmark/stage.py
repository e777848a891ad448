"""The servers that all suites share: one Postgres and one Kafka with throw-away data, set as the stack sets them."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
from simpul_operator.embedded.kafka import KafkaCluster, temporary_kafka
from simpul_operator.embedded.postgres import PostgresServer, temporary_postgres
from simpul_operator.roles import in_database
from simpul_operator.topics import ensure_topics
from simpul_shared.contracts.topics import TOPICS, Topic

from tests.support.databases import Databases

_SETTINGS = {
    # Durable, unlike the servers of the tests: a commit costs what it costs.
    "fsync": "on",
    "full_page_writes": "on",
    # Debezium reads the log; all sides run on the one server.
    "wal_level": "logical",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Stage:
    databases: Databases
    postgres: PostgresServer
    kafka: KafkaCluster

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    async def topics(self, topics: Sequence[Topic] = TOPICS) -> str:
        """Makes topics under a prefix of their own and returns it."""
        prefix = f"b{uuid4().hex[:10]}."
        await ensure_topics(self.bootstrap, prefix=prefix, topics=topics)
        return prefix

    @asynccontextmanager
    async def empty_database(self) -> AsyncIterator[str]:
        """The superuser's address of a database without any table, dropped at the end: for peers."""
        name = f"peer_{uuid4().hex[:10]}"
        connection = await asyncpg.connect(self.postgres.admin_url)
        await connection.execute(f'create database "{name}"')
        try:
            yield in_database(self.postgres.admin_url, name)
        finally:
            await connection.execute(f'drop database "{name}" with (force)')
            await connection.close()

    def admin_url_of(self, url: str) -> str:
        """The superuser's address of the database that an app's `url` names."""
        return in_database(self.postgres.admin_url, url.rpartition("/")[2])

    def postgres_cpu(self) -> float:
        """Seconds that the server has used, those of its ended backends too."""
        return cpu_seconds(self.postgres.pids)


@asynccontextmanager
async def running_stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as directory:
        here = Path(directory)
        for name in ("postgres", "kafka"):
            (here / name).mkdir()
        async with (
            temporary_postgres(here / "postgres", settings=_SETTINGS) as postgres,
            temporary_kafka(here / "kafka") as kafka,
        ):
            yield Stage(Databases(postgres.admin_url), postgres, kafka)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time of processes and of their children that have ended."""
    return sum(sum(int(ticks) for ticks in _stat(pid)[11:15]) for pid in pids) / _TICKS


def resident_mb(pid: int) -> float:
    return int(_stat(pid)[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def forget_peak(pid: int) -> None:
    """From now on peak_mb() counts anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    """The most memory that a process has held; 0 where it has just ended."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    lines = [line.split() for line in told.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 / 1e6 if lines else 0.0


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third on; zeros where the process has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50
