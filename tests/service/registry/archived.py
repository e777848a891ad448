"""Events that left the ledger's table for files, and a caller who reads with the archive or without it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import httpx
from simpul_shared.access import Role
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.archiving import archive_ledger

from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, served
from tests.support.tokens import token


async def put_away(
    registry: ServiceUnderTest, databases: Databases, aggregate_id: UUID, archive: Archive, *, through: int = 1
) -> int:
    """As if the first events of the aggregate were of last year, and all were on Kafka. How many events left."""
    owner = await asyncpg.connect(databases.url(registry.url.rpartition("/")[2], "simpul_owner"))
    try:
        await owner.execute(
            """
            update ledger set xid = '3', recorded_on = '2025-03-01'
            where aggregate_id = $1 and aggregate_version <= $2
            """,
            aggregate_id,
            through,
        )
        await owner.execute(
            """
            update relay_cursor set (xid, id) = (
                select coalesce(max(xid), '0'), coalesce(max(id), 0) from ledger where ledger.shard = relay_cursor.shard
            )
            """
        )
    finally:
        await owner.close()
    return sum(day.events for day in await archive_ledger(registry.database, archive, keep_days=30))


@asynccontextmanager
async def reading(registry: ServiceUnderTest, archive: Archive | None) -> AsyncIterator[Caller]:
    transport = httpx.ASGITransport(served(registry.service, registry.database, archive))
    async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as http:
        yield Caller(http, token(Role.NATIONAL_ADMIN))
