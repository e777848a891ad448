"""A run of the lane: world, faults, healing, judgement. `run_lane` on servers that run, `lane_report` from nothing."""

import asyncio
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from simpul_operator.addresses import SERVICES
from simpul_operator.embedded.process import until
from simpul_shared.platform.database import Origin, Transaction
from simpul_shared.platform.marks import applied_through

from tests.fault.lane import evidence, rebuild
from tests.fault.lane.checker import Harm, Violation, check, check_repeats
from tests.fault.lane.clients import LibraryClient, make_clients, set_up, work
from tests.fault.lane.driver import Driver
from tests.fault.lane.oplog import Entry, OperationLog, Outcome, now
from tests.fault.lane.plan import FaultClass, Lane, plan
from tests.fault.lane.platform import ALL, Command, Platform, as_shipped, running_platform
from tests.fault.lane.reader import Seen, through_of, watch
from tests.fault.lane.recovery import Recovery, recoveries
from tests.fault.lane.scene import Hit, Scene
from tests.fault.lane.servers import Servers

_DRAIN_SECONDS = 180.0
_ORIGIN = Origin("fault-lane", actor="fault-lane", channel="SYSTEM", correlation_id="fault-lane")
_REPEATED = 50
"""How many known answers are asked for once more."""


@dataclass(frozen=True)
class Workload:
    """`rate` is in operations a second over all libraries; `longest` is how long a stop may last, in seconds."""

    libraries: int = 16
    rate: float = 50.0
    longest: float = 2.0


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
    workload: Workload = Workload(),
    command: Command = as_shipped,
    log: Path | None = None,
) -> LaneReport:
    """One run on fresh databases and topics. `command` may put something in front of each process's main."""
    began = now()
    path = log or Path(tempfile.mkstemp(prefix="operations-", suffix=".jsonl", dir=servers.directory)[1])
    async with running_platform(servers, command=command) as platform, _driver(platform, path) as driver:
        report = LaneReport()
        seen: list[Seen] = []
        hits = await _strike(
            platform, driver, seen, report, faults=faults, seed=seed, classes=classes, workload=workload
        )
        report.hits = Counter({one.name: sum(hit.fault == one.name for hit in hits) for one in classes})
        await _judge(platform, driver, seen, report)
        report.recovery = recoveries(hits, list(driver.entries.values()), seen)
        report.seconds = now() - began
        return report


@asynccontextmanager
async def _driver(platform: Platform, path: Path) -> AsyncIterator[Driver]:
    log = OperationLog(path)
    try:
        yield Driver(platform, log, platform.token())
    finally:
        log.close()


async def _strike(
    platform: Platform,
    driver: Driver,
    seen: list[Seen],
    report: LaneReport,
    *,
    faults: int,
    seed: int,
    classes: Sequence[FaultClass],
    workload: Workload,
) -> list[Hit]:
    """Libraries at work, a reader, and faults side by side; ends when every planned fault has struck and all is mended."""
    hosts, libraries = make_clients(driver, libraries=workload.libraries, seed=seed)
    await set_up(hosts, libraries)
    scene = Scene(platform, driver, random.Random(seed), workload.longest)
    async with _at_work(driver, libraries, workload, seen):
        lanes = plan(faults, classes, scene.rng)
        struck = await asyncio.gather(*(_lane(scene, queue) for queue in _queues(lanes)))
        _mend(platform)
        await platform.all_live()
    report.violations += [Violation("promise", Harm.OTHER, complaint) for complaint in scene.complaints]
    return [hit for hits in struck for hit in hits]


@asynccontextmanager
async def _at_work(
    driver: Driver, libraries: Sequence[LibraryClient], workload: Workload, seen: list[Seen]
) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    between = len(libraries) / workload.rate
    tasks = [
        asyncio.create_task(watch(driver, seen, stopping)),
        *(asyncio.create_task(work(one, seconds_between=between, stopping=stopping)) for one in libraries),
    ]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


def _queues(lanes: dict[Lane, list[FaultClass]]) -> list[list[FaultClass]]:
    """Faults of processes strike two at a time."""
    of_processes = lanes[Lane.PROCESSES]
    return [of_processes[::2], of_processes[1::2], lanes[Lane.POSTGRES], lanes[Lane.CLUSTER]]


async def _lane(scene: Scene, queue: Sequence[FaultClass]) -> list[Hit]:
    hits = []
    for number, one in enumerate(queue, start=1):
        hit = await one.strike(scene)
        if hit is not None:
            hits.append(hit)
        print(f"{one.lane} {number}/{len(queue)}: {one.name}{'' if hit else ' missed'}", file=sys.stderr)
    return hits


def _mend(platform: Platform) -> None:
    for link in platform.servers.links:
        link.mend()
    for kept in (*platform.servers.kept, *(one.kept for one in platform.processes)):
        kept.release()
        kept.child.tell(signal.SIGCONT)


async def _judge(platform: Platform, driver: Driver, seen: Sequence[Seen], report: LaneReport) -> None:
    report.outcomes = Counter(entry.outcome for entry in driver.entries.values())
    report.violations += [
        Violation("promise", Harm.OTHER, f"{times} times: {what}") for what, times in driver.unexpected.items()
    ]
    repeats = await _resolve(driver)
    try:
        await _drain(platform, driver)
    except TimeoutError:
        report.violations.append(
            Violation("drain", Harm.LOST, f"not caught up {_DRAIN_SECONDS:.0f} s after the faults")
        )
    history = list(driver.entries.values())
    found = await evidence.gather(platform, driver, await rebuild.projections(platform))
    report.violations += [*check(history, found, seen), *check_repeats(repeats)]


async def _resolve(driver: Driver) -> list[tuple[Entry, Entry]]:
    """Ask again what is not known, by its key; and some of what is, whose answers must be the same."""
    entries = list(driver.entries.values())
    for entry in entries:
        if entry.outcome is Outcome.UNKNOWN:
            await driver.ask_again(entry.operation)
    known = [entry for entry in entries if entry.outcome is Outcome.OK]
    sample = random.Random(0).sample(known, min(_REPEATED, len(known)))
    return [(entry, await driver.repeat(entry.operation)) for entry in sample]


async def _drain(platform: Platform, driver: Driver) -> None:
    """Until the ledgers are published and applied, by their own marks. Errors: TimeoutError."""
    recorded = now()

    async def caught_up() -> bool:
        return await _reports_through(driver, recorded) and await _copies_through(platform, recorded)

    async with asyncio.timeout(_DRAIN_SECONDS):
        await until(caught_up)


async def _reports_through(driver: Driver, moment: float) -> bool:
    response = await driver.read("reporting", "/v1/reports/activities", region="ID")
    if not response.is_success:
        return False
    through = through_of(response.json())
    return all(through.get(service, 0.0) >= moment for service in SERVICES)


async def _copies_through(platform: Platform, moment: float) -> bool:
    """Whether activities has applied what the registry recorded; it shows that nowhere over HTTP."""
    topics = [topic.name for topic in ALL["activities"].topics]
    async with evidence.connected(platform, "activities") as connection:
        through = await applied_through(Transaction(connection, _ORIGIN), "activities", topics)
    return through["registry"].timestamp() >= moment if "registry" in through else False
