"""Two libraries at once: which one goes on for both, and who mentors whom (pure). Nothing is ever deleted."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from msgspec.structs import replace
from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import LibraryStatus

from simpul_registry.domain.library import Library, TransitionRefused, require_order, require_standing, require_unmerged

_BEGUN = frozenset({LibraryStatus.DESIGNATED, LibraryStatus.ACTIVE, LibraryStatus.DORMANT})


class OneLibraryOnly(Invalid):
    slug = "one-library-only"
    title = "Sebutkan dua perpustakaan yang berbeda"


class SurvivorBehind(Conflict):
    slug = "survivor-behind"
    title = "Perpustakaan penerus belum ditetapkan"


class ReplicaLinkedAlready(Conflict):
    slug = "replica-linked-already"
    title = "Perpustakaan sudah didampingi"


class MentoredByReplica(Conflict):
    slug = "mentored-by-replica"
    title = "Perpustakaan saling mendampingi"


class ReplicaNotLinked(Conflict):
    slug = "replica-not-linked"
    title = "Perpustakaan tidak sedang didampingi"


class BimtekUnknown(Conflict):
    slug = "bimtek-unknown"
    title = "Bimtek belum dikenal"


class BimtekWasCancelled(Conflict):
    slug = "bimtek-cancelled"
    title = "Bimtek sudah dibatalkan"


class LinksChanged(Conflict):
    slug = "links-changed"
    title = "Pendampingan baru saja berubah"


class ReplicaNotAtWork(Conflict):
    slug = "replica-not-at-work"
    title = "Perpustakaan belum atau tidak aktif"


def merge(library: Library, survivor: Library, *, bound_since: date, effective_on: date, today: date) -> Library:
    """The library as merged into the survivor, which stays as it is; so a merged one never is a survivor, and no ring closes.

    `bound_since` is the last day on which another was merged into the library, or a link with it began or ended.

    Errors: OneLibraryOnly, LibraryClosed, LibraryMerged, SurvivorBehind, DateInFuture, DateTooEarly.
    """
    _require_two(library, survivor, field="/survivor_id")
    require_standing(library)
    require_standing(survivor)
    if library.status in _BEGUN and survivor.status not in _BEGUN:
        raise SurvivorBehind(
            f"The survivor is {survivor.status}, the other is {library.status}. Merge them the other way round.",
            field="/survivor_id",
        )
    begun = survivor.begun_on if library.status in _BEGUN else survivor.nominated_on
    require_order(max(library.stands_since, bound_since, begun), effective_on, today=today)
    return replace(library, merged_into=survivor.library_id, merged_on=effective_on)


@dataclass(frozen=True)
class Merge:
    survivor_id: UUID
    effective_on: date


def unmerge(library: Library) -> tuple[Library, Merge]:
    """Take the merge back from its beginning: the library goes on where it stood. Errors: TransitionRefused."""
    if library.merged_into is None or library.merged_on is None:
        raise TransitionRefused("The library is merged into no other; there is nothing to take back.")
    taken_back = Merge(library.merged_into, library.merged_on)
    return replace(library, merged_into=None, merged_on=None), taken_back


def require_heir(library: Library, heir: Library) -> None:
    """Who takes over a closing library's follow-up plans. Errors: OneLibraryOnly, LibraryClosed, LibraryMerged."""
    _require_two(library, heir, field="/transfer_to")
    require_standing(heir)


@dataclass(frozen=True)
class Kin:
    """Around a mentor: whom it mentors, and `above` it its mentors, theirs, and so on."""

    replicas: Container[UUID] = ()
    above: Container[UUID] = ()


def require_no_ring(library_id: UUID, kin: Kin) -> None:
    """After a merge or its undoing, which pass links on. Errors: MentoredByReplica."""
    if library_id in kin.above:
        raise MentoredByReplica("Libraries would mentor each other in a ring. End one of the links between them first.")


def link_replica(source: Library, replica: Library, *, kin: Kin, effective_on: date, today: date) -> None:
    """Whether the source may mentor the replica. `kin` is the source's.

    Errors: OneLibraryOnly, LibraryClosed, LibraryMerged, ReplicaNotAtWork, ReplicaLinkedAlready, MentoredByReplica,
    DateInFuture, DateTooEarly.
    """
    _require_two(source, replica, field="/replica_id")
    for library in (source, replica):
        require_standing(library)
        if not library.at_work:
            raise ReplicaNotAtWork(
                f"Library {library.library_id} is {library.status}; who mentors and who is mentored must be active.",
                facts={"library_id": library.library_id, "library_status": library.status},
            )
    if replica.library_id in kin.replicas:
        raise ReplicaLinkedAlready(
            "The library mentors that one already; there is nothing to add.", field="/replica_id"
        )
    if replica.library_id in kin.above:
        raise MentoredByReplica("The replica mentors the library itself, or one of its mentors.", field="/replica_id")
    require_order(max(source.begun_on, replica.begun_on), effective_on, today=today)


def end_link(source: Library, *, linked_on: date | None, effective_on: date, today: date) -> None:
    """Whether a link that began on a day may end, also once its mentor is closed.

    Errors: LibraryMerged, ReplicaNotLinked, DateInFuture, DateTooEarly.
    """
    require_unmerged(source)
    if linked_on is None:
        raise ReplicaNotLinked("The library does not mentor that one. Read its replicas and name one of them.")
    require_order(linked_on, effective_on, today=today)


def _require_two(one: Library, other: Library, *, field: str) -> None:
    if one.library_id == other.library_id:
        raise OneLibraryOnly("Both ids are the same library. Name two.", field=field)
