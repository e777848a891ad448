"""Registrations and their attendance in Postgres."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import AttendanceStatus, Basis

from simpul_activities.domain.attendance import Mark
from simpul_activities.domain.registration import Registration, RegistrationNotFound, Withdrawal


async def load(tx: Transaction, registration_id: UUID, *, allowed: Sequence[UUID] | None) -> Registration:
    """Errors: RegistrationNotFound, also for another region's delegate to a Bimtek that the caller doesn't host."""
    row = await tx.fetchrow(
        """
        select r.registration_id, r.version, r.bimtek_id, r.person_id, r.library_id, r.region_id, r.basis, r.registered_at,
            r.withdrawn_at, r.withdrawn_because
        from registration as r join bimtek as b using (bimtek_id)
        where r.registration_id = $1 and ($2::uuid[] is null or exists (
            select from region_place as place where place.region_id in (b.region_id, r.region_id) and place.path && $2
        ))
        """,
        registration_id,
        allowed,
    )
    if row is None:
        raise _not_found(registration_id)
    return registration_of(row)


async def load_of(tx: Transaction, bimtek_id: UUID, registration_id: UUID) -> Registration:
    """The registration in a Bimtek that the caller may see all of. Errors: RegistrationNotFound, also in another Bimtek."""
    found = await load_some(tx, bimtek_id, [registration_id])
    if registration_id not in found:
        raise _not_found(registration_id)
    return found[registration_id]


def _not_found(registration_id: UUID) -> RegistrationNotFound:
    return RegistrationNotFound(f"There is no registration {registration_id} within your regions. Check the id.")


async def load_some(tx: Transaction, bimtek_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Registration]:
    """Those of the Bimtek among the ids."""
    rows = await tx.fetch(
        """
        select registration_id, version, bimtek_id, person_id, library_id, region_id, basis, registered_at, withdrawn_at,
            withdrawn_because
        from registration where bimtek_id = $1 and registration_id = any($2)
        """,
        bimtek_id,
        ids,
    )
    return {row["registration_id"]: registration_of(row) for row in rows}


async def load_of_person(tx: Transaction, person_id: UUID) -> list[Registration]:
    """All that the person ever had, withdrawn ones included, the first first."""
    rows = await tx.fetch(
        """
        select registration_id, version, bimtek_id, person_id, library_id, region_id, basis, registered_at, withdrawn_at,
            withdrawn_because
        from registration where person_id = $1 order by registration_id
        """,
        person_id,
    )
    return [registration_of(row) for row in rows]


async def count_taken(tx: Transaction, bimtek_id: UUID) -> int:
    return int(
        await tx.fetchval("select count(*) from registration where bimtek_id = $1 and withdrawn_at is null", bimtek_id)
    )


async def is_represented(tx: Transaction, bimtek_id: UUID, library_id: UUID) -> bool:
    return bool(
        await tx.fetchval(
            """
            select exists (
                select from registration where bimtek_id = $1 and library_id = $2 and withdrawn_at is null
            )
            """,
            bimtek_id,
            library_id,
        )
    )


async def seat_by_another_id(tx: Transaction, bimtek_id: UUID, person_id: UUID) -> UUID | None:
    """A registration not withdrawn of somebody who turned out to be this person."""
    seat: UUID | None = await tx.fetchval(
        """
        with recursive twin as (
            select person_id from person where merged_into = $2
            union
            select next.person_id from person as next join twin on next.merged_into = twin.person_id
        )
        select registration_id from registration join twin using (person_id)
        where bimtek_id = $1 and withdrawn_at is null limit 1
        """,
        bimtek_id,
        person_id,
    )
    return seat


async def insert(tx: Transaction, registration: Registration) -> None:
    await tx.execute(
        """
        insert into registration (registration_id, version, bimtek_id, person_id, library_id, region_id, basis, registered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        registration.registration_id,
        registration.version,
        registration.bimtek_id,
        registration.person_id,
        registration.library_id,
        registration.region_id,
        registration.basis.value,
        registration.registered_at,
    )


async def update_withdrawal(tx: Transaction, registration: Registration) -> None:
    withdrawal = registration.withdrawal
    await tx.execute(
        "update registration set version = $2, withdrawn_at = $3, withdrawn_because = $4 where registration_id = $1",
        registration.registration_id,
        registration.version,
        None if withdrawal is None else withdrawal.at,
        None if withdrawal is None else withdrawal.reason,
    )


async def set_versions(tx: Transaction, versions: Mapping[UUID, int]) -> None:
    await tx.execute(
        """
        update registration as r set version = given.version
        from unnest($1::uuid[], $2::bigint[]) as given(registration_id, version)
        where r.registration_id = given.registration_id
        """,
        list(versions),
        list(versions.values()),
    )


async def mark_of(tx: Transaction, registration_id: UUID, session_no: int) -> AttendanceStatus | None:
    status = await tx.fetchval(
        "select status from attendance where registration_id = $1 and session_no = $2", registration_id, session_no
    )
    return None if status is None else AttendanceStatus(status)


async def marks_of_session(
    tx: Transaction, bimtek_id: UUID, session_no: int, ids: Sequence[UUID]
) -> dict[UUID, AttendanceStatus]:
    rows = await tx.fetch(
        """
        select registration_id, status from attendance
        where bimtek_id = $1 and session_no = $2 and registration_id = any($3)
        """,
        bimtek_id,
        session_no,
        ids,
    )
    return {row["registration_id"]: AttendanceStatus(row["status"]) for row in rows}


async def insert_marks(
    tx: Transaction,
    bimtek_id: UUID,
    session_no: int,
    marks: Iterable[Mark],
    *,
    basis: Basis,
    at: datetime,
    by: str,
) -> None:
    await tx.executemany(
        """
        insert into attendance (registration_id, bimtek_id, session_no, status, basis, recorded_at, recorded_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(mark.registration_id, bimtek_id, session_no, mark.status.value, basis.value, at, by) for mark in marks],
    )


async def correct_mark(
    tx: Transaction,
    registration_id: UUID,
    session_no: int,
    *,
    version: int,
    old: AttendanceStatus,
    status: AttendanceStatus,
    reason: str,
    at: datetime,
    by: str,
) -> None:
    """Both values stay on record, with who and why."""
    await tx.execute(
        "update attendance set status = $3 where registration_id = $1 and session_no = $2",
        registration_id,
        session_no,
        status.value,
    )
    await tx.execute(
        """
        insert into attendance_correction (registration_id, session_no, version, old_status, status, reason, corrected_at,
            corrected_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        registration_id,
        session_no,
        version,
        old.value,
        status.value,
        reason,
        at,
        by,
    )
    await set_versions(tx, {registration_id: version})


def registration_of(row: asyncpg.Record) -> Registration:
    withdrawn_at = row["withdrawn_at"]
    return Registration(
        registration_id=row["registration_id"],
        version=row["version"],
        bimtek_id=row["bimtek_id"],
        person_id=row["person_id"],
        library_id=row["library_id"],
        region_id=row["region_id"],
        basis=Basis(row["basis"]),
        registered_at=row["registered_at"],
        withdrawal=None if withdrawn_at is None else Withdrawal(withdrawn_at, row["withdrawn_because"]),
    )
