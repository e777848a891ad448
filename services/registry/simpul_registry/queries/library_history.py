"""Everything that happened to a library, from the ledger and from its archived days."""

from uuid import UUID

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.http.query import Page, Query, decode_id_cursor, page_of
from simpul_shared.platform.trail import events_of

from simpul_registry.store.libraries import load_library
from simpul_registry.views.libraries import LibraryEventView


async def library_history(
    edge: Query, archive: Archive, library_id: UUID, *, limit: int, cursor: str | None
) -> Page[LibraryEventView]:
    """In order. Errors: LibraryUnknown, CursorMalformed, ArchiveUnreadable."""
    after = decode_id_cursor(cursor) or 0
    async with edge.snapshot() as tx:
        library = (await load_library(tx, library_id, scope=edge.scope, now=edge.now)).library
    last = min(library.version, after + limit + 1)
    wanted = {(library_id, version) for version in range(after + 1, last + 1)}
    events = await events_of(edge.database.pool, archive, wanted, since=library.nominated_on)
    views = [LibraryEventView.model_validate(one, from_attributes=True) for one in events]
    return page_of(sorted(views, key=lambda view: view.version), limit=limit, key=lambda view: (view.version,))
