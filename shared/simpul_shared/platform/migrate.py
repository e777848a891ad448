"""Plain SQL migrations, forward only, run as the owner role: `python -m simpul_<name> migrate`."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import asyncpg

from simpul_shared.platform.database import Database, search_path

_NAME = re.compile(r"\d{4}-[a-z0-9-]+\.sql")
_LOCK = 0x51_4D_50_55_4C  # any constant: one migrator at a time

PUBLIC = "public"
PROJECTION = "projection"
"""The schema of what is made from others' events alone, and so can be built anew beside the live one; see rebuild.py."""


class MigrationError(Exception):
    """A migration that cannot be run; says which and why."""


@dataclass(frozen=True)
class Migration:
    """`part` is platform, regions or the service; `name` the file's name; `schema` where its objects are made."""

    part: str
    name: str
    sql: str
    schema: str = PUBLIC

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(parts: Sequence[tuple[str, Path]], *, schema: str = PUBLIC) -> list[Migration]:
    """All migrations of the folders, in order. Errors: MigrationError for a file not named NNNN-verb-object.sql."""
    migrations = []
    for part, folder in parts:
        for path in sorted(folder.glob("*.sql")):
            if not _NAME.fullmatch(path.name):
                raise MigrationError(f"{part}/{path.name}: name it NNNN-verb-object.sql.")
            migrations.append(Migration(part, path.name, path.read_text(encoding="utf-8"), schema))
    return migrations


async def migrate(url: str, migrations: Sequence[Migration]) -> list[Migration]:
    """Apply what is missing, each in a transaction of its own, and return it.

    Errors: MigrationError when a file that was applied has been edited since.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        return [
            migration
            for schema, its_own in groupby(migrations, key=lambda one: one.schema)
            for migration in await migrate_schema(connection, list(its_own), schema=schema)
        ]
    finally:
        await connection.close()


async def migrate_schema(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: Sequence[Migration], *, schema: str
) -> list[Migration]:
    """Bring one schema, made if need be, up to these migrations. Its own table `migration` says which it has."""
    await _make_schema(connection, schema)
    await connection.execute("select set_config('search_path', $1, false)", search_path(schema))
    await connection.execute(
        "create table if not exists migration (part text, name text, checksum text not null,"
        " applied_at timestamptz not null default now(), constraint migration_pkey primary key (part, name))"
    )
    await connection.execute("grant select on migration to simpul_app")
    return [migration for migration in migrations if await _apply(connection, migration)]


async def _make_schema(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> None:
    # Names of schemas take no parameters, so Postgres itself quotes them.
    for statement in ("create schema if not exists %I", "grant usage on schema %I to simpul_app"):
        await connection.execute(await connection.fetchval("select format($1, $2::text)", statement, schema))


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> bool:
    applied = await connection.fetchval(
        "select checksum from migration where part = $1 and name = $2", migration.part, migration.name
    )
    if applied == migration.checksum:
        return False
    if applied is not None:
        raise MigrationError(
            f"{migration.part}/{migration.name} was edited after it had been applied. Restore it and write a new migration."
        )
    async with connection.transaction():
        # A migration that waits for a lock blocks everyone behind it: give up instead, and run it again.
        await connection.execute("set local lock_timeout = '2s'")
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into migration (part, name, checksum) values ($1, $2, $3)",
            migration.part,
            migration.name,
            migration.checksum,
        )
    return True


async def pending(database: Database, migrations: Sequence[Migration]) -> list[str]:
    """Names of migrations that the database lacks; readiness fails on any."""
    rows = await database.pool.fetch("select $1 as schema, part, name from public.migration", PUBLIC, timeout=2)
    if await database.pool.fetchval("select to_regclass('projection.migration') is not null", timeout=2):
        rows += await database.pool.fetch(
            "select $1 as schema, part, name from projection.migration", PROJECTION, timeout=2
        )
    applied = {(row["schema"], row["part"], row["name"]) for row in rows}
    return [f"{m.part}/{m.name}" for m in migrations if (m.schema, m.part, m.name) not in applied]
