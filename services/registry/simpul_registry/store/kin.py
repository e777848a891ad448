"""What ties libraries to each other: merges, and follow-up plans that passed from one to another."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from simpul_shared.contracts.activities import FollowUpItemCancelled, FollowUpItemCompleted, FollowUpPlanSubmitted
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction


async def survivor_of(tx: Transaction, library_id: UUID) -> UUID:
    """The library that goes on for this one, at the end of all merges; itself when there was none, or no such library."""
    survivor: UUID | None = await tx.fetchval(
        """
        with recursive heir as (
            select library_id, merged_into from library where library_id = $1
            union all
            select next.library_id, next.merged_into from library as next join heir on next.library_id = heir.merged_into
        )
        select library_id from heir where merged_into is null
        """,
        library_id,
    )
    return survivor or library_id


async def open_plans(tx: Transaction, library_id: UUID) -> tuple[UUID, ...]:
    """Its follow-up plans with items still to do, and those of libraries merged into it or closed in its favour."""
    rows = await tx.fetch(
        """
        with recursive kin as (
            select $1::uuid as library_id
            union
            select l.library_id from library as l join kin on kin.library_id in (l.merged_into, l.plans_to)
        )
        select plan_id from follow_up_plan where library_id in (select library_id from kin) and settled_at is null
        order by plan_id limit 100
        """,
        library_id,
    )
    return tuple(row["plan_id"] for row in rows)


async def merged_years(tx: Transaction, library_id: UUID) -> frozenset[int]:
    """The programme years for which libraries merged into it were designated."""
    rows = await tx.fetch(
        """
        with recursive merged as (
            select library_id from library where merged_into = $1
            union
            select l.library_id from library as l join merged on l.merged_into = merged.library_id
        )
        select programme_year from support_episode join merged using (library_id) where status = 'DITETAPKAN'
        """,
        library_id,
    )
    return frozenset(row["programme_year"] for row in rows)


async def bound_since(tx: Transaction, library_id: UUID) -> date:
    """The last day on which another was merged into it, or a link of it began or ended; the first of all days without any."""
    day: date = await tx.fetchval(
        """
        select coalesce(greatest(
            (select max(merged_on) from library where merged_into = $1),
            (select max(coalesce(ended_on, linked_on)) from replica_link
                where $1 in (mentor_now, replica_now) and mentor_now <> replica_now)
        ), '-infinity')
        """,
        library_id,
    )
    return day


async def keep_plans(tx: Transaction, events: Sequence[Received[FollowUpPlanSubmitted]]) -> None:
    await tx.executemany(
        """
        insert into follow_up_plan (plan_id, library_id, bimtek_id, due_on, recorded_at) values ($1, $2, $3, $4, $5)
        """,
        [
            (e.plan_id, e.library_id, e.bimtek_id, max(item.due_on for item in e.items), one.recorded_at)
            for one in events
            for e in (one.event,)
        ],
    )


async def settle_plans(
    tx: Transaction, events: Sequence[Received[FollowUpItemCompleted | FollowUpItemCancelled]]
) -> None:
    await tx.executemany(
        "update follow_up_plan set settled_at = $2 where plan_id = $1",
        [(one.event.plan_id, one.recorded_at) for one in events if one.event.open_items == 0],
    )
