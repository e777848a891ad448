"""How a service's processes run: `python -m simpul_<name> {api|worker|all|migrate|...}`, until SIGTERM."""

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from simpul_shared.platform import telemetry
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.auth import KeySource, TokenVerifier
from simpul_shared.platform.database import open_database
from simpul_shared.platform.housekeeping import archive_now
from simpul_shared.platform.http.app import health_response
from simpul_shared.platform.migrate import MigrationError, migrate
from simpul_shared.platform.rebuild import command as rebuild
from simpul_shared.platform.rebuild.schemas import RebuildFailed
from simpul_shared.platform.service import Job, Service, application
from simpul_shared.platform.settings import PlatformSettings, ServiceSettings
from simpul_shared.platform.waker import wake_relay
from simpul_shared.platform.worker import Worker, background, running_worker

log = structlog.get_logger()


@asynccontextmanager
async def running_api(service: Service, platform: PlatformSettings, own: ServiceSettings) -> AsyncIterator[FastAPI]:
    """The API's application with its pool; the caller serves it."""
    async with open_database(str(own.database_url), name=f"simpul-{service.name}-api", size=own.pool_size) as database:
        keys = KeySource(platform.jwks_url)
        verifier = TokenVerifier(keys, issuer=platform.issuer, audience=f"simpul-{service.name}")
        async with background(wake_relay(database)):
            archive = Archive(platform.archive_dir, service.name)
            yield application(service, database=database, verifier=verifier, archive=archive)


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
            timeout_graceful_shutdown=6,
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
        _collect_rarely()
        _stop_on_signal(servers, worker)
        log.info("service.started", parts=parts)
        await asyncio.gather(*(server.serve() for server in servers))
    log.info("service.stopped")
    _leave_behind(asyncio.all_tasks() - {asyncio.current_task()})


def _collect_rarely() -> None:
    """Leave what is loaded by now out of the search for cycles, and search after many allocations only.

    Events make no cycles; by Python's own thresholds half the time of applying a batch went into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 100)


_ALLOCATIONS = 200_000
"""Tracked objects made and not yet freed, between two searches among the youngest."""


def _leave_behind(tasks: Iterable["asyncio.Task[Any] | None"]) -> None:
    """End at once where the event loop would wait without limit: what hangs on a dead server is nothing acknowledged."""
    hanging = [task.get_name() for task in tasks if task is not None and not task.done()]
    if hanging:
        log.warning("service.left_behind", tasks=hanging)
        sys.stderr.flush()
        os._exit(0)


def _stop_on_signal(servers: Sequence[_Server], worker: Worker | None) -> None:
    """Servers and worker stop at once, side by side: a supervisor waits for 20 s and then kills."""

    def stop() -> None:
        for server in servers:
            server.should_exit = True
        if worker is not None:
            worker.stopping.set()

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
    jobs: dict[str, Job] = {"archive-ledger": partial(archive_now, service.name), **service.jobs}
    parts = ["api", "worker", "all", "migrate", *(["rebuild"] if service.projection else []), *jobs]
    parser.add_argument("part", choices=parts)
    given, rest = parser.parse_known_args(argv)
    part = given.part
    if rest and part != "rebuild":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    _collect_rarely()
    try:
        if part == "rebuild":
            return uvloop.run(_rebuild(service, rebuild.parse_options(parser.prog, rest)))
        if part == "migrate":
            uvloop.run(_migrate(service))
        elif part in jobs:
            uvloop.run(_job(service, jobs[part]))
        else:
            uvloop.run(_run(service, part))
    except ValidationError as error:
        print(f"{service.name}: settings: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (MigrationError, RebuildFailed) as error:
        print(f"{service.name}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
