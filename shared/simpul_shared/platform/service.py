"""What a service is, and how its processes run: `python -m simpul_<name> {api|worker|all|migrate|...}`."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

import simpul_shared
from simpul_shared.contracts.asyncapi import document
from simpul_shared.contracts.schemas import schemas
from simpul_shared.contracts.topics import LEDGER_SHARDS, Topic
from simpul_shared.errors import Refusal
from simpul_shared.platform import telemetry
from simpul_shared.platform.auth import KeySource, TokenVerifier
from simpul_shared.platform.consume import Handlers
from simpul_shared.platform.consume_backends import PostgresStore, Subscription
from simpul_shared.platform.database import Database, Origin, is_passing, open_database
from simpul_shared.platform.dead_letters.watch import watch_letters
from simpul_shared.platform.follow import SILENCE_SECONDS
from simpul_shared.platform.http import events, operator_actions
from simpul_shared.platform.http.app import create_app, database_trouble, health_response
from simpul_shared.platform.http.contracts import contracts_router
from simpul_shared.platform.http.dead_letters import dead_letter_router
from simpul_shared.platform.http.operating import operating_router
from simpul_shared.platform.migrate import PROJECTION, Migration, MigrationError, migrate, read_migrations
from simpul_shared.platform.outbox import purge_idempotency
from simpul_shared.platform.position import PositionWatch
from simpul_shared.platform.rebuild import command as rebuild
from simpul_shared.platform.rebuild.schemas import RebuildFailed
from simpul_shared.platform.relay import run_shard
from simpul_shared.platform.relay_backends import lead
from simpul_shared.platform.settings import PlatformSettings, ServiceSettings
from simpul_shared.platform.status import Subject
from simpul_shared.platform.waker import wake_relay

log = structlog.get_logger()

IDEMPOTENCY_HOURS = 72
"""How long a POST's answer is kept for its repeats."""

_PLATFORM_MIGRATIONS = Path(simpul_shared.__file__).parent / "platform" / "migrations"

Job = Callable[[Database, PlatformSettings], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """Everything a service's app.py wires together.

    `migrations` are folders, run after the platform's. `projection` are the folders of what is made from others' events
    alone: their tables, and the consumer's own, then live in a schema that can be rebuilt beside the live one.
    `topics` are those consumed by `handlers`. `jobs` are further subcommands, such as load-regions.
    """

    name: str
    title: str
    settings: type[ServiceSettings]
    routers: Sequence[APIRouter]
    migrations: Sequence[tuple[str, Path]]
    projection: Sequence[tuple[str, Path]] = ()
    handlers: Handlers = field(default_factory=dict)
    topics: Sequence[Topic] = ()
    constraints: Mapping[str, Refusal] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)

    def all_migrations(self) -> list[Migration]:
        platform, consumer = ("platform", _PLATFORM_MIGRATIONS), ("platform", _PLATFORM_MIGRATIONS / "consumer")
        if self.projection:
            return [*read_migrations([platform, *self.migrations]), *self.projection_migrations()]
        return read_migrations([platform, consumer, *self.migrations])

    def projection_migrations(self) -> list[Migration]:
        consumer = ("platform", _PLATFORM_MIGRATIONS / "consumer")
        return read_migrations([consumer, *self.projection], schema=PROJECTION)


def utc_now() -> datetime:
    return datetime.now(UTC)


def describe(service: Service) -> FastAPI:
    """The service's application without a database, for its OpenAPI document."""
    return application(service, database=None, verifier=None)


def asyncapi(service: Service) -> dict[str, Any]:
    """The service's AsyncAPI document."""
    return document(service.name, service.title, follows=service.topics, handled=service.handlers)


def application(service: Service, *, database: Database | None, verifier: TokenVerifier | None) -> FastAPI:
    """The service's routes and those that every service has."""
    migrations = service.all_migrations()
    return create_app(
        service=service.name,
        title=service.title,
        routers=[
            *service.routers,
            events.router,
            *_operators_routers(service, migrations),
            contracts_router(asyncapi(service), schemas()),
        ],
        constraints=service.constraints,
        database=database,
        verifier=verifier,
        migrations=migrations,
        clock=utc_now,
    )


