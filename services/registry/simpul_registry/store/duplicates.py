"""Libraries to be compared with each other, district by district, and the pairs that somebody dismissed."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import LibraryType

from simpul_registry.domain.duplicates import Pair, Registered


async def libraries_by_district(
    tx: Transaction, *, allowed: Sequence[UUID] | None, on: date, after: UUID | None, limit: int
) -> list[Registered]:
    """Standing libraries in the order of their districts, within the `allowed` regions (None: anywhere)."""
    rows = await tx.fetch(
        """
        select l.library_id, l.name, l.type, l.region_id, place.name as region_name,
            coalesce(place.path[4], l.region_id) as district_id
        from library as l cross join lateral (
            select v.name, v.path from region_version as v
            where v.region_id = l.region_id and v.valid_from <= $2 and v.superseded_at = 'infinity'
            order by v.valid_from desc limit 1
        ) as place
        where l.merged_into is null and l.status <> 'DITUTUP' and ($1::uuid[] is null or place.path && $1)
            and ($3::uuid is null or coalesce(place.path[4], l.region_id) > $3)
        order by district_id, l.library_id limit $4
        """,
        allowed,
        on,
        after,
        limit,
    )
    return [
        Registered(
            row["library_id"],
            row["name"],
            LibraryType(row["type"]),
            row["region_id"],
            row["region_name"],
            row["district_id"],
        )
        for row in rows
    ]


async def dismissed_among(tx: Transaction, library_ids: Sequence[UUID]) -> set[Pair]:
    rows = await tx.fetch(
        "select one_id, other_id from dismissed_duplicate where one_id = any($1) and other_id = any($1)", library_ids
    )
    return {Pair(row["one_id"], row["other_id"]) for row in rows}


async def dismiss(tx: Transaction, pair: Pair, *, reason: str, at: datetime) -> None:
    await tx.execute(
        """
        insert into dismissed_duplicate (one_id, other_id, reason, decided_at, actor) values ($1, $2, $3, $4, $5)
        on conflict on constraint dismissed_duplicate_pkey do update
            set reason = excluded.reason, decided_at = excluded.decided_at, actor = excluded.actor
        """,
        pair.one_id,
        pair.other_id,
        reason,
        at,
        tx.origin.actor,
    )
