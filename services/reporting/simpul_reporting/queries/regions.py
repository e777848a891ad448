"""Regions as reports name them: by code on a day's map, by id with the name nearest to that day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field
from simpul_shared.errors import OutsideScope
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown, region_by_code, scope_ids
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_reporting.domain import AsOf, Place


class RegionRef(BaseModel):
    """A region by id and by the words of the day asked for."""

    region_id: UUID
    code: str = Field(examples=["51.03"])
    name: str = Field(examples=["Kabupaten Badung"])
    level: RegionLevel

    @classmethod
    def of(cls, place: Place | Region) -> "RegionRef":
        return cls(region_id=place.region_id, code=place.code, name=place.name, level=place.level)


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


async def require_visible(tx: Transaction, region: Region, scope: Scope, *, today: date) -> None:
    """A caller sees the regions that lie in its own today or lay in it on the day asked for. Errors: OutsideScope."""
    allowed = await scope_ids(tx, scope, on=today)
    if allowed is None:
        return
    now_in = await tx.fetchval("select region_path_at($1, $2, 'infinity')", region.region_id, today)
    if not set(allowed) & {*region.path, *(now_in or ())}:
        raise OutsideScope(
            f"{region.code} {region.name} lies outside the regions of your access token.", field="/query/region"
        )


async def places_of(tx: Transaction, region_ids: Sequence[UUID], as_of: AsOf) -> dict[UUID, Place]:
    """Code and name of regions, nearest to the day."""
    rows = await tx.fetch(
        """
        select distinct on (region_id) region_id, code, name, level from region_version
        where region_id = any($1) and recorded_at <= $3 and (superseded_at > $3 or superseded_at = 'infinity')
        order by region_id, valid_from <= $2 desc, case when valid_from <= $2 then valid_from end desc, valid_from
        """,
        list(region_ids),
        as_of.valid_on,
        as_of.known_at,
    )
    return {row["region_id"]: _place(row["region_id"], row["code"], row["name"], row["level"]) for row in rows}


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
    return {row["region_id"]: _place(row["region_id"], row["code"], row["name"], row["level"]) for row in rows}


def _place(region_id: UUID, code: str, name: str, level: str) -> Place:
    return Place(region_id, code, name, RegionLevel(level))


def place_of(region: Region) -> Place:
    return Place(region.region_id, region.code, region.name, region.level)
