"""Work that is begun ahead of its turn: the first half of a piece beside the second half of the one before it."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self


class Turn:
    """The place of a piece of work in the queue, as the work itself sees it."""

    def __init__(self, before: "Turn | None") -> None:
        self._before = before
        self._at_first_try: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._come = asyncio.Event()
        self._task: asyncio.Task[bool] | None = None

    async def come(self) -> bool:
        """Wait for the one before. False where that had to begin again: then what was done ahead is to be undone.

        The next may begin once it is True; else only when this one has ended, or all behind would begin again as well.
        """
        went_well = self._before is None or await asyncio.shield(self._before._at_first_try)  # noqa: SLF001 (its own kind)
        if went_well:
            self._come.set()
        return went_well

    def begin_again(self) -> None:
        """Tell the one behind at once: what that has done ahead may be in the way."""
        self._tell(went_well=False)

    async def before_ended(self) -> bool:
        """What the one before has returned in the end, True for the first. Errors: its own."""
        task = None if self._before is None else self._before._task  # noqa: SLF001 (its own kind)
        return task is None or await asyncio.shield(task)

    def _tell(self, *, went_well: bool) -> None:
        if not self._at_first_try.done():
            self._at_first_try.set_result(went_well)

    async def _run(self, work: "Work") -> bool:
        went_well = False
        try:
            went_well = await work(self)
        finally:
            self._tell(went_well=went_well)
            self._come.set()
            self._before = None
        return went_well


Work = Callable[[Turn], Coroutine[Any, Any, bool]]
"""Returns whether the queue may go on."""


class Turns:
    """A queue of which one is in its second half and one in its first. The end of the block waits for both, or ends them where it failed."""

    def __init__(self) -> None:
        self._last: Turn | None = None
        self._tasks: list[asyncio.Task[bool]] = []

    async def __aenter__(self) -> Self:
        return self

    async def begin(self, work: Work) -> bool:
        """Once the turn of the last has come; False where the queue may not go on. Errors: those of what has ended."""
        if self._last is not None:
            await self._last._come.wait()  # noqa: SLF001 (of one file)
        if not all([await task for task in self._tasks if task.done()]):
            return False
        self._tasks = [task for task in self._tasks if not task.done()]
        turn = Turn(self._last if self._tasks else None)
        self._last, turn._task = turn, asyncio.create_task(turn._run(work))  # noqa: SLF001 (of one file)
        self._tasks.append(turn._task)  # noqa: SLF001 (of one file)
        return True

    async def done(self) -> bool:
        """Whether all went so that the queue may go on. Errors: those of the work."""
        return all([await task for task in self._tasks])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.done()
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
