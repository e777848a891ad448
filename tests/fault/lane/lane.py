"""A run of the lane: faults of every class strike the platform at work; `run_lane` reports what they did to it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fault.lane.checker import Harm, Violation
from tests.fault.lane.oplog import Outcome, now
from tests.fault.lane.plan import FaultClass, Lane, plan
from tests.fault.lane.platform import Command, as_shipped
from tests.fault.lane.recovery import Recovery, recoveries
from tests.fault.lane.run import USUAL, Workload, running
from tests.fault.lane.scene import Hit, Scene
from tests.fault.lane.servers import Servers

_FAULT_SECONDS = 180.0
"""A fault that takes longer, its own healing included, hangs."""


@dataclass
class LaneReport:
    """What a run did and what it found; `hits` has every class that was planned."""

    hits: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    recovery: list[Recovery] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        return self.hits.total()

    @property
    def clean(self) -> bool:
        return not self.violations

    @property
    def unhit(self) -> list[str]:
        return [name for name, times in self.hits.items() if times == 0]

    def harm(self, harm: Harm) -> int:
        return sum(one.harm is harm for one in self.violations)


async def run_lane(
    servers: Servers,
    *,
    faults: int,
    seed: int,
    classes: Sequence[FaultClass],
    workload: Workload = USUAL,
    command: Command = as_shipped,
) -> LaneReport:
    """One run on fresh databases and topics. `command` may put something in front of each process's main."""
    began = now()
    async with running(servers, seed=seed, workload=workload, command=command) as run:
        async with run.at_work(workload, seed=seed):
            hits = await _strike(run.scene, plan(faults, classes, run.scene.rng))
        violations = await run.judge()
        return LaneReport(
            hits=Counter({one.name: sum(hit.fault == one.name for hit in hits) for one in classes}),
            outcomes=run.outcomes,
            violations=violations,
            recovery=recoveries(hits, run.history, run.seen),
            seconds=now() - began,
        )


async def _strike(scene: Scene, lanes: dict[Lane, list[FaultClass]]) -> list[Hit]:
    """All lanes side by side; those of processes two at a time."""
    of_processes = lanes[Lane.PROCESSES]
    queues = [of_processes[::2], of_processes[1::2], lanes[Lane.POSTGRES], lanes[Lane.CLUSTER]]
    async with asyncio.TaskGroup() as group:
        struck = [group.create_task(_lane(scene, queue)) for queue in queues]
    return [hit for task in struck for hit in task.result()]


async def _lane(scene: Scene, queue: Sequence[FaultClass]) -> list[Hit]:
    hits = []
    for number, one in enumerate(queue, start=1):
        print(f"{now():.0f} {one.lane} {number}/{len(queue)}: {one.name}", file=sys.stderr)
        async with asyncio.timeout(_FAULT_SECONDS + 2 * scene.longest):
            hit = await one.strike(scene) or await one.strike(scene)  # once more, where it took no effect
        if hit is not None:
            hits.append(hit)
    return hits
