"""Which regions a question may reach: the caller's scope, and the region it names."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import region_by_code, require_in_scope, scope_ids
from simpul_shared.vocabulary import RegionLevel, parse_region_code

from simpul_activities.domain.calendar import today


async def reach(tx: Transaction, scope: Scope, now: datetime, region: str | None = None) -> Sequence[UUID] | None:
    """Region ids for `path && $n`, None for everywhere; `region` narrows to one region and all below it.

    Errors: RegionCodeMalformed, RegionUnknown, OutsideScope for a region that the caller's token does not cover.
    """
    if region is None:
        return await scope_ids(tx, scope, on=today(now))
    named = await region_by_code(tx, parse_region_code(region, field="/query/region"), on=today(now))
    await require_in_scope(tx, named, scope, on=today(now), field="/query/region")
    return None if named.level is RegionLevel.NATION else [named.region_id]
