"""Community activities: one with its history, lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of
from simpul_shared.vocabulary import ActivityCategory

from simpul_activities.store import activities
from simpul_activities.views.activities import ActivityChangeView, ActivityHistoryView, ActivityView


@dataclass(frozen=True)
class ActivityFilter:
    """None filters nothing. `held_from` and `held_to` are inclusive."""

    library_id: UUID | None = None
    category: ActivityCategory | None = None
    held_from: date | None = None
    held_to: date | None = None


async def read_activity(tx: Transaction, activity_id: UUID, *, allowed: Sequence[UUID] | None) -> ActivityHistoryView:
    """Errors: ActivityNotFound."""
    activity = await activities.load(tx, activity_id, allowed=allowed)
    rows = await tx.fetch(
        """
        select version, status, reason, before, changed_at, changed_by from activity_change
        where activity_id = $1 order by version
        """,
        activity_id,
    )
    return ActivityHistoryView.with_changes(activity, [ActivityChangeView.model_validate(dict(row)) for row in rows])


async def list_activities(
    tx: Transaction,
    wanted: ActivityFilter,
    *,
    allowed: Sequence[UUID] | None,
    cursor: str | None,
    limit: int,
) -> Page[ActivityView]:
    """The latest held first. Errors: CursorMalformed."""
    after = decode_cursor(cursor, tuple[date, UUID])
    rows = await tx.fetch(
        """
        select a.* from activity as a
        where ($1::uuid[] is null
                or a.region_id = any(array(select place.region_id from region_place as place where place.path && $1)))
            and ($2::uuid is null or a.library_id = $2)
            and ($3::text is null or a.category = $3)
            and ($4::date is null or a.held_on >= $4)
            and ($5::date is null or a.held_on <= $5)
            and ($6::date is null or (a.held_on, a.activity_id) < ($6, $7::uuid))
        order by a.held_on desc, a.activity_id desc
        limit $8
        """,
        allowed,
        wanted.library_id,
        None if wanted.category is None else wanted.category.value,
        wanted.held_from,
        wanted.held_to,
        None if after is None else after[0],
        None if after is None else after[1],
        limit + 1,
    )
    found = [ActivityView.of(activities.activity_of(row)) for row in rows]
    return page_of(found, limit=limit, key=lambda one: (str(one.held_on), str(one.activity_id)))
