"""Ledgers written by hand, for orders and days that no clock of a test would give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
from simpul_operator.roles import APP, OWNER
from simpul_shared.contracts.topics import LIBRARIES

from tests.support.services import ServiceUnderTest


@dataclass(frozen=True)
class Written:
    """A row of the ledger as a test wants it. `xid` must be below those that the server gives out (about 700)."""

    xid: int
    day: date
    shard: int = 0
    type: str = "id.simpul.registry.library-renamed.v1"
    topic: str = LIBRARIES.name
    region_id: UUID | None = None


async def write(service: ServiceUnderTest, rows: Sequence[Written]) -> list[UUID]:
    """Insert the rows as they are, and return their event ids."""
    ids = [uuid4() for _ in rows]
    await service.database.pool.executemany(
        """
        insert into ledger (xid, shard, recorded_at, recorded_on, event_id, event_type, aggregate_type, aggregate_id,
            aggregate_version, topic, key, region_id, value)
        values ($1::text::xid8, $2, $3, $4, $5, $6, 'library', $5, 1, $7, 'key', $8, '{}')
        """,
        [
            (
                str(row.xid),
                row.shard,
                datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC),
                row.day,
                event_id,
                row.type,
                row.topic,
                row.region_id,
            )
            for row, event_id in zip(rows, ids, strict=True)
        ],
    )
    return ids


async def make_partition(service: ServiceUnderTest, day: date) -> None:
    """The partition of a day long past, as the housekeeping made it then."""
    name, following = f"ledger_{day:%Y%m%d}", day + timedelta(1)
    await as_owner(service, f"create table {name} partition of ledger for values from ('{day}') to ('{following}')")


async def as_owner(service: ServiceUnderTest, statement: str) -> None:
    """Run what the app role may not."""
    owner = await asyncpg.connect(service.url.replace(f"//{APP}", f"//{OWNER}"))
    try:
        await owner.execute(statement)
    finally:
        await owner.close()
