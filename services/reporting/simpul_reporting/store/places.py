"""Regions by id: their words and whether a caller's token covers them. Codes are read by simpul_shared.regions.store."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import scope_ids
from simpul_shared.vocabulary import RegionLevel

from simpul_reporting.domain.moments import FOREVER
from simpul_reporting.domain.targets import Place


async def places_of(
    tx: Transaction, region_ids: Sequence[UUID], *, on: date, known_at: datetime = FOREVER
) -> dict[UUID, Place]:
    """Code and name of regions, nearest to the day; of one that was withdrawn the last that was said.

    A region that nothing is known of is missing.
    """
    rows = await tx.fetch(
        """
        select distinct on (region_id) region_id, code, name, level from region_version
        where region_id = any($1) and recorded_at <= $3
        order by region_id, superseded_at > $3 or superseded_at = 'infinity' desc, valid_from <= $2 desc,
            case when valid_from <= $2 then valid_from end desc, valid_from, superseded_at desc
        """,
        list(region_ids),
        on,
        known_at,
    )
    return {
        row["region_id"]: Place(row["region_id"], row["code"], row["name"], RegionLevel(row["level"])) for row in rows
    }


async def covers(tx: Transaction, scope: Scope, region_id: UUID, *, today: date, path: Iterable[UUID] = ()) -> bool:
    """Whether a region lies in the caller's own today, or lay in it by the `path` of another day."""
    allowed = await scope_ids(tx, scope, on=today)
    if allowed is None:
        return True
    path_today = await tx.fetchval("select path from region_path_at($1, $2, 'infinity')", region_id, today)
    return bool(set(allowed) & {*path, *(path_today or ())})
