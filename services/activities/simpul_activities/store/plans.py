"""Follow-up plans in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import Basis

from simpul_activities.domain.activity import PlanItemRef
from simpul_activities.domain.bimtek import Pillar
from simpul_activities.domain.plan import Item, Plan, PlanItemNotFound, PlanNotFound


async def load(tx: Transaction, plan_id: UUID, *, allowed: Sequence[UUID] | None) -> Plan:
    """Errors: PlanNotFound, also for a library outside the `allowed` regions (None: anywhere)."""
    row = await tx.fetchrow(
        """
        select p.plan_id, p.version, p.bimtek_id, p.library_id, p.region_id, p.basis from follow_up_plan as p
        where p.plan_id = $1 and ($2::uuid[] is null
            or exists (select from region_place as place where place.region_id = p.region_id and place.path && $2))
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
        items=items,
        basis=Basis(row["basis"]),
    )


async def items_of(tx: Transaction, plan_ids: Sequence[UUID]) -> dict[UUID, tuple[Item, ...]]:
    rows = await tx.fetch(
        "select plan_id, no, pillar, text, due_on from follow_up_item where plan_id = any($1) order by plan_id, no",
        plan_ids,
    )
    items: dict[UUID, tuple[Item, ...]] = dict.fromkeys(plan_ids, ())
    for row in rows:
        items[row["plan_id"]] += (Item(row["no"], Pillar(row["pillar"]), row["text"], row["due_on"]),)
    return items


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
        "insert into follow_up_item (plan_id, no, pillar, text, due_on) values ($1, $2, $3, $4, $5)",
        [(plan.plan_id, item.no, item.pillar.value, item.text, item.due_on) for item in plan.items],
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
