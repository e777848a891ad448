"""The command line as a process: started, watched through its standard error, killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simpul_operator.embedded.process import all_pids, mark_of, working_directory

SIMPUL = [sys.executable, "-W", "error", "-m", "simpul_operator.cli"]
STAYS = "Ctrl-C stops everything"


def simpul(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs `simpul` to its end."""
    return subprocess.run(
        [*SIMPUL, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | (environment or {}),
    )


class Live:
    """A `simpul` that stays until it is told to end; `told` is what it wrote to standard error so far."""

    def __init__(self, *arguments: str) -> None:
        self.popen = subprocess.Popen([*SIMPUL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def told(self) -> str:
        return "".join(self._lines)

    def wait_for(self, text: str, *, within: float = 60) -> None:
        deadline = time.monotonic() + within
        while text not in self.told:
            assert self.popen.poll() is None, f"ended with {self.popen.returncode}: {self.told}"
            assert time.monotonic() < deadline, f"did not say {text!r} within {within} s: {self.told}"
            time.sleep(0.05)

    def end(self, number: signal.Signals, *, within: float = 20) -> int:
        self.popen.send_signal(number)
        code = self.popen.wait(within)
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self._lines.append(line)

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self._reader.join()
        for stream in (self.popen.stdout, self.popen.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def live(*arguments: str, until: str = STAYS) -> Iterator[Live]:
    process = Live(*arguments)
    try:
        process.wait_for(until)
        yield process
    finally:
        process.close()


def processes_of(data_dir: Path, *, besides: int | None = None) -> list[str]:
    """The commands of all processes that name the data directory or work in it."""
    here = data_dir.resolve()
    found = []
    for pid in all_pids():
        mark = mark_of(pid)
        if mark is None or pid in (besides, os.getpid()):
            continue
        place = working_directory(pid)
        if str(here) in mark.command or (place is not None and place.is_relative_to(here)):
            found.append(f"{pid} {mark.command}")
    return found
