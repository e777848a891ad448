"""kill -9 of the worker, of Postgres and of Kafka while events flow: what was acknowledged is counted once, in order."""

import asyncio
import random
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.outbox import append

from tests.fault.conftest import Mortal
from tests.support.pipeline import drain, topics, working
from tests.support.processes import ServiceProcess, running
from tests.support.services import ORIGIN, ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY, renamed


@dataclass
class Journal:
    """What the writers were told, kept outside the system: acknowledged, or unknown because the answer never came."""

    acknowledged: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: set[str] = field(default_factory=set)


async def write(tally: ServiceUnderTest, journal: Journal, library: UUID, stopping: asyncio.Event) -> None:
    number = 0
    while not stopping.is_set():
        number += 1
        name = f"{library.hex[:6]}-{number}"
        try:
            async with tally.database.transaction(ORIGIN) as tx:
                await tx.lock(library)
                await append(tx, renamed(library, name), occurred_at=datetime.now(UTC))
        except Exception as error:
            if not is_passing(error):
                raise
            journal.unknown.add(name)
            await asyncio.sleep(0.05)
        else:
            journal.acknowledged[library].append(name)
        await asyncio.sleep(random.random() * 0.01)


async def kill_worker(worker: ServiceProcess, _: Mortal) -> None:
    for _round in range(6):
        await asyncio.sleep(0.6 + random.random())
        worker.send(signal.SIGKILL)


async def stop_worker(worker: ServiceProcess, _: Mortal) -> None:
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGTERM):
        await asyncio.sleep(1 + random.random())
        worker.send(number)
        if number == signal.SIGSTOP:
            await asyncio.sleep(2)
            worker.send(signal.SIGCONT)


async def kill_postgres(_: ServiceProcess, mortal: Mortal) -> None:
    for _round in range(2):
        await asyncio.sleep(1 + random.random())
        await mortal.postgres.kill()
        await mortal.postgres.start()


async def kill_kafka(_: ServiceProcess, mortal: Mortal) -> None:
    (broker,) = mortal.kafka.brokers
    await asyncio.sleep(1 + random.random())
    await broker.kill()
    await broker.start()


@pytest.mark.parametrize("fault", [kill_worker, stop_worker, kill_postgres, kill_kafka])
async def test_what_was_acknowledged_is_counted_once_and_in_order(
    mortal: Mortal, tmp_path: Path, fault: "type[object]"
) -> None:
    journal, stopping = Journal(), asyncio.Event()
    libraries = [uuid4() for _ in range(6)]
    async with (
        service_under_test(TALLY, mortal.databases) as tally,
        topics(mortal.kafka.bootstrap) as settings,
        running(
            ServiceProcess(
                "tests.support.tally",
                "worker",
                name="tally",
                url=tally.url,
                settings=settings,
                log=tmp_path / "worker.log",
            )
        ) as worker,
    ):
        writers = [asyncio.create_task(write(tally, journal, library, stopping)) for library in libraries]
        await fault(worker, mortal)  # type: ignore[call-arg,misc]
        await asyncio.sleep(0.5)
        stopping.set()
        await asyncio.gather(*writers)
        await drain(tally, tally, seconds=60)
        await check(tally, journal)


async def check(tally: ServiceUnderTest, journal: Journal) -> None:
    rows = await tally.database.pool.fetch("select library_id, events, names from tally")
    counted = {row["library_id"]: list(row["names"]) for row in rows}
    assert sum(len(names) for names in journal.acknowledged.values()) > 100
    for library, acknowledged in journal.acknowledged.items():
        names = counted[library]
        assert len(set(names)) == len(names), "nothing twice"
        assert [name for name in names if name not in journal.unknown] == acknowledged, (
            "nothing lost, nothing out of order"
        )
    phantoms = {name for names in counted.values() for name in names} - journal.unknown
    assert phantoms == {name for names in journal.acknowledged.values() for name in names}
    assert await tally.dead_letters() == []


async def test_a_worker_started_before_kafka_goes_on_when_it_comes(mortal: Mortal) -> None:
    (broker,) = mortal.kafka.brokers
    library = uuid4()
    async with service_under_test(TALLY, mortal.databases) as tally, topics(mortal.kafka.bootstrap) as settings:
        await broker.kill()
        async with working(settings, tally):
            await tally.announce(renamed(library, "written while Kafka was down"))
            await asyncio.sleep(1)
            await broker.start()
            await drain(tally, tally)
        names = await tally.database.pool.fetchval("select names from tally where library_id = $1", library)
    assert names == ["written while Kafka was down"]
