"""One seed, from the first write to the verdict: writers, workers of shipped code, faults, healing, judgement."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.consume import Applier
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.relay import run_shard

from tests.fault.simulator.checker import SERVICE, TOPICS, Checker
from tests.fault.simulator.group import SESSION_SECONDS, Member, ModelGroup
from tests.fault.simulator.kafka import ModelKafka
from tests.fault.simulator.ledger import LedgerTable, ModelLeadership
from tests.fault.simulator.loop import Stalled, VirtualLoop
from tests.fault.simulator.postgres import ModelPostgres
from tests.fault.simulator.store import ModelStore, count_names, poison_letters, stored_offsets
from tests.fault.simulator.world import Chances, Process, World
from tests.fault.simulator.writers import Client, Operation

CONVERGE_SECONDS = 120.0


@dataclass
class Worker:
    """A process with the relay of both shards and one member of the consumer group, as a service's worker."""

    process: Process
    stopping: asyncio.Event
    member: Member


@dataclass
class Scenario:
    """The servers, the workers and the writers of one run."""

    world: World
    source: ModelPostgres = field(init=False)
    projection: ModelPostgres = field(init=False)
    kafka: ModelKafka = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    _started: int = 0

    def __post_init__(self) -> None:
        self.source = ModelPostgres(self.world, "source")
        self.projection = ModelPostgres(self.world, "projection")
        self.kafka = ModelKafka(self.world)
        self.ledger = LedgerTable(self.source)
        self.group = ModelGroup(self.kafka)
        self.checker = Checker(self.ledger, self.kafka, self.projection)

    async def run(self) -> None:
        chance = self.world.chance
        self.world.chances = _some_chances(self.world)
        for _ in range(chance.choice((1, 2, 2, 2, 3))):
            self.start_worker()
        clients = [asyncio.ensure_future(client.run()) for client in self._clients()]
        self._poison()
        nemesis = Nemesis(self)
        makes_holes = self.world.chances.dropped > 0 or nemesis.restores
        await asyncio.gather(*clients, asyncio.ensure_future(nemesis.run()))
        self._heal()
        if makes_holes:
            # A hole is noticed at the next record of its partition, so there is one more for each.
            await self._last_writer().run()
        await self._converge()
        for worker in list(self.workers):
            worker.process.kill()
        await asyncio.gather(*self.world.tasks, return_exceptions=True)
        self.checker.judge(self.operations)

    def _clients(self) -> list[Client]:
        chance = self.world.chance
        libraries = [UUID(int=chance.getrandbits(128), version=4) for _ in range(chance.randrange(1, 6))]
        clients = []
        for number in range(chance.randrange(2, 5)):
            process = Process(self.world, f"client-{number}", mortal=False)
            operations = [
                Operation(
                    f"{number}-{n}",
                    chance.sample(libraries, min(len(libraries), chance.choice((1, 1, 1, 2, 3)))),
                    refused=self.world.strikes(self.world.chances.refused),
                )
                for n in range(chance.randrange(3, 9))
            ]
            self.operations += operations
            clients.append(Client(process, self.ledger, operations))
        return clients

    def _poison(self) -> None:
        """In some seeds the handler fails at some names until an operator, at some time, has it mended.

        Its chance is its own, so that the seeds without it are what they were.
        """
        chance = random.Random(f"poison {self.world.seed}")
        names = [one.name for one in self.operations]
        if chance.random() < 0.3:
            self.world.poison = frozenset(chance.sample(names, min(len(names), chance.randrange(1, 4))))
            self.world.loop.call_later(chance.uniform(2.0, 10.0), self._mend)

    def _mend(self) -> None:
        self.world.poison = frozenset()
        operator = Process(self.world, "operator")
        operator.start(self.redrive_all(operator))

    async def redrive_all(self, operator: Process) -> None:
        """As dead_letters.actions.redrive: each poison letter in a transaction that holds all partitions of its topic."""
        store = ModelStore(self.projection, operator, TOPICS)
        applier = Applier(store, {LibraryRenamed: count_names}, attempts=1, sleep=operator.sleep)
        partitions = [one for one in self.kafka.logs if one[0] in TOPICS]
        for letter in poison_letters(self.projection):
            try:
                async with store.transaction() as tx:
                    await store.lock_offsets(tx, partitions)
                    if letter in poison_letters(self.projection):
                        self.world.hit("redrive", process=operator.name)
                        await applier.redrive(tx, letter.record)
            except Exception as error:
                if not is_passing(error):
                    raise
                self.world.note("redrive in doubt", error=type(error).__name__)

    def _last_writer(self) -> Client:
        libraries = list(dict.fromkeys(library for one in self.operations for library in one.libraries))
        last = Operation("last", libraries, refused=False)
        self.operations.append(last)
        return Client(Process(self.world, "last", mortal=False), self.ledger, [last])

    def start_worker(self) -> Worker:
        self._started += 1
        process = Process(self.world, f"worker-{self._started}")
        stopping = asyncio.Event()
        lead = ModelLeadership(self.ledger, self.kafka, process)
        for shard in range(LEDGER_SHARDS):
            process.start(
                run_shard(
                    shard,
                    service=SERVICE,
                    lead=lead,
                    stopping=stopping,
                    now=self.world.loop.time,
                    mark_seconds=1.0,
                    sleep=process.sleep,
                )
            )
        member = Member(self.group, process)
        member.follow(ModelStore(self.projection, process, TOPICS), {LibraryRenamed: count_names})
        worker = Worker(process, stopping, member)
        self.workers.append(worker)
        process.on_death.append(lambda: self._bury(worker))
        return worker

    def _bury(self, worker: Worker) -> None:
        """A supervisor starts another one in its place, as long as there is anything to do."""
        self.workers.remove(worker)
        if not self.workers:
            self.world.loop.call_later(self.world.chance.uniform(0.1, 1.0), self._replace)

    def _replace(self) -> None:
        if not self.workers:
            self.start_worker()

    def _heal(self) -> None:
        self.world.note("healed")
        self.world.chances = Chances()
        self.world.poison = frozenset()
        for server in (self.source, self.projection, self.kafka):
            server.up = True
        for worker in self.workers:
            worker.process.paused_until = 0.0
        if not self.workers:
            self.start_worker()

    async def _converge(self) -> None:
        deadline = self.world.loop.time() + CONVERGE_SECONDS
        moment = self.world.now()
        operator = Process(self.world, "last operator", mortal=False)
        while self.checker.behind() or self.checker.claimed < moment:
            if self.world.loop.time() > deadline:
                behind = self.checker.behind() or f"applied up to {self.checker.claimed}, not {moment}"
                self.world.fail("stuck", behind)
                return
            await self.redrive_all(operator)
            await asyncio.sleep(0.5)


