"""The three services on the servers: API and worker of each as a process of its own, and the issuer."""

import asyncio
import base64
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from joserfc import jwt
from simpul_activities.app import SERVICE as ACTIVITIES
from simpul_operator.addresses import HOST, SERVICES
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.process import until
from simpul_operator.issuer import AUDIENCE, load_key
from simpul_operator.topics import ensure_topics
from simpul_registry.app import SERVICE as REGISTRY
from simpul_registry.jobs import load_edition
from simpul_reporting.app import SERVICE as REPORTING
from simpul_shared.contracts.topics import TOPICS
from simpul_shared.platform.database import open_database
from simpul_shared.platform.service import Service

from tests.fault.lane.parts import Kept, ServicePart, keeping
from tests.fault.lane.places import edition
from tests.fault.lane.servers import PostgresHost, Servers

ROOT = Path(__file__).parents[3]
ALL: dict[str, Service] = {one.name: one for one in (REGISTRY, ACTIVITIES, REPORTING)}
PARTS = ("api", "worker")
_HOURS = 3600
_READY_SECONDS = 120.0

Command = Callable[[str, str], Sequence[str]]
"""The command line that starts a part ('api' or 'worker') of a service."""


def as_shipped(service: str, part: str) -> Sequence[str]:
    return [sys.executable, "-P", "-m", f"simpul_{service}", part]


@dataclass
class Process:
    """One process of a service, kept running; `port` is its API's, None for a worker."""

    service: str
    part: str
    kept: Kept
    program: ServicePart
    port: int | None
    admin_port: int

    @property
    def name(self) -> str:
        return self.kept.name


@dataclass
class Platform:
    """The services of one run, on databases and topics of its own."""

    servers: Servers
    prefix: str
    issuer: str
    key_file: Path
    urls: dict[str, str]
    http: httpx.AsyncClient
    processes: list[Process] = field(default_factory=list)

    def url(self, service: str) -> str:
        return f"http://{HOST}:{self.process(service, 'api').port}"

    def process(self, service: str, part: str) -> Process:
        return next(one for one in self.processes if (one.service, one.part) == (service, part))

    def direct_url(self, service: str) -> str:
        """The service's database, around the link."""
        host = self.servers.postgres[service]
        return self.urls[service].replace(f":{host.link.port}/", f":{host.server.port}/")

    async def live(self, process: Process) -> bool:
        """Whether the process answers; it may still lack its servers."""
        try:
            answer = await self.http.get(f"http://{HOST}:{process.admin_port}/health/live", timeout=2)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def all_live(self) -> None:
        async with asyncio.timeout(_READY_SECONDS):
            for process in self.processes:
                await until(partial(self.live, process))

    def token(self, subject: str) -> str:
        """Of the issuer's key, for all services; wide enough for a service whose clock is two hours off."""
        key = load_key(self.key_file)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "client_id": "fault-lane",
            "aud": list(AUDIENCE),
            "iat": now - 6 * _HOURS,
            "exp": now + 6 * _HOURS,
            "jti": uuid4().hex,
            "roles": ["national-admin"],
            "regions": ["ID"],
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=["ES256"])


@asynccontextmanager
async def running_platform(servers: Servers, *, command: Command = as_shipped) -> AsyncIterator[Platform]:
    """The services, live, on fresh databases and topics; `command` may put something in front of their main."""
    run = uuid4().hex[:8]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        urls = {
            name: await stack.enter_async_context(_database(servers.postgres[name], ALL[name])) for name in SERVICES
        }
        await ensure_topics(servers.bootstrap, prefix=f"{run}.", topics=TOPICS)
        port = free_port()
        platform = Platform(servers, f"{run}.", f"http://{HOST}:{port}", servers.directory / "issuer-key", urls, http)
        issuer = _issuer(platform, port)
        platform.processes = [_process(platform, service, part, command) for service in SERVICES for part in PARTS]
        await stack.enter_async_context(keeping(issuer, *(one.kept for one in platform.processes)))
        await platform.all_live()
        yield platform


@asynccontextmanager
async def _database(host: PostgresHost, service: Service) -> AsyncIterator[str]:
    async with host.databases.database(service) as url:
        if service is REGISTRY:
            async with open_database(url, name="fault-lane", size=2) as database:
                await load_edition(database, "fault-lane", edition, say=lambda _: None)
        yield host.through_link(url)


def _issuer(platform: Platform, port: int) -> Kept:
    command = [sys.executable, "-P", "-m", "simpul_operator.cli", "issuer", "--host", HOST, "--port", str(port)]
    env = _environment() | {"SIMPUL_ISSUER": platform.issuer, "SIMPUL_ISSUER_KEY_FILE": str(platform.key_file)}
    return Kept(ServicePart("issuer", command, env=env, log=platform.servers.directory / "issuer.log"))


def _process(platform: Platform, service: str, part: str, command: Command) -> Process:
    port, admin_port = (free_port() if part == "api" else None), free_port()
    prefix = f"SIMPUL_{service.upper()}_"
    env = _environment() | {
        "SIMPUL_KAFKA_BOOTSTRAP": platform.servers.bootstrap,
        "SIMPUL_TOPIC_PREFIX": platform.prefix,
        "SIMPUL_ISSUER": platform.issuer,
        "SIMPUL_JWKS_URL": f"{platform.issuer}/jwks.json",
        f"{prefix}DATABASE_URL": platform.urls[service],
        f"{prefix}PORT": str(port or 0),
        f"{prefix}ADMIN_PORT": str(admin_port),
    }
    if service == "registry":
        for key in ("person-key", "person-index-key"):
            env[f"{prefix}{key.replace('-', '_').upper()}_FILE"] = str(_key(platform.servers.directory / key))
    name = f"{service} {part}"
    log = platform.servers.directory / f"{service}-{part}.log"
    program = ServicePart(name, command(service, part), env=env, log=log)
    return Process(service, part, Kept(program), program, port, admin_port)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIMPUL_")}
    return inherited | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SIMPUL_ENV": "development"}


def _key(file: Path) -> Path:
    if not file.exists():
        file.write_text(base64.b64encode(os.urandom(32)).decode())
    return file
