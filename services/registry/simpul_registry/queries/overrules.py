"""Questions about overruled lineage: one, and all."""

from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of

from simpul_registry.store.overrules import Overrule, concerned_by, list_overruled, load_overrule
from simpul_registry.store.region_changes import lineage_said
from simpul_registry.views.overrules import OverruleView


async def get_overrule(tx: Transaction, overrule_id: UUID) -> OverruleView:
    """Errors: OverruleUnknown."""
    return await _view_of(tx, await load_overrule(tx, overrule_id))


async def list_overrules(tx: Transaction, *, limit: int, cursor: str | None) -> Page[OverruleView]:
    """The latest first, undone ones included. Errors: CursorMalformed."""
    after = decode_cursor(cursor, tuple[UUID])
    found = await list_overruled(tx, after=after[0] if after else None, limit=limit + 1)
    views = [await _view_of(tx, one) for one in found]
    return page_of(views, limit=limit, key=lambda view: (str(view.overrule_id),))


async def _view_of(tx: Transaction, overrule: Overrule) -> OverruleView:
    lineage = (await lineage_said(tx, [overrule.lineage_event_id]))[overrule.lineage_event_id]
    return OverruleView.of(overrule, lineage, await concerned_by(tx, overrule, lineage))
