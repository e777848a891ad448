"""Bimtek (bimbingan teknis, training): planned with its sessions, announced, run, closed or cancelled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid, NotFound
from simpul_shared.vocabulary import Basis, BimtekKind, BimtekLevel, BimtekStatus, DeliveryMode

from simpul_activities.domain.calendar import local_date, require_day_in_range, require_instant_in_range, require_zone


class BimtekNotFound(NotFound):
    slug = "bimtek-not-found"
    title = "Bimtek tidak ditemukan"


class SessionNotFound(NotFound):
    slug = "session-not-found"
    title = "Sesi tidak ditemukan"


class DatesOutOfOrder(Invalid):
    slug = "dates-out-of-order"
    title = "Urutan tanggal terbalik"


class SessionsNotNumbered(Invalid):
    slug = "sessions-not-numbered"
    title = "Nomor sesi tidak urut"


class SessionOutsideDates(Invalid):
    slug = "session-outside-dates"
    title = "Sesi di luar tanggal bimtek"


class BimtekInOtherState(Conflict):
    slug = "bimtek-state"
    title = "Status bimtek tidak mengizinkan"


class BimtekIncomplete(Conflict):
    slug = "bimtek-incomplete"
    title = "Bimtek belum lengkap"


class SessionMethod(StrEnum):
    LECTURE = "CERAMAH"
    DISCUSSION = "DISKUSI"
    PRACTICE = "PRAKTIK"
    OTHER = "LAIN"


class Pillar(StrEnum):
    """The strategies that every Bimtek of the programme teaches."""

    INFORMATION = "LAYANAN_INFORMASI"
    COMMUNITY = "PELIBATAN_MASYARAKAT"
    ADVOCACY = "ADVOKASI"


@dataclass(frozen=True)
class Session:
    no: int
    subject: str
    pillar: Pillar | None
    method: SessionMethod
    starts_at: datetime
    ends_at: datetime
    basis: Basis


@dataclass(frozen=True)
class Organiser:
    name: str
    office_id: UUID | None = None


@dataclass(frozen=True)
class Official:
    """A public official's part in the event; never a participant."""

    name: str
    role: str


@dataclass(frozen=True)
class Parent:
    """The Bimtek that this one passes on (cascade), and what that reading rests on."""

    bimtek_id: UUID
    basis: Basis


@dataclass(frozen=True)
class Programme:
    """What is planned. Dates are inclusive and local; sessions are numbered 1 to n and may be parallel."""

    title: str
    kind: BimtekKind
    level: BimtekLevel
    mode: DeliveryMode
    region_basis: Basis
    venue: str
    starts_on: date
    ends_on: date
    organisers: tuple[Organiser, ...]
    officials: tuple[Official, ...]
    sessions: tuple[Session, ...]
    basis: Basis
    capacity: int | None = None
    curriculum_version: str | None = None
    parent: Parent | None = None


@dataclass(frozen=True)
class Bimtek:
    """`region_id` hosts it; `region_code` is the code that region bore on the first day. Dates are those of `timezone`.

    `version` is 0 until it is recorded.
    """

    bimtek_id: UUID
    version: int
    status: BimtekStatus
    region_id: UUID
    region_code: str
    timezone: str
    programme: Programme
    cancelled_because: str | None = None

    def session(self, no: int) -> Session:
        """Errors: SessionNotFound."""
        for session in self.programme.sessions:
            if session.no == no:
                return session
        raise SessionNotFound(f"The Bimtek has {len(self.programme.sessions)} session(s), none with the number {no}.")

    def held_on(self, session: Session) -> date:
        return local_date(session.starts_at, self.timezone)


@dataclass(frozen=True)
class Missing:
    """What a Bimtek lacks before it can close: sessions without a mark per registration, libraries without a plan."""

    marks: dict[UUID, list[int]]
    plans: list[UUID]


