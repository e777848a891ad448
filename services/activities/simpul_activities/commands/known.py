"""What a command may refer to: libraries and people that the registry has told us of, within the caller's scope."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from simpul_shared.errors import Refusal
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import scope_ids

from simpul_activities.domain.calendar import today
from simpul_activities.domain.library import Library, LibraryUnknown, PersonUnknown, require_registered
from simpul_activities.store import copies

RETRY_SECONDS = 2
"""Events of the registry are applied here within about a second."""


async def allowed_regions(tx: Transaction, scope: Scope, now: datetime) -> Sequence[UUID] | None:
    """The ids of the regions that the caller acts in today; None means everywhere."""
    return await scope_ids(tx, scope, on=today(now))


async def require_library(tx: Transaction, library_id: UUID, *, allowed: Sequence[UUID] | None) -> Library:
    """Errors: LibraryUnknown, alike for a wrong id, one out of scope and one whose events are still on their way.

    It is a conflict (409) with Retry-After, not 503: the service is well, and a wrong id is no fault of it.
    """
    library = await copies.find_library(tx, library_id, allowed=allowed)
    if library is None:
        raise await _unknown(tx, LibraryUnknown, "library", library_id, field="/library_id")
    return library


async def require_person(
    tx: Transaction, person_id: UUID, *, allowed: Sequence[UUID] | None, field: str = "/person_id"
) -> None:
    """Errors: PersonUnknown, on the terms of `require_library`; PersonIsMerged, PersonErased."""
    person = await copies.find_person(tx, person_id, allowed=allowed)
    if person is None:
        raise await _unknown(tx, PersonUnknown, "person", person_id, field=field)
    require_registered(person, field=field)


async def _unknown(tx: Transaction, kind: type[Refusal], what: str, which: UUID, *, field: str) -> Refusal:
    through = await copies.registry_applied_through(tx)
    told = None if through is None else through.isoformat()
    how_far = "No registry events are" if told is None else f"Registry events up to {told} are"
    return kind(
        f"No {what} {which} is known here within your regions. {how_far} applied here: "
        f"if it was registered after that, repeat in {RETRY_SECONDS} s; else check {what}_id.",
        field=field,
        retry_after=RETRY_SECONDS,
        facts={"registry_applied_through": told},
    )
