"""Links that were made before they followed merges (migration 0016) are given their survivors."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
from simpul_registry.app import SERVICE as REGISTRY
from simpul_shared.platform.migrate import migrate

from tests.platform.test_migrate import owner_of
from tests.support.databases import Databases

DAY = date(2024, 3, 1)


async def library(connection: asyncpg.Connection, *, merged_into: UUID | None = None) -> UUID:
    library_id = uuid4()
    await connection.execute(
        """
        insert into library (library_id, name, type, region_id, status, nominated_on, status_since, named_since,
            placed_since, basis, version, merged_into, merged_on)
        values ($1, 'A', 'DESA', gen_random_uuid(), 'AKTIF', $2, $2, $2, $2, 'stated', 1, $3, $4)
        """,
        library_id,
        DAY,
        merged_into,
        DAY if merged_into else None,
    )
    return library_id


async def link(connection: asyncpg.Connection, mentor: UUID, replica: UUID) -> None:
    await connection.execute(
        "insert into replica_link (library_id, replica_id, linked_on) values ($1, $2, $3)", mentor, replica, DAY
    )


async def test_links_from_before_go_to_the_survivors_at_the_end_of_all_merges(databases: Databases) -> None:
    url = await owner_of(databases, "migrate_replica_links")
    migrations = REGISTRY.all_migrations()
    await migrate(url, migrations[: [one.name for one in migrations].index("0016-pass-replica-links-on.sql")])
    connection = await asyncpg.connect(url)
    last, heir, plain = [await library(connection) for _ in range(3)]
    middle = await library(connection, merged_into=last)
    first, replica = await library(connection, merged_into=middle), await library(connection, merged_into=heir)
    taken_in = await library(connection, merged_into=plain)
    pairs = [(first, replica), (heir, plain), (plain, taken_in)]
    for mentor, mentored in pairs:
        await link(connection, mentor, mentored)

    await migrate(url, migrations)
    rows = await connection.fetch(
        "select library_id, replica_id, mentor_now, replica_now from replica_link where ended_on is null order by link_no"
    )
    assert {(one["library_id"], one["replica_id"]): (one["mentor_now"], one["replica_now"]) for one in rows} == {
        (first, replica): (last, heir),
        (heir, plain): (heir, plain),
        (plain, taken_in): (plain, plain),
    }
    now = {one["library_id"]: one for one in await connection.fetch("select * from library_now")}
    assert {one for one, row in now.items() if row["standing"] == "REPLIKATOR"} == {last, heir}
    assert {one for one, row in now.items() if row["told_replicator"]} == {mentor for mentor, _ in pairs}
    await connection.close()
