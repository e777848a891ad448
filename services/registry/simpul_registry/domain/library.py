"""The rules of a library's life: states, support episodes, dates (pure). commands/libraries.py applies them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import Basis, LibraryStatus, LibraryType, RegionLevel, Scheme

Status = LibraryStatus


class LibraryClosed(Conflict):
    slug = "library-closed"
    title = "Perpustakaan sudah ditutup"


class TransitionRefused(Conflict):
    slug = "library-state"
    title = "Status perpustakaan tidak mengizinkan"


class EpisodeExists(Conflict):
    slug = "episode-exists"
    title = "Sudah ada dukungan untuk tahun program ini"


class LevelMismatch(Invalid):
    slug = "library-level-mismatch"
    title = "Jenis perpustakaan tidak sesuai tingkat wilayah"


class DateInFuture(Invalid):
    slug = "date-in-future"
    title = "Tanggal di masa depan"


class DateTooEarly(Invalid):
    slug = "date-too-early"
    title = "Tanggal terlalu awal"


class ProgrammeYearTooEarly(Invalid):
    slug = "programme-year-too-early"
    title = "Tahun program terlalu awal"


_LEVEL_OF = {
    LibraryType.PROVINCE: RegionLevel.PROVINCE,
    LibraryType.REGENCY: RegionLevel.REGENCY,
    LibraryType.DISTRICT: RegionLevel.DISTRICT,
    LibraryType.VILLAGE: RegionLevel.VILLAGE,
    LibraryType.COMMUNITY: RegionLevel.VILLAGE,
    LibraryType.WORSHIP: RegionLevel.VILLAGE,
}


@dataclass(frozen=True)
class Episode:
    """Support of one library in one programme year; `status` says how far it came: nominated to designated."""

    no: int
    programme_year: int
    scheme: Scheme
    status: LibraryStatus
    sk_no: str | None = None
    sk_date: date | None = None


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


@dataclass(frozen=True)
class Nomination:
    name: str
    type: LibraryType
    region_id: UUID
    region_level: RegionLevel
    nominated_on: date
    programme_year: int
    scheme: Scheme
    basis: Basis


def nominate(library_id: UUID, nomination: Nomination, *, today: date) -> Library:
    """Errors: DateInFuture, LevelMismatch."""
    refuse_future(nomination.nominated_on, today=today, field="/nominated_on")
    _require_level(nomination.type, nomination.region_level)
    return Library(
        library_id=library_id,
        name=nomination.name,
        type=nomination.type,
        region_id=nomination.region_id,
        status=Status.NOMINATED,
        nominated_on=nomination.nominated_on,
        status_since=nomination.nominated_on,
        named_since=nomination.nominated_on,
        basis=nomination.basis,
        episodes=(Episode(1, nomination.programme_year, nomination.scheme, Status.NOMINATED),),
    )


def resubmit(library: Library, *, programme_year: int | None, scheme: Scheme | None) -> Library:
    """Nominate again: a returned episode goes on, a rejected one is followed by a new one.

    Errors: LibraryClosed, TransitionRefused, EpisodeExists, ProgrammeYearTooEarly.
    """
    _require(library, "resubmitted", Status.RETURNED, Status.REJECTED)
    episode = replace(
        library.latest,
        status=Status.NOMINATED,
        programme_year=programme_year or library.latest.programme_year,
        scheme=scheme or library.latest.scheme,
    )
    if library.status is Status.REJECTED:
        episode = replace(episode, no=len(library.episodes) + 1)
    return replace(library, status=Status.NOMINATED, episodes=_with(library, episode))


def verify(library: Library) -> Library:
    """Errors: LibraryClosed, TransitionRefused."""
    _require(library, "verified", Status.NOMINATED)
    return _judge(library, Status.VERIFIED)


def send_back(library: Library) -> Library:
    """Return the nomination to those who made it. Errors: LibraryClosed, TransitionRefused."""
    _require(library, "returned", Status.NOMINATED)
    return _judge(library, Status.RETURNED)


def reject(library: Library) -> Library:
    """Errors: LibraryClosed, TransitionRefused."""
    _require(library, "rejected", Status.NOMINATED)
    return _judge(library, Status.REJECTED)


def designate(
    library: Library, *, sk_no: str, sk_date: date, programme_year: int, scheme: Scheme, today: date
) -> Library:
    """Designate by decree: a verified library for its year or a later one, a designated or active one for a later year.

    A library that is active already stays so. Errors: LibraryClosed, TransitionRefused, EpisodeExists,
    ProgrammeYearTooEarly, DateInFuture.
    """
    _require(library, "designated", Status.VERIFIED, Status.DESIGNATED, Status.ACTIVE)
    refuse_future(sk_date, today=today, field="/sk_date")
    first = library.status is Status.VERIFIED
    no = library.latest.no if first else library.latest.no + 1
    episodes = _with(library, Episode(no, programme_year, scheme, Status.DESIGNATED, sk_no, sk_date))
    if not first:
        return replace(library, episodes=episodes)
    return replace(library, status=Status.DESIGNATED, status_since=sk_date, episodes=episodes)


def activate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly (before the decree)."""
    _require(library, "activated", Status.DESIGNATED)
    return _move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def make_dormant(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    _require(library, "made dormant", Status.ACTIVE)
    return _move(library, Status.DORMANT, effective_on=effective_on, today=today)


def reactivate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    _require(library, "reactivated", Status.DORMANT)
    return _move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def close(library: Library, *, effective_on: date, today: date) -> Library:
    """Close for ever. Errors: LibraryClosed, DateInFuture, DateTooEarly."""
    _require(library, "closed", *(set(Status) - {Status.CLOSED}))
    return _move(library, Status.CLOSED, effective_on=effective_on, today=today)


def rename(library: Library, *, new_name: str, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused (the same name), DateInFuture, DateTooEarly."""
    _require(library, "renamed", *(set(Status) - {Status.CLOSED}))
    if new_name == library.name:
        raise TransitionRefused(f"The library is called {new_name} already; there is nothing to rename.")
    _require_order(library.named_since, effective_on, today=today)
    return replace(library, name=new_name, named_since=effective_on)


def refuse_future(day: date, *, today: date, field: str) -> None:
    """`today` is the local day of the place. Errors: DateInFuture."""
    if day > today:
        raise DateInFuture(f"{day} is in the future; it is {today} there. Give today or an earlier day.", field=field)


def _require_level(library_type: LibraryType, level: RegionLevel) -> None:
    wanted = _LEVEL_OF[library_type]
    if level is not wanted:
        raise LevelMismatch(
            f"A library of type {library_type} belongs to a region of level {wanted}, the code names a {level}."
            " Give the code of the right level.",
            field="/region_code",
        )


def _require(library: Library, done: str, *allowed: LibraryStatus) -> None:
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


def _judge(library: Library, status: LibraryStatus) -> Library:
    return replace(library, status=status, episodes=_with(library, replace(library.latest, status=status)))


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


def _with(library: Library, episode: Episode) -> tuple[Episode, ...]:
    """The episodes with this one in the place of its number, or added."""
    others = tuple(e for e in library.episodes if e.no != episode.no)
    _require_free_year(others, episode)
    _require_later_year(library.episodes, episode)
    return (*others, episode)


def _require_free_year(others: Sequence[Episode], episode: Episode) -> None:
    if episode.programme_year in {e.programme_year for e in others if e.status is not Status.REJECTED}:
        raise EpisodeExists(
            f"The library has an open support episode for {episode.programme_year} already. Name another programme year.",
            field="/programme_year",
        )


def _require_later_year(episodes: Sequence[Episode], episode: Episode) -> None:
    latest = max(e.programme_year for e in episodes)
    if episode.programme_year < latest:
        raise ProgrammeYearTooEarly(
            f"The library was put forward for {latest}; {episode.programme_year} lies before. Name {latest} or later.",
            field="/programme_year",
        )
