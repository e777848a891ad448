"""The whole platform as an operator runs it: `Stack` with all services as processes, once for these tests."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from simpul_operator.addresses import Addresses
from simpul_operator.demo.client import Platform
from simpul_operator.embedded.ports import free_port_base
from simpul_operator.embedded.stack import Stack


@dataclass
class RunningPlatform:
    """A supervised stack, and a client of its APIs."""

    stack: Stack
    data_dir: Path
    addresses: Addresses
    client: Platform
    http: httpx.AsyncClient
    _supervision: "asyncio.Task[NoReturn] | None" = None

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Stopped for the time of the block, then started again."""
        await self.stop()
        yield
        await self.start()

    async def start(self) -> None:
        await self.stack.start()
        self._supervision = asyncio.create_task(self.stack.supervise())

    async def stop(self) -> None:
        if self._supervision is not None:
            self._supervision.cancel()
        await self.stack.stop()

    def kill(self, name: str) -> None:
        """kill -9 of one part; its supervisor starts it again."""
        (part,) = [part for part in self.stack.parts if part.name == name]
        part.child.tell(signal.SIGKILL)


# Ends with these tests: three services and Kafka at rest would slow down all that follow.
@pytest.fixture(scope="package")
async def platform() -> AsyncIterator[RunningPlatform]:
    with tempfile.TemporaryDirectory(prefix="simpul-e2e-") as directory:
        data_dir = Path(directory) / "data"
        stack = Stack(data_dir, port_base=free_port_base())
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            client = Platform(http, stack.addresses)
            platform = RunningPlatform(stack, data_dir, stack.addresses, client, http)
            try:
                await platform.start()
                yield platform
            finally:
                await platform.stop()
