"""Tells what a command is doing, on standard error: a live table in a terminal, plain lines elsewhere."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_SECONDS_BETWEEN_LINES = 2.0
"""Of one part counting up; a word of another kind is told at once."""


@dataclass
class _Row:
    text: str
    since: float = field(default_factory=time.monotonic)
    ready_after: float | None = None
    told: float = float("-inf")


class Progress:
    """Inside `with`, each part has a row that shows its newest word; outside, every word is a line."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._started = time.monotonic()
        self._rows: dict[str, _Row] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def doing(self, part: str, text: str) -> None:
        row = self._rows.setdefault(part, _Row(""))
        if row.text == text:
            return
        row.text, row.ready_after = text, None
        self._line(part, text)

    def counting(self, part: str, text: str) -> None:
        """A word that changes many times a second; not each becomes a line."""
        if self._live is not None or time.monotonic() - self._rows[part].told > _SECONDS_BETWEEN_LINES:
            self.doing(part, text)

    def ready(self, part: str) -> None:
        row = self._rows.setdefault(part, _Row("ready"))
        row.text, row.ready_after = "ready", time.monotonic() - row.since
        self._line(part, "ready")

    def say(self, text: str) -> None:
        """A word that is no part's."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _line(self, part: str, text: str) -> None:
        self._rows[part].told = time.monotonic()
        if self._live is None:
            elapsed = time.monotonic() - self._started
            self._console.print(f"[{elapsed:6.1f} s] {part:<20} {text}", markup=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for part, row in self._rows.items():
            done = row.ready_after is not None
            elapsed = row.ready_after if row.ready_after is not None else time.monotonic() - row.since
            mark = Text("✓", "green") if done else Spinner("dots")
            table.add_row(mark, Text(part, "bold"), Text(row.text), Text(f"{elapsed:.1f} s", "dim"))
        return table
