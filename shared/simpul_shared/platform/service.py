"""What a service is: everything its app.py wires together. process.py runs it, worker.py relays and consumes for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

import simpul_shared
from simpul_shared.contracts.asyncapi import document
from simpul_shared.contracts.catalogue import topics_of
from simpul_shared.contracts.schemas import schemas
from simpul_shared.contracts.topics import Topic
from simpul_shared.errors import Refusal
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.auth import TokenVerifier
from simpul_shared.platform.consume import Handlers
from simpul_shared.platform.database import Database
from simpul_shared.platform.http import events, imports, operator_actions
from simpul_shared.platform.http.app import create_app
from simpul_shared.platform.http.contracts import contracts_router
from simpul_shared.platform.http.dead_letters import dead_letter_router
from simpul_shared.platform.http.operating import operating_router
from simpul_shared.platform.http.relay import relay_router
from simpul_shared.platform.imports.form import Form
from simpul_shared.platform.migrate import PROJECTION, Migration, read_migrations
from simpul_shared.platform.settings import PlatformSettings, ServiceSettings
from simpul_shared.platform.status import Subject

_PLATFORM_MIGRATIONS = Path(simpul_shared.__file__).parent / "platform" / "migrations"

_IMPORT_MIGRATIONS = Path(simpul_shared.__file__).parent / "platform" / "imports" / "migrations"

Job = Callable[[Database, PlatformSettings], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """Everything a service's app.py wires together.

    `migrations` are folders, run after the platform's. `projection` are the folders of what is made from others' events
    alone: their tables, and the consumer's own, then live in a schema that can be rebuilt beside the live one.
    `topics` are those consumed by `handlers`. `jobs` are further subcommands, such as load-regions.
    `forms` are what files of many rows can be sent in for.
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
    forms: Sequence[Form] = ()

    def all_migrations(self) -> list[Migration]:
        platform, consumer = ("platform", _PLATFORM_MIGRATIONS), ("platform", _PLATFORM_MIGRATIONS / "consumer")
        own = [*self.migrations, *([("imports", _IMPORT_MIGRATIONS)] if self.forms else [])]
        if self.projection:
            return [*read_migrations([platform, *own]), *self.projection_migrations()]
        return read_migrations([platform, consumer, *own])

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


def application(
    service: Service,
    *,
    database: Database | None,
    verifier: TokenVerifier | None,
    archive: Archive | None = None,
) -> FastAPI:
    """The service's routes and those that every service has."""
    migrations = service.all_migrations()
    app = create_app(
        service=service.name,
        title=service.title,
        routers=[
            *service.routers,
            events.router,
            *([imports.router] if service.forms else []),
            *_operators_routers(service, migrations),
            contracts_router(asyncapi(service), schemas()),
        ],
        constraints=service.constraints,
        database=database,
        verifier=verifier,
        migrations=migrations,
        clock=utc_now,
        archive=archive or Archive(None),
    )
    app.state.forms = {form.name: form for form in service.forms}
    return app


def _operators_routers(service: Service, migrations: Sequence[Migration]) -> list[APIRouter]:
    return [
        operating_router(Subject(service.name, service.topics), migrations),
        dead_letter_router(service.name, service.topics, service.handlers),
        relay_router(topics_of(service.name)),
        operator_actions.router,
    ]
