"""The schemas of a projection: the live one, the next one beside it, the old one. Made, compared and swapped as the owner.

The only module that names them: whoever fills or reads a projection finds its tables by the search path.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import asyncpg

from simpul_shared.platform.database import PROJECTION_GATE, prepare_connection, search_path
from simpul_shared.platform.migrate import PROJECTION, Migration, migrate_schema

NEXT = "projection_next"
OLD = "projection_old"
_GONE = "projection_gone"
_REBUILD_LOCK = 0x52_45_42_55_49_4C_44  # any constant: one rebuild at a time
_PAUSE_SECONDS = 60
_SWAP_TRIES = 30
_GATE_SECONDS = 3.0  # less than a reader's lock_timeout: whoever waits behind us is not refused
_TABLES_SECONDS = 0.4

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class RebuildFailed(Exception):
    """The live projection is as it was; says why, and what to do."""


@dataclass(frozen=True)
class Difference:
    """Rows of one table that are not alike in a region and period; a count of 0 says that one side has none."""

    name: str
    region: str | None
    period: date | None
    live_rows: int
    rebuilt_rows: int

    def __str__(self) -> str:
        where = [self.name, self.region, f"{self.period:%Y-%m}" if self.period else None]
        return f"{' '.join(filter(None, where))}: {self.live_rows} row(s) live, {self.rebuilt_rows} rebuilt"


@asynccontextmanager
async def owning(url: str) -> AsyncIterator[Connection]:
    """A connection of the owner role, for one rebuild at a time. Errors: RebuildFailed while another one runs."""
    settings = {"application_name": "simpul-rebuild", "timezone": "UTC", "work_mem": "128MB"}
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        await prepare_connection(connection)
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _REBUILD_LOCK):
            raise RebuildFailed("Another rebuild of this projection is running. Wait for it, or stop it.")
        yield connection
    finally:
        connection.terminate()


async def make_next(owner: Connection, migrations: Sequence[Migration]) -> None:
    """An empty projection beside the live one; what an interrupted rebuild left is dropped."""
    await drop_next(owner)
    await drop_gone(owner)
    await migrate_schema(owner, migrations, schema=NEXT)
    await owner.execute("select set_config('search_path', $1, false)", search_path(PROJECTION))


async def drop_next(owner: Connection) -> None:
    await owner.execute("drop schema if exists projection_next cascade")


async def analyze_next(owner: Connection) -> None:
    """Plans for the new tables from the first query on, and for the comparison."""
    tables = await owner.fetch(
        """
        select format('analyze %I.%I', nspname, relname) as statement
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = $1 and relkind in ('r', 'p') and not relispartition
        """,
        NEXT,
    )
    for table in tables:
        await owner.execute(table["statement"])


async def pause_consumer(owner: Connection) -> None:
    """Until the transaction ends no batch begins to be applied; readers go on. Errors: RebuildFailed."""
    try:
        async with owner.transaction():
            await owner.execute("select set_config('lock_timeout', $1, true)", f"{_PAUSE_SECONDS}s")
            await owner.execute("lock table projection.consumer_offset in exclusive mode")
    except asyncpg.LockNotAvailableError:
        raise RebuildFailed(f"The consumer did not pause within {_PAUSE_SECONDS} s. Run the rebuild again.") from None


async def undone_decisions(owner: Connection) -> list[tuple[int, bytes | None]]:
    """Poison letters of the next projection about records that were dismissed or edited in the live one.

    Each with the value it was edited into, None where it was dismissed. The bytes tell that it is the same record: its
    place differs in a topic made anew, and in the ledger it has none.
    """
    rows = await owner.fetch(
        """
        select distinct on (again.dead_letter_id) again.dead_letter_id,
            case when decided.state <> 'dismissed' then decided.value end as value
        from projection.dead_letter as decided join projection_next.dead_letter as again
            on again.consumer = decided.consumer and again.topic = decided.topic and again.state = 'poison'
            and coalesce(again.original_value, again.value) is not distinct from coalesce(decided.original_value, decided.value)
        where decided.state = 'dismissed'
            or (decided.original_value is not null and again.value is distinct from decided.value)
        order by again.dead_letter_id, decided.state = 'dismissed' desc, decided.dead_letter_id desc
        """
    )
    return [(row["dead_letter_id"], row["value"]) for row in rows]


async def take_position(owner: Connection) -> None:
    """The next projection holds all that the live one holds: so its consumer goes on where the live one's is."""
    await owner.execute("delete from projection_next.consumer_offset")
    await owner.execute("insert into projection_next.consumer_offset select * from projection.consumer_offset")
    await owner.execute("delete from projection_next.low_water_mark")
    await owner.execute("insert into projection_next.low_water_mark select * from projection.low_water_mark")
    await owner.execute("delete from projection_next.consumer_topic")
    await owner.execute("insert into projection_next.consumer_topic select * from projection.consumer_topic")


