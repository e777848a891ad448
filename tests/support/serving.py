"""A service under test behind a real socket: for what only a server does, such as streams and stopping."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from simpul_operator.embedded.ports import free_port
from simpul_shared.access import Role
from simpul_shared.platform.process import _server
from simpul_shared.platform.waker import wake_relay

from tests.support.services import ServiceUnderTest, served
from tests.support.tokens import token


@dataclass
class Served:
    """`url` is where it answers; `stopping` is over when the server has stopped."""

    url: str
    server: Any
    serving: "asyncio.Task[None]"
    app: Any

    def client(self, role: Role = Role.SYSTEM, *regions: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token(role, *regions)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.serving


@asynccontextmanager
async def serving(service: ServiceUnderTest) -> AsyncIterator[Served]:
    """As `running_api` runs it, with the hint after each commit."""
    app = served(service.service, service.database)
    port = free_port()
    server = _server(app, "127.0.0.1", port)
    waking = asyncio.create_task(wake_relay(service.database))
    task = asyncio.create_task(server.serve())
    one = Served(f"http://127.0.0.1:{port}", server, task, app)
    try:
        while not server.started:  # noqa: ASYNC110 (uvicorn sets no event)
            await asyncio.sleep(0.01)
        yield one
    finally:
        await one.stop()
        waking.cancel()
        await asyncio.gather(waking, return_exceptions=True)
