"""`python -m simpul_registry load-regions` as a real process: killed on its way, run to the end, run again."""

import asyncio
import os
import re
import resource
import sys
from dataclasses import dataclass

from tests.support.services import Caller, ServiceUnderTest

_PROGRESS = re.compile(r"regions: ([\d,]+) of")


@dataclass(frozen=True)
class Run:
    """`cpu_seconds` are those of the whole process, interpreter start included; the clock's would be the machine's load."""

    said: list[str]
    cpu_seconds: float
    status: int


@dataclass(frozen=True)
class LoadedRegistry:
    """`rows_when_killed` were published by the first run; the second had to add the rest."""

    service: ServiceUnderTest
    rows_when_killed: int
    second: Run
    third: Run

    @property
    def caller(self) -> Caller:
        return self.service.caller()


async def load_with_a_kill(service: ServiceUnderTest) -> LoadedRegistry:
    await _killed_after(service, rows=20_000)
    rows = await service.database.pool.fetchval("select count(*) from region_version")
    return LoadedRegistry(service, rows, await _run(service), await _run(service))


async def _start(service: ServiceUnderTest) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simpul_registry",
        "load-regions",
        env={**os.environ, "SIMPUL_REGISTRY_DATABASE_URL": service.url},
        stderr=asyncio.subprocess.PIPE,
    )


async def _killed_after(service: ServiceUnderTest, *, rows: int) -> None:
    process = await _start(service)
    assert process.stderr is not None
    said = []
    async for line in process.stderr:
        said.append(line.decode())
        progress = _PROGRESS.match(said[-1])
        if progress is not None and int(progress[1].replace(",", "")) >= rows:
            break
    else:
        raise AssertionError(f"ended by itself: {''.join(said)}")
    process.kill()
    await process.wait()


async def _run(service: ServiceUnderTest) -> Run:
    before = _cpu_of_children()
    process = await _start(service)
    _, stderr = await process.communicate()
    assert process.returncode is not None
    return Run(stderr.decode().splitlines(), _cpu_of_children() - before, process.returncode)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
