"""Questions about offices as of a day and as known at an instant: one, and those in charge of a region or of what lies above it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.vocabulary import OfficeKind, RegionCode

from simpul_registry.queries.regions import AsOf
from simpul_registry.store.offices import OfficeUnknown, office_of
from simpul_registry.store.regions import find_region
from simpul_registry.views.offices import OfficeView


@dataclass(frozen=True)
class OfficeFilter:
    """`region`: in charge of it by its place on the day."""

    kind: OfficeKind | None = None
    region: RegionCode | None = None


async def get_office(tx: Transaction, office_id: UUID, *, on: date | None, known_on: datetime | None) -> OfficeView:
    """What was said of it last, of the day when one is given. Errors: OfficeUnknown."""
    row = await tx.fetchrow(
        """
        select office_id, o.kind, v.name, v.jurisdiction, o.opened_on, v.changed_on, v.closed_on, v.version
        from office o join office_version v using (office_id)
        where office_id = $1 and ($2::date is null or v.changed_on <= $2) and v.recorded_at <= coalesce($3::timestamptz, 'infinity')
        order by v.version desc limit 1
        """,
        office_id,
        on,
        known_on,
    )
    if row is None:
        raise OfficeUnknown(f"There is no office {office_id}, or was none then. GET /v1/offices lists them.")
    return OfficeView.of(office_of(row))


async def list_offices(
    tx: Transaction, wanted: OfficeFilter, as_of: AsOf, *, limit: int, cursor: str | None
) -> Page[OfficeView]:
    """Those open on the day, by id. Errors: RegionUnknown, CursorMalformed."""
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        select office_id, o.kind, v.name, v.jurisdiction, o.opened_on, v.changed_on, v.closed_on, v.version
        from office o cross join lateral (
            select said.name, said.jurisdiction, said.changed_on, said.closed_on, said.version from office_version said
            where said.office_id = o.office_id and said.changed_on <= $3 and said.recorded_at <= coalesce($4::timestamptz, 'infinity')
            order by said.version desc limit 1
        ) as v
        where ($1::text is null or o.kind = $1) and ($2::uuid[] is null or v.jurisdiction && $2)
            and (v.closed_on is null or $3 < v.closed_on) and ($5::uuid is null or office_id > $5)
        order by office_id limit $6
        """,
        wanted.kind,
        await _path(tx, wanted.region, as_of),
        as_of.valid_on,
        as_of.known_on,
        after[0] if after else None,
        limit + 1,
    )
    views = [OfficeView.of(office_of(row)) for row in rows]
    return page_of(views, limit=limit, key=lambda view: (str(view.office_id),))


async def _path(tx: Transaction, code: RegionCode | None, as_of: AsOf) -> list[UUID] | None:
    if code is None:
        return None
    region = await find_region(tx, code, on=as_of.valid_on, known_on=as_of.known_on, field="/query/region")
    return list(region.path)
