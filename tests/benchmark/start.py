"""Start: `simpul demo --up` on prepared data to its first figure, beside starting Kafka and the three Postgres alone."""

import asyncio
import os
import re
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from simpul_operator.embedded.ports import free_port_base

from tests.benchmark.processes import ROOT
from tests.benchmark.sizes import ROUNDS, say
from tests.benchmark.stage import Stage
from tests.benchmark.table import Goal, Measure, Ratio, Result, ratios

_PATIENCE = 900.0
_FIGURE = re.compile(rb"Nasional.* dari ")


@dataclass
class Command:
    """One way to start; ready when a line matches `ready`."""

    name: str
    arguments: list[str]
    ready: "re.Pattern[bytes]"
    seconds: list[float] = field(default_factory=list)

    async def once(self, directory: Path, *, counted: bool) -> None:
        arguments = [*self.arguments, "--data-dir", str(directory), "--port-base", str(free_port_base())]
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "simpul_operator.cli", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                told = await self._until_ready(process)
            if counted:
                self.seconds.append(time.perf_counter() - began)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.communicate()
        if not self.ready.search(told):
            raise RuntimeError(f"{self.name} ended early: {told.decode(errors='replace')[-2000:]}")

    async def _until_ready(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        told = b""
        while line := await process.stdout.readline():
            told += line
            if self.ready.search(line):
                break
        return told


def commands() -> tuple[Command, Command]:
    demo = Command("ours: simpul demo --up, to the first figure", ["demo", "--up"], _FIGURE)
    below = Command(
        "limit: Kafka and three Postgres alone",
        ["up", "--infrastructure"],
        re.compile(rb"^Kafka \S+:\d+", re.MULTILINE),
    )
    return demo, below


async def result(_: Stage) -> Result:
    demo, below = commands()
    with ExitStack() as stack:
        # Each keeps its data, so that from the second start on it is warm.
        places = {
            one.name: Path(stack.enter_context(TemporaryDirectory(prefix="simpul-start-"))) for one in (demo, below)
        }
        for number in range(ROUNDS + 1):
            say(f"start: round {number} of {ROUNDS}")
            for one in (demo, below):
                await one.once(places[one.name] / "data", counted=number > 0)
    measures = [Measure(one.name, "warm start", "s", one.seconds) for one in (demo, below)]
    reached = Ratio(
        "the demo's first figure to the servers alone", ratios(demo.seconds, below.seconds), Goal(1.5, at_most=True)
    )
    return Result("start", measures, [reached])
