"""Services as real processes, to be killed: started with the settings of a test, restarted when they die."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simpul_operator.embedded.ports import free_port
from simpul_shared.platform.settings import PlatformSettings

ROOT = Path(__file__).parent.parent.parent


class ServiceProcess:
    """`python -m <module> <part>`, kept alive as a supervisor would."""

    def __init__(self, module: str, part: str, *, name: str, url: str, settings: PlatformSettings, log: Path) -> None:
        prefix = f"SIMPUL_{name.upper()}_"
        self.port = free_port()
        self._command = [sys.executable, "-m", module, part]
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SIMPUL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "SIMPUL_TOPIC_PREFIX": settings.topic_prefix,
            "SIMPUL_MARK_SECONDS": str(settings.mark_seconds),
            "SIMPUL_BATCH_RECORDS": str(settings.batch_records),
            f"{prefix}DATABASE_URL": url,
            f"{prefix}PORT": str(self.port),
            f"{prefix}ADMIN_PORT": str(free_port()),
        }
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.starts = 0

    async def spawn(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, stdout=log, stderr=log, cwd=ROOT
            )

    async def keep_alive(self) -> None:
        while not self._stopping:
            self._process = await self.spawn()
            self.starts += 1
            await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        self._stopping = True
        self.send(signal.SIGTERM)
        if self._process is not None:
            await self._process.wait()


@asynccontextmanager
async def running(process: ServiceProcess) -> AsyncIterator[ServiceProcess]:
    task = asyncio.create_task(process.keep_alive())
    try:
        yield process
    finally:
        await process.stop()
        await task
