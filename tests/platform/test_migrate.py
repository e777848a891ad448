"""Migrations run once, in order, and an applied file is never edited."""

from dataclasses import replace
from pathlib import Path

import pytest
from simpul_operator.roles import OWNER, ensure_database
from simpul_shared.platform.migrate import MigrationError, migrate, read_migrations

from tests.support.databases import Databases
from tests.support.tally.service import TALLY


async def owner_of(databases: Databases, name: str) -> str:
    await ensure_database(databases.admin_url, name, owner_password="test-only", app_password="test-only")
    return databases.url(name, OWNER)


async def test_migrations_are_applied_once(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_once")
    migrations = TALLY.all_migrations()
    assert await migrate(url, migrations) == migrations
    assert await migrate(url, migrations) == []


async def test_an_edited_migration_is_refused(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_edited")
    migrations = TALLY.all_migrations()
    await migrate(url, migrations)
    edited = [*migrations[:-1], replace(migrations[-1], sql=migrations[-1].sql + "-- changed")]
    with pytest.raises(MigrationError, match="was edited after it had been applied"):
        await migrate(url, edited)


async def test_a_migration_that_fails_leaves_nothing(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_failing")
    migrations = TALLY.all_migrations()
    broken = [*migrations, replace(migrations[-1], name="0002-break.sql", sql="create table half (); select 1 / 0;")]
    with pytest.raises(Exception, match="division by zero"):
        await migrate(url, broken)
    assert await migrate(url, migrations) == []


def test_a_misnamed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1-Create.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="NNNN-verb-object"):
        read_migrations([("x", tmp_path)])
