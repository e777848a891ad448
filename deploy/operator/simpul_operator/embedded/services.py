"""The issuer and the three services as children: their environment, and how they say that they are ready."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from simpul_operator.addresses import HOST, Addresses, Ports
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.embedded.postgres import PostgresServer
from simpul_operator.embedded.process import Child, until
from simpul_operator.failures import Failure, child_failed
from simpul_operator.roles import APP, OWNER

_READY_SECONDS = 120.0
_STOP_SECONDS = 8.0


class HttpPart:
    """A child that serves HTTP and answers 200 at each of `health` when it is ready."""

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], health: list[str], log: Path) -> None:
        self.name = name
        self.child = Child(name, command, log=log, env=env)
        self._health = health

    async def begin(self) -> None:
        self.child.spawn()

    async def ready(self) -> None:
        """Errors: ChildFailed, DiskFull."""
        try:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as client:
                await until(lambda: self._all_answer(client))
        except TimeoutError:
            await self.child.kill()
            raise self._failed(f"was not ready within {_READY_SECONDS:.0f} s") from None

    async def stop(self) -> None:
        await self.child.stop(within=_STOP_SECONDS)

    async def _all_answer(self, client: httpx.AsyncClient) -> bool:
        if not self.child.running:
            raise self._failed(f"ended with status {self.child.returncode}")
        return all([await _answers_200(client, url) for url in self._health])

    def _failed(self, what: str) -> Failure:
        return child_failed(self.name, what, self.child.log, self.child.tail())


async def _answers_200(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


def issuer_part(data: DataDir, addresses: Addresses, ports: Ports) -> HttpPart:
    # -P: the directory that simpul was called in must not shadow a module.
    command = [sys.executable, "-P", "-m", "simpul_operator.cli", "issuer", "--host", HOST, "--port", str(ports.issuer)]
    env = _shared_environment(addresses) | {"SIMPUL_ISSUER_KEY_FILE": str(data.path / "secrets" / "issuer-key.pem")}
    health = [f"{addresses.issuer}/health/ready"]
    return HttpPart("issuer", command, env=env, health=health, log=data.logs / "issuer.log")


def service_part(service: str, data: DataDir, addresses: Addresses, ports: Ports, database: PostgresServer) -> HttpPart:
    return HttpPart(
        service,
        service_command(service, "all"),
        env=service_environment(service, data, addresses, ports, database),
        health=[f"{addresses.api(service)}/health/ready", f"{addresses.admin(service)}/health/ready"],
        log=data.logs / f"{service}.log",
    )


def service_command(service: str, subcommand: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"simpul_{service}", subcommand]


def service_environment(
    service: str, data: DataDir, addresses: Addresses, ports: Ports, database: PostgresServer
) -> dict[str, str]:
    prefix = f"SIMPUL_{service.upper()}_"
    own = {
        f"{prefix}DATABASE_URL": database.url(APP, data.password(f"{service}-app"), service),
        f"{prefix}HOST": HOST,
        f"{prefix}PORT": str(ports.api(service)),
        f"{prefix}ADMIN_HOST": HOST,
        f"{prefix}ADMIN_PORT": str(ports.admin(service)),
    }
    if service == "registry":
        own[f"{prefix}PERSON_KEY_FILE"] = str(data.key_file("person-key"))
        own[f"{prefix}PERSON_INDEX_KEY_FILE"] = str(data.key_file("person-index-key"))
    return _shared_environment(addresses) | own


def migrate_environment(
    service: str, data: DataDir, addresses: Addresses, ports: Ports, database: PostgresServer
) -> dict[str, str]:
    """The only environment that holds the owner role's password."""
    owner = database.url(OWNER, data.password(f"{service}-owner"), service)
    environment = service_environment(service, data, addresses, ports, database)
    return environment | {f"SIMPUL_{service.upper()}_OWNER_DATABASE_URL": owner}


def _shared_environment(addresses: Addresses) -> dict[str, str]:
    # The user's own SIMPUL_* settings hold, but no database of theirs may be touched by a stack that has its own.
    inherited = {key: value for key, value in os.environ.items() if not key.endswith("_DATABASE_URL")}
    return inherited | {
        "PYTHONUNBUFFERED": "1",
        "SIMPUL_ENV": "development",
        "SIMPUL_KAFKA_BOOTSTRAP": addresses.kafka_bootstrap,
        "SIMPUL_ISSUER": addresses.issuer,
        "SIMPUL_JWKS_URL": f"{addresses.issuer}/jwks.json",
    }
