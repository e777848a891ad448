"""Questions about decrees: one, all, its rows, the libraries that it concerns."""

from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, decode_id_cursor, page_of
from simpul_shared.vocabulary import Confidence

from simpul_registry.domain.decree import ChangeKind
from simpul_registry.domain.decree_review import Decree, DecreeStatus
from simpul_registry.store.decrees import decree_of, load_decree, rows_counted
from simpul_registry.views.decrees import AffectedLibraryView, DecreeRowView, DecreeView


async def get_decree(tx: Transaction, decree_id: UUID) -> DecreeView:
    """Errors: DecreeUnknown."""
    return await _view_of(tx, await load_decree(tx, decree_id))


async def _view_of(tx: Transaction, decree: Decree) -> DecreeView:
    return DecreeView.of(decree, *await rows_counted(tx, decree.decree_id))


async def list_decrees(
    tx: Transaction, *, status: DecreeStatus | None, limit: int, cursor: str | None
) -> Page[DecreeView]:
    """The latest first. Errors: CursorMalformed."""
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        select decree_id, decree, effective_on, within, sha256, status, map_edition, libraries, uploaded_by, uploaded_at,
            decided_by, decided_at, reason, version
        from region_decree
        where ($1::text is null or status = $1) and ($2::uuid is null or decree_id < $2)
        order by decree_id desc limit $3
        """,
        status,
        after[0] if after else None,
        limit + 1,
    )
    views = [await _view_of(tx, decree_of(row)) for row in rows]
    return page_of(views, limit=limit, key=lambda view: (str(view.decree_id),))


async def decree_rows(
    tx: Transaction,
    decree_id: UUID,
    *,
    kind: ChangeKind | None,
    confidence: Confidence | None,
    limit: int,
    cursor: str | None,
) -> Page[DecreeRowView]:
    """The larger regions first, then by code. Errors: DecreeUnknown, CursorMalformed."""
    await load_decree(tx, decree_id)
    rows = await tx.fetch(
        """
        select row_no, kind, level, from_region_id, from_code, from_name, to_code, to_name, basis, confidence, libraries
        from region_decree_row
        where decree_id = $1 and row_no > $2::bigint and ($3::text is null or kind = $3) and ($4::text is null or confidence = $4)
        order by row_no limit $5
        """,
        decree_id,
        decode_id_cursor(cursor) or 0,
        kind,
        confidence,
        limit + 1,
    )
    views = [DecreeRowView.model_validate(dict(row)) for row in rows]
    return page_of(views, limit=limit, key=lambda view: (view.row_no,))


async def affected_libraries(
    tx: Transaction, decree_id: UUID, *, limit: int, cursor: str | None
) -> Page[AffectedLibraryView]:
    """By library. Errors: DecreeUnknown, CursorMalformed."""
    await load_decree(tx, decree_id)
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        with touched as materialized (
            select from_region_id as region_id, bool_or(kind = 'VANISHED') as gone from region_decree_row
            where decree_id = $1 and from_region_id is not null and kind not in ('SPLIT', 'REUSED') group by 1
        ), lying as materialized (
            select v.region_id, v.code, v.name from region_version as v join region_decree as d on d.decree_id = $1
            where v.path && (select array_agg(region_id) from touched) and v.recorded_at <= coalesce(d.decided_at, 'infinity')
                and v.valid_from < d.effective_on and d.effective_on <= v.valid_to
                and (v.superseded_at = 'infinity' or v.superseded_at > d.decided_at)
        )
        select distinct on (l.library_id) l.library_id, l.name, l.region_id, lying.code, lying.name as region_name,
            coalesce(touched.gone, false) as gone
        from library as l join lying using (region_id) left join touched using (region_id)
        where $2::uuid is null or l.library_id > $2
        order by l.library_id limit $3
        """,
        decree_id,
        after[0] if after else None,
        limit + 1,
    )
    views = [AffectedLibraryView.model_validate(dict(row)) for row in rows]
    return page_of(views, limit=limit, key=lambda view: (str(view.library_id),))
