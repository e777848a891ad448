"""A bar that tells how much is done, at which rate, and how long the rest takes; plain lines where there is no terminal."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 2.0


class Bar:
    """`phase` begins anew with each other word; the rate is that of the phase so far."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._phase = ""
        self._since = 0.0
        self._told = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._begin(phase)
        rate = done / max(time.monotonic() - self._since, 0.001)
        told = f"{rate:,.0f}/s" if total else ""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total or None, rate=told)
        if not self._console.is_terminal and self._due(done, total):
            left = f", {(total - done) / rate:.0f} s left" if done and rate else ""
            counted = f" {done:,} of {total:,}, {told}{left}" if total else ""
            self._console.print(f"{phase}{counted}", markup=False, soft_wrap=True)

    def _begin(self, phase: str) -> None:
        self._phase, self._since, self._told = phase, time.monotonic(), 0.0
        self._task = self._progress.add_task(phase, total=None, rate="")

    def _due(self, done: int, total: int) -> bool:
        now = time.monotonic()
        if done < total and now - self._told < _SECONDS_BETWEEN_LINES:
            return False
        self._told = now
        return True
