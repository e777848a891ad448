"""Registrations, attendance sheets and follow-up plans. Who doesn't host the Bimtek sees only its own libraries' rows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, page_of

from simpul_activities.domain.registration import Registration
from simpul_activities.store import bimteks, plans, registrations
from simpul_activities.views.participation import (
    AttendanceRow,
    CorrectionView,
    MarkView,
    PlanView,
    RegistrationView,
    shown,
)


async def list_registrations(
    tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None, cursor: str | None, limit: int
) -> Page[RegistrationView]:
    """In the order of registration, withdrawn ones included. Errors: BimtekNotFound, CursorMalformed."""
    found = await _registrations(tx, bimtek_id, allowed, cursor, limit)
    views = [RegistrationView.of(one) for one in found]
    return page_of(views, limit=limit, key=lambda one: (str(one.registration_id),))


async def list_attendance(
    tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None, cursor: str | None, limit: int
) -> Page[AttendanceRow]:
    """The attendance sheet, a row per registration. Errors: BimtekNotFound, CursorMalformed."""
    found = await _registrations(tx, bimtek_id, allowed, cursor, limit)
    return page_of(await attendance_rows(tx, found), limit=limit, key=lambda one: (str(one.registration_id),))


async def read_registration(tx: Transaction, registration_id: UUID, *, allowed: Sequence[UUID] | None) -> AttendanceRow:
    """Errors: RegistrationNotFound, also for another region's delegate to a Bimtek that the caller doesn't host."""
    return (await attendance_rows(tx, [await registrations.load(tx, registration_id, allowed=allowed)]))[0]


async def list_plans(
    tx: Transaction,
    bimtek_id: UUID,
    *,
    allowed: Sequence[UUID] | None,
    now: datetime,
    cursor: str | None,
    limit: int,
) -> Page[PlanView]:
    """In the order of submission. Errors: BimtekNotFound, CursorMalformed."""
    hosted = await bimteks.is_hosted(tx, bimtek_id, allowed=allowed)
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        select p.plan_id, p.version, p.bimtek_id, p.library_id, p.region_id, l.timezone, p.basis
        from follow_up_plan as p join library as l using (library_id)
        where p.bimtek_id = $1 and ($2::uuid[] is null
                or exists (select from region_place as place where place.region_id = p.region_id and place.path && $2))
            and ($3::uuid is null or p.plan_id > $3)
        order by p.plan_id limit $4
        """,
        bimtek_id,
        None if hosted else allowed,
        None if after is None else after[0],
        limit + 1,
    )
    items = await plans.items_of(tx, [row["plan_id"] for row in rows])
    found = [PlanView.of(plans.plan_of(row, items[row["plan_id"]]), now=now) for row in rows]
    return page_of(found, limit=limit, key=lambda one: (str(one.plan_id),))


async def read_plan(tx: Transaction, plan_id: UUID, *, allowed: Sequence[UUID] | None, now: datetime) -> PlanView:
    """Errors: PlanNotFound."""
    return PlanView.of(await plans.load(tx, plan_id, allowed=allowed), now=now)


async def _registrations(
    tx: Transaction, bimtek_id: UUID, allowed: Sequence[UUID] | None, cursor: str | None, limit: int
) -> list[Registration]:
    """One more than the limit, to tell whether there are more."""
    hosted = await bimteks.is_hosted(tx, bimtek_id, allowed=allowed)
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        select r.registration_id, r.version, r.bimtek_id, r.person_id, r.library_id, r.region_id, r.basis, r.registered_at,
            r.withdrawn_at, r.withdrawn_because
        from registration as r
        where r.bimtek_id = $1 and ($2::uuid[] is null
                or exists (select from region_place as place where place.region_id = r.region_id and place.path && $2))
            and ($3::uuid is null or r.registration_id > $3)
        order by r.registration_id limit $4
        """,
        bimtek_id,
        None if hosted else allowed,
        None if after is None else after[0],
        limit + 1,
    )
    return [registrations.registration_of(row) for row in rows]


async def attendance_rows(tx: Transaction, found: Sequence[Registration]) -> list[AttendanceRow]:
    ids = [one.registration_id for one in found]
    marks = await _marks(tx, ids)
    corrections = await _corrections(tx, ids)
    return [
        AttendanceRow.model_validate(
            {**shown(one), "marks": marks[one.registration_id], "corrections": corrections[one.registration_id]}
        )
        for one in found
    ]


async def _marks(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[MarkView]]:
    rows = await tx.fetch(
        """
        select registration_id, session_no, status from attendance
        where registration_id = any($1) order by registration_id, session_no
        """,
        ids,
    )
    marks: dict[UUID, list[MarkView]] = {one: [] for one in ids}
    for row in rows:
        marks[row["registration_id"]].append(MarkView(session_no=row["session_no"], status=row["status"]))
    return marks


async def _corrections(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[CorrectionView]]:
    rows = await tx.fetch(
        """
        select registration_id, session_no, old_status, status, reason, corrected_at, corrected_by from attendance_correction
        where registration_id = any($1) order by registration_id, version
        """,
        ids,
    )
    corrections: dict[UUID, list[CorrectionView]] = {one: [] for one in ids}
    for row in rows:
        corrections[row["registration_id"]].append(CorrectionView.model_validate(dict(row)))
    return corrections
