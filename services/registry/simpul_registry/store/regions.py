"""Regions as the write side needs them: by code with a helpful refusal, and where a library lies now."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from simpul_shared.errors import Conflict
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown, region_by_code, region_of, scope_ids
from simpul_shared.vocabulary import RegionCode

from simpul_registry.store.codes_out_of_use import explain

JAKARTA = "Asia/Jakarta"
JAYAPURA = "Asia/Jayapura"
"""Where Indonesia's day begins: what is of today anywhere is not of tomorrow here."""


class RegionsOverlap(Conflict):
    slug = "regions-overlap"
    title = "Masa berlaku wilayah tumpang tindih"


class CodesOverlap(Conflict):
    slug = "codes-overlap"
    title = "Kode sudah dipakai"


class LineageCircular(Conflict):
    slug = "lineage-circular"
    title = "Asal-usul wilayah berputar"


@lru_cache(maxsize=64)
def local_day(now: datetime, timezone: str) -> date:
    """Remembered, because an import asks it of one moment for each of its rows."""
    return now.astimezone(ZoneInfo(timezone)).date()


async def find_region(
    tx: Transaction, code: RegionCode, *, on: date, known_on: datetime | None = None, field: str | None = None
) -> Region:
    """The region that bore the code on the day.

    Errors: RegionUnknown, which says when the code was in use, what its place is called now, or which codes are near.
    """
    try:
        return await region_by_code(tx, code, on=on, known_on=known_on)
    except RegionUnknown:
        why = await explain(tx, [(code, on)], known_on=known_on)
        raise why[code, on].refusal(field=field) from None


async def find_region_today(tx: Transaction, code: RegionCode, *, now: datetime, field: str | None = None) -> Region:
    """The region that bears the code today, by the calendar of the place itself. Errors: RegionUnknown."""
    days = dict.fromkeys((local_day(now, JAKARTA), local_day(now, JAYAPURA)))
    bearers = [region for day in days if (region := await _bearer(tx, code, on=day)) is not None]
    for region in bearers:
        if region.valid_from <= local_day(now, region.timezone) < region.valid_to:
            return region
    today = local_day(now, bearers[0].timezone if bearers else JAKARTA)
    return await find_region(tx, code, on=today, field=field)


async def _bearer(tx: Transaction, code: RegionCode, *, on: date) -> Region | None:
    try:
        return await region_by_code(tx, code, on=on)
    except RegionUnknown:
        return None


async def region_as_last_known(tx: Transaction, region_id: UUID, *, on: date) -> Region:
    """As regions_as_last_known() has it. Errors: RegionUnknown."""
    return (await regions_as_last_known(tx, [region_id], on=on))[region_id]


async def regions_as_last_known(tx: Transaction, region_ids: Sequence[UUID], *, on: date) -> dict[UUID, Region]:
    """The regions on the day, those that had ended as they were last, those that begin later as they will be first.

    One of which nothing is believed any more is as it was said to be: what refers to it is never lost. Errors: RegionUnknown,
    for an id that no region ever had.
    """
    found = await _last_known(tx, region_ids, on=on)
    for region_id in region_ids:
        if region_id not in found:
            raise RegionUnknown(f"There is no region {region_id}. Look the region up by its code first.")
    return found


async def _last_known(tx: Transaction, region_ids: Sequence[UUID], *, on: date) -> dict[UUID, Region]:
    rows = await tx.fetch(
        """
        select distinct on (region_id) region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree
        from region_version
        where region_id = any($1)
        order by region_id, superseded_at = 'infinity' desc, valid_from <= $2 desc,
            case when valid_from <= $2 then valid_from end desc, valid_from, superseded_at desc
        """,
        region_ids,
        on,
    )
    return {row["region_id"]: region_of(row) for row in rows}


async def regions_on_days(tx: Transaction, wanted: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], Region]:
    """The regions as they were on the days; those that did not exist are missing."""
    rows = await tx.fetch(
        """
        select asked.on_day, v.region_id, v.scheme, v.code, v.name, v.level, v.kind, v.parent_id, v.path, v.timezone,
            v.valid_from, v.valid_to, v.decree
        from unnest($1::uuid[], $2::date[]) as asked(region_id, on_day)
        join region_version as v on v.region_id = asked.region_id and v.valid_from <= asked.on_day
            and asked.on_day < v.valid_to and v.superseded_at = 'infinity'
        """,
        [region_id for region_id, _ in wanted],
        [on for _, on in wanted],
    )
    return {(row["region_id"], row["on_day"]): region_of(row) for row in rows}


async def in_scope(tx: Transaction, region: Region, scope: Scope, *, on: date) -> bool:
    allowed = await scope_ids(tx, scope, on=on)
    return allowed is None or not set(allowed).isdisjoint(region.path)


async def versions_of(tx: Transaction, region_id: UUID, *, known_on: datetime | None = None) -> list[Region]:
    """What is believed of a region at any time, as known at `known_on` (now when None), by first day."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version
        where region_id = $1 and recorded_at <= coalesce($2::timestamptz, 'infinity')
            and (superseded_at = 'infinity' or superseded_at > $2)
        order by valid_from
        """,
        region_id,
        known_on,
    )
    return [region_of(row) for row in rows]
