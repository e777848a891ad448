"""Use cases of people. What is known of them is sealed before it reaches the database and is in no event and no answer."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.registry import (
    PersonCorrected,
    PersonErased,
    PersonEvent,
    PersonRegistered,
    PersonRelocated,
)
from simpul_shared.errors import Conflict
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import require_in_scope
from simpul_shared.vocabulary import Basis, ErasureReason, RegionCode

from simpul_registry.domain.person import Fields, NothingToCorrect
from simpul_registry.sealing import Keys
from simpul_registry.store import people as store
from simpul_registry.store.people import (
    Person,
    PersonIsMerged,
    known_duplicates_of,
    load_person,
    load_tombstone,
    require_not_erased,
)
from simpul_registry.store.regions import JAKARTA, find_region_today, local_day
from simpul_registry.views.people import PersonView, TombstoneView


class DuplicatesNotErased(Conflict):
    slug = "duplicates-not-erased"
    title = "Data ganda belum dihapus"


@dataclass(frozen=True)
class RegisterPerson:
    fields: Fields = field(repr=False)
    region_code: RegionCode
    basis: Basis


@dataclass(frozen=True)
class ChangePerson:
    """A change of a person: whom, the version its caller saw, where the caller may act, and when it is."""

    person_id: UUID
    expected_version: int
    scope: Scope
    now: datetime


async def register_person(
    tx: Transaction, person_id: UUID, command: RegisterPerson, *, keys: Keys, scope: Scope, now: datetime
) -> Answer:
    """Errors: RegionUnknown, OutsideScope."""
    region = await find_region_today(tx, command.region_code, now=now, field="/region_code")
    await require_in_scope(tx, region, scope, on=local_day(now, JAKARTA), field="/region_code")
    event = PersonRegistered(person_id=person_id, region_id=region.region_id, basis=command.basis)
    recorded = await append(tx, event, occurred_at=now, source_tz=region.timezone)
    person = Person(person_id, region, command.basis, recorded.recorded_at, recorded.version)
    await store.insert_person(tx, person, command.fields, keys=keys)
    return Answer(PersonView.of(person), recorded.version, location=f"/v1/people/{person_id}")


async def correct_person(tx: Transaction, change: ChangePerson, fields: Fields, *, keys: Keys) -> Answer:
    """Errors: PersonUnknown, PersonIsErased, PreconditionFailed, NothingToCorrect."""
    if not fields:
        raise NothingToCorrect("Name at least one field to correct.")
    person = await load_for_change(tx, change)
    event = PersonCorrected(person_id=person.person_id, fields=tuple(sorted(fields)))
    person = await announce(tx, person, event, now=change.now)
    await store.correct_person(tx, person, fields, keys=keys)
    return Answer(PersonView.of(person), person.version)


async def relocate_person(tx: Transaction, change: ChangePerson, region_code: RegionCode, *, keys: Keys) -> Answer:
    """Errors: PersonUnknown, PersonIsErased, PersonIsMerged, PreconditionFailed, RegionUnknown, OutsideScope, NothingToCorrect."""
    person = await load_for_change(tx, change)
    region = await find_region_today(tx, region_code, now=change.now, field="/region_code")
    await require_in_scope(tx, region, change.scope, on=local_day(change.now, JAKARTA), field="/region_code")
    old = person.region.region_id
    if region.region_id == old:
        raise NothingToCorrect(f"The person is in {region.code} {region.name} already.", field="/region_code")
    event = PersonRelocated(person_id=person.person_id, old_region_id=old, region_id=region.region_id)
    person = await announce(tx, replace(person, region=region), event, now=change.now)
    await store.relocate_person(tx, person, keys=keys)
    return Answer(PersonView.of(person), person.version)


async def erase_person(tx: Transaction, change: ChangePerson, *, reason: ErasureReason) -> Answer:
    """For good. The id stays, and so does what others count by it.

    Errors: PersonUnknown, PersonIsErased, PreconditionFailed, DuplicatesNotErased.
    """
    person = await load_at_version(tx, change)
    await _require_erased_duplicates(tx, person)
    event = PersonErased(person_id=person.person_id, reason=reason)
    person = replace(await announce(tx, person, event, now=change.now), erased_at=change.now)
    await store.erase_person(tx, person)
    return Answer(TombstoneView.of(person), person.version)


async def _require_erased_duplicates(tx: Transaction, person: Person) -> None:
    """Nobody is merged into this person meanwhile: that takes the same lock. Errors: DuplicatesNotErased."""
    left = await known_duplicates_of(tx, person.person_id)
    if left:
        raise DuplicatesNotErased(
            "The person was registered more than once. Erase the duplicates first, so that nothing of them is left.",
            facts={"person_ids": [str(one) for one in left]},
        )


async def load_for_change(tx: Transaction, change: ChangePerson) -> Person:
    """Errors: those of load_at_version, PersonIsMerged."""
    person = await load_at_version(tx, change)
    require_not_merged(person)
    return person


async def load_at_version(tx: Transaction, change: ChangePerson) -> Person:
    """Errors: PersonUnknown, PersonIsErased, PreconditionFailed."""
    person = await load_person(tx, change.person_id, scope=change.scope, now=change.now)
    require_version(person.version, change.expected_version)
    return person


async def load_to_end(tx: Transaction, change: ChangePerson) -> Person:
    """What was recorded for an id ends there; of an erased one only if it is the survivor's by now.

    Errors: PersonUnknown, PersonIsErased, PreconditionFailed.
    """
    person = await load_tombstone(tx, change.person_id, scope=change.scope, now=change.now)
    if person.merged_into is None:
        require_not_erased(person)
    require_version(person.version, change.expected_version)
    return person


def require_not_merged(person: Person) -> None:
    """Errors: PersonIsMerged."""
    if person.merged_into is not None:
        raise PersonIsMerged(
            f"This person was merged into {person.merged_into}. Make the change there.",
            facts={"survivor_id": str(person.merged_into)},
        )


async def announce(tx: Transaction, person: Person, event: PersonEvent, *, now: datetime) -> Person:
    """Append the event; the person at its version."""
    recorded = await append(tx, event, occurred_at=now, source_tz=person.region.timezone)
    return replace(person, version=recorded.version)