def _some_chances(world: World) -> Chances:
    """Each seed has some of the faults, so that one does not hide what another one would show."""

    def perhaps(most: float) -> float:
        return most * world.chance.random() if world.chance.random() < 0.5 else 0.0

    return Chances(
        crash=perhaps(0.01),
        delay=perhaps(0.02),
        cut_before=perhaps(0.02),
        cut_after=perhaps(0.02),
        lost_ack=perhaps(0.2),
        fatal_send=perhaps(0.05),
        torn=perhaps(0.6),
        dropped=perhaps(0.1),
        refused=perhaps(0.3),
    )


class Nemesis:
    """Breaks things for a while, a few kinds of them in each seed."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._world = scenario.world
        deeds = (
            self.kill, self.stop, self.pause, self.restart_postgres, self.end_lead, self.stop_kafka, self.join, self.leave,
            self.step_clock, self.retain, self.restore,
        )  # fmt: skip
        self._backup = scenario.projection.copied()
        self._deeds: list[Callable[[], None]] = [deed for deed in deeds if self._world.chance.random() < 0.5]

    @property
    def restores(self) -> bool:
        return self.restore in self._deeds

    async def run(self) -> None:
        chance = self._world.chance
        until = self._world.loop.time() + chance.uniform(4.0, 12.0)
        while self._deeds and self._world.loop.time() < until:
            await asyncio.sleep(chance.uniform(0.1, 2.0))
            chance.choice(self._deeds)()

    def _later(self, most: float, deed: Callable[[], None]) -> None:
        self._world.loop.call_later(self._world.chance.uniform(0.2, most), deed)

    def _victim(self) -> Worker | None:
        return self._world.chance.choice(self._scenario.workers) if self._scenario.workers else None

    def kill(self) -> None:
        worker = self._victim()
        if worker is not None:
            self._world.crashed_at["any moment"] += 1
            self._world.hit("crash", process=worker.process.name, place="any moment")
            worker.process.kill()
            self._later(2.0, lambda: void(self._scenario.start_worker()))

    def stop(self) -> None:
        """SIGTERM: relay and consumer finish what they have in hand, within 5 s."""
        worker = self._victim()
        if worker is not None:
            self._world.hit("graceful stop", process=worker.process.name)
            worker.stopping.set()
            worker.member.stopping = True
            self._world.loop.call_later(5.0, worker.process.kill)
            self._later(2.0, lambda: void(self._scenario.start_worker()))

    def pause(self) -> None:
        """SIGSTOP: the group misses it after a while, yet it goes on afterwards with what it had in hand."""
        worker = self._victim()
        if worker is None:
            return
        seconds = self._world.chance.uniform(0.5, 10.0)
        self._world.hit("pause", process=worker.process.name, seconds=seconds)
        worker.process.pause(seconds)
        if seconds > SESSION_SECONDS:
            if worker.member.busy:
                self._world.hit("zombie member")
            self._world.loop.call_later(SESSION_SECONDS, self._scenario.group.leave, worker.member)
            self._world.loop.call_later(seconds + 0.5, self._rejoin, worker)

    def _rejoin(self, worker: Worker) -> None:
        if not worker.process.dead and not worker.member.stopping and worker.member not in self._scenario.group.members:
            self._scenario.group.join(worker.member)

    def restart_postgres(self) -> None:
        server = self._world.chance.choice((self._scenario.source, self._scenario.projection))
        self._world.hit("postgres restart", server=server.name)
        server.crash()
        self._later(3.0, server.start)

    def end_lead(self) -> None:
        """pg_terminate_backend of a leader: it learns of it at its next statement, with sends under way."""
        leaders = [session for session in self._scenario.source.sessions if session.leads]
        if leaders:
            self._world.hit("leadership change")
            self._world.chance.choice(leaders).drop()

    def stop_kafka(self) -> None:
        self._world.hit("broker unavailable")
        self._scenario.kafka.up = False
        self._later(5.0, self._start_kafka)

    def _start_kafka(self) -> None:
        self._scenario.kafka.up = True

    def join(self) -> None:
        if len(self._scenario.workers) < 4:
            self._world.hit("rebalance", why="join")
            self._scenario.start_worker()

    def leave(self) -> None:
        worker = self._victim()
        if worker is not None and worker.member in self._scenario.group.members:
            self._world.hit("rebalance", why="leave")
            self._scenario.group.leave(worker.member)
            self._later(3.0, lambda: self._rejoin(worker))

    def step_clock(self) -> None:
        chance = self._world.chance
        self._world.step_clock(timedelta(seconds=chance.choice((-1, 1)) * 10 ** chance.uniform(-2, 4)))

    def restore(self) -> None:
        """The projection comes back from a backup: Kafka's committed offsets are ahead of its rows."""
        projection = self._scenario.projection
        self._world.hit("projection restored", offsets=len(self._backup.get("offset", {})))
        projection.crash()
        projection.restore(self._backup)
        self._scenario.checker.restored()

    def retain(self) -> None:
        """Kafka forgets what the projection and its next backup have applied; a member may still want to read it."""
        if self.restores:
            self._backup = self._scenario.projection.copied()
        for partition, next_ in stored_offsets(self._scenario.projection).items():
            log = self._scenario.kafka.logs[partition]
            if log.base < next_ <= log.end:
                self._world.hit("retention", partition=partition[1], base=next_)
                log.base = next_


def void(_: object) -> None:
    """For callbacks whose result nobody wants."""


def play(seed: int, *, tracing: bool = False) -> World:
    """Run one seed to its end; what broke is in the world that comes back."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    world = World(loop, seed, tracing=tracing)
    try:
        scenario = Scenario(world)
        world.operations = scenario.operations
        loop.run_until_complete(scenario.run())
    except Stalled as stalled:
        world.fail("stuck", str(stalled))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return world
