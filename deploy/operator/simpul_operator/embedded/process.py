"""A child process that dies with this one, leads a session of its own and writes to a log file."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simpul_operator.embedded import launch
from simpul_operator.embedded.unprivileged import MYSELF, RunAs
from simpul_operator.failures import child_failed

_POLL_SECONDS = 0.05
_TAIL_BYTES = 8192
TAIL_MARK = "  | "


@dataclass(frozen=True)
class Mark:
    """What tells a process from another one that later got the same number. `started` is in clock ticks since boot."""

    pid: int
    started: int
    command: str


def mark_of(pid: int) -> Mark | None:
    """The mark of a live process; None if there is none, or only a zombie that nobody has waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if stat[0] in "ZX" else Mark(pid, int(stat[19]), command)


def all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def working_directory(pid: int) -> Path | None:
    """None where it has ended or is another user's."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def descendants_of(root: int) -> list[int]:
    """All processes below `root`, in any session: Postgres's backends lead sessions of their own."""
    children: dict[int, list[int]] = {}
    for pid in all_pids():
        if (parent := _parent_of(pid)) is not None:
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    frontier = [root]
    while frontier:
        below = children.get(frontier.pop(), [])
        found += below
        frontier += below
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class Child:
    """One program under a name. It may be spawned again after it has ended; the log goes on in the same file.

    Spawn from a thread that lives as long as the child may: the kernel sends the death signal when that thread ends.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        run_as: RunAs = MYSELF,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._env = None if env is None else dict(env)
        self._run_as = run_as
        self._death_signal = death_signal
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._popen is None else self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs, or before it was spawned; negative for the signal that ended it."""
        return None if self._popen is None else self._popen.poll()

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        orders = launch.Orders(
            parent=os.getpid(),
            death_signal=self._death_signal,
            uid=self._run_as.uid,
            gid=self._run_as.gid,
            capability=self._run_as.capability,
        )
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", launch.__file__, json.dumps(orders), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd="/",
                start_new_session=True,
            )

    def tell(self, number: signal.Signals) -> None:
        if self._popen is not None and self.running:
            self._popen.send_signal(number)

    async def ended(self) -> int:
        """Waits until it has ended and gives the return code."""
        while True:
            if (code := self.returncode) is not None:
                return code
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self, *, within: float, number: signal.Signals = signal.SIGTERM) -> bool:
        """Asks it to end, kills it and all below it after `within` seconds; True if it ended by itself."""
        if not self.running:
            return True
        self.tell(number)
        try:
            await asyncio.wait_for(self.ended(), within)
        except TimeoutError:
            await self.kill()
            return False
        return True

    async def kill(self) -> None:
        """kill -9 of it and of all processes below it; returns when they are gone and it is reaped."""
        if self._popen is None or not self.running:
            return
        below = descendants_of(self._popen.pid)
        send([self._popen.pid, *below], signal.SIGKILL)
        await self.ended()
        await gone(below)

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log, indented for a message."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(f"{TAIL_MARK}{line}" for line in text.splitlines()[-lines:])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Asks again and again until the answer is yes; bound it with asyncio.timeout."""
    while True:
        if await condition():
            return
        await asyncio.sleep(_POLL_SECONDS)


async def run_to_end(child: Child, *, newest_line: Callable[[str], None] = lambda _: None) -> None:
    """Runs a program that ends by itself; `newest_line` hears how its log goes on.

    Errors: ChildFailed or DiskFull when it ends with another status than 0.
    """
    child.spawn()
    try:
        await until(lambda: _ended_or_told(child, newest_line))
    except asyncio.CancelledError:
        await child.kill()
        raise
    if child.returncode != 0:
        raise child_failed(child.name, f"ended with status {child.returncode}", child.log, child.tail())


async def _ended_or_told(child: Child, newest_line: Callable[[str], None]) -> bool:
    line = child.tail(1).removeprefix(TAIL_MARK)
    if line:
        newest_line(line)
    return not child.running


async def gone(pids: Iterable[int], *, within: float = 10.0) -> None:
    """Waits until none of the processes lives. Errors: TimeoutError."""
    watched = list(pids)

    async def none_lives() -> bool:
        return all(mark_of(pid) is None for pid in watched)

    async with asyncio.timeout(within):
        await until(none_lives)
