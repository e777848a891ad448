"""Migrations run once, in order, and an applied file is never edited."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
import simpul_shared
from simpul_operator.roles import OWNER, ensure_database
from simpul_reporting.app import SERVICE as REPORTING
from simpul_shared.platform.database import open_database
from simpul_shared.platform.migrate import Migration, MigrationError, migrate, pending, read_migrations

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


async def test_events_recorded_before_regions_were_kept_get_theirs(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_regions")
    migrations = TALLY.all_migrations()
    region_added = [one.name for one in migrations].index("0004-add-ledger-region.sql")
    await migrate(url, migrations[:region_added])
    library, region = uuid4(), uuid4()
    connection = await asyncpg.connect(url)
    await connection.execute("insert into aggregate_version values ($1, 'library', 3)", library)
    for version, data in enumerate([{}, {"region_id": str(region)}, {}], start=1):
        await connection.execute(
            """
            insert into ledger (shard, recorded_at, recorded_on, event_id, event_type, aggregate_type, aggregate_id,
                aggregate_version, topic, key, value)
            values (0, now(), current_date, gen_random_uuid(), 't', 'library', $1, $2, 't', 'k', $3)
            """,
            library,
            version,
            json.dumps({"data": data}).encode(),
        )
    await migrate(url, migrations)
    rows = await connection.fetch("select region_id from ledger order by aggregate_version")
    assert [row["region_id"] for row in rows] == [None, region, region]
    assert await connection.fetchval("select region_id from aggregate_version") == region
    await connection.close()


async def test_letters_from_before_the_workbench_say_which_event_they_are(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_letters")
    migrations = TALLY.all_migrations()
    await migrate(url, [one for one in migrations if one.name != "0003-extend-dead-letter.sql"])
    connection = await asyncpg.connect(url)
    event = {
        "type": "t.v1",
        "id": str(uuid4()),
        "recordedtime": "2026-11-22T01:02:03.000004Z",
        "data": {"name": "\u00e9"},
    }
    for offset, (aggregate, value) in enumerate(
        [(uuid4(), json.dumps(event).encode()), (None, b"\xff{"), (None, None)]
    ):
        await connection.execute(
            """
            insert into dead_letter (consumer, topic, partition, record_offset, value, headers, aggregate_id, state, reason,
                detail, attempts)
            values ('tally', 't', 0, $1, $2, '{}', $3, 'poison', 'r', 'd', 1)
            """,
            offset,
            value,
            aggregate,
        )
    await migrate(url, migrations)
    rows = await connection.fetch("select event_type, event_id, recorded_at from dead_letter order by record_offset")
    moment = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)
    assert [tuple(row) for row in rows] == [("t.v1", UUID(str(event["id"])), moment), (None,) * 3, (None,) * 3]
    await connection.close()


def test_a_misnamed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1-Create.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="NNNN-verb-object"):
        read_migrations([("x", tmp_path)])


async def test_a_projection_has_its_tables_and_those_of_its_consumer_in_a_schema_of_its_own(
    databases: Databases,
) -> None:
    async with databases.database(REPORTING) as url, open_database(url, name="test", size=1) as database:
        rows = await database.pool.fetch(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        )
        assert await pending(database, REPORTING.all_migrations()) == []
    tables = {(row["table_schema"], row["table_name"]) for row in rows}
    assert {("public", "ledger"), ("public", "target_version"), ("public", "operator_action")} <= tables
    assert {("projection", "activity_fact"), ("projection", "applied_version"), ("projection", "dead_letter")} <= tables
    assert not tables & {("public", "activity_fact"), ("public", "applied_version"), ("projection", "ledger")}


async def test_a_database_from_before_the_projection_gives_up_its_old_copies(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_older")
    before = [*replace(REPORTING, projection=()).all_migrations(), *REPORTING.projection_migrations()]
    older = [replace(one, schema="public") for one in before if one.name not in _SINCE]
    await migrate(url, sorted({(one.part, one.name): one for one in older}.values(), key=_as_it_was))
    applied = await migrate(url, REPORTING.all_migrations())
    assert {one.schema for one in applied} == {"public", "projection"}
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("select to_regclass('public.activity_fact')") is None
        assert await connection.fetchval("select count(*) from projection.activity_fact") == 0
    finally:
        await connection.close()


_SINCE = {
    "0006-drop-copies.sql",
    "0006-create-content.sql",
    "0007-keep-places-and-merges.sql",
    "0008-hash-content-in-any-order.sql",
}


def _as_it_was(migration: Migration) -> tuple[int, str]:
    return ["platform", "regions", "reporting"].index(migration.part), migration.name


async def test_a_service_is_not_ready_while_its_projection_lacks_a_migration(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_half")
    migrations = REPORTING.all_migrations()
    await migrate(url, migrations[:-1])
    async with open_database(databases.url("migrate_half"), name="test", size=1) as database:
        assert await pending(database, migrations) == [f"{migrations[-1].part}/{migrations[-1].name}"]


def test_tables_of_the_consumer_are_made_where_the_projection_finds_them() -> None:
    """A file beside those of the ledger would look for them in public, where a service with a projection has none."""
    ledgers = read_migrations([("platform", Path(simpul_shared.__file__).parent / "platform" / "migrations")])
    for migration in ledgers:
        assert not re.search(r"consumer_offset|applied_version|dead_letter|low_water_mark", migration.sql), (
            f"move what {migration.name} does to the consumer's tables into migrations/consumer"
        )
