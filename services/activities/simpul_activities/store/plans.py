"""Follow-up plans in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import Basis

from simpul_activities.domain.activity import PlanItemRef
from simpul_activities.domain.bimtek import Pillar
from simpul_activities.domain.plan import Item, ItemState, Plan, PlanItemNotFound, PlanNotFound


async def load(tx: Transaction, plan_id: UUID, *, allowed: Sequence[UUID] | None) -> Plan:
    """Also where another library carries it out by now. Errors: PlanNotFound, also outside the `allowed` regions (None: anywhere)."""
    row = await tx.fetchrow(
        """
        with recursive carrier as (
            select l.region_id, coalesce(l.merged_into, l.plans_to) as next
            from library as l join follow_up_plan as p using (library_id) where p.plan_id = $1
            union
            select l.region_id, coalesce(l.merged_into, l.plans_to) from library as l join carrier on l.library_id = carrier.next
        )
        select p.plan_id, p.version, p.bimtek_id, p.library_id, p.region_id, l.timezone, p.basis
        from follow_up_plan as p join library as l using (library_id)
        where p.plan_id = $1 and ($2::uuid[] is null or exists (
            select from region_place as place
            where place.path && $2 and (place.region_id = p.region_id or place.region_id in (select region_id from carrier))
        ))
        """,
        plan_id,
        allowed,
    )
    if row is None:
        raise PlanNotFound(f"There is no follow-up plan {plan_id} within your regions. Check the id.")
    return plan_of(row, (await items_of(tx, [plan_id]))[plan_id])


def plan_of(row: asyncpg.Record, items: tuple[Item, ...]) -> Plan:
    return Plan(
        plan_id=row["plan_id"],
        version=row["version"],
        bimtek_id=row["bimtek_id"],
        library_id=row["library_id"],
        region_id=row["region_id"],
        timezone=row["timezone"],
        items=items,
        basis=Basis(row["basis"]),
    )


async def items_of(tx: Transaction, plan_ids: Sequence[UUID]) -> dict[UUID, tuple[Item, ...]]:
    rows = await tx.fetch(
        """
        select plan_id, no, pillar, text, due_on, owner_id, progress, state, evidence, completed_on, cancelled_because
        from follow_up_item where plan_id = any($1) order by plan_id, no
        """,
        plan_ids,
    )
    items: dict[UUID, tuple[Item, ...]] = dict.fromkeys(plan_ids, ())
    for row in rows:
        items[row["plan_id"]] += (_item_of(row),)
    return items


def _item_of(row: asyncpg.Record) -> Item:
    return Item(
        no=row["no"],
        pillar=Pillar(row["pillar"]),
        text=row["text"],
        due_on=row["due_on"],
        owner_id=row["owner_id"],
        progress=row["progress"],
        state=ItemState(row["state"]),
        evidence=tuple(row["evidence"]),
        completed_on=row["completed_on"],
        cancelled_because=row["cancelled_because"],
    )


async def insert(tx: Transaction, plan: Plan, *, at: datetime, by: str) -> None:
    await tx.execute(
        """
        insert into follow_up_plan (plan_id, version, bimtek_id, library_id, region_id, basis, submitted_at, submitted_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        plan.plan_id,
        plan.version,
        plan.bimtek_id,
        plan.library_id,
        plan.region_id,
        plan.basis.value,
        at,
        by,
    )
    await tx.executemany(
        "insert into follow_up_item (plan_id, no, pillar, text, due_on, owner_id) values ($1, $2, $3, $4, $5, $6)",
        [(plan.plan_id, item.no, item.pillar.value, item.text, item.due_on, item.owner_id) for item in plan.items],
    )


async def update_item(tx: Transaction, plan: Plan, no: int) -> None:
    """The item as it is now, and the plan's version."""
    item = plan.item(no)
    await tx.execute("update follow_up_plan set version = $2 where plan_id = $1", plan.plan_id, plan.version)
    await tx.execute(
        """
        update follow_up_item set progress = $3, state = $4, evidence = $5, completed_on = $6, cancelled_because = $7
        where plan_id = $1 and no = $2
        """,
        plan.plan_id,
        no,
        item.progress,
        item.state.value,
        list(item.evidence),
        item.completed_on,
        item.cancelled_because,
    )


async def bimtek_of_item(tx: Transaction, item: PlanItemRef, *, library_id: UUID) -> UUID:
    """The Bimtek after which the item was planned.

    A library carries out its own plans, and those of libraries merged into it or closed in its favour.
    Errors: PlanItemNotFound, also when it is another library's.
    """
    bimtek_id: UUID | None = await tx.fetchval(
        """
        with recursive kin as (
            select $3::uuid as library_id
            union
            select l.library_id from library as l join kin on kin.library_id in (l.merged_into, l.plans_to)
        )
        select p.bimtek_id from follow_up_item as i join follow_up_plan as p using (plan_id)
        where i.plan_id = $1 and i.no = $2 and p.library_id in (select library_id from kin)
        """,
        item.plan_id,
        item.no,
        library_id,
    )
    if bimtek_id is None:
        raise PlanItemNotFound(
            f"The library has no item {item.no} in a follow-up plan {item.plan_id}. Check both.", field="/plan_item"
        )
    return bimtek_id
