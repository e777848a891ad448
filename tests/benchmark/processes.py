"""Real processes for the suites: services, the issuer, and the sides that must have a process to themselves."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.process import Child, until
from simpul_operator.failures import child_failed

ROOT = Path(__file__).parent.parent.parent
_READY_SECONDS = 60


@asynccontextmanager
async def running(
    name: str, module: str, *arguments: str, env: Mapping[str, str] | None = None, health: Sequence[str] = ()
) -> AsyncIterator[Child]:
    """`python -m module arguments`, until the block ends; yields once each of `health` has answered 200."""
    with tempfile.TemporaryDirectory(prefix="simpul-bench-log-") as directory:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        command = [sys.executable, "-m", module, *arguments]
        child = Child(name, command, log=Path(directory) / f"{name}.log", env=environment)
        child.spawn()
        try:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as http:
                await until(lambda: _healthy(child, http, health))
            yield child
            if not child.running:
                raise child_failed(name, f"ended with status {child.returncode}", child.log, child.tail())
        finally:
            await child.stop(within=10)


async def _healthy(child: Child, http: httpx.AsyncClient, health: Sequence[str]) -> bool:
    if not child.running:
        raise child_failed(child.name, f"ended with status {child.returncode}", child.log, child.tail())
    try:
        return all([(await http.get(url)).status_code == 200 for url in health])
    except httpx.TransportError:
        return False


@asynccontextmanager
async def running_issuer() -> AsyncIterator[str]:
    """Yields the development issuer's URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="simpul-bench-key-") as directory:
        key = f"{directory}/key.pem"
        arguments = ("issuer", "--port", str(port), "--key-file", key)
        async with running("issuer", "simpul_operator.cli", *arguments, health=[f"{url}/health/ready"]):
            yield url


@asynccontextmanager
async def running_service(
    service: str, part: str, *, database_url: str, settings: Mapping[str, str], wait: bool = True
) -> AsyncIterator[tuple[Child, str]]:
    """A service's real process; yields it and its API's address. `settings` are further environment variables."""
    own = f"SIMPUL_{service.upper()}_"
    api, admin = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    env = {f"{own}DATABASE_URL": database_url, f"{own}PORT": api.rpartition(":")[2], **settings}
    env[f"{own}ADMIN_PORT"] = admin.rpartition(":")[2]
    health = [f"{address}/health/ready" for address in ([admin] if part == "worker" else [admin, api])]
    async with running(service, f"simpul_{service}", part, env=env, health=health if wait else []) as process:
        yield process, api
