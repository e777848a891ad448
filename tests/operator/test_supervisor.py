"""A part that ends is started again, later each time, and each time it is said."""

import asyncio
import re
from pathlib import Path

import pytest
from simpul_operator.embedded.process import Child
from simpul_operator.embedded.supervisor import supervise
from simpul_operator.failures import ChildFailed


class ShellPart:
    """A part that is ready as soon as it runs, unless it has ended."""

    name = "shell"

    def __init__(self, script: str, log: Path) -> None:
        self.child = Child("shell", ["/bin/sh", "-c", script], log=log)

    async def begin(self) -> None:
        self.child.spawn()

    async def ready(self) -> None:
        if not self.child.running:
            raise ChildFailed("it ended at once")

    async def stop(self) -> None:
        await self.child.kill()


async def watched(part: ShellPart, *, seconds: float) -> tuple[list[str], int]:
    said: list[str] = []
    starts: list[int | None] = []
    await part.begin()
    watch = asyncio.create_task(supervise([part], spawned=lambda: starts.append(part.child.pid), say=said.append))
    await asyncio.sleep(seconds)
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
    await part.stop()
    return said, len(starts)


async def test_a_part_that_keeps_ending_is_started_later_each_time(tmp_path: Path) -> None:
    said, starts = await watched(ShellPart("exit 3", tmp_path / "log"), seconds=2)
    delays = [float(found[1]) for line in said if (found := re.search(r"again in ([\d.]+) s", line))]
    assert delays[:3] == [0.5, 1.0, 2.0]
    assert starts == 2
    assert all("shell ended with status 3" in line for line in said if "again in" in line)


async def test_a_killed_part_comes_back_and_both_are_said(tmp_path: Path) -> None:
    part = ShellPart(
        "test -e $0 && sleep 60; touch $0; kill -9 $$".replace("$0", str(tmp_path / "was-here")), tmp_path / "log"
    )
    said, starts = await watched(part, seconds=1.2)
    assert starts == 1
    assert "shell was killed by SIGKILL; it is started again in 0.5 s." in said[0]
    assert said[1] == "shell is ready again."
