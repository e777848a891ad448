"""The registry's libraries and people as this service knows them from events, and when they may act."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.errors import Conflict, NotFound
from simpul_shared.vocabulary import LibraryStatus

from simpul_activities.domain.calendar import local_date


class LibraryUnknown(Conflict):
    slug = "library-unknown"
    title = "Perpustakaan belum dikenal"


class PersonUnknown(Conflict):
    slug = "person-unknown"
    title = "Orang belum dikenal"


class PersonNotFound(NotFound):
    slug = "person-not-found"
    title = "Orang tidak ditemukan"


class PersonErased(Conflict):
    slug = "person-erased"
    title = "Data orang ini sudah dihapus"


class PersonIsMerged(Conflict):
    slug = "person-merged"
    title = "Orang ini sudah digabung"


class LibraryClosed(Conflict):
    slug = "library-closed"
    title = "Perpustakaan sudah ditutup"


class LibraryMerged(Conflict):
    slug = "library-merged"
    title = "Perpustakaan sudah digabung"


class LibraryNotActive(Conflict):
    slug = "library-not-active"
    title = "Perpustakaan belum atau tidak aktif"


@dataclass(frozen=True)
class Place:
    """Where a library lies from a day on, and the IANA zone there."""

    valid_from: date
    region_id: UUID
    timezone: str


@dataclass(frozen=True)
class Survivor:
    """The library that goes on for a merged one, at the end of all merges."""

    library_id: UUID
    name: str


@dataclass(frozen=True)
class Library:
    """`region_id` is where it lies now, `timezone` the IANA zone there; `places` is empty for one that never moved.

    `closed_on` and `dormant_since` are None unless the status says so.
    """

    library_id: UUID
    name: str
    region_id: UUID
    timezone: str
    status: LibraryStatus
    dormant_since: date | None = None
    closed_on: date | None = None
    places: tuple[Place, ...] = ()
    survivor: Survivor | None = None

    def place_at(self, moment: datetime) -> Place:
        """Where it lay on the local day of an instant."""
        held = [place for place in self.places if place.valid_from <= local_date(moment, place.timezone)]
        return held[-1] if held else Place(date.min, self.region_id, self.timezone)


@dataclass(frozen=True)
class Person:
    """`survivor_id` is the person that this one turned out to be, at the end of all merges."""

    person_id: UUID
    erased_at: datetime | None = None
    survivor_id: UUID | None = None


def require_registered(person: Person, *, field: str) -> None:
    """Errors: PersonIsMerged, PersonErased."""
    if person.survivor_id is not None:
        raise PersonIsMerged(
            f"The person was registered twice, and merged. Use the other id: {person.survivor_id}.",
            field=field,
            facts={"survivor_id": person.survivor_id},
        )
    if person.erased_at is not None:
        raise PersonErased(
            "What the registry knew of this person was erased. Register the person anew there, if they agree to take part.",
            field=field,
        )


def require_open(library: Library) -> None:
    """Errors: LibraryClosed, LibraryMerged."""
    if library.survivor is not None:
        raise LibraryMerged(
            f"{library.name} was merged into {library.survivor.name}. Use that one: {library.survivor.library_id}.",
            field="/library_id",
            facts={"survivor_id": library.survivor.library_id},
        )
    if library.status is LibraryStatus.CLOSED:
        raise LibraryClosed(
            f"{library.name} is closed since {library.closed_on}. Name the library that took over its work, "
            "or have the registry corrected if it is still open.",
            field="/library_id",
            facts={"closed_on": str(library.closed_on)},
        )


def require_at_work(library: Library) -> None:
    """A library works once it is designated, and until it is dormant or closed. Errors: LibraryClosed, LibraryMerged,
    LibraryNotActive.
    """
    require_open(library)
    if library.status is LibraryStatus.DORMANT:
        raise LibraryNotActive(
            f"{library.name} is dormant since {library.dormant_since}. Have it reactivated in the registry first.",
            field="/library_id",
            facts={"library_status": library.status.value},
        )
    if library.status not in {LibraryStatus.DESIGNATED, LibraryStatus.ACTIVE}:
        raise LibraryNotActive(
            f"{library.name} has the status {library.status.value}. Activities count once it is designated by decree (SK).",
            field="/library_id",
            facts={"library_status": library.status.value},
        )
