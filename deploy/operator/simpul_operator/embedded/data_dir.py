"""The data directory of one stack: held by one `simpul` at a time; remembers secrets, and what it started."""

import base64
import fcntl
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import msgspec

from simpul_operator.addresses import Addresses
from simpul_operator.embedded.postgres import users_of
from simpul_operator.embedded.process import Mark, descendants_of, gone, mark_of, send
from simpul_operator.failures import DataDirInUse, DiskFull, Misconfigured

_KEPT_LOGS = 3
_MARKER = "This directory belongs to simpul; `simpul reset` deletes it.\n"


@dataclass(frozen=True)
class _State:
    """What state.json holds."""

    children: list[Mark] = field(default_factory=list)
    addresses: Addresses | None = None


@dataclass(frozen=True)
class Running:
    """What a live `simpul` tells others: its process, and the addresses once all is ready."""

    pid: int
    addresses: Addresses | None


class DataDir:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self._state = self.path / "state.json"
        self._marker = self.path / "simpul-data"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the directory, making it if need be. Errors: DataDirInUse, Misconfigured, DiskFull."""
        self.make()
        with (self.path / "lock").open("a+") as lock:
            self._lock(lock)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def make(self) -> None:
        """Errors: Misconfigured, when it cannot be or is someone else's."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self._marker.exists():
                if any(self.path.iterdir()):
                    raise Misconfigured(
                        f"{self.path} is not empty and not a data directory of simpul. Give another --data-dir."
                    )
                self._marker.write_text(_MARKER)
                (self.path / ".gitignore").write_text("*\n")
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise Misconfigured(f"{self.path} cannot be the data directory: {error}") from error

    def _lock(self, lock: TextIO) -> None:
        # More than one try: another process that only asks who holds it, holds it for an instant.
        for _ in range(5):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return
        raise DataDirInUse(
            f"The data directory {self.path} is in use by {_named(lock)}. "
            "Stop that one first, or give another --data-dir and --port-base."
        )

    def running(self) -> Running | None:
        """The `simpul` that holds this directory now, if one does."""
        file = self.path / "lock"
        if not file.exists():
            return None
        with file.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Running(int(lock.read() or 0), self._read_state().addresses)
        return None

    def remember(self, children: Sequence[tuple[int, Sequence[str]]], addresses: Addresses | None) -> None:
        """Notes the pid and command of each child for the next start, and the addresses once all is ready."""
        marks = [mark for pid, command in children if (mark := _mark(pid, command)) is not None]
        half = self._state.with_suffix(".half")
        half.write_bytes(msgspec.json.encode(_State(marks, addresses)))
        half.replace(self._state)

    def forget(self) -> None:
        self._state.unlink(missing_ok=True)

    async def clear_leftovers(self) -> list[int]:
        """Kills what an earlier `simpul` that was killed may have left, and only that. Call it while holding the lock."""
        left = [mark.pid for mark in self._read_state().children if _is_still(mark)]
        left += [pid for data in self.postgres_dirs() for pid in users_of(data)]
        left += [below for pid in left for below in descendants_of(pid)]
        send(left, signal.SIGKILL)
        await gone(left)
        self.forget()
        return sorted(set(left))

    def postgres_dirs(self) -> list[Path]:
        parent = self.path / "postgres"
        return [entry for entry in parent.iterdir() if entry.name != "template"] if parent.exists() else []

    def delete(self) -> None:
        """Deletes everything. Call it while holding the lock, after clear_leftovers."""
        shutil.rmtree(self.path)

    @property
    def is_ours(self) -> bool:
        return self._marker.exists()

    def require_space(self, needed: int) -> None:
        """`needed` in bytes. Errors: DiskFull."""
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise DiskFull(
                f"{self.path} has {free // 2**20} MiB free, and {needed // 2**20} MiB are needed. "
                "Free some space, or give a --data-dir on another disk."
            )

    def rotate_logs(self) -> None:
        """NAME.log becomes NAME.log.1 and so on; three old ones are kept."""
        self.logs.mkdir(exist_ok=True)
        for log in self.logs.glob("*.log"):
            for number in range(_KEPT_LOGS, 0, -1):
                older = log.with_name(f"{log.name}.{number}")
                newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
                if newer.exists():
                    newer.replace(older)

    def password(self, name: str) -> str:
        """A random word under a name, made at the first call."""
        return self._kept(name, lambda: secrets.token_hex(24)).read_text()

    def key_file(self, name: str) -> Path:
        """A file of 32 random bytes in base64, made at the first call."""
        return self._kept(name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    def _kept(self, name: str, make: Callable[[], str]) -> Path:
        """A file that only its owner may read."""
        file = self.path / "secrets" / name
        if not file.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            half = file.with_name(f"{name}.half")
            half.touch(mode=0o600)
            half.write_text(make())
            half.replace(file)
        return file

    def _read_state(self) -> _State:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=_State)
        except FileNotFoundError:
            return _State()


def _named(lock: TextIO) -> str:
    lock.seek(0)
    pid = lock.read().strip()
    mark = mark_of(int(pid)) if pid.isdigit() else None
    return f"process {pid} ({mark.command})" if mark else f"process {pid or 'unknown'}"


def _mark(pid: int, command: Sequence[str]) -> Mark | None:
    mark = mark_of(pid)
    return None if mark is None else Mark(pid, mark.started, " ".join(command))


def _is_still(mark: Mark) -> bool:
    """The same process and not a later one with its number; the launcher that it was at first ends in its command, too."""
    now = mark_of(mark.pid)
    return now is not None and now.started == mark.started and now.command.endswith(mark.command)
