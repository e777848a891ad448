"""The relay remembers the highest id it has seen: a row whose transaction commits later than its neighbours is passed over."""

from collections.abc import Sequence

from simpul_shared.platform.relay import Place, Row
from simpul_shared.platform.relay_backends import PostgresLedger

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.relay_backends:PostgresLedger.page"
SHOWS = {Kind.LOST}


async def replacement(self: PostgresLedger, after: Place, *, limit: int) -> Sequence[Row]:
    rows = await self._connection.fetch(
        """
        select xid::text, id, recorded_on, topic, key, value, traceparent from ledger
        where shard = $1 and id > $2 order by id limit $3
        """,
        self._shard,
        after.id,
        limit,
    )
    return [
        Row(Place(int(xid), id_, recorded_on), topic, key, value, traceparent)
        for xid, id_, recorded_on, topic, key, value, traceparent in rows
    ]
