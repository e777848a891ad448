"""Brokers away: writers never notice, whichever it is and however many; afterwards nothing is missing.

Run by `make fault`, not by `make test`: it takes minutes.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fault.lane.oplog import Outcome, now
from tests.fault.lane.run import Run, Workload, running
from tests.fault.lane.servers import BrokerHost, Layout, Servers, running_servers

pytestmark = pytest.mark.timeout(1800)

_DOWN_SECONDS = float(os.environ.get("BROKERS_DOWN_SECONDS", "15"))
"""How long all brokers are away; 600 for a release."""
_LIGHT = Workload(libraries=4, rate=10.0)


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="simpul-brokers-") as directory:
        async with running_servers(Path(directory), Layout(brokers=3)) as running_:
            yield running_


async def test_any_one_of_three_brokers_may_be_killed_and_no_write_fails(servers: Servers) -> None:
    async with running(servers, seed=1, workload=_LIGHT) as run:
        async with run.at_work(_LIGHT, seed=1):
            for broker in servers.brokers:
                await kill_and_await_events(run, broker)
        assert await run.judge() == []
        assert failed_writes(run) == []


async def test_with_all_brokers_down_every_write_is_accepted_and_published_afterwards(servers: Servers) -> None:
    async with running(servers, seed=2, workload=_LIGHT) as run:
        async with run.at_work(_LIGHT, seed=2):
            before = len(run.history)
            starts = [one.kept.starts for one in servers.brokers]
            for one in servers.brokers:
                one.kept.hold()
            await asyncio.gather(*(one.broker.kill() for one in servers.brokers))
            await asyncio.sleep(_DOWN_SECONDS)
            assert len(run.history) > before + _DOWN_SECONDS
            for one, times in zip(servers.brokers, starts, strict=True):
                one.kept.release()
                await one.kept.started_again(times)
            await servers.ready()
        assert await run.judge() == []
        assert failed_writes(run) == []


async def kill_and_await_events(run: Run, broker: BrokerHost) -> None:
    """kill -9; then until it is back, and what was written after the kill is in the reports."""
    starts, killed = broker.kept.starts, now()
    broker.kept.hold()
    await broker.broker.kill()
    broker.kept.release()
    await run.drain()
    print(f"{broker.broker.name} killed; reports covered it after {now() - killed:.1f} s")
    await broker.kept.started_again(starts)
    await broker.broker.ready()


def failed_writes(run: Run) -> list[str]:
    """Answers that were no answer: 5xx, or none, even when asked again by the judge."""
    told = [f"{one.service} {one.status}" for one in run.driver.told if one.status >= 500]
    return told + [one.operation.op_id for one in run.history if one.outcome is Outcome.UNKNOWN]
