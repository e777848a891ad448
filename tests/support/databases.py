"""A migrated database per test: migrate once into a template, copy it for each."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from simpul_operator.roles import APP, OWNER, ensure_database, in_database
from simpul_shared.platform.migrate import migrate
from simpul_shared.platform.service import Service

_PASSWORD = "test-only"
_numbers = itertools.count(1)


@dataclass
class Databases:
    """Makes databases on one server. `admin_url` is the superuser's."""

    admin_url: str
    _templates: set[str] = field(default_factory=set)

    def url(self, database: str, role: str = APP) -> str:
        _, _, address = in_database(self.admin_url, database).rpartition("@")
        return f"postgresql://{role}:{_PASSWORD}@{address}"

    async def template(self, service: Service) -> str:
        name = f"template_{service.name}"
        if name not in self._templates:
            await ensure_database(self.admin_url, name, owner_password=_PASSWORD, app_password=_PASSWORD)
            await migrate(self.url(name, OWNER), service.all_migrations())
            self._templates.add(name)
        return name

    @asynccontextmanager
    async def database(self, service: Service, *, template: str | None = None) -> AsyncIterator[str]:
        """The app role's address of a fresh database, dropped at the end."""
        source = template or await self.template(service)
        name = f"{service.name}_{next(_numbers)}"
        await self._admin(f'create database "{name}" template "{source}" owner {OWNER}')
        try:
            yield self.url(name)
        finally:
            await self._admin(f'drop database "{name}" with (force)')

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
