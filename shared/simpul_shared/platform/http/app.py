"""Builds a service's FastAPI application: routers, problems, limits, health; refuses a route without a permission."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import asyncpg
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from simpul_shared.access import PUBLIC_ROUTES
from simpul_shared.errors import Refusal
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.auth import Guard, TokenVerifier
from simpul_shared.platform.database import Database
from simpul_shared.platform.http.middleware import LimitBody, Observe
from simpul_shared.platform.http.problems import install, problem
from simpul_shared.platform.migrate import Migration, pending
from simpul_shared.platform.watch import LedgerWatch


class UndeclaredRoute(Exception):
    """A route that neither demands a permission nor stands in the list of public ones."""


def create_app(
    *,
    service: str,
    title: str,
    routers: Sequence[APIRouter],
    constraints: Mapping[str, Refusal],
    database: Database | None,
    verifier: TokenVerifier | None,
    migrations: Sequence[Migration],
    clock: Callable[[], datetime],
    archive: Archive,
) -> FastAPI:
    """The application; without a database it can only describe itself (for the committed OpenAPI documents)."""
    app = FastAPI(
        title=f"Simpul Pustaka: {title}",
        version="1",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        # Observe makes the span of a request and its metrics; FastAPI's own would double them at a third of a command's time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        responses={"default": {"description": "Problem (RFC 9457)", "content": {"application/problem+json": {}}}},
    )
    app.state.service, app.state.database, app.state.verifier, app.state.clock = service, database, verifier, clock
    app.state.archive = archive
    app.state.watch = None if database is None else LedgerWatch(database)
    app.include_router(_health(app, migrations))
    for router in routers:
        app.include_router(router)
    install(app, constraints)
    require_declared(app.routes)
    app.add_middleware(LimitBody)
    app.add_middleware(Observe)
    return app


def require_declared(routes: Iterable[BaseRoute]) -> None:
    """Errors: UndeclaredRoute for the first route that anybody could call without having been meant to."""
    for route in every_route(routes):
        methods = getattr(route, "methods", None) or {"?"}
        path = getattr(route, "path", repr(route))
        public = all((method, path) in PUBLIC_ROUTES for method in methods - {"HEAD"})
        guarded = isinstance(route, APIRoute) and guard_of(route) is not None
        if not public and not guarded:
            raise UndeclaredRoute(f"{sorted(methods)} {path}: declare a permission, or list it in access.PUBLIC_ROUTES")


def every_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """All routes, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from every_route(included.routes)


def guard_of(route: APIRoute) -> Guard | None:
    """The permission that a route demands, found among its dependencies."""
    waiting: list[Dependant] = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Guard):
            return dependant.call
        waiting.extend(dependant.dependencies)
    return None


def _health(app: FastAPI, migrations: Sequence[Migration]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/health/ready")
    async def ready() -> Response:
        """Ready without Kafka: writes are safe in the ledger."""
        reason = await database_trouble(app.state.database, migrations)
        return health_response(app.state.service, {} if reason is None else {"database": reason})

    return router


async def database_trouble(database: Database, migrations: Sequence[Migration]) -> str | None:
    """Why the database cannot be used now, or None."""
    try:
        missing = await pending(database, migrations)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        return f"cannot be reached: {type(error).__name__}"
    return f"lacks {len(missing)} migration(s): run migrate" if missing else None


def health_response(service: str, troubles: Mapping[str, str]) -> Response:
    if not troubles:
        return Response('{"status":"ok"}', 200, media_type="application/json")
    detail = "; ".join(f"{what} {why}" for what, why in sorted(troubles.items()))
    return problem(
        None,
        status=503,
        slug="not-ready",
        title="Belum siap",
        detail=f"{service}: {detail}",
        headers={"Retry-After": "1"},
    )