def plan(programme: Programme, *, bimtek_id: UUID, region_id: UUID, region_code: str, timezone: str) -> Bimtek:
    """Errors: TimezoneUnknown, DateOutOfRange, DatesOutOfOrder, SessionsNotNumbered, SessionOutsideDates."""
    require_zone(timezone)
    require_day_in_range(programme.starts_on, field="/starts_on")
    require_day_in_range(programme.ends_on, field="/ends_on")
    if programme.ends_on < programme.starts_on:
        raise DatesOutOfOrder(f"It ends on {programme.ends_on}, before it starts. Correct the dates.", field="/ends_on")
    _require_numbered(programme.sessions)
    for place, session in enumerate(programme.sessions):
        _require_within_dates(session, programme, timezone, field=f"/sessions/{place}")
    in_order = tuple(sorted(programme.sessions, key=lambda session: session.no))
    programme = replace(programme, sessions=in_order)
    return Bimtek(bimtek_id, 0, BimtekStatus.PLANNED, region_id, region_code, timezone, programme)


def announce(bimtek: Bimtek) -> Bimtek:
    """Errors: BimtekInOtherState."""
    require_status(bimtek, {BimtekStatus.PLANNED}, to="be announced")
    return replace(bimtek, status=BimtekStatus.ANNOUNCED)


def start(bimtek: Bimtek) -> Bimtek:
    """Errors: BimtekInOtherState."""
    require_status(bimtek, {BimtekStatus.ANNOUNCED}, to="start")
    return replace(bimtek, status=BimtekStatus.RUNNING)


def close(bimtek: Bimtek, missing: Missing) -> Bimtek:
    """Errors: BimtekInOtherState; BimtekIncomplete, listing what is missing."""
    require_status(bimtek, {BimtekStatus.RUNNING}, to="be closed")
    _require_complete(missing)
    return replace(bimtek, status=BimtekStatus.CLOSED)


def cancel(bimtek: Bimtek, *, reason: str) -> Bimtek:
    """Errors: BimtekInOtherState."""
    possible = {BimtekStatus.PLANNED, BimtekStatus.ANNOUNCED, BimtekStatus.RUNNING}
    require_status(bimtek, possible, to="be cancelled")
    return replace(bimtek, status=BimtekStatus.CANCELLED, cancelled_because=reason)


def require_status(bimtek: Bimtek, possible: Collection[BimtekStatus], *, to: str) -> None:
    """Errors: BimtekInOtherState. `to` completes the sentence: what only a Bimtek in a possible status can do."""
    if bimtek.status not in possible:
        wanted = " or ".join(sorted(status.value for status in possible))
        raise BimtekInOtherState(
            f"The Bimtek is {bimtek.status.value}; only one that is {wanted} can {to}.",
            facts={"status_now": bimtek.status.value},
        )


def _require_numbered(sessions: Sequence[Session]) -> None:
    numbers = [session.no for session in sessions]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise SessionsNotNumbered(f"Sessions are numbered {numbers}. Number them 1, 2, 3, ...", field="/sessions")


_MOMENT = timedelta(microseconds=1)
"""A session that ends at midnight still lies on the day before."""


def _require_within_dates(session: Session, programme: Programme, timezone: str, *, field: str) -> None:
    require_instant_in_range(session.starts_at, field=f"{field}/starts_at")
    require_instant_in_range(session.ends_at, field=f"{field}/ends_at")
    if session.ends_at <= session.starts_at:
        raise DatesOutOfOrder(
            f"Session {session.no} ends before it starts. Correct its times.", field=f"{field}/ends_at"
        )
    first = local_date(session.starts_at, timezone)
    last = local_date(session.ends_at - _MOMENT, timezone)
    if not programme.starts_on <= first <= last <= programme.ends_on:
        raise SessionOutsideDates(
            f"In {timezone} session {session.no} lies on {first} to {last}, outside "
            f"{programme.starts_on} to {programme.ends_on}. Correct its times or the dates.",
            field=f"{field}/starts_at",
        )


_LISTED = 100


def _require_complete(missing: Missing) -> None:
    if not missing.marks and not missing.plans:
        return
    marks = sum(len(sessions) for sessions in missing.marks.values())
    raise BimtekIncomplete(
        f"{marks} attendance mark(s) and {len(missing.plans)} follow-up plan(s) are missing. Record them, or withdraw "
        "registrations that never came; then close.",
        facts={
            "missing_marks": marks,
            "missing_attendance": [
                {"registration_id": str(registration), "sessions": sessions}
                for registration, sessions in list(missing.marks.items())[:_LISTED]
            ],
            "missing_plans": [str(library) for library in missing.plans[:_LISTED]],
        },
    )