def _operators_routers(service: Service, migrations: Sequence[Migration]) -> list[APIRouter]:
    return [
        operating_router(Subject(service.name, service.topics), migrations),
        dead_letter_router(service.name, service.topics, service.handlers),
        operator_actions.router,
    ]


@asynccontextmanager
async def running_api(service: Service, platform: PlatformSettings, own: ServiceSettings) -> AsyncIterator[FastAPI]:
    """The API's application with its pool; the caller serves it."""
    async with open_database(str(own.database_url), name=f"simpul-{service.name}-api", size=own.pool_size) as database:
        keys = KeySource(platform.jwks_url)
        verifier = TokenVerifier(keys, issuer=platform.issuer, audience=f"simpul-{service.name}")
        async with _background(wake_relay(database)):
            yield application(service, database=database, verifier=verifier)


@dataclass
class Worker:
    """Relay and consumer of one service, as the admin port sees them."""

    service: Service
    database: Database
    subscription: Subscription | None
    migrations: Sequence[Migration]
    started_at: float

    async def troubles(self) -> dict[str, str]:
        """What keeps the worker from its work, by part; empty when all is well."""
        trouble = await database_trouble(self.database, self.migrations)
        if trouble is not None:
            return {"database": trouble}
        found = {"relay": await self._relay_trouble()}
        if self.subscription is not None:
            found["consumer"] = self.subscription.trouble()
        return {part: why for part, why in found.items() if why is not None}

    async def _relay_trouble(self) -> str | None:
        """A relay that works gives a mark every second, whichever process leads; so an old one says that none does."""
        lag = await self.database.pool.fetchval(
            "select extract(epoch from now() - min(marked_through))::float8 from relay_cursor"
        )
        silent = min(lag, time.monotonic() - self.started_at)
        return f"has published nothing for {silent:.0f} s" if silent > SILENCE_SECONDS else None


@asynccontextmanager
async def running_worker(service: Service, platform: PlatformSettings, own: ServiceSettings) -> AsyncIterator[Worker]:
    """Relay every shard and consume, until the block ends; then stop in good order."""
    stopping = asyncio.Event()
    url = str(own.database_url)
    async with open_database(url, name=f"simpul-{service.name}-worker", size=4, statement_seconds=120) as database:
        leader = partial(
            lead,
            database_url=url,
            service=service.name,
            bootstrap=platform.kafka_bootstrap,
            prefix=platform.topic_prefix,
        )
        shards = [
            run_shard(
                shard,
                service=service.name,
                lead=leader,
                stopping=stopping,
                now=time.monotonic,
                mark_seconds=platform.mark_seconds,
            )
            for shard in range(LEDGER_SHARDS)
        ]
        subscription = _subscribe(service, platform, database)
        async with (
            _background(_housekeep(service, database), *_watching(service, database, subscription)),
            _background(*shards, stopping=stopping),
            subscription.running() if subscription is not None else contextlib.nullcontext(),
        ):
            yield Worker(service, database, subscription, service.all_migrations(), time.monotonic())


def _subscribe(service: Service, platform: PlatformSettings, database: Database) -> Subscription | None:
    if not service.topics:
        return None
    store = PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)
    return Subscription(platform, store, service.handlers, consumer=f"simpul-{service.name}", topics=service.topics)


def _watching(
    service: Service, database: Database, subscription: Subscription | None
) -> list[Coroutine[Any, Any, None]]:
    if subscription is None:
        return []
    position = PositionWatch(subscription.store, subscription.follower, subscription.membership)
    return [position.run(), watch_letters(database, service.name)]


async def _housekeep(service: Service, database: Database) -> None:
    """Hourly: partitions for the days to come, stored answers past their time."""
    origin = Origin(service.name, actor="housekeeping", channel="SYSTEM", correlation_id="housekeeping")
    while True:
        try:
            async with database.transaction(origin) as tx:
                made = await tx.fetchval("select ensure_ledger_partitions(14)")
                purged = await purge_idempotency(tx, older_than_hours=IDEMPOTENCY_HOURS)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("housekeeping.failed", error=repr(error))
            await asyncio.sleep(10)
        else:
            log.info("housekeeping.done", partitions=made, answers_purged=purged)
            await asyncio.sleep(3600)


