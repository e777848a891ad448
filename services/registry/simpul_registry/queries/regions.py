"""Questions about regions, each as of a day (valid_on) and as known at an instant (known_on, None for now)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.regions.store import RegionUnknown
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_registry.domain.fate import Bearer
from simpul_registry.queries.search import like_pattern
from simpul_registry.store.codes_out_of_use import in_words, intervals, successors
from simpul_registry.store.region_fates import fates_of
from simpul_registry.store.regions import find_region, versions_of
from simpul_registry.views.regions import LineageView, RegionView


@dataclass(frozen=True)
class AsOf:
    valid_on: date
    known_on: datetime | None = None


@dataclass(frozen=True)
class RegionFilter:
    """`prefix` is the beginning of a code, `q` a part of the name in any case; all that are given must fit."""

    code: RegionCode | None = None
    prefix: str | None = None
    q: str | None = None
    level: RegionLevel | None = None
    parent_id: UUID | None = None


async def list_regions(
    tx: Transaction, wanted: RegionFilter, as_of: AsOf, *, limit: int, cursor: str | None
) -> Page[RegionView]:
    """The larger regions first, then by code. Errors: CursorMalformed; RegionUnknown for a code that nobody bore."""
    if wanted.code is not None:
        await find_region(tx, wanted.code, on=as_of.valid_on, known_on=as_of.known_on, field="/query/code")
    after = decode_cursor(cursor, tuple[str])
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree,
            recorded_at, null::timestamptz as superseded_at -- believed at that instant, whatever came later
        from region_version
        where valid_from <= $1 and $1 < valid_to
            and recorded_at <= coalesce($2::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $2)
            and ($3::text is null or code = $3)
            and ($4::text is null or code ^@ $4)
            and ($5::text is null or name ilike $5)
            and ($6::text is null or level = $6)
            and ($7::uuid is null or parent_id = $7)
            and ($8::text is null or (length(code), code) > (length($8), $8))
        order by length(code), code limit $9
        """,
        as_of.valid_on,
        as_of.known_on,
        wanted.code,
        wanted.prefix,
        like_pattern(wanted.q),
        wanted.level,
        wanted.parent_id,
        after[0] if after else None,
        limit + 1,
    )
    return page_of([RegionView.of(row) for row in rows], limit=limit, key=lambda view: (view.code,))


async def get_region(tx: Transaction, region_id: UUID, as_of: AsOf) -> RegionView:
    """Errors: RegionUnknown, which says when the region existed if it did at all."""
    row = await tx.fetchrow(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree,
            recorded_at, null::timestamptz as superseded_at -- believed at that instant, whatever came later
        from region_version
        where region_id = $1 and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        """,
        region_id,
        as_of.valid_on,
        as_of.known_on,
    )
    if row is None:
        raise await _absent(tx, region_id, as_of)
    return RegionView.of(row)


async def ancestors(tx: Transaction, region_id: UUID, as_of: AsOf) -> Page[RegionView]:
    """From the country down to the region's parent. Errors: RegionUnknown."""
    region = await get_region(tx, region_id, as_of)
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree,
            recorded_at, null::timestamptz as superseded_at -- believed at that instant, whatever came later
        from region_version
        where region_id = any($1) and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        order by array_length(path, 1)
        """,
        region.path[:-1],
        as_of.valid_on,
        as_of.known_on,
    )
    return Page(items=[RegionView.of(row) for row in rows])


async def children(
    tx: Transaction, region_id: UUID, as_of: AsOf, *, limit: int, cursor: str | None
) -> Page[RegionView]:
    """By code. Errors: RegionUnknown, CursorMalformed."""
    await get_region(tx, region_id, as_of)
    return await list_regions(tx, RegionFilter(parent_id=region_id), as_of, limit=limit, cursor=cursor)


async def region_history(
    tx: Transaction, region_id: UUID, *, valid_on: date | None = None, known_on: datetime | None
) -> Page[RegionView]:
    """All versions by first day, or those of a day; those no longer believed with `superseded_at`. Errors: RegionUnknown."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree,
            recorded_at, case when superseded_at <= $2 or $2 is null then nullif(superseded_at, 'infinity') end as superseded_at
        from region_version
        where region_id = $1 and recorded_at <= coalesce($2::timestamptz, 'infinity')
        order by valid_from, recorded_at
        """,
        region_id,
        known_on,
    )
    if not rows:
        raise _never(region_id)
    of_day = (row for row in rows if valid_on is None or row["valid_from"] <= valid_on < row["valid_to"])
    return Page(items=[RegionView.of(row) for row in of_day])


async def region_lineage(
    tx: Transaction, region_id: UUID, *, valid_on: date | None, known_on: datetime | None
) -> Page[LineageView]:
    """What the region came from and what came from it, by day, up to a day. Errors: RegionUnknown."""
    await region_history(tx, region_id, known_on=known_on)
    rows = await tx.fetch(
        """
        select event_id, kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence, recorded_at
        from region_lineage
        where (region_id = $1 or from_region_id = $1) and recorded_at <= coalesce($2::timestamptz, 'infinity')
            and (superseded_at = 'infinity' or superseded_at > $2) and ($3::date is null or effective_on <= $3)
        order by effective_on, to_code, from_code
        """,
        region_id,
        known_on,
        valid_on,
    )
    return Page(items=[LineageView.model_validate(dict(row)) for row in rows])


async def _absent(tx: Transaction, region_id: UUID, as_of: AsOf) -> RegionUnknown:
    versions = await versions_of(tx, region_id, known_on=as_of.known_on)
    if not versions:
        return await _withdrawn(tx, region_id, as_of.known_on)
    last = versions[-1]
    detail = (
        f"Region {region_id} did not exist on {as_of.valid_on}, or was not known then; it exists {in_words(versions)},"
        f" last as {last.code} {last.name}. Ask for a valid_on within."
    )
    facts: dict[str, object] = {"existed": intervals(versions)}
    if last.valid_to <= as_of.valid_on:
        bearer, since = Bearer(region_id, last.code, last.name), last.valid_to - timedelta(days=1)
        [told] = await fates_of(tx, [bearer], since=since, until=as_of.valid_on, known_on=as_of.known_on)
        facts |= successors(told)
    return RegionUnknown(detail, facts=facts)


async def _withdrawn(tx: Transaction, region_id: UUID, known_on: datetime | None) -> RegionUnknown:
    row = await tx.fetchrow(
        """
        select code, name, superseded_at, (
                select o.region_id from region_overrule as o
                where o.joined_region_id = $1 and o.ruled_at <= coalesce($2::timestamptz, 'infinity')
                    and (o.undone_at is null or o.undone_at > $2)
            ) as joined_into
        from region_version
        where region_id = $1 and superseded_at <= coalesce($2::timestamptz, 'infinity') order by superseded_at desc limit 1
        """,
        region_id,
        known_on,
    )
    if row is None:
        return _never(region_id)
    joined = f" It was found to be region {row['joined_into']}, which has its past and its future." * bool(
        row["joined_into"]
    )
    return RegionUnknown(
        f"What was said of region {region_id}, {row['code']} {row['name']}, was withdrawn: a decree was undone or a lineage"
        f" overruled.{joined} Its /history has it; ask with a known_on before {row['superseded_at'].isoformat()}.",
        facts={"withdrawn_at": row["superseded_at"], "joined_into": row["joined_into"]},
    )


def _never(region_id: UUID) -> RegionUnknown:
    return RegionUnknown(f"There is no region {region_id}. Look it up by its code: /v1/regions?code=...")
