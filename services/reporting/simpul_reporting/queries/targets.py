"""Targets as they stand, with what is left to share out."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
from simpul_shared.access import NATION_CODE
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import scope_ids
from simpul_shared.vocabulary import Indicator

from simpul_reporting.domain.targets import Target, target_day
from simpul_reporting.store.places import covers, places_of
from simpul_reporting.store.targets import given_to_children, load_target, target_of
from simpul_reporting.views import TargetHistory, TargetRevision, TargetView, target_view


async def find_visible_target(tx: Transaction, target_id: UUID, scope: Scope, *, today: date) -> Target | None:
    """None also for one outside the caller's regions, which must look as if it were missing."""
    target = await load_target(tx, target_id)
    if target is None or not await covers(tx, scope, target.region_id, today=today):
        return None
    return target


async def target_history(tx: Transaction, target: Target, *, today: date) -> TargetHistory:
    on = target_day(target.programme_year, today=today)
    place = (await places_of(tx, [target.region_id], on=on))[target.region_id]
    view = target_view(target, place, given=await given_to_children(tx, target.target_id))
    rows = await tx.fetch(
        "select version, value, reason, recorded_at from target_version where target_id = $1 order by version",
        target.target_id,
    )
    return TargetHistory(**view.model_dump(), revisions=[TargetRevision(**dict(row)) for row in rows])


async def targets_of_year(
    tx: Transaction,
    programme_year: int,
    scope: Scope,
    *,
    indicator: Indicator | None,
    after: tuple[str, UUID] | None,
    limit: int,
    today: date,
) -> list[TargetView]:
    """Targets of a year by region code, from behind the sort keys `after`; one more than `limit` tells that more follow."""
    on = target_day(programme_year, today=today)
    rows = await tx.fetch(
        """
        select t.target_id, t.version, t.programme_year, t.indicator, t.region_id, t.parent_target_id, t.value, t.basis,
            coalesce((select sum(child.value) from target_version as child
                where child.parent_target_id = t.target_id and child.superseded_at = 'infinity'), 0)::integer as given
        from target_version as t cross join lateral (
            select replace(v.code, 'ID', '') as sort_key from region_version as v where v.region_id = t.region_id
            order by v.superseded_at = 'infinity' desc, v.valid_from <= $3 desc,
                case when v.valid_from <= $3 then v.valid_from end desc, v.valid_from, v.superseded_at desc
            limit 1
        ) as named
        where t.programme_year = $1 and t.superseded_at = 'infinity' and ($2::text is null or t.indicator = $2)
            and ($4::uuid[] is null or (select path from region_path_at(t.region_id, $8, 'infinity')) && $4)
            and ($5::text is null or (named.sort_key, t.target_id) > ($5, $6::uuid))
        order by named.sort_key, t.target_id
        limit $7 + 1
        """,
        programme_year,
        None if indicator is None else indicator.value,
        on,
        await scope_ids(tx, scope, on=today),
        None if after is None else after[0],
        None if after is None else after[1],
        limit,
        today,
    )
    return await _views(tx, rows, on=on)


def sort_keys(view: TargetView) -> tuple[str, str]:
    """The country first, then by code."""
    return view.region.code.replace(NATION_CODE, ""), str(view.target_id)


async def _views(tx: Transaction, rows: Sequence[asyncpg.Record], *, on: date) -> list[TargetView]:
    places = await places_of(tx, [row["region_id"] for row in rows], on=on)
    return [target_view(target_of(row), places[row["region_id"]], given=row["given"]) for row in rows]
