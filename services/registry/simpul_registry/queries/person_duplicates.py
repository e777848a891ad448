"""Questions about people who may be registered twice."""

from datetime import datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.regions.store import scope_ids

from simpul_registry.store.person_duplicates import candidates
from simpul_registry.store.regions import JAKARTA, local_day
from simpul_registry.views.person_duplicates import CandidateView


async def list_candidates(
    tx: Transaction, *, scope: Scope, now: datetime, limit: int, cursor: str | None
) -> Page[CandidateView]:
    """Pairs that nobody decided on yet. Errors: CursorMalformed."""
    today = local_day(now, JAKARTA)
    rows = await candidates(
        tx,
        allowed=await scope_ids(tx, scope, on=today),
        on=today,
        after=decode_cursor(cursor, tuple[UUID, UUID]),
        limit=limit + 1,
    )
    found = [CandidateView(person_ids=(row["one_id"], row["other_id"]), alike=row["alike"]) for row in rows]
    return page_of(found, limit=limit, key=lambda one: tuple(str(person_id) for person_id in one.person_ids))
