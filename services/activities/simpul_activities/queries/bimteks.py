"""Bimtek: one, lists, the cascade from a training to those that passed it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.vocabulary import BimtekKind, BimtekLevel, BimtekStatus

from simpul_activities.store import bimteks
from simpul_activities.views.bimteks import BimtekSummary, BimtekView, CascadeStep, CascadeView


@dataclass(frozen=True)
class BimtekFilter:
    """None filters nothing. `held_from` and `held_to` are inclusive; a Bimtek is listed when any of its days is in between."""

    kind: BimtekKind | None = None
    level: BimtekLevel | None = None
    status: BimtekStatus | None = None
    held_from: date | None = None
    held_to: date | None = None


async def read_bimtek(tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None) -> BimtekView:
    """Errors: BimtekNotFound."""
    return BimtekView.of(await bimteks.load(tx, bimtek_id, allowed=allowed))


async def list_bimteks(
    tx: Transaction,
    wanted: BimtekFilter,
    *,
    allowed: Sequence[UUID] | None,
    region: Sequence[UUID] | None,
    cursor: str | None,
    limit: int,
) -> Page[BimtekSummary]:
    """Those in the caller's sight, hosted in `region` if given; the latest first. Errors: CursorMalformed."""
    after = decode_cursor(cursor, tuple[date, UUID])
    rows = await tx.fetch(
        """
        select b.* from bimtek as b
        where ($1::uuid[] is null
                or b.region_id = any(array(select place.region_id from region_place as place where place.path && $1))
                or b.bimtek_id in (
                    select r.bimtek_id from registration as r join region_place as place using (region_id)
                    where place.path && $1
                ))
            and ($2::uuid[] is null
                or b.region_id = any(array(select place.region_id from region_place as place where place.path && $2)))
            and ($3::text is null or b.kind = $3)
            and ($4::text is null or b.level = $4)
            and ($5::text is null or b.status = $5)
            and ($6::date is null or b.ends_on >= $6)
            and ($7::date is null or b.starts_on <= $7)
            and ($8::date is null or (b.starts_on, b.bimtek_id) < ($8, $9::uuid))
        order by b.starts_on desc, b.bimtek_id desc
        limit $10
        """,
        allowed,
        region,
        None if wanted.kind is None else wanted.kind.value,
        None if wanted.level is None else wanted.level.value,
        None if wanted.status is None else wanted.status.value,
        wanted.held_from,
        wanted.held_to,
        None if after is None else after[0],
        None if after is None else after[1],
        limit + 1,
    )
    found = [BimtekSummary.model_validate(dict(row)) for row in rows]
    return page_of(found, limit=limit, key=lambda one: (str(one.starts_on), str(one.bimtek_id)))


async def read_cascade(tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None) -> CascadeView:
    """Errors: BimtekNotFound."""
    await bimteks.load(tx, bimtek_id, allowed=allowed)
    rows = await tx.fetch(
        """
        with recursive above as (
            select bimtek_id, parent_bimtek_id, 0 as distance from bimtek where bimtek_id = $1
            union all
            select b.bimtek_id, b.parent_bimtek_id, above.distance - 1
            from above join bimtek as b on b.bimtek_id = above.parent_bimtek_id
        ), below as (
            select bimtek_id, 0 as distance from bimtek where bimtek_id = $1
            union all
            select b.bimtek_id, below.distance + 1 from below join bimtek as b on b.parent_bimtek_id = below.bimtek_id
        ), related as (
            select bimtek_id, distance from above union all select bimtek_id, distance from below
        )
        select related.distance, b.* from related join bimtek as b using (bimtek_id)
        where related.distance <> 0 and ($2::uuid[] is null
            or exists (select from region_place as place where place.region_id = b.region_id and place.path && $2)
            or exists (
                select from registration as r join region_place as place on place.region_id = r.region_id
                where r.bimtek_id = b.bimtek_id and place.path && $2
            ))
        order by abs(related.distance), b.starts_on, b.bimtek_id
        """,
        bimtek_id,
        allowed,
    )
    steps = [CascadeStep(distance=row["distance"], bimtek=BimtekSummary.model_validate(dict(row))) for row in rows]
    return CascadeView(
        bimtek_id=bimtek_id,
        parents=[step for step in steps if step.distance < 0],
        children=[step for step in steps if step.distance > 0],
    )
