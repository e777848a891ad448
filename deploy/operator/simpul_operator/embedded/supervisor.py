"""Keeps the parts of a stack running: a part that ends is started again with backoff, and that is said."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from typing import NoReturn, Protocol

from simpul_operator.embedded.process import Child
from simpul_operator.failures import Failure

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STABLE_SECONDS = 60.0


class Part(Protocol):
    """One child of the stack. `begin` spawns it, `ready` returns when it serves; both raise Failure."""

    name: str
    child: Child

    async def begin(self) -> None: ...
    async def ready(self) -> None: ...
    async def stop(self) -> None: ...


async def supervise(parts: Iterable[Part], *, spawned: Callable[[], None], say: Callable[[str], None]) -> NoReturn:
    """Runs until it is cancelled. `spawned` is called after every new start of a child."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_keep(part, spawned, say))
    raise AssertionError("keeping a part never ends by itself")


async def _keep(part: Part, spawned: Callable[[], None], say: Callable[[str], None]) -> NoReturn:
    delay = _FIRST_DELAY
    while True:
        since = time.monotonic()
        code = await part.child.ended()
        delay = _FIRST_DELAY if time.monotonic() - since > _STABLE_SECONDS else delay
        say(f"{part.name} {how_it_ended(code)}; it is started again in {delay:.1f} s. Its log is {part.child.log}")
        await asyncio.sleep(delay)
        delay = min(2 * delay, _LONGEST_DELAY)
        await _start_again(part, spawned, say)


async def _start_again(part: Part, spawned: Callable[[], None], say: Callable[[str], None]) -> None:
    try:
        await part.begin()
        spawned()
        await part.ready()
    except (Failure, OSError) as failure:
        say(f"{part.name} did not start: {failure}")
    else:
        say(f"{part.name} is ready again.")


def how_it_ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
