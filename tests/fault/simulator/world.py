"""What all models share: the seed's chance, the clocks, the faults and the processes that they strike.

Every await of shipped code ends in `Process.travel`, `Process.sleep` or `Process.until`, so any of them may be its last.
"""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_BEGINNING = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


class Broken(AssertionError):
    """A promise that the run did not keep. `kind` is the row of the report it counts in."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"{kind}: {what}")
        self.kind = kind


@dataclass
class Chances:
    """How likely each fault strikes at an await, 0 where this seed does without it."""

    crash: float = 0.0
    delay: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    lost_ack: float = 0.0
    fatal_send: float = 0.0
    torn: float = 0.0
    dropped: float = 0.0
    refused: float = 0.0


class World:
    """One run: everything in it is decided by `seed`. `poison` are the names at which the handler fails, until it is mended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int, *, tracing: bool = False) -> None:
        self.loop = loop
        self.seed = seed
        self.chance = random.Random(seed)
        self.chances = Chances()
        self.faults: Counter[str] = Counter()
        self.crashed_at: Counter[str] = Counter()
        self.broken: list[Broken] = []
        self.trace: list[str] | None = [] if tracing else None
        self.operations: list[Any] = []
        self.poison: frozenset[str] = frozenset()
        self.tasks: list[asyncio.Task[Any]] = []
        self._skew = timedelta()

    def now(self) -> datetime:
        """What a server's clock shows; it may step, unlike the loop's."""
        return _BEGINNING + timedelta(seconds=self.loop.time()) + self._skew

    def step_clock(self, by: timedelta) -> None:
        self._skew += by
        self.hit("clock step", by=by)

    def note(self, what: str, **fields: object) -> None:
        if self.trace is not None:
            told = " ".join(f"{name}={value}" for name, value in fields.items())
            self.trace.append(f"{self.loop.time():9.4f} {what} {told}".rstrip())

    def hit(self, fault: str, **fields: object) -> None:
        self.faults[fault] += 1
        self.note(f"FAULT {fault}", **fields)

    def fail(self, kind: str, what: str) -> None:
        self.note(f"BROKEN {kind}", why=what)
        self.broken.append(Broken(kind, what))

    def strikes(self, chance: float) -> bool:
        return chance > 0.0 and self.chance.random() < chance

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.trace or ()).encode()).hexdigest()


@dataclass
class Process:
    """A process that can be killed, paused and cut off. What it holds outside itself is let go by `on_death`."""

    world: World
    name: str
    mortal: bool = True
    dead: bool = False
    paused_until: float = 0.0
    tasks: list["asyncio.Task[Any]"] = field(default_factory=list)
    on_death: list[Callable[[], None]] = field(default_factory=list)

    def start(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self.world.loop.create_task(job)
        task.add_done_callback(self._ended)
        self.tasks.append(task)
        self.world.tasks.append(task)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None and not self.dead:
            self.world.fail("died", f"{self.name}: {task.exception()!r}")

    def kill(self) -> None:
        """As kill -9 does: no clean-up of ours reaches anything outside."""
        if self.dead:
            return
        self.dead = True
        self.world.note("killed", process=self.name)
        for let_go in self.on_death:
            let_go()
        for task in self.tasks:
            task.cancel()

    def pause(self, seconds: float) -> None:
        self.paused_until = self.world.loop.time() + seconds

    async def travel(self, place: str) -> None:
        """The way to a server: it takes its time, and the process may die on it."""
        self._must_live()
        world = self.world
        await asyncio.sleep(0.0005 + 0.004 * world.chance.random())
        if world.strikes(world.chances.delay):
            world.hit("delay", place=place)
            await asyncio.sleep(world.chance.uniform(0.05, 3.0))
        await self._go_on(place)

    async def sleep(self, seconds: float) -> None:
        self._must_live()
        await asyncio.sleep(seconds)
        await self._go_on("sleep")

    async def until(self, place: str, done: Callable[[], Awaitable[T]]) -> T:
        """Wait for something that another party brings about."""
        self._must_live()
        try:
            return await done()
        finally:
            if not self.dead:
                await self._go_on(place)

    async def _go_on(self, place: str) -> None:
        while self.frozen():  # noqa: ASYNC110 (a pause may be made longer meanwhile)
            await asyncio.sleep(self.paused_until - self.world.loop.time())
        self._must_live()
        if self.fatal_moment(place):
            self.kill()
            await asyncio.sleep(0)  # where the cancellation arrives, if the caller is a task of this process
            raise asyncio.CancelledError

    def frozen(self) -> bool:
        return self.world.loop.time() < self.paused_until

    def fatal_moment(self, place: str) -> bool:
        """Whether this await is the process's last."""
        if not self.mortal or not self.world.strikes(self.world.chances.crash):
            return False
        self.world.crashed_at[place] += 1
        self.world.hit("crash", process=self.name, place=place)
        return True

    def _must_live(self) -> None:
        if self.dead:
            raise asyncio.CancelledError
