"""What a library is, and the rules of its life once designated (pure). domain/nomination.py has what comes before."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from msgspec.structs import replace
from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import Basis, FundSource, LibraryStanding, LibraryStatus, LibraryType, RegionLevel, Scheme

Status = LibraryStatus


class LibraryClosed(Conflict):
    slug = "library-closed"
    title = "Perpustakaan sudah ditutup"


class LibraryMerged(Conflict):
    slug = "library-merged"
    title = "Perpustakaan sudah digabung"


class OpenFollowUpPlans(Conflict):
    slug = "open-follow-up-plans"
    title = "Masih ada rencana tindak lanjut"


class PlansSettledTwice(Invalid):
    slug = "plans-settled-twice"
    title = "Pilih salah satu: alihkan atau hapuskan rencana"


class TransitionRefused(Conflict):
    slug = "library-state"
    title = "Status perpustakaan tidak mengizinkan"


class LevelMismatch(Invalid):
    slug = "library-level-mismatch"
    title = "Jenis perpustakaan tidak sesuai tingkat wilayah"


class DateInFuture(Invalid):
    slug = "date-in-future"
    title = "Tanggal di masa depan"


class DateTooEarly(Invalid):
    slug = "date-too-early"
    title = "Tanggal terlalu awal"


LEVEL_OF = {
    LibraryType.PROVINCE: RegionLevel.PROVINCE,
    LibraryType.REGENCY: RegionLevel.REGENCY,
    LibraryType.DISTRICT: RegionLevel.DISTRICT,
    LibraryType.VILLAGE: RegionLevel.VILLAGE,
    LibraryType.COMMUNITY: RegionLevel.VILLAGE,
    LibraryType.WORSHIP: RegionLevel.VILLAGE,
}


UNDER_DECISION = frozenset({Status.NOMINATED, Status.VERIFIED})
UNDECREED = UNDER_DECISION | {Status.RETURNED, Status.REJECTED}


class Episode(msgspec.Struct, frozen=True):
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
    fund_source: FundSource | None = None


class Library(msgspec.Struct, frozen=True):
    """A library as it is now. The days `..._since` are local; what they belong to holds from then on.

    A merged library keeps its status: should the merge be taken back, it goes on where it stood. `plans_to` took over
    the follow-up plans of a closed one. `active_replicas` are the libraries it mentors that are at work.
    """

    library_id: UUID
    name: str
    type: LibraryType
    region_id: UUID
    status: LibraryStatus
    nominated_on: date
    status_since: date
    named_since: date
    placed_since: date
    basis: Basis
    episodes: tuple[Episode, ...]
    merged_into: UUID | None = None
    merged_on: date | None = None
    plans_to: UUID | None = None
    active_replicas: int = 0
    version: int = 0

    @property
    def standing(self) -> LibraryStanding:
        if self.merged_into is not None:
            return LibraryStanding.MERGED
        if self.status is Status.ACTIVE and self.active_replicas:
            return LibraryStanding.REPLICATOR
        return LibraryStanding(self.status)

    @property
    def at_work(self) -> bool:
        return self.status is Status.ACTIVE and self.merged_into is None

    @property
    def latest(self) -> Episode:
        return self.episodes[-1]

    @property
    def stands_since(self) -> date:
        """The first day on which its status, its name, its place and its decrees were all as they are now.

        How far its nomination has come is a matter of offices: it may have closed, or been merged, before they decided.
        """
        begun = self.nominated_on if self.status in UNDECREED else self.status_since
        return max(begun, self.named_since, self.placed_since, *self._decree_days)

    @property
    def begun_on(self) -> date:
        """The day of its first decree; of its nomination, while there is none."""
        return max(self.nominated_on, min(self._decree_days, default=self.nominated_on))

    @property
    def _decree_days(self) -> list[date]:
        return [e.sk_date for e in self.episodes if e.sk_date]

    @property
    def open_years(self) -> frozenset[int]:
        return frozenset(e.programme_year for e in self.episodes if e.status is not Status.REJECTED)


@dataclass(frozen=True)
class PlansAtClosing:
    """Follow-up plans that a library has open, and what is to become of them: another takes them over, or they are given up."""

    open: tuple[UUID, ...] = ()
    transfer_to: UUID | None = None
    waived_because: str | None = None


def activate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly (before the decree)."""
    require(library, "activated", Status.DESIGNATED)
    return move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def make_dormant(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    require(library, "made dormant", Status.ACTIVE)
    return move(library, Status.DORMANT, effective_on=effective_on, today=today)


def reactivate(library: Library, *, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, TransitionRefused, DateInFuture, DateTooEarly."""
    require(library, "reactivated", Status.DORMANT)
    return move(library, Status.ACTIVE, effective_on=effective_on, today=today)


def close(library: Library, *, plans: PlansAtClosing, bound_since: date, effective_on: date, today: date) -> Library:
    """Close for ever. `bound_since` is the last day on which another was merged into it, or a link with it began or ended.

    Errors: LibraryClosed, LibraryMerged, OpenFollowUpPlans, DateInFuture, DateTooEarly.
    """
    require_standing(library)
    require_settled(plans)
    require_order(max(library.stands_since, bound_since), effective_on, today=today)
    return replace(library, status=Status.CLOSED, status_since=effective_on, plans_to=plans.transfer_to)


def rename(library: Library, *, new_name: str, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, LibraryMerged, TransitionRefused (the same name, a nomination), DateInFuture, DateTooEarly."""
    require_standing(library)
    _require_not_nominated(library)
    if new_name == library.name:
        raise TransitionRefused(f"The library is called {new_name} already; there is nothing to rename.")
    require_order(library.named_since, effective_on, today=today)
    return replace(library, name=new_name, named_since=effective_on)


def relocate(library: Library, *, region_id: UUID, level: RegionLevel, effective_on: date, today: date) -> Library:
    """Errors: LibraryClosed, LibraryMerged, LevelMismatch, TransitionRefused (the same region, a nomination), DateInFuture,
    DateTooEarly.
    """
    require_standing(library)
    _require_not_nominated(library)
    require_level(library.type, level)
    if region_id == library.region_id:
        raise TransitionRefused("The library lies in that region already; there is nothing to move.")
    require_order(library.placed_since, effective_on, today=today)
    return replace(library, region_id=region_id, placed_since=effective_on)


def _require_not_nominated(library: Library) -> None:
    """What the next level is to decide on stays what the one before it has seen. Errors: TransitionRefused."""
    if library.status in UNDER_DECISION:
        raise TransitionRefused(
            f"The library is {library.status}; until its decree it stays as it was put forward. Have the nomination returned,"
            " then change it and resubmit it.",
            facts={"library_status": library.status},
        )


def require_level(library_type: LibraryType, level: RegionLevel) -> None:
    wanted = LEVEL_OF[library_type]
    if level is not wanted:
        raise LevelMismatch(
            f"A library of type {library_type} belongs to a region of level {wanted}, the code names a {level}."
            " Give the code of the right level.",
            field="/region_code",
        )


def refuse_future(day: date, *, today: date, field: str) -> None:
    """`today` is the local day of the place. Errors: DateInFuture."""
    if day > today:
        raise DateInFuture(f"{day} is in the future; it is {today} there. Give today or an earlier day.", field=field)


def require_open_on(library: Library, day: date) -> None:
    """What was observed or given on a day: a closed library takes what is from before, late. Errors: LibraryClosed, LibraryMerged."""
    if library.merged_into is None and day < library.status_since:
        return
    require_standing(library)


def require_unmerged(library: Library) -> None:
    """Errors: LibraryMerged."""
    if library.merged_into is not None:
        raise LibraryMerged(
            f"The library was merged into {library.merged_into} on {library.merged_on}. Use that one.",
            facts={"survivor_id": library.merged_into, "merged_on": library.merged_on},
        )


def require_standing(library: Library) -> None:
    """Errors: LibraryClosed, LibraryMerged."""
    require_unmerged(library)
    if library.status is Status.CLOSED:
        raise LibraryClosed(
            f"The library is closed since {library.status_since}, for ever. Nominate a new one if there is one.",
            facts={"library_status": library.status},
        )


def require(library: Library, done: str, *allowed: LibraryStatus) -> None:
    """Errors: LibraryClosed, LibraryMerged, TransitionRefused."""
    require_standing(library)
    if library.status not in allowed:
        states = " or ".join(sorted(allowed))
        raise TransitionRefused(
            f"The library is {library.status}; only one that is {states} can be {done}.",
            facts={"library_status": library.status},
        )


def require_settled(plans: PlansAtClosing) -> None:
    """Errors: OpenFollowUpPlans, PlansSettledTwice."""
    if plans.transfer_to and plans.waived_because:
        raise PlansSettledTwice("Name transfer_to or waived_because, not both.", field="/transfer_to")
    if plans.open and not (plans.transfer_to or plans.waived_because):
        raise OpenFollowUpPlans(
            f"The library has {len(plans.open)} open follow-up plans. Name in transfer_to who takes them over, or say in"
            " waived_because why they are given up.",
            field="/transfer_to",
            facts={"plan_ids": plans.open},
        )


def move(library: Library, status: LibraryStatus, *, effective_on: date, today: date) -> Library:
    require_order(library.status_since, effective_on, today=today)
    return replace(library, status=status, status_since=effective_on)


def require_order(since: date, effective_on: date, *, today: date) -> None:
    refuse_future(effective_on, today=today, field="/effective_on")
    if effective_on < since:
        raise DateTooEarly(
            f"What holds now began on {since}; {effective_on} lies before. Give {since} or a later day.",
            field="/effective_on",
        )
