"""Community activities in Postgres: the row as it stands, and what stood before each change."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from simpul_shared.contracts.activities import Age, Counts, Gender
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

from simpul_activities.domain.activity import Activity, ActivityNotFound, ActivityStatus, Content, PlanItemRef


async def load(tx: Transaction, activity_id: UUID, *, allowed: Sequence[UUID] | None) -> Activity:
    """Errors: ActivityNotFound, also for one outside the `allowed` regions (None: anywhere)."""
    row = await tx.fetchrow(
        """
        select * from activity as a
        where a.activity_id = $1 and ($2::uuid[] is null
            or exists (select from region_place as place where place.region_id = a.region_id and place.path && $2))
        """,
        activity_id,
        allowed,
    )
    if row is None:
        raise ActivityNotFound(f"There is no activity {activity_id} within your regions. Check the id.")
    return activity_of(row)


async def insert(tx: Transaction, activity: Activity, *, at: datetime, by: str) -> None:
    content, counts, item = activity.content, activity.content.counts, activity.plan_item
    await tx.execute(
        """
        insert into activity (activity_id, version, status, library_id, region_id, timezone, basis, bimtek_id, plan_id,
            plan_item_no, recorded_at, recorded_by, category, title, notes, starts_at, held_on, method, total, male, female,
            gender_unknown, from_0_to_6, from_7_to_12, from_13_to_17, from_18_to_35, from_36_to_59, from_60, age_unknown,
            disability, low_income)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
            $25, $26, $27, $28, $29, $30, $31)
        """,
        activity.activity_id,
        activity.version,
        activity.status.value,
        activity.library_id,
        activity.region_id,
        activity.timezone,
        activity.basis.value,
        activity.bimtek_id,
        None if item is None else item.plan_id,
        None if item is None else item.no,
        at,
        by,
        *_content_row(activity, content, counts),
    )


async def update(tx: Transaction, activity: Activity) -> None:
    await tx.execute(
        """
        update activity set version = $2, status = $3, category = $4, title = $5, notes = $6, starts_at = $7, held_on = $8,
            method = $9, total = $10, male = $11, female = $12, gender_unknown = $13, from_0_to_6 = $14, from_7_to_12 = $15,
            from_13_to_17 = $16, from_18_to_35 = $17, from_36_to_59 = $18, from_60 = $19, age_unknown = $20,
            disability = $21, low_income = $22
        where activity_id = $1
        """,
        activity.activity_id,
        activity.version,
        activity.status.value,
        *_content_row(activity, activity.content, activity.content.counts),
    )


async def keep_before(
    tx: Transaction, before: Activity, after: Activity, *, reason: str, at: datetime, by: str
) -> None:
    await tx.execute(
        """
        insert into activity_change (activity_id, version, status, reason, before, changed_at, changed_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        after.activity_id,
        after.version,
        after.status.value,
        reason,
        msgspec.to_builtins(before.content),
        at,
        by,
    )


def _content_row(activity: Activity, content: Content, counts: Counts) -> tuple[object, ...]:
    return (
        content.category.value,
        content.title,
        content.notes,
        content.starts_at,
        activity.held_on,
        content.method.value,
        counts.total,
        *msgspec.structs.astuple(counts.gender),
        *msgspec.structs.astuple(counts.age),
        counts.disability,
        counts.low_income,
    )


def activity_of(row: asyncpg.Record) -> Activity:
    return Activity(
        activity_id=row["activity_id"],
        version=row["version"],
        status=ActivityStatus(row["status"]),
        library_id=row["library_id"],
        region_id=row["region_id"],
        timezone=row["timezone"],
        held_on=row["held_on"],
        content=_content_of(row),
        basis=Basis(row["basis"]),
        bimtek_id=row["bimtek_id"],
        plan_item=None if row["plan_id"] is None else PlanItemRef(row["plan_id"], row["plan_item_no"]),
    )


def _content_of(row: asyncpg.Record) -> Content:
    return Content(
        category=ActivityCategory(row["category"]),
        title=row["title"],
        notes=row["notes"],
        starts_at=row["starts_at"],
        counts=_counts_of(row),
        method=MeasureMethod(row["method"]),
    )


def _counts_of(row: asyncpg.Record) -> Counts:
    return Counts(
        total=row["total"],
        gender=Gender(male=row["male"], female=row["female"], unknown=row["gender_unknown"]),
        age=Age(
            from_0_to_6=row["from_0_to_6"],
            from_7_to_12=row["from_7_to_12"],
            from_13_to_17=row["from_13_to_17"],
            from_18_to_35=row["from_18_to_35"],
            from_36_to_59=row["from_36_to_59"],
            from_60=row["from_60"],
            unknown=row["age_unknown"],
        ),
        disability=row["disability"],
        low_income=row["low_income"],
    )
