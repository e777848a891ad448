"""How a library comes to be designated: nominated, endorsed, verified or sent back, named in a decree (pure).

Each level of government decides after the one below it, and nobody decides on what they put forward themselves.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from msgspec.structs import replace
from simpul_shared.access import Permission
from simpul_shared.errors import Conflict, Forbidden, Invalid
from simpul_shared.vocabulary import Basis, FundSource, LibraryStatus, LibraryType, RegionLevel, Scheme

from simpul_registry.domain.library import (
    DateTooEarly,
    Episode,
    Library,
    Status,
    TransitionRefused,
    refuse_future,
    require,
    require_level,
)


class EpisodeExists(Conflict):
    slug = "episode-exists"
    title = "Sudah ada dukungan untuk tahun program ini"


class ProgrammeYearTooEarly(Invalid):
    slug = "programme-year-too-early"
    title = "Tahun program terlalu awal"


class SelfApproval(Forbidden):
    slug = "self-approval"
    title = "Usulan sendiri tidak boleh diputuskan sendiri"


class NotYours(Forbidden):
    slug = "nomination-decided-above"
    title = "Keputusan ada pada tingkat di atasnya"


class NotEndorsed(Conflict):
    slug = "nomination-not-endorsed"
    title = "Usulan belum didukung kabupaten/kota"


@dataclass(frozen=True)
class Actor:
    """Who acts: the subject of the access token, and what it grants."""

    subject: str
    permissions: frozenset[Permission]

    @property
    def endorses(self) -> bool:
        """What a regency or a higher level puts forward needs no endorsement of the regency."""
        return Permission.LIBRARY_ENDORSE in self.permissions


class Nomination(msgspec.Struct, frozen=True):
    name: str
    type: LibraryType
    region_id: UUID
    region_level: RegionLevel
    nominated_on: date
    programme_year: int
    scheme: Scheme
    basis: Basis
    fund_source: FundSource | None = None


def nominate(library_id: UUID, nomination: Nomination, *, by: Actor, today: date) -> Library:
    """Errors: DateInFuture, LevelMismatch."""
    refuse_future(nomination.nominated_on, today=today, field="/nominated_on")
    require_level(nomination.type, nomination.region_level)
    episode = Episode(
        1,
        nomination.programme_year,
        nomination.scheme,
        Status.NOMINATED,
        nominators=(by.subject,),
        endorsed=by.endorses,
        fund_source=nomination.fund_source,
    )
    return Library(
        library_id=library_id,
        name=nomination.name,
        type=nomination.type,
        region_id=nomination.region_id,
        status=Status.NOMINATED,
        nominated_on=nomination.nominated_on,
        status_since=nomination.nominated_on,
        named_since=nomination.nominated_on,
        placed_since=nomination.nominated_on,
        basis=nomination.basis,
        episodes=(episode,),
    )


class Mended(msgspec.Struct, frozen=True):
    """What is said otherwise when a library is nominated again; None stays as it was."""

    name: str | None = None
    type: LibraryType | None = None
    programme_year: int | None = None
    scheme: Scheme | None = None
    fund_source: FundSource | None = None


def resubmit(library: Library, mended: Mended, *, by: Actor, region_level: RegionLevel, today: date) -> Library:
    """Nominate again: a returned episode goes on, a rejected one is followed by a new one.

    Errors: LibraryClosed, LibraryMerged, TransitionRefused, LevelMismatch, EpisodeExists, ProgrammeYearTooEarly.
    """
    require(library, "resubmitted", Status.RETURNED, Status.REJECTED)
    library_type = mended.type or library.type
    require_level(library_type, region_level)
    episodes = _with(library, _resubmitted(library, mended, by))
    return replace(
        library,
        name=mended.name or library.name,
        type=library_type,
        status=Status.NOMINATED,
        status_since=today,
        episodes=episodes,
    )


def _resubmitted(library: Library, mended: Mended, by: Actor) -> Episode:
    anew = library.status is Status.REJECTED
    before = library.latest
    return replace(
        before,
        no=len(library.episodes) + 1 if anew else before.no,
        status=Status.NOMINATED,
        programme_year=mended.programme_year or before.programme_year,
        scheme=mended.scheme or before.scheme,
        fund_source=mended.fund_source or before.fund_source,
        nominators=(by.subject,) if anew else tuple(sorted({*before.nominators, by.subject})),
        endorsed=by.endorses,
    )


def awaits(library: Library) -> Permission | None:
    """What it takes to decide on the nomination next: village, regency, province, nation, in this order."""
    if library.merged_into is not None:
        return None
    if library.status is Status.VERIFIED:
        return Permission.LIBRARY_DESIGNATE
    if library.status is not Status.NOMINATED:
        return None
    return Permission.LIBRARY_VERIFY if library.latest.endorsed else Permission.LIBRARY_ENDORSE


def endorse(library: Library, *, by: Actor) -> Library:
    """The regency stands behind what a village put forward. Errors: LibraryClosed, LibraryMerged, TransitionRefused, SelfApproval."""
    require(library, "endorsed", Status.NOMINATED)
    _require_another(library, by)
    if library.latest.endorsed:
        raise TransitionRefused("The regency stands behind this nomination already; the province decides next.")
    return replace(library, episodes=_with(library, replace(library.latest, endorsed=True)))


def verify(library: Library, *, by: Actor, today: date) -> Library:
    """Errors: LibraryClosed, LibraryMerged, TransitionRefused, SelfApproval, NotEndorsed."""
    require(library, "verified", Status.NOMINATED)
    _require_another(library, by)
    if not library.latest.endorsed:
        raise NotEndorsed("A village put it forward and its regency has not endorsed it. Have it endorsed first.")
    return _judge(library, Status.VERIFIED, today)


def send_back(library: Library, *, by: Actor, today: date) -> Library:
    """Return the nomination to those who made it. Errors: LibraryClosed, LibraryMerged, TransitionRefused, SelfApproval, NotYours."""
    require(library, "returned", Status.NOMINATED, Status.VERIFIED)
    _require_decider(library, by)
    return _judge(library, Status.RETURNED, today)


def reject(library: Library, *, by: Actor, today: date) -> Library:
    """Errors: LibraryClosed, LibraryMerged, TransitionRefused, SelfApproval, NotYours."""
    require(library, "rejected", Status.NOMINATED, Status.VERIFIED)
    _require_decider(library, by)
    return _judge(library, Status.REJECTED, today)


def designate(
    library: Library,
    *,
    by: Actor,
    sk_no: str,
    sk_date: date,
    programme_year: int,
    scheme: Scheme,
    today: date,
    fund_source: FundSource | None = None,
    merged_years: Container[int] = (),
) -> Library:
    """Designate by decree: a verified library for its year or a later one, a designated or active one for a later year.

    A library that is active already stays so; what was said of the funding stays where the decree says nothing.
    `merged_years` are those for which libraries merged into it were designated.

    Errors: LibraryClosed, LibraryMerged, TransitionRefused, SelfApproval, EpisodeExists, ProgrammeYearTooEarly, DateInFuture,
    DateTooEarly (a decree before the nomination).
    """
    require(library, "designated", Status.VERIFIED, Status.DESIGNATED, Status.ACTIVE)
    _require_decree_day(library, sk_date, today=today)
    if programme_year in merged_years:
        raise _episode_exists(programme_year)
    first = library.status is Status.VERIFIED
    if not first:
        episode = Episode(
            library.latest.no + 1,
            programme_year,
            scheme,
            Status.DESIGNATED,
            sk_no,
            sk_date,
            fund_source=fund_source,
        )
        return replace(library, episodes=_with(library, episode))
    _require_another(library, by)
    decreed = replace(
        library.latest,
        programme_year=programme_year,
        scheme=scheme,
        status=Status.DESIGNATED,
        sk_no=sk_no,
        sk_date=sk_date,
        fund_source=fund_source or library.latest.fund_source,
    )
    _require_later_year([library.latest], decreed)
    episodes = _with(library, decreed)
    return replace(library, status=Status.DESIGNATED, status_since=sk_date, episodes=episodes)


def take_over(library: Library, *, sk_no: str, sk_date: date, today: date) -> Library:
    """What a decree has decided already is taken over from its list: it was others who nominated and verified, on paper.

    `library` is as nominate() made it. Errors: DateInFuture, DateTooEarly (a decree before its nomination).
    """
    _require_decree_day(library, sk_date, today=today)
    episode = replace(library.latest, status=Status.DESIGNATED, sk_no=sk_no, sk_date=sk_date, endorsed=True)
    return replace(library, status=Status.DESIGNATED, status_since=sk_date, episodes=(episode,))


def _require_decree_day(library: Library, sk_date: date, *, today: date) -> None:
    refuse_future(sk_date, today=today, field="/sk_date")
    if sk_date < library.nominated_on:
        raise DateTooEarly(
            f"The decree of {sk_date} comes before the nomination on {library.nominated_on}. Give the decree's own date, or"
            " nominate with the day on which that was.",
            field="/sk_date",
        )


def _require_another(library: Library, by: Actor) -> None:
    """Than all who ever put it forward, also before it was rejected."""
    if any(by.subject in episode.nominators for episode in library.episodes):
        raise SelfApproval("You put this nomination forward yourself. Somebody else must decide on it.")


def _require_decider(library: Library, by: Actor) -> None:
    _require_another(library, by)
    needed = awaits(library)
    if needed is not None and needed not in by.permissions:
        raise NotYours(f"The next level decides on this nomination now; that needs the permission {needed}.")


def _judge(library: Library, status: LibraryStatus, today: date) -> Library:
    episodes = _with(library, replace(library.latest, status=status))
    return replace(library, status=status, status_since=today, episodes=episodes)


def _with(library: Library, episode: Episode) -> tuple[Episode, ...]:
    """The episodes with this one in the place of its number, or added; the rejected ones do not bind it."""
    others = tuple(e for e in library.episodes if e.no != episode.no)
    open_ones = [e for e in others if e.status is not Status.REJECTED]
    _require_free_year(open_ones, episode)
    _require_later_year(open_ones, episode)
    return (*others, episode)


def _require_free_year(others: Sequence[Episode], episode: Episode) -> None:
    if episode.programme_year in {e.programme_year for e in others}:
        raise _episode_exists(episode.programme_year)


def _episode_exists(programme_year: int) -> EpisodeExists:
    return EpisodeExists(
        f"The library, or one merged into it, has an open support episode for {programme_year} already."
        " Name another programme year.",
        field="/programme_year",
    )


def _require_later_year(others: Sequence[Episode], episode: Episode) -> None:
    latest = max((e.programme_year for e in others), default=episode.programme_year)
    if episode.programme_year < latest:
        raise ProgrammeYearTooEarly(
            f"The library was put forward for {latest}; {episode.programme_year} lies before. Name {latest} or later.",
            field="/programme_year",
        )
