"""The whole platform as an operator runs it: `Stack` with all services as processes, once for these tests."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

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
        addresses = await stack.start()
        supervision = asyncio.create_task(stack.supervise())
        try:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
                yield RunningPlatform(stack, data_dir, addresses, Platform(http, addresses), http)
        finally:
            supervision.cancel()
            await stack.stop()
