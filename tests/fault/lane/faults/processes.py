"""Faults of the services' own processes."""

import asyncio
import signal

from simpul_operator.addresses import SERVICES

from tests.fault.lane.oplog import now
from tests.fault.lane.platform import Process
from tests.fault.lane.scene import Hit, Scene, hit

STOP_SECONDS = 20.0
"""A process that is asked to end has ended by then, requests under way included."""


async def kill(scene: Scene) -> Hit:
    """kill -9 of one process."""
    async with scene.some_process() as process:
        begun = now()
        await _kill(process)
        return _hit("kill -9", process, begun, over=begun)


async def terminate(scene: Scene) -> Hit:
    """SIGTERM to one process, which must end by itself in time."""
    async with scene.some_process() as process:
        begun = now()
        await _ask_to_end(scene, process)
        return _hit("SIGTERM", process, begun, over=begun)


async def stop(scene: Scene) -> Hit:
    """SIGSTOP of one process for a while: to its peers it is neither there nor gone."""
    async with scene.some_process() as process:
        begun = now()
        process.kept.child.tell(signal.SIGSTOP)
        await asyncio.sleep(scene.a_while(0.5))
        process.kept.child.tell(signal.SIGCONT)
        return _hit("SIGSTOP", process, begun)


async def restart(scene: Scene) -> Hit:
    """API and worker of a service restarted together, as at a new version."""
    service = scene.rng.choice(SERVICES)
    async with scene.whole_service(service) as processes:
        begun = now()
        await asyncio.gather(*(_ask_to_end(scene, process) for process in processes))
        return hit("restart", service, service, begun=begun, over=begun, writes=True)


async def double_restart(scene: Scene) -> Hit:
    """kill -9, and kill -9 again while the next process is starting."""
    async with scene.some_process() as process:
        begun = now()
        await _kill(process)
        await asyncio.sleep(scene.rng.uniform(0.2, 2.5))
        await _kill(process)
        return _hit("double restart", process, begun)


async def _kill(process: Process) -> None:
    starts = process.kept.starts
    process.kept.child.tell(signal.SIGKILL)
    await process.kept.started_again(starts)


async def _ask_to_end(scene: Scene, process: Process) -> None:
    starts, begun = process.kept.starts, now()
    process.kept.child.tell(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.kept.started_again(starts)
    except TimeoutError:
        scene.complaints.append(f"{process.name} had not ended {now() - begun:.0f} s after SIGTERM")
        await _kill(process)


def _hit(fault: str, process: Process, begun: float, over: float | None = None) -> Hit:
    return hit(fault, process.name, process.service, begun=begun, over=over, writes=process.part == "api")
