"""What a fault has to work with: the platform, chance, how long it may last, and who else works on what."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from simpul_operator.embedded.process import until

from tests.fault.lane.driver import Driver
from tests.fault.lane.oplog import now
from tests.fault.lane.platform import PARTS, Platform, Process

_LIVE_SECONDS = 60.0


@dataclass(frozen=True)
class Hit:
    """A fault that did strike: from `begun` until `over`, when the cause was gone. `services` are those it touched.

    `writes` says whether it lay between a caller and a commit; else only events were held up.
    """

    fault: str
    target: str
    services: tuple[str, ...]
    begun: float
    over: float
    writes: bool


@dataclass
class Scene:
    """`longest` is how long a stop may last, in seconds. `complaints` are broken promises that a fault itself saw."""

    platform: Platform
    driver: Driver
    rng: random.Random
    longest: float
    complaints: list[str] = field(default_factory=list)
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def alone_with(self, *names: str) -> AsyncIterator[None]:
        """No other fault works on these meanwhile."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._busy.setdefault(name, asyncio.Lock()))
            yield

    @asynccontextmanager
    async def some_process(self) -> AsyncIterator[Process]:
        """Any process that lives and that no other fault works on."""
        process = await self._free_process()
        async with self.alone_with(process.name):
            await self.until_live(process)
            yield process

    @asynccontextmanager
    async def whole_service(self, service: str) -> AsyncIterator[Sequence[Process]]:
        """Both processes of a service, live."""
        processes = [self.platform.process(service, part) for part in PARTS]
        async with self.alone_with(*(one.name for one in processes)):
            for process in processes:
                await self.until_live(process)
            yield processes

    async def until_live(self, process: Process) -> None:
        async with asyncio.timeout(_LIVE_SECONDS):
            await until(partial(self.platform.live, process))

    async def _free_process(self) -> Process:
        async def any_free() -> bool:
            return bool(self._free())

        await until(any_free)
        return self.rng.choice(self._free())

    def _free(self) -> list[Process]:
        return [one for one in self.platform.processes if not self._is_busy(one.name)]

    def _is_busy(self, name: str) -> bool:
        return name in self._busy and self._busy[name].locked()

    def a_while(self, shortest: float = 1.0) -> float:
        return self.rng.uniform(shortest, max(shortest, self.longest))


def hit(fault: str, target: str, *services: str, begun: float, writes: bool, over: float | None = None) -> Hit:
    """`over` is now unless given."""
    return Hit(fault, target, services, begun, now() if over is None else over, writes)
