"""Bimtek in Postgres. A caller sees those hosted in its regions and those that libraries of its regions take part in."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
from simpul_shared.errors import OutsideScope
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import Basis, BimtekKind, BimtekLevel, BimtekStatus, DeliveryMode

from simpul_activities.domain.bimtek import (
    Bimtek,
    BimtekNotFound,
    Missing,
    Official,
    Organiser,
    Parent,
    Pillar,
    Programme,
    Session,
    SessionMethod,
)


async def load(tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None, field: str | None = None) -> Bimtek:
    """Errors: BimtekNotFound, also for one out of the caller's sight; `field` is where the caller named it."""
    return (await _find(tx, bimtek_id, allowed, field))[0]


async def load_hosted(tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None) -> Bimtek:
    """The Bimtek, for its host to change. Errors: BimtekNotFound; OutsideScope, when the caller only takes part in it."""
    bimtek, hosted = await _find(tx, bimtek_id, allowed, None)
    if not hosted:
        raise OutsideScope(
            f"The Bimtek is hosted in {bimtek.region_code}, outside the regions of your access token. Ask its organiser."
        )
    return bimtek


async def is_hosted(tx: Transaction, bimtek_id: UUID, *, allowed: Sequence[UUID] | None) -> bool:
    """Whether the caller sees all of it, or only its own libraries' part. Errors: BimtekNotFound."""
    return (await _find(tx, bimtek_id, allowed, None))[1]


async def _find(
    tx: Transaction, bimtek_id: UUID, allowed: Sequence[UUID] | None, field: str | None
) -> tuple[Bimtek, bool]:
    row = await tx.fetchrow(
        """
        select b.*, $2::uuid[] is null
            or exists (select from region_place as place where place.region_id = b.region_id and place.path && $2) as hosted,
            exists (
                select from registration as r join region_place as place on place.region_id = r.region_id
                where r.bimtek_id = b.bimtek_id and place.path && $2
            ) as attended
        from bimtek as b where b.bimtek_id = $1
        """,
        bimtek_id,
        allowed,
    )
    if row is None or not (row["hosted"] or row["attended"]):
        raise BimtekNotFound(f"There is no Bimtek {bimtek_id} within your regions. Check the id.", field=field)
    return bimtek_of(row, await _sessions(tx, bimtek_id)), row["hosted"]


async def _sessions(tx: Transaction, bimtek_id: UUID) -> tuple[Session, ...]:
    rows = await tx.fetch(
        """
        select no, subject, pillar, method, starts_at, ends_at, basis from bimtek_session
        where bimtek_id = $1 order by no
        """,
        bimtek_id,
    )
    return tuple(_session_of(row) for row in rows)


async def insert(tx: Transaction, bimtek: Bimtek) -> None:
    p = bimtek.programme
    await tx.execute(
        """
        insert into bimtek (bimtek_id, version, status, title, kind, level, mode, region_id, region_code, region_basis,
            venue, timezone, starts_on, ends_on, capacity, curriculum_version, organisers, officials, parent_bimtek_id,
            parent_basis, basis)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        """,
        bimtek.bimtek_id,
        bimtek.version,
        bimtek.status.value,
        p.title,
        p.kind.value,
        p.level.value,
        p.mode.value,
        bimtek.region_id,
        bimtek.region_code,
        p.region_basis.value,
        p.venue,
        bimtek.timezone,
        p.starts_on,
        p.ends_on,
        p.capacity,
        p.curriculum_version,
        msgspec.to_builtins(p.organisers),
        msgspec.to_builtins(p.officials),
        None if p.parent is None else p.parent.bimtek_id,
        None if p.parent is None else p.parent.basis.value,
        p.basis.value,
    )
    await _insert_sessions(tx, bimtek)


async def _insert_sessions(tx: Transaction, bimtek: Bimtek) -> None:
    await tx.executemany(
        """
        insert into bimtek_session (bimtek_id, no, subject, pillar, method, starts_at, ends_at, held_on, basis)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
            (
                bimtek.bimtek_id,
                session.no,
                session.subject,
                None if session.pillar is None else session.pillar.value,
                session.method.value,
                session.starts_at,
                session.ends_at,
                bimtek.held_on(session),
                session.basis.value,
            )
            for session in bimtek.programme.sessions
        ],
    )


async def update_status(tx: Transaction, bimtek: Bimtek) -> None:
    await tx.execute(
        "update bimtek set version = $2, status = $3, cancelled_because = $4 where bimtek_id = $1",
        bimtek.bimtek_id,
        bimtek.version,
        bimtek.status.value,
        bimtek.cancelled_because,
    )


async def find_missing(tx: Transaction, bimtek_id: UUID) -> Missing:
    """What keeps the Bimtek from closing: marks of registrations not withdrawn, plans of the libraries they represent."""
    marks = await tx.fetch(
        """
        select r.registration_id, array_agg(s.no order by s.no) as sessions
        from registration as r join bimtek_session as s using (bimtek_id)
        where r.bimtek_id = $1 and r.withdrawn_at is null and not exists (
            select from attendance as a where a.registration_id = r.registration_id and a.session_no = s.no
        )
        group by r.registration_id order by r.registration_id
        """,
        bimtek_id,
    )
    plans = await tx.fetch(
        """
        select distinct r.library_id from registration as r
        where r.bimtek_id = $1 and r.withdrawn_at is null and not exists (
            select from follow_up_plan as p where p.bimtek_id = r.bimtek_id and p.library_id = r.library_id
        )
        order by r.library_id
        """,
        bimtek_id,
    )
    return Missing({row["registration_id"]: row["sessions"] for row in marks}, [row["library_id"] for row in plans])


def bimtek_of(row: asyncpg.Record, sessions: tuple[Session, ...]) -> Bimtek:
    return Bimtek(
        bimtek_id=row["bimtek_id"],
        version=row["version"],
        status=BimtekStatus(row["status"]),
        region_id=row["region_id"],
        region_code=row["region_code"],
        timezone=row["timezone"],
        programme=_programme_of(row, sessions),
        cancelled_because=row["cancelled_because"],
    )


def _programme_of(row: asyncpg.Record, sessions: tuple[Session, ...]) -> Programme:
    parent = row["parent_bimtek_id"]
    return Programme(
        title=row["title"],
        kind=BimtekKind(row["kind"]),
        level=BimtekLevel(row["level"]),
        mode=DeliveryMode(row["mode"]),
        region_basis=Basis(row["region_basis"]),
        venue=row["venue"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        organisers=msgspec.convert(row["organisers"], tuple[Organiser, ...]),
        officials=msgspec.convert(row["officials"], tuple[Official, ...]),
        sessions=sessions,
        basis=Basis(row["basis"]),
        capacity=row["capacity"],
        curriculum_version=row["curriculum_version"],
        parent=None if parent is None else Parent(parent, Basis(row["parent_basis"])),
    )


def _session_of(row: asyncpg.Record) -> Session:
    return Session(
        no=row["no"],
        subject=row["subject"],
        pillar=None if row["pillar"] is None else Pillar(row["pillar"]),
        method=SessionMethod(row["method"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        basis=Basis(row["basis"]),
    )
