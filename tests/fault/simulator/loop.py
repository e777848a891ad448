"""An event loop on a virtual clock: when nothing is ready, time jumps to the next timer. No I/O, no threads, no chance."""

import asyncio
from typing import Any


class Stalled(RuntimeError):
    """Nothing is ready and no timer is set, so nothing will ever happen again."""


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop, with a selector that lets time pass instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._passed = 0.0
        self._clock_resolution = 1e-9
        self._selector = self

    def time(self) -> float:
        return self._passed

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stalled("every task waits for another one")
        self._passed += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There is no other thread to wake."""
