"""Questions about offices: one, and those in charge of a region, of what lies above it included."""

from datetime import date
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.vocabulary import OfficeKind, RegionCode

from simpul_registry.store.offices import load_office, office_of
from simpul_registry.store.regions import find_region
from simpul_registry.views.offices import OfficeView


async def get_office(tx: Transaction, office_id: UUID) -> OfficeView:
    """Errors: OfficeUnknown."""
    return OfficeView.of(await load_office(tx, office_id))


async def list_offices(
    tx: Transaction, *, kind: OfficeKind | None, region: RegionCode | None, on: date, limit: int, cursor: str | None
) -> Page[OfficeView]:
    """By id. With `region` those that are in charge of it by its place on the day. Errors: RegionUnknown, CursorMalformed."""
    path = (await find_region(tx, region, on=on, field="/query/region")).path if region is not None else None
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        select office_id, kind, name, jurisdiction, opened_on, changed_on, closed_on, version from office
        where ($1::text is null or kind = $1) and ($2::uuid[] is null or jurisdiction && $2)
            and opened_on <= $3 and (closed_on is null or $3 < closed_on) and ($4::uuid is null or office_id > $4)
        order by office_id limit $5
        """,
        kind,
        path,
        on,
        after[0] if after else None,
        limit + 1,
    )
    views = [OfficeView.of(office_of(row)) for row in rows]
    return page_of(views, limit=limit, key=lambda view: (str(view.office_id),))