@asynccontextmanager
async def _background(*jobs: Coroutine[Any, Any, None], stopping: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Run coroutines beside the block. At its end they get 5 s to stop by themselves where `stopping` can tell them.

    One that dies on its own ends the process: nothing else would notice that the work is no longer done.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_die_with)
    try:
        yield
    finally:
        if stopping is not None:
            stopping.set()
            await asyncio.wait(tasks, timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _die_with(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("background.died", error=repr(task.exception()))
        signal.raise_signal(signal.SIGTERM)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: there are two of them in one process."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let those go who wait for events; uvicorn waits for every request under way."""
        app: Any = self.config.app
        watch = getattr(app.state, "watch", None)
        if watch is not None:
            await watch.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Any, host: str, port: int) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            lifespan="off",
            h11_max_incomplete_event_size=64 * 1024,
        )
    )


def admin_app(service: Service, worker: Worker | None) -> FastAPI:
    """The admin port: /metrics, and the health of the worker where there is one. Never exposed to the public."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready")
    async def ready() -> Any:
        return health_response(service.name, {} if worker is None else await worker.troubles())

    return app


async def _run(service: Service, parts: str) -> None:
    platform, own = PlatformSettings(), service.settings()
    telemetry.configure(service.name, level=platform.log_level, otlp_endpoint=platform.otlp_endpoint)
    async with contextlib.AsyncExitStack() as stack:
        worker = None
        servers = []
        if parts in {"api", "all"}:
            app = await stack.enter_async_context(running_api(service, platform, own))
            servers.append(_server(app, own.host, own.port))
        if parts in {"worker", "all"}:
            worker = await stack.enter_async_context(running_worker(service, platform, own))
        servers.append(_server(admin_app(service, worker), own.admin_host, own.admin_port))
        _stop_on_signal(servers)
        log.info("service.started", parts=parts)
        await asyncio.gather(*(server.serve() for server in servers))
    log.info("service.stopped")


def _stop_on_signal(servers: Sequence[_Server]) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


async def _migrate(service: Service) -> None:
    own = service.settings()
    if own.owner_database_url is None:
        raise MigrationError(f"Set SIMPUL_{service.name.upper()}_OWNER_DATABASE_URL to the owner role's address.")
    applied = await migrate(str(own.owner_database_url), service.all_migrations())
    print(f"{service.name}: {len(applied)} migration(s) applied", file=sys.stderr)  # noqa: T201 (a command's report)


async def _job(service: Service, job: Job) -> None:
    platform, own = PlatformSettings(), service.settings()
    telemetry.configure(service.name, level=platform.log_level, otlp_endpoint=None)
    name = f"simpul-{service.name}-job"
    async with open_database(str(own.database_url), name=name, size=2, statement_seconds=600) as database:
        await job(database, platform)


async def _rebuild(service: Service, options: rebuild.Options) -> int:
    platform, own = PlatformSettings(), service.settings()
    telemetry.configure(service.name, level=platform.log_level, otlp_endpoint=None)
    result = await rebuild.run(service, options, platform, own, tell=rebuild.tell_line)
    rebuild.tell_line(result)
    return rebuild.exit_code(options, result)


def main(service: Service, argv: Sequence[str] | None = None) -> int:
    """The command line of a service. Returns the exit code: 0 done, 1 failed, 2 settings wrong; 3 see rebuild."""
    parser = argparse.ArgumentParser(prog=f"python -m simpul_{service.name}", description=service.title)
    parts = ["api", "worker", "all", "migrate", *(["rebuild"] if service.projection else []), *service.jobs]
    parser.add_argument("part", choices=parts)
    given, rest = parser.parse_known_args(argv)
    part = given.part
    if rest and part != "rebuild":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        if part == "rebuild":
            return uvloop.run(_rebuild(service, rebuild.parse_options(parser.prog, rest)))
        if part == "migrate":
            uvloop.run(_migrate(service))
        elif part in service.jobs:
            uvloop.run(_job(service, service.jobs[part]))
        else:
            uvloop.run(_run(service, part))
    except ValidationError as error:
        print(f"{service.name}: settings: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (MigrationError, RebuildFailed) as error:
        print(f"{service.name}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
