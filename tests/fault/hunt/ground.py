"""Where a planted bug is hunted: real Postgres and Kafka, and the services that may carry it, as processes to be killed."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from simpul_activities.app import SERVICE as ACTIVITIES
from simpul_operator.embedded.kafka import KafkaCluster
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.postgres import PostgresServer
from simpul_operator.embedded.process import Child, gone, until
from simpul_reporting.app import SERVICE as REPORTING
from simpul_shared.platform.settings import PlatformSettings

from tests.service.activities.world import active_library, regions
from tests.support.databases import Databases
from tests.support.pipeline import topics
from tests.support.processes import ROOT
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY
from tests.support.tokens import ISSUER, KEY

VILLAGES = ("51.03.02.2009", "51.05.04.2010", "91.03.01.2001")
_READY_SECONDS = 90.0


@dataclass(frozen=True)
class Servers:
    """One Postgres and one Kafka for all hunts of a run; each hunt has databases and topics of its own."""

    postgres: PostgresServer
    kafka: KafkaCluster
    databases: Databases


class Quarry:
    """One service process, started again whenever it ends, unless it is held down."""

    def __init__(self, name: str, command: list[str], *, environment: Mapping[str, str], log: Path, ready: str) -> None:
        self.child = Child(name, command, log=log, env=environment)
        self.starts = 0
        self._ready = ready
        self._alive = True

    async def keep_alive(self) -> None:
        while self._alive:
            if not self.child.running:
                self.child.spawn()
                self.starts += 1
            await asyncio.sleep(0.02)

    async def ready(self) -> None:
        """Errors: TimeoutError with the end of the log."""
        try:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as client:
                await until(lambda: _answers(client, self._ready))
        except TimeoutError:
            raise TimeoutError(f"{self.child.name} is not ready:\n{self.child.tail()}") from None

    async def is_ready(self) -> bool:
        async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
            return await _answers(client, self._ready)

    async def kill(self) -> None:
        """kill -9. Not the child's own kill, which would wait for the process that comes after."""
        pid = self.child.pid
        self.child.tell(signal.SIGKILL)
        await gone([pid] if pid is not None else [])

    def tell(self, number: signal.Signals) -> None:
        self.child.tell(number)

    async def end(self) -> None:
        self._alive = False
        self.child.tell(signal.SIGCONT)
        await self.child.stop(within=20)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Ground:
    """The services of one hunt. Tally counts what would be wrong at the first repeat; the others keep real facts."""

    servers: Servers
    settings: PlatformSettings
    tally: ServiceUnderTest
    activities: ServiceUnderTest
    reporting: ServiceUnderTest
    processes: dict[str, Quarry]
    urls: dict[str, str]

    @property
    def services(self) -> list[ServiceUnderTest]:
        return [self.tally, self.activities, self.reporting]

    async def ready(self) -> None:
        await asyncio.gather(*(process.ready() for process in self.processes.values()))

    async def victim(self, rng: random.Random) -> Quarry:
        """A process at work, where there is one: killing one that is only starting shows little."""
        everyone = rng.sample(list(self.processes.values()), len(self.processes))
        at_work = [one for one in everyone if await one.is_ready()]
        return (at_work or everyone)[0]


@asynccontextmanager
async def hunting_ground(servers: Servers, *, mutant: str | None, logs: Path) -> AsyncIterator[Ground]:
    """Everything runs when the block begins. `mutant` is planted into each process; None runs the code as shipped."""
    async with AsyncExitStack() as stack:
        tally, activities, reporting = [
            await stack.enter_async_context(service_under_test(service, servers.databases))
            for service in (TALLY, ACTIVITIES, REPORTING)
        ]
        await _seed(activities, reporting)
        settings = await stack.enter_async_context(topics(servers.kafka.bootstrap))
        keys = await stack.enter_async_context(_published_keys())
        ground = Ground(servers, settings, tally, activities, reporting, {}, {})
        for name, module, part, service in (
            ("tally-api", "tests.support.tally", "api", tally),
            ("tally-worker", "tests.support.tally", "worker", tally),
            ("activities", "simpul_activities", "all", activities),
            ("reporting", "simpul_reporting", "worker", reporting),
        ):
            command = [sys.executable, "-m", *(["tests.fault.mutants", mutant] if mutant else []), module, part]
            process, url = _process(name, command, service, settings, keys, logs)
            await stack.enter_async_context(_kept_alive(process))
            ground.processes[name], ground.urls[name] = process, url
        await ground.ready()
        yield ground


async def _seed(activities: ServiceUnderTest, reporting: ServiceUnderTest) -> None:
    """Regions and libraries, applied as the registry would tell them; the registry itself need not run."""
    for service in (activities, reporting):
        await service.receive(*regions())
        for village in VILLAGES:
            await service.receive(*active_library(village))
        # They were no records of the topics that the workers will read.
        await service.database.pool.execute("update consumer_offset set next_offset = 0")
        await service.database.pool.execute(
            "update relay_cursor set xid = (select max(xid) from ledger), id = (select max(id) from ledger)"
        )


def _process(
    name: str, command: list[str], service: ServiceUnderTest, settings: PlatformSettings, keys: str, logs: Path
) -> tuple[Quarry, str]:
    prefix = f"SIMPUL_{service.service.name.upper()}_"
    port, admin = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "SIMPUL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "SIMPUL_TOPIC_PREFIX": settings.topic_prefix,
        "SIMPUL_MARK_SECONDS": str(settings.mark_seconds),
        "SIMPUL_BATCH_RECORDS": str(settings.batch_records),
        "SIMPUL_ISSUER": ISSUER,
        "SIMPUL_JWKS_URL": keys,
        f"{prefix}DATABASE_URL": service.url,
        f"{prefix}PORT": str(port),
        f"{prefix}ADMIN_PORT": str(admin),
    }
    part = command[-1]
    ready = f"http://127.0.0.1:{admin}/health/ready" if part != "api" else f"{url}/health/ready"
    return Quarry(name, command, environment=environment, log=logs / f"{name}.log", ready=ready), url


@asynccontextmanager
async def _kept_alive(process: Quarry) -> AsyncIterator[None]:
    keeping = asyncio.create_task(process.keep_alive())
    try:
        yield
    finally:
        await process.end()
        await keeping


@asynccontextmanager
async def _published_keys() -> AsyncIterator[str]:
    """The address of the tests' public key, as an issuer publishes it."""
    body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
