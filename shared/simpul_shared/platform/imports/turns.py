"""Pieces of work that go through the same stages, one behind the other: each stage has one of them at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self


class Turn:
    """A piece of work as the queue sees it: how many stages it has left, and the one before it."""

    def __init__(self, before: "Turn | None", stages: int) -> None:
        self._before = before
        self._stages = [asyncio.Event() for _ in range(stages)]
        """Set when the piece has left the stage for the next; all of them when it begins again or has ended."""
        self._stage = 0
        self._again = False
        self._task: asyncio.Task[bool] | None = None

    async def come(self) -> bool:
        """Wait until the one before has left the next stage, and enter that.

        False where that one had to begin again: then what was done ahead is to be undone. What is done in the first stage
        is in nobody's way, so behind it the piece only waits, or all behind would begin again as well.
        """
        following = self._stage + 1
        if self._before is not None:
            await self._before._stages[following].wait()  # noqa: SLF001 (its own kind)
            if self._before._again:  # noqa: SLF001 (its own kind)
                if self._stage > 0 or not await self.before_ended():
                    return False
                self._before = None
        self._stages[self._stage].set()
        self._stage = following
        return True

    def begin_again(self) -> None:
        """Tell the one behind at once: what that has done ahead may be in the way."""
        self._again = True
        self._leave()

    async def before_ended(self) -> bool:
        """What the one before has returned in the end, True for the first. Errors: its own."""
        task = None if self._before is None else self._before._task  # noqa: SLF001 (its own kind)
        return task is None or await asyncio.shield(task)

    def _leave(self) -> None:
        for stage in self._stages:
            stage.set()

    async def _run(self, work: "Work") -> bool:
        went_well = False
        try:
            went_well = await work(self)
        finally:
            self._again |= not went_well
            self._leave()
            self._before = None
        return went_well


Work = Callable[[Turn], Coroutine[Any, Any, bool]]
"""Calls come() between its stages. Returns whether the queue may go on."""


class Turns:
    """A queue of work in stages; `first` pieces may be in the first of them. The end of the block waits for all, or ends them where it failed."""

    def __init__(self, *, stages: int, first: int = 1) -> None:
        self._stages = stages
        self._latest: deque[Turn] = deque(maxlen=first)
        self._tasks: list[asyncio.Task[bool]] = []

    async def __aenter__(self) -> Self:
        return self

    async def begin(self, work: Work) -> bool:
        """Once there is room in the first stage; False where the queue may not go on. Errors: those of what has ended."""
        if len(self._latest) == self._latest.maxlen:
            await self._latest[0]._stages[0].wait()  # noqa: SLF001 (of one file)
        if not all([await task for task in self._tasks if task.done()]):
            return False
        self._tasks = [task for task in self._tasks if not task.done()]
        turn = Turn(self._latest[-1] if self._tasks else None, self._stages)
        self._latest.append(turn)
        turn._task = asyncio.create_task(turn._run(work))  # noqa: SLF001 (of one file)
        self._tasks.append(turn._task)  # noqa: SLF001 (of one file)
        return True

    async def done(self) -> bool:
        """Whether all went so that the queue may go on. Errors: those of the work."""
        return all([await task for task in self._tasks])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.done()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