async def differences(owner: Connection) -> list[Difference]:
    """Where the next projection is not the live one, by table, region and period."""
    rows = await owner.fetch(
        """
        select name, period, live.rows as live_rows, rebuilt.rows as rebuilt_rows,
            coalesce(
                projection_next.projection_place(region_id),
                nullif(region_id, '00000000-0000-0000-0000-000000000000')::text
            ) as region
        from projection.projection_hash as live full join projection_next.projection_hash as rebuilt using (name, region_id, period)
        where live.hash is distinct from rebuilt.hash
        order by name, region, period
        """
    )
    return [
        Difference(
            row["name"],
            row["region"],
            row["period"] if row["period"] != date.min else None,
            row["live_rows"] or 0,
            row["rebuilt_rows"] or 0,
        )
        for row in rows
    ]


async def swap(owner: Connection) -> None:
    """The next projection becomes the live one and that one the old; in the caller's transaction. Errors: RebuildFailed."""
    await _shut_out_readers(owner, [PROJECTION, NEXT])
    if await _exists(owner, OLD):
        # Dropped later: that takes too long for readers to wait.
        await owner.execute("alter schema projection_old rename to projection_gone")
    await owner.execute("alter schema projection rename to projection_old")
    await owner.execute("alter schema projection_next rename to projection")


async def drop_gone(owner: Connection) -> None:
    await owner.execute("drop schema if exists projection_gone cascade")


async def swap_back(owner: Connection, migrations: Sequence[Migration]) -> None:
    """The old projection becomes the live one, and that one the old; in the caller's transaction. Errors: RebuildFailed."""
    if not await _exists(owner, OLD):
        raise RebuildFailed(
            "There is no old projection to go back to: none was swapped since the last start from scratch."
        )
    await _require_same_migrations(owner, migrations)
    await _shut_out_readers(owner, [PROJECTION, OLD])
    await owner.execute("alter schema projection rename to projection_gone")
    await owner.execute("alter schema projection_old rename to projection")
    await owner.execute("alter schema projection_gone rename to projection_old")


async def _require_same_migrations(owner: Connection, migrations: Sequence[Migration]) -> None:
    rows = await owner.fetch("select part, name, checksum from projection_old.migration")
    if {(row["part"], row["name"], row["checksum"]) for row in rows} != {
        (m.part, m.name, m.checksum) for m in migrations
    }:
        raise RebuildFailed("The old projection was made by other migrations than this version's. Rebuild it instead.")


async def _exists(owner: Connection, schema: str) -> bool:
    there: bool = await owner.fetchval("select exists (select from pg_namespace where nspname = $1)", schema)
    return there


async def _shut_out_readers(owner: Connection, schemas: Sequence[str]) -> None:
    """Until the transaction ends nobody reads the projection: the gate for snapshots, the tables for all others.

    A snapshot waits for the gate before it holds anything. Others may hold one table and want the next, so the wait for
    the tables is shorter than deadlock_timeout: a reader is never the one to be cancelled. Errors: RebuildFailed.
    """
    await _lock(owner, f"select pg_advisory_xact_lock({PROJECTION_GATE})", seconds=_GATE_SECONDS)
    tables = await owner.fetchval(
        """
        select 'lock table ' || string_agg(format('%I.%I', nspname, relname), ', ' order by nspname, relname)
            || ' in access exclusive mode'
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = any($1) and relkind in ('r', 'p') and not relispartition
        """,
        schemas,
    )
    await _lock(owner, tables, seconds=_TABLES_SECONDS)


async def _lock(owner: Connection, statement: str, *, seconds: float) -> None:
    for _ in range(_SWAP_TRIES):
        try:
            async with owner.transaction():
                await owner.execute(f"set local lock_timeout = '{seconds * 1000:.0f}ms'")
                await owner.execute(statement)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(seconds)
        else:
            return
    raise RebuildFailed(
        "Reports keep the tables in use without a pause. Nothing was swapped; run it again when it is quieter."
    )
