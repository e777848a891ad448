"""The cursor moves when a page is read, not when Kafka has acknowledged it: a crash between loses the page."""

from collections.abc import Sequence

from simpul_shared.platform.relay import Place, Row
from simpul_shared.platform.relay_backends import PostgresLedger

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.relay_backends:PostgresLedger.page"
SHOWS = {Kind.LOST}

_page = PostgresLedger.page


async def replacement(self: PostgresLedger, after: Place, *, limit: int) -> Sequence[Row]:
    rows = await _page(self, after, limit=limit)
    if rows:
        reached = rows[-1].place
        await self._connection.execute(
            "update relay_cursor set xid = $2::text::xid8, id = $3, recorded_on = $4 where shard = $1",
            self._shard,
            str(reached.xid),
            reached.id,
            reached.recorded_on,
        )
    return rows
