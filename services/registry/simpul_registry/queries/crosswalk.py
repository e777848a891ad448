"""From the codes of one day to those of another, and the whole map of a day as one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from simpul_shared.errors import Invalid
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, encode_cursor
from simpul_shared.regions.store import Region, region_of
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_registry.domain.fate import Bearer, Fate, RegionFate
from simpul_registry.queries.regions import AsOf
from simpul_registry.store.region_fates import fates_of
from simpul_registry.store.regions import find_region
from simpul_registry.views.crosswalk import CrosswalkView

_STEP = 2000
"""Regions looked at at once; a page takes as many steps as it needs to fill."""


class CrosswalkBackwards(Invalid):
    slug = "crosswalk-backwards"
    title = "Urutan tanggal terbalik"


@dataclass(frozen=True)
class Crosswalk:
    """The regions within `within` as they were on `from_on`, seen from `to.valid_on`, as known at `to.known_on`."""

    within: RegionCode
    from_on: date
    to: AsOf
    level: RegionLevel | None = None
    fate: RegionFate | None = None


async def crosswalk(tx: Transaction, wanted: Crosswalk, *, limit: int, cursor: str | None) -> Page[CrosswalkView]:
    """By the code of `from_on`, the larger regions first. Errors: CrosswalkBackwards, RegionUnknown, CursorMalformed."""
    if wanted.to.valid_on < wanted.from_on:
        raise CrosswalkBackwards("Name the earlier day in from_on and the later one in to_on.", field="/query/to_on")
    start = decode_cursor(cursor, tuple[str])
    after = start[0] if start else ""
    found: list[CrosswalkView] = []
    while len(found) <= limit:
        before = await _regions_on(tx, wanted, after)
        told = await _told(tx, wanted, before)
        found += [one for one in told if wanted.fate in {None, one.fate}]
        if len(before) < _STEP:
            break
        after = before[-1].code
    shown = found[:limit]
    more = len(found) > limit
    return Page(items=shown, next_cursor=encode_cursor(shown[-1].code) if more else None)


async def map_as_csv(tx: Transaction, as_of: AsOf, level: RegionLevel | None) -> bytes:
    """Every region of a day by code, written by Postgres itself; about 10 MB for the whole country."""
    written = BytesIO()
    await tx.connection.copy_from_query(
        """
        select region_id, parent_id, scheme, code, name, level, kind, timezone, nullif(valid_from, '-infinity') as valid_from,
            nullif(valid_to, 'infinity') as valid_to, decree, recorded_at
        from region_version
        where valid_from <= $1::date and $1::date < valid_to
            and recorded_at <= coalesce($2::timestamptz, 'infinity')
            and (superseded_at = 'infinity' or superseded_at > $2::timestamptz)
            and ($3::text is null or level = $3::text)
        order by length(code), code
        """,
        as_of.valid_on,
        as_of.known_on,
        None if level is None else level.value,
        output=written,
        format="csv",
        header=True,
    )
    return written.getvalue()


async def _regions_on(tx: Transaction, wanted: Crosswalk, after: str) -> list[Region]:
    within = await find_region(tx, wanted.within, on=wanted.from_on, known_on=wanted.to.known_on, field="/query/within")
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version
        where path @> array[$1::uuid] and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
            and ($4::text is null or level = $4) and level <> 'NASIONAL' and (length(code), code) > (length($5::text), $5)
        order by length(code), code limit $6
        """,
        within.region_id,
        wanted.from_on,
        wanted.to.known_on,
        wanted.level,
        after,
        _STEP,
    )
    return [region_of(row) for row in rows]


async def _told(tx: Transaction, wanted: Crosswalk, before: Sequence[Region]) -> list[CrosswalkView]:
    bearers = [Bearer(one.region_id, one.code, one.name) for one in before]
    fates: list[Fate] = await fates_of(
        tx, bearers, since=wanted.from_on, until=wanted.to.valid_on, known_on=wanted.to.known_on
    )
    return [CrosswalkView.of(one, fate) for one, fate in zip(before, fates, strict=True)]
