"""GET /v1/status: what waits, how far the service follows, who holds things up; from Postgres alone."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from simpul_shared.access import Role
from simpul_shared.platform import status
from simpul_shared.platform.database import Transaction

from tests.support.databases import Databases
from tests.support.pipeline import drain, topics, working
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed


async def status_of(tally: ServiceUnderTest) -> Any:
    response = await tally.caller(Role.OPERATOR).get("/v1/status")
    assert response.status_code == 200, response.text
    return response.json()


async def test_without_a_worker_it_says_that_nobody_publishes(tally: ServiceUnderTest) -> None:
    await tally.announce(*(renamed(uuid4(), str(n)) for n in range(20)))
    found = await status_of(tally)
    assert found["service"] == "tally"
    assert found["pending_migrations"] == []
    assert found["last_recorded_at"] is not None
    assert sum(shard["unpublished"] for shard in found["shards"]) == 20
    assert [shard["leader"] for shard in found["shards"]] == [None, None]
    told = " ".join(found["attention"])
    assert "Nobody publishes shard 0" in told
    assert "No low-water mark of registry is applied yet" in told
    assert found["bytes_by_table"]["ledger"] > 8192


async def test_with_a_worker_everything_is_well(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(uuid4(), str(n)) for n in range(20)))
        await drain(tally, tally)
        found = await status_of(tally)
    shards = found["shards"]
    assert [shard["unpublished"] for shard in shards] == [0, 0]
    assert [shard["leader"]["application"] for shard in shards] == ["simpul-tally-relay-0", "simpul-tally-relay-1"]
    assert all(shard["mark_age_seconds"] < 30 for shard in shards)
    assert sum(position["next_offset"] for position in found["consumer"]["positions"]) == 20
    assert found["consumer"]["dead_letters"] == 0


async def test_the_transaction_that_holds_the_horizon_is_named(tally: ServiceUnderTest) -> None:
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_current_xact_id()")
        await tally.announce(renamed(uuid4(), "later"))
        held = (await status_of(tally))["open_transaction"]
        assert held["pid"] == connection.get_server_pid()
        assert held["state"] == "idle in transaction"
        assert held["age_seconds"] >= 0


async def test_a_transaction_of_another_role_is_named_too(tally: ServiceUnderTest, databases: Databases) -> None:
    admin = await asyncpg.connect(databases.admin_url)
    try:
        async with admin.transaction():
            await admin.execute("select pg_current_xact_id()")
            await tally.announce(renamed(uuid4(), "later"))
            held = (await status_of(tally))["open_transaction"]
            assert held["pid"] == admin.get_server_pid()
    finally:
        await admin.close()


async def test_only_operators_may_ask(tally: ServiceUnderTest) -> None:
    for role in (Role.NATIONAL_ADMIN, Role.AUDITOR, Role.LIBRARY_STAFF):
        assert (await tally.caller(role).get("/v1/status")).status_code == 403


async def test_asking_waits_for_nobody(tally: ServiceUnderTest) -> None:
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table relay_cursor, ledger in row exclusive mode")
        await asyncio.wait_for(status_of(tally), 10)


async def test_counting_a_long_queue_reads_no_more_than_it_tells(
    tally: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_COUNTED_AT_MOST", 50)
    await tally.announce(*(renamed(uuid4(), str(n)) for n in range(3000)))
    async with tally.database.transaction(ORIGIN) as tx:
        before = await _rows_read(tx)
        found = await status.read_status(tx, status.Subject("tally"), pending_migrations=[])
        read = await _rows_read(tx) - before
    assert [shard.unpublished for shard in found.shards] == [50, 50]
    assert 100 <= read <= 110


async def _rows_read(tx: Transaction) -> int:
    """Of the ledger, by this connection."""
    rows: int = await tx.fetchval(
        """
        select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_xact_user_tables
        where relname like 'ledger%'
        """
    )
    return rows
