"""One piece of work under way while its owner prepares the next: Postgres writes a chunk while Python judges another."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class Behind:
    """Works one at a time and in order. The end of the block waits for the last, or ends it where the block has failed."""

    def __init__(self) -> None:
        self._task: asyncio.Task[bool] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def done(self) -> bool:
        """What the work under way has returned, True where there was none. Errors: its own."""
        if self._task is None:
            return True
        result = await self._task
        self._task = None
        return result

    async def begin(self, work: Coroutine[Any, Any, bool]) -> None:
        await self.done()
        self._task = asyncio.create_task(work)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.done()
        elif self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
