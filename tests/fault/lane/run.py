"""One run on fresh databases and topics: libraries at work, a reader beside them, and in the end a judgement."""

import asyncio
import random
import signal
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
from tests.fault.lane.platform import ALL, Command, Platform, as_shipped, running_platform
from tests.fault.lane.reader import Seen, through_of, watch
from tests.fault.lane.scene import Scene
from tests.fault.lane.servers import Servers

_DRAIN_SECONDS = 180.0
_REPEATED = 50
"""How many known answers are asked for once more."""
_ORIGIN = Origin("fault-lane", actor="fault-lane", channel="SYSTEM", correlation_id="fault-lane")


@dataclass(frozen=True)
class Workload:
    """`rate` is in operations a second over all libraries; `longest` is how long a stop may last, in seconds."""

    libraries: int = 16
    rate: float = 50.0
    longest: float = 2.0


USUAL = Workload()


@dataclass
class Run:
    """`seen` are the reads so far. `outcomes` are those before unanswered operations were asked again."""

    scene: Scene
    seen: list[Seen] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    @property
    def driver(self) -> Driver:
        return self.scene.driver

    @property
    def platform(self) -> Platform:
        return self.scene.platform

    @property
    def history(self) -> list[Entry]:
        return list(self.driver.entries.values())

    @asynccontextmanager
    async def at_work(self, workload: Workload, *, seed: int) -> AsyncIterator[None]:
        """The libraries are set up, then at work for the time of the block; after it everything is mended."""
        hosts, libraries = make_clients(self.driver, libraries=workload.libraries, seed=seed)
        await set_up(hosts, libraries)
        async with self._working(libraries, seconds_between=len(libraries) / workload.rate):
            yield
            self._mend()
            await self.platform.all_live()

    @asynccontextmanager
    async def _working(self, libraries: Sequence[LibraryClient], *, seconds_between: float) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        tasks = [
            asyncio.create_task(watch(self.driver, self.seen, stopping)),
            *(asyncio.create_task(work(one, seconds_between=seconds_between, stopping=stopping)) for one in libraries),
        ]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    def _mend(self) -> None:
        servers = self.platform.servers
        for link in servers.links:
            link.mend()
        for kept in (*servers.kept, *(one.kept for one in self.platform.processes)):
            kept.release()
            kept.child.tell(signal.SIGCONT)

    async def judge(self) -> list[Violation]:
        """Everything that is wrong, after what is unknown was asked again and all has caught up."""
        self.outcomes = Counter(entry.outcome for entry in self.history)
        repeats = await self._resolve()
        found = [Violation("promise", Harm.OTHER, complaint) for complaint in self.scene.complaints]
        found += [
            Violation("promise", Harm.OTHER, f"{times} x {what}") for what, times in self.driver.unexpected.items()
        ]
        try:
            await self.drain()
        except TimeoutError:
            found.append(Violation("drain", Harm.LOST, f"not caught up {_DRAIN_SECONDS:.0f} s after the faults"))
        left = await evidence.gather(self.platform, self.driver, await rebuild.projections(self.platform))
        return [*found, *check(self.history, left, self.seen), *check_repeats(repeats)]

    async def _resolve(self) -> list[tuple[Entry, Entry]]:
        """Ask again what is not known, by its key; and some of what is, whose answers must be the same."""
        entries = self.history
        for entry in entries:
            if entry.outcome is Outcome.UNKNOWN:
                await self.driver.ask_again(entry.operation)
        known = [entry for entry in entries if entry.outcome is Outcome.OK]
        sample = random.Random(0).sample(known, min(_REPEATED, len(known)))
        return [(entry, await self.driver.repeat(entry.operation)) for entry in sample]

    async def drain(self) -> None:
        """Until the ledgers are published and applied, by their own marks. Errors: TimeoutError."""
        recorded = now()

        async def caught_up() -> bool:
            return await self._reported(recorded) and await self._copied(recorded)

        async with asyncio.timeout(_DRAIN_SECONDS):
            await until(caught_up)

    async def _reported(self, moment: float) -> bool:
        response = await self.driver.read("reporting", "/v1/reports/activities", region="ID")
        if not response.is_success:
            return False
        through = through_of(response.json())
        return all(through.get(service, 0.0) >= moment for service in SERVICES)

    async def _copied(self, moment: float) -> bool:
        """Whether activities has applied what the registry recorded; it shows that nowhere over HTTP."""
        topics = [topic.name for topic in ALL["activities"].topics]
        async with evidence.connected(self.platform, "activities") as connection:
            through = await applied_through(Transaction(connection, _ORIGIN), "activities", topics)
        return through["registry"].timestamp() >= moment if "registry" in through else False


@asynccontextmanager
async def running(
    servers: Servers, *, seed: int, workload: Workload, command: Command = as_shipped, log: Path | None = None
) -> AsyncIterator[Run]:
    """`log` is where the operation log goes; beside the servers' data unless given."""
    path = log or Path(tempfile.mkstemp(prefix="operations-", suffix=".jsonl", dir=servers.directory)[1])
    operations = OperationLog(path)
    try:
        async with running_platform(servers, command=command) as platform:
            driver = Driver(platform, operations, platform.token("fault-lane"), platform.token("fault-lane-nominator"))
            yield Run(Scene(platform, driver, random.Random(seed), workload.longest))
    finally:
        operations.close()
