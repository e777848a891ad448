"""Regions as reports ask for them: by code on a day's map, with those below."""

from datetime import date
from uuid import UUID

from simpul_shared.errors import OutsideScope
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown, region_by_code
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_reporting.domain.moments import AsOf
from simpul_reporting.domain.targets import Place
from simpul_reporting.store.places import covers


async def find_region(tx: Transaction, code: RegionCode, as_of: AsOf) -> Region:
    """The region that bore the code on the day asked for. Errors: RegionUnknown, saying on which of the two times."""
    known_on = None if as_of.live else as_of.known_on
    try:
        return await region_by_code(tx, code, on=as_of.valid_on, known_on=known_on)
    except RegionUnknown as unknown:
        if known_on is None or not await _known_today(tx, code, as_of.valid_on):
            raise
        raise RegionUnknown(
            f"Nothing was known of {code} at {known_on.isoformat()}. Ask for a later known_on.", field="/query/known_on"
        ) from unknown


async def _known_today(tx: Transaction, code: RegionCode, on: date) -> bool:
    try:
        await region_by_code(tx, code, on=on)
    except RegionUnknown:
        return False
    return True


async def any_region(tx: Transaction) -> bool:
    known: bool = await tx.fetchval("select exists (select from region_version)")
    return known


async def require_visible(tx: Transaction, region: Region, scope: Scope, *, today: date) -> None:
    """A caller sees the regions that lie in its own today or lay in it on the day asked for. Errors: OutsideScope."""
    if not await covers(tx, scope, region.region_id, today=today, path=region.path):
        raise OutsideScope(
            f"{region.code} {region.name} lies outside the regions of your access token.", field="/query/region"
        )


async def children_of(tx: Transaction, region: Region, as_of: AsOf) -> dict[UUID, Place]:
    """All regions directly below on the day asked for."""
    rows = await tx.fetch(
        """
        select region_id, code, name, level from region_version
        where parent_id = $1 and valid_from <= $2 and $2 < valid_to
            and recorded_at <= $3 and (superseded_at > $3 or superseded_at = 'infinity')
        """,
        region.region_id,
        as_of.valid_on,
        as_of.known_at,
    )
    return {
        row["region_id"]: Place(row["region_id"], row["code"], row["name"], RegionLevel(row["level"])) for row in rows
    }
