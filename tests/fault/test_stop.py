"""SIGTERM ends a service in order within 20 s, whatever state its servers are in."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from simpul_operator.embedded.process import send
from simpul_operator.roles import in_database
from simpul_shared.platform.settings import PlatformSettings

from tests.fault.conftest import Mortal
from tests.support.pipeline import drain, topics, working
from tests.support.processes import ServiceProcess
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY, renamed

STOP_SECONDS = 20


def tally_process(tally: ServiceUnderTest, settings: PlatformSettings, log: Path) -> ServiceProcess:
    """API and worker in one process."""
    return ServiceProcess("tests.support.tally", "all", name="tally", url=tally.url, settings=settings, log=log)


@asynccontextmanager
async def whole(service: ServiceProcess, tally: ServiceUnderTest) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, once it consumes; killed at the end if it is still there."""
    process = await service.spawn()
    try:
        await drain(tally, tally, seconds=60)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def leave_alone(_: Mortal) -> None:
    return


async def freeze_kafka(mortal: Mortal) -> None:
    send(mortal.kafka.brokers[0].pids, signal.SIGSTOP)


async def thaw_kafka(mortal: Mortal) -> None:
    send(mortal.kafka.brokers[0].pids, signal.SIGCONT)


async def kill_kafka(mortal: Mortal) -> None:
    await mortal.kafka.brokers[0].kill()


async def start_kafka(mortal: Mortal) -> None:
    await mortal.kafka.brokers[0].start()


async def freeze_postgres(mortal: Mortal) -> None:
    send(mortal.postgres.pids, signal.SIGSTOP)


async def thaw_postgres(mortal: Mortal) -> None:
    send(mortal.postgres.pids, signal.SIGCONT)


async def kill_postgres(mortal: Mortal) -> None:
    await mortal.postgres.kill()


async def start_postgres(mortal: Mortal) -> None:
    await mortal.postgres.start()


STATES = [
    (leave_alone, leave_alone),
    (freeze_kafka, thaw_kafka),
    (kill_kafka, start_kafka),
    (freeze_postgres, thaw_postgres),
    (kill_postgres, start_postgres),
]


@pytest.mark.parametrize(("harm", "mend"), STATES, ids=[harm.__name__ for harm, _ in STATES])
async def test_sigterm_ends_it_within_twenty_seconds(
    mortal: Mortal,
    tmp_path: Path,
    harm: Callable[[Mortal], Awaitable[None]],
    mend: Callable[[Mortal], Awaitable[None]],
) -> None:
    log = tmp_path / "tally.log"
    async with service_under_test(TALLY, mortal.databases) as tally, topics(mortal.kafka.bootstrap) as settings:
        await tally.announce(*(renamed(uuid4(), str(n)) for n in range(50)))
        async with whole(tally_process(tally, settings, log), tally) as process:
            # Something to publish and to apply is in hand when the order comes.
            await tally.announce(*(renamed(uuid4(), str(n)) for n in range(50)))
            await harm(mortal)
            process.send_signal(signal.SIGTERM)
            try:
                code = await asyncio.wait_for(process.wait(), STOP_SECONDS)
            finally:
                await mend(mortal)
        assert code == 0, log.read_text()[-3000:]
        async with working(settings, tally):
            await drain(tally, tally, seconds=60)
        assert await tally.database.pool.fetchval("select sum(events) from tally") == 100


async def until_waited_for(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(20):
        while True:
            if await owner.fetchval("select count(*) from pg_locks where not granted"):
                return
            await asyncio.sleep(0.02)


async def test_a_request_in_hand_gets_its_answer(mortal: Mortal, tmp_path: Path) -> None:
    async with service_under_test(TALLY, mortal.databases) as tally, topics(mortal.kafka.bootstrap) as settings:
        service = tally_process(tally, settings, tmp_path / "tally.log")
        async with whole(service, tally) as process, httpx.AsyncClient(trust_env=False, timeout=20) as http:
            owner = await asyncpg.connect(in_database(mortal.postgres.admin_url, tally.url.rpartition("/")[2]))
            async with owner.transaction():
                await owner.execute("lock table migration in access exclusive mode")
                request = asyncio.create_task(http.get(f"http://127.0.0.1:{service.port}/health/ready"))
                await until_waited_for(owner)
                process.send_signal(signal.SIGTERM)
            assert (await request).status_code == 200
            assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
            await owner.close()
