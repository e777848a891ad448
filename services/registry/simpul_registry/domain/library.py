"""What a library is, and the rules of its life once designated (pure). domain/nomination.py has what comes before."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import Basis, LibraryStatus, LibraryType, Scheme

Status = LibraryStatus


class LibraryClosed(Conflict):
    slug = "library-closed"
    title = "Perpustakaan sudah ditutup"


class TransitionRefused(Conflict):
    slug = "library-state"
    title = "Status perpustakaan tidak mengizinkan"


class DateInFuture(Invalid):
    slug = "date-in-future"
    title = "Tanggal di masa depan"


class DateTooEarly(Invalid):
    slug = "date-too-early"
    title = "Tanggal terlalu awal"


@dataclass(frozen=True)
class Episode:
    """Support of one library in one programme year; `status` says how far it came: nominated to designated.

    `nominators` are the subjects of those who put it forward; `endorsed` says that a regency or more stands behind it.
    """

    no: int
    programme_year: int
    scheme: Scheme
    status: LibraryStatus
    sk_no: str | None = None
    sk_date: date | None = None
    nominators: tuple[str, ...] = ()
    endorsed: bool = True


@dataclass(frozen=True)
class Library:
    """`status_since` and `named_since` are the local days from which the present status and name hold."""

    library_id: UUID
    name: str
    type: LibraryType
    region_id: UUID
    status: LibraryStatus
    nominated_on: date
    status_since: date
    named_since: date
    basis: Basis
    episodes: tuple[Episode, ...]
    version: int = 0

    @property
    def latest(self) -> Episode:
        return self.episodes[-1]

    @property
    def open_years(self) -> frozenset[int]:
        return frozenset(e.programme_year for e in self.episodes if e.status is not Status.REJECTED)


def activate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly (before the decree)."""
    require(library, "activated", Status.DESIGNATED)
    return _move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def make_dormant(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    require(library, "made dormant", Status.ACTIVE)
    return _move(library, Status.DORMANT, effective_on=effective_on, today=today)


def reactivate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    require(library, "reactivated", Status.DORMANT)
    return _move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def close(library: Library, *, effective_on: date, today: date) -> Library:
    """Close for ever. Errors: LibraryClosed, DateInFuture, DateTooEarly."""
    require(library, "closed", *(set(Status) - {Status.CLOSED}))
    return _move(library, Status.CLOSED, effective_on=effective_on, today=today)


def rename(library: Library, *, new_name: str, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused (the same name), DateInFuture, DateTooEarly."""
    require(library, "renamed", *(set(Status) - {Status.CLOSED}))
    if new_name == library.name:
        raise TransitionRefused(f"The library is called {new_name} already; there is nothing to rename.")
    _require_order(library.named_since, effective_on, today=today)
    return replace(library, name=new_name, named_since=effective_on)


def refuse_future(day: date, *, today: date, field: str) -> None:
    """`today` is the local day of the place. Errors: DateInFuture."""
    if day > today:
        raise DateInFuture(f"{day} is in the future; it is {today} there. Give today or an earlier day.", field=field)


def require(library: Library, done: str, *allowed: LibraryStatus) -> None:
    if library.status is Status.CLOSED:
        raise LibraryClosed(
            f"The library is closed since {library.status_since}, for ever. Nominate a new one if there is one.",
            facts={"library_status": library.status},
        )
    if library.status not in allowed:
        states = " or ".join(sorted(allowed))
        raise TransitionRefused(
            f"The library is {library.status}; only one that is {states} can be {done}.",
            facts={"library_status": library.status},
        )


def _move(library: Library, status: LibraryStatus, *, effective_on: date, today: date) -> Library:
    _require_order(library.status_since, effective_on, today=today)
    return replace(library, status=status, status_since=effective_on)


def _require_order(since: date, effective_on: date, *, today: date) -> None:
    refuse_future(effective_on, today=today, field="/effective_on")
    if effective_on < since:
        raise DateTooEarly(
            f"What holds now began on {since}; {effective_on} lies before. Give {since} or a later day.",
            field="/effective_on",
        )
