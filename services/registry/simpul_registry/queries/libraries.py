"""Questions about libraries: one, a list."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.regions.store import require_in_scope, scope_ids
from simpul_shared.vocabulary import ExternalIdScheme, FundSource, LibraryStanding, LibraryType, RegionCode, Scheme

from simpul_registry.queries.search import like_pattern
from simpul_registry.store import kin
from simpul_registry.store.codes_out_of_use import day
from simpul_registry.store.libraries import load_library, placed_libraries
from simpul_registry.store.regions import (
    JAKARTA,
    JAYAPURA,
    find_region,
    local_day,
    region_as_last_known,
    regions_as_last_known,
)
from simpul_registry.views.libraries import (
    LibraryView,
    LinksView,
    LinkView,
    PlacesView,
    PlaceView,
    RegionRef,
)


@dataclass(frozen=True)
class LibraryFilter:
    """`region` and all below it, as the hierarchy was on `valid_on` (today when None); `q` is part of the name.

    A region that has ended by then lies where it last lay.
    """

    region: RegionCode | None = None
    valid_on: date | None = None
    status: LibraryStanding | None = None
    type: LibraryType | None = None
    programme_year: int | None = None
    scheme: Scheme | None = None
    fund_source: FundSource | None = None
    external_id: tuple[ExternalIdScheme, str] | None = None
    q: str | None = None

    def places_on(self, now: datetime) -> date:
        """The day of which libraries' places are asked; today by their own calendars, where it is none."""
        return self.valid_on or local_day(now, JAYAPURA)


async def get_library(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> LibraryView:
    """Errors: LibraryUnknown."""
    placed = await load_library(tx, library_id, scope=scope, now=now)
    return LibraryView.of(placed.library, placed.region)


async def survivor_of(tx: Transaction, view: LibraryView) -> UUID:
    """The library that goes on for this one, at the end of all merges; itself when there was none."""
    return view.library_id if view.merged_into is None else await kin.survivor_of(tx, view.library_id)


async def library_places(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> PlacesView:
    """Where it lay when, by first day; the regions as they are called today. Errors: LibraryUnknown."""
    await load_library(tx, library_id, scope=scope, now=now)
    rows = await tx.fetch(
        "select region_id, valid_from, valid_to from library_region where library_id = $1 order by valid_from",
        library_id,
    )
    regions = await regions_as_last_known(tx, [row["region_id"] for row in rows], on=local_day(now, JAKARTA))
    return PlacesView(
        items=[
            PlaceView(
                region=RegionRef.of(regions[row["region_id"]]),
                valid_from=day(row["valid_from"]),
                valid_to=day(row["valid_to"]),
            )
            for row in rows
        ]
    )


async def library_links(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> LinksView:
    """Errors: LibraryUnknown."""
    await load_library(tx, library_id, scope=scope, now=now)
    rows = await tx.fetch(
        """
        select mentor_now as library_id, replica_now as replica_id, via_bimtek_id, linked_on,
            library_id as linked_library_id, replica_id as linked_replica_id
        from replica_link
        where $1 in (mentor_now, library_id, replica_now, replica_id) and mentor_now <> replica_now and ended_on is null
        order by linked_on, link_no
        """,
        library_id,
    )
    links = [LinkView(**dict(row)) for row in rows]
    return LinksView(
        replicas=[one for one in links if library_id in (one.library_id, one.linked_library_id)],
        mentors=[one for one in links if library_id in (one.replica_id, one.linked_replica_id)],
    )


async def list_libraries(
    tx: Transaction, wanted: LibraryFilter, *, scope: Scope, now: datetime, limit: int, cursor: str | None
) -> Page[LibraryView]:
    """By name. Errors: RegionUnknown, OutsideScope, CursorMalformed."""
    today = local_day(now, JAKARTA)
    after = decode_cursor(cursor, tuple[str, UUID])
    region_id = await wanted_region(tx, wanted, scope=scope, today=today)
    rows = await tx.fetch(
        """
        select l.library_id, l.name, l.type, l.region_id, l.status, l.nominated_on, l.status_since, l.named_since,
            l.placed_since, l.basis, l.merged_into, l.merged_on, l.plans_to, l.active_replicas, l.version
        from library_now l
        where ($2::uuid[] is null or l.region_id in (select region_id from regions_within($2, $1)))
            and ($3::uuid is null or l.library_id in (
                select lay.library_id from library_region lay join regions_within(array[$3], $4) using (region_id)
                where lay.valid_from <= $16 and $16 < lay.valid_to))
            and ($5::text is null or l.standing = $5)
            and ($6::text is null or l.type = $6)
            and ($7::text is null or l.name ilike $7)
            and (($8::integer is null and $9::text is null and $15::text is null) or exists (select from support_episode e
                where e.library_id = l.library_id and ($8::integer is null or e.programme_year = $8)
                and ($9::text is null or e.scheme = $9) and ($15::text is null or e.fund_source = $15)))
            and ($10::text is null or (l.name, l.library_id) > ($10, $11::uuid))
        and ($13::text is null or l.library_id in (select x.library_id from external_id x where x.scheme = $13 and x.compared = $14))
        order by l.name, l.library_id limit $12
        """,
        today,
        await scope_ids(tx, scope, on=today),
        region_id,
        wanted.valid_on or today,
        wanted.status,
        wanted.type,
        like_pattern(wanted.q),
        wanted.programme_year,
        wanted.scheme,
        after[0] if after else None,
        after[1] if after else None,
        limit + 1,
        wanted.external_id[0] if wanted.external_id else None,
        wanted.external_id[1] if wanted.external_id else None,
        wanted.fund_source,
        wanted.places_on(now),
    )
    views = [LibraryView.of(one.library, one.region) for one in await placed_libraries(tx, rows, on=today)]
    return page_of(views, limit=limit, key=lambda view: (view.name, str(view.library_id)))


async def wanted_region(tx: Transaction, wanted: LibraryFilter, *, scope: Scope, today: date) -> UUID | None:
    """Errors: RegionUnknown, OutsideScope."""
    if wanted.region is None:
        return None
    region = await find_region(tx, wanted.region, on=wanted.valid_on or today, field="/query/region")
    current = await region_as_last_known(tx, region.region_id, on=today)
    await require_in_scope(tx, current, scope, on=today, field="/query/region")
    return region.region_id
