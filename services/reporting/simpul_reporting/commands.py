"""Use cases: load, decide, save, announce. The edge locks the target and its year's targets, over which the sum rule reaches."""

from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.reporting import TargetRevised, TargetSet
from simpul_shared.errors import NotFound, Refusal
from simpul_shared.known_on import JAKARTA
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import Region, region_by_code, require_in_scope
from simpul_shared.vocabulary import Basis, Indicator, RegionCode

from simpul_reporting.domain import targets as rules
from simpul_reporting.domain.targets import Place, Share, Target
from simpul_reporting.store.places import covers, places_of
from simpul_reporting.store.targets import add_target, close_target, find_target, given_to_children, load_target
from simpul_reporting.views import target_view


class TargetUnknown(NotFound):
    slug = "target-unknown"
    title = "Target tidak dikenal"


CONSTRAINTS: dict[str, Refusal] = {
    "target_version_region_key": rules.TargetExists("The region has a target for this year already. Revise that one."),
}


def targets_lock(programme_year: int, indicator: Indicator) -> str:
    """The sum rule crosses targets, so all of a year and indicator are decided one after the other."""
    return f"targets/{programme_year}/{indicator}"


async def set_target(
    tx: Transaction,
    *,
    target_id: UUID,
    programme_year: int,
    indicator: Indicator,
    region_code: RegionCode,
    valid_on: date | None,
    value: int,
    basis: Basis,
    scope: Scope,
    now: datetime,
) -> Answer:
    today = now.astimezone(JAKARTA).date()
    on = valid_on or rules.target_day(programme_year, today=today)
    region = await region_by_code(tx, region_code, on=on)
    await require_in_scope(tx, region, scope, on=today, field="/region_code")
    place = Place(region.region_id, region.code, region.name, region.level)
    rules.require_level(indicator, place)
    await _require_none(tx, programme_year, indicator, place)
    parent = await _share_above(tx, region, place, programme_year, indicator, on=on)
    rules.require_within_parent(value, place, parent)
    parent_id = None if parent is None else parent.target.target_id
    target = Target(target_id, 1, programme_year, indicator, region.region_id, parent_id, value, basis)
    event = TargetSet(
        target_id=target_id,
        region_id=region.region_id,
        programme_year=programme_year,
        indicator=indicator,
        value=value,
        basis=basis,
    )
    recorded = await append(tx, event, occurred_at=now)
    await add_target(tx, target, recorded)
    return Answer(target_view(target, place, given=0), target.version, f"/v1/targets/{target_id}")


async def _require_none(tx: Transaction, programme_year: int, indicator: Indicator, place: Place) -> None:
    existing = await find_target(tx, programme_year, indicator, place.region_id)
    if existing is not None:
        raise rules.TargetExists(
            f"{place} has a target of {existing.value} for {programme_year} already. "
            f"Change it with POST /v1/targets/{existing.target_id}/revise.",
            facts={"target_id": existing.target_id},
        )


async def _share_above(
    tx: Transaction, region: Region, place: Place, programme_year: int, indicator: Indicator, *, on: date
) -> Share | None:
    """The target of the region above; None for the country."""
    if region.parent_id is None:
        return None
    above = (await places_of(tx, [region.parent_id], on=on)).get(region.parent_id)
    target = await find_target(tx, programme_year, indicator, region.parent_id)
    if above is None or target is None:
        raise rules.parent_missing(place, above)
    return Share(target, above, await given_to_children(tx, target.target_id))


async def revise_target(
    tx: Transaction, *, target_id: UUID, value: int, reason: str, expected_version: int, scope: Scope, now: datetime
) -> Answer:
    today = now.astimezone(JAKARTA).date()
    target = await load_target(tx, target_id)
    if target is None or not await covers(tx, scope, target.region_id, today=today):
        raise target_unknown(target_id)
    require_version(target.version, expected_version)
    on = rules.target_day(target.programme_year, today=today)
    place = (await places_of(tx, [target.region_id], on=on))[target.region_id]
    given = await given_to_children(tx, target_id)
    rules.require_covers_children(value, place, given)
    rules.require_within_parent(value, place, await _share_of(tx, target, on=on))
    revised = await _announce_revision(tx, target, value=value, reason=reason, now=now)
    return Answer(target_view(revised, place, given=given), revised.version)


async def _share_of(tx: Transaction, target: Target, *, on: date) -> Share | None:
    """What this target is a share of, counting the other shares only."""
    above = None if target.parent_target_id is None else await load_target(tx, target.parent_target_id)
    if above is None:
        return None
    place = (await places_of(tx, [above.region_id], on=on))[above.region_id]
    return Share(above, place, await given_to_children(tx, above.target_id, but=target.target_id))


async def _announce_revision(tx: Transaction, target: Target, *, value: int, reason: str, now: datetime) -> Target:
    event = TargetRevised(
        target_id=target.target_id,
        region_id=target.region_id,
        programme_year=target.programme_year,
        indicator=target.indicator,
        value=value,
        basis=target.basis,
        old_value=target.value,
        reason=reason,
    )
    recorded = await append(tx, event, occurred_at=now)
    revised = rules.revised(target, value=value, version=recorded.version)
    await close_target(tx, target.target_id, at=recorded.recorded_at)
    await add_target(tx, revised, recorded, reason=reason)
    return revised


def target_unknown(target_id: UUID) -> TargetUnknown:
    return TargetUnknown(f"There is no target {target_id}. List them with GET /v1/targets?programme_year=.")
