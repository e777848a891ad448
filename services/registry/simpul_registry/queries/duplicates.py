"""Libraries that may be registered twice: looked for when asked, district after district."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, encode_cursor
from simpul_shared.regions.store import scope_ids

from simpul_registry.domain.duplicates import Pair, Registered, candidates
from simpul_registry.store.duplicates import dismissed_among, libraries_by_district
from simpul_registry.store.regions import JAKARTA, local_day
from simpul_registry.views.duplicates import LibraryPairView

_COMPARED = 2000
"""Libraries looked at for one page: some tens of thousands of comparisons, a fraction of a second."""


async def list_duplicates(tx: Transaction, *, scope: Scope, now: datetime, cursor: str | None) -> Page[LibraryPairView]:
    """Pairs that nobody dismissed. A page has those of whole districts and may be empty. Errors: CursorMalformed."""
    today = local_day(now, JAKARTA)
    after = decode_cursor(cursor, tuple[UUID])
    allowed = await scope_ids(tx, scope, on=today)
    found = await libraries_by_district(
        tx, allowed=allowed, on=today, after=after[0] if after else None, limit=_COMPARED + 1
    )
    libraries = _whole_districts(found)
    dismissed = await dismissed_among(tx, [one.library_id for one in libraries])
    pairs = [
        LibraryPairView.of(one)
        for one in candidates(libraries)
        if Pair.of(one.one.library_id, one.other.library_id) not in dismissed
    ]
    more = len(found) > len(libraries)
    return Page(items=pairs, next_cursor=encode_cursor(str(libraries[-1].district_id)) if more else None)


def _whole_districts(found: Sequence[Registered]) -> Sequence[Registered]:
    """Without the last district, if it may go on beyond what was read; one that fills it all is compared as far as read."""
    if len(found) <= _COMPARED:
        return found
    return [one for one in found if one.district_id != found[-1].district_id] or found[:-1]
