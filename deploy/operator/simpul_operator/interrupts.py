"""Runs a command's coroutine so that Ctrl-C, SIGTERM and a closed terminal end it in order."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from simpul_operator.failures import Interrupted

T = TypeVar("T")


def run_interruptibly(main: Coroutine[Any, Any, T]) -> T:
    """The first signal cancels `main`; a second ends this process at once, and its children die with it.

    Errors: Interrupted, when `main` lets the cancellation pass.
    """
    return asyncio.run(_guarded(main))


async def _guarded(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(main)
    came: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        if came:
            os._exit(Interrupted.exit_code)
        came.append(number)
        task.cancel()

    for number in _heeded():
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted(f"Stopped by {came[0].name}." if came else "Stopped.") from None


def _heeded() -> list[signal.Signals]:
    # nohup has a process ignore the hang-up; that must stay so.
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]
