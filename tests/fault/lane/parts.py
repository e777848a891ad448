"""Processes that are started again whenever they end, as a supervisor would, unless a fault holds them down."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from simpul_operator.embedded.process import Child, until
from simpul_operator.failures import Failure

_PAUSE_SECONDS = 0.1
_PAUSE_AFTER_FAILURE_SECONDS = 0.5


class Part(Protocol):
    """A program under a name; `begin` spawns its next process, and raises Failure where it cannot."""

    name: str
    child: Child

    async def begin(self) -> None: ...


class Kept:
    """A part that is kept running. `starts` counts its processes."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.name = part.name
        self.starts = 0
        self._allowed = asyncio.Event()
        self._allowed.set()

    @property
    def child(self) -> Child:
        return self.part.child

    async def keep(self) -> None:
        while True:
            await self._allowed.wait()
            await asyncio.sleep(await self._run_once())

    async def _run_once(self) -> float:
        """Runs it until it ends; returns how long to wait before the next start."""
        try:
            await self.part.begin()
        except (Failure, OSError, TimeoutError) as failure:
            # Such as a full disk: a supervisor tries again, and so does this.
            print(f"{self.name} did not start: {failure}", file=sys.stderr)
            return _PAUSE_AFTER_FAILURE_SECONDS
        self.starts += 1
        return _PAUSE_SECONDS if await self.child.ended() < 0 else _PAUSE_AFTER_FAILURE_SECONDS

    def hold(self) -> None:
        """Keep it down, once it has ended."""
        self._allowed.clear()

    def release(self) -> None:
        self._allowed.set()

    async def started_again(self, starts: int) -> None:
        """Waits for a process after the first `starts` ones."""

        async def started() -> bool:
            return self.starts > starts and self.child.running

        await until(started)


class ServicePart:
    """One process of a service: its API or its worker."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self._env = dict(env)
        self._log = log
        self._extra: dict[str, str] = {}
        self.child = self._make_child()

    def dress(self, **extra: str) -> None:
        """Environment that the next processes get besides their own; none to go back."""
        self._extra = extra

    async def begin(self) -> None:
        self.child = self._make_child()
        self.child.spawn()

    def _make_child(self) -> Child:
        return Child(self.name, self._command, log=self._log, env={**self._env, **self._extra})


@asynccontextmanager
async def keeping(*parts: Kept) -> AsyncIterator[None]:
    """Keep the parts running through the block; then end them, whatever state they are in."""
    tasks = [asyncio.create_task(part.keep()) for part in parts]
    try:
        yield
    finally:
        for part in parts:
            part.hold()
            part.child.tell(signal.SIGCONT)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(part.child.kill() for part in parts))
    for error in ended:
        if isinstance(error, Exception):
            raise error
