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
        f"Regions would be gone that are referred to by {shown}{more}. First relocate the libraries, put other regions in"
        " charge of the offices and take the codes back. Where that cannot be, as with people and closed libraries, upload"
        " the map as it should be as a decree of a later day: then these regions end, and what refers to them stays.",
        facts={"references": [dict(row) for row in rows[:_TOLD_AT_MOST]], "referring": len(rows)},
    )


async def _references(tx: Transaction, region_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        with gone as materialized (
            select distinct on (v.region_id) v.region_id, v.code, v.name from region_version as v
            where v.region_id = any($1) and not exists (select from region_version as held
                where held.region_id = v.region_id and held.superseded_at = 'infinity')
            order by v.region_id, v.superseded_at desc
        ), referring (what, id, region_id) as (
            select 'library', library_id, region_id from library
            union all
            select 'person', person_id, region_id from person where erased_at is null
            union all
            select 'office', office_id, unnest(jurisdiction) from office where closed_on is null
            union all
            select scheme || ' code ' || code, region_id, region_id from region_code where superseded_at = 'infinity'
        )
        select referring.what, referring.id, gone.code, gone.name from gone join referring using (region_id)
        order by gone.code, referring.what, referring.id
        """,
        region_ids,
    )
