"""What refers to regions that would lose their last version: it keeps a change of the map from being said."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from simpul_shared.errors import Conflict
from simpul_shared.platform.database import Transaction

_TOLD_AT_MOST = 20


class RegionInUse(Conflict):
    slug = "region-in-use"
    title = "Wilayah masih dipakai"


async def require_unused(tx: Transaction, region_ids: Sequence[UUID]) -> None:
    """Errors: RegionInUse, when something refers to one of these regions of which nothing is believed any more."""
    rows = await _references(tx, region_ids) if region_ids else []
    if not rows:
        return
    shown = ", ".join(f"{row['what']} {row['id']} in {row['code']} {row['name']}" for row in rows[:_TOLD_AT_MOST])
    more = f" and {len(rows) - _TOLD_AT_MOST} more" if len(rows) > _TOLD_AT_MOST else ""
    raise RegionInUse(
        f"Regions would be gone that are referred to by {shown}{more}. First relocate the people, and the libraries from the day of"
        " their nomination on (what is still a nomination is returned before), put other regions in charge of the offices and"
        " take the codes back. Where that cannot be, as with closed libraries and those that lay there for a time, the regions"
        " cannot be made never to have been: upload the map as it should be as a decree of a later day, so that they end.",
        facts={"references": [dict(row) for row in rows[:_TOLD_AT_MOST]], "referring": len(rows)},
    )


async def is_referred_to(tx: Transaction, region_id: UUID) -> bool:
    used: bool = await tx.fetchval("select exists (select from region_reference where region_id = $1)", region_id)
    return used


async def _references(tx: Transaction, region_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        with gone as materialized (
            select distinct on (v.region_id) v.region_id, v.code, v.name from region_version as v
            where v.region_id = any($1) and not exists (select from region_version as held
                where held.region_id = v.region_id and held.superseded_at = 'infinity')
            order by v.region_id, v.superseded_at desc
        )
        select r.what, r.id, gone.code, gone.name from gone join region_reference as r using (region_id)
        order by gone.code, r.what, r.id
        """,
        region_ids,
    )
