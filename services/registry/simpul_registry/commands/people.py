"""Use case of people: register. The name is sealed before it reaches the database and is in no event and no answer."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.registry import PersonRegistered
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import append
from simpul_shared.regions.store import require_in_scope
from simpul_shared.vocabulary import Basis, RegionCode

from simpul_registry.sealing import ServiceKey
from simpul_registry.store.people import Person, insert_person
from simpul_registry.store.regions import JAKARTA, find_region_today, local_day
from simpul_registry.views.people import PersonView


@dataclass(frozen=True)
class RegisterPerson:
    name: str = field(repr=False)
    region_code: RegionCode
    basis: Basis


async def register_person(
    tx: Transaction, person_id: UUID, command: RegisterPerson, *, key: ServiceKey, scope: Scope, now: datetime
) -> Answer:
    """Errors: RegionUnknown, OutsideScope."""
    region = await find_region_today(tx, command.region_code, now=now, field="/region_code")
    await require_in_scope(tx, region, scope, on=local_day(now, JAKARTA), field="/region_code")
    event = PersonRegistered(person_id=person_id, region_id=region.region_id, basis=command.basis)
    recorded = await append(tx, event, occurred_at=now, source_tz=region.timezone)
    person = Person(person_id, region, command.basis, recorded.recorded_at, recorded.version)
    await insert_person(tx, person, key.seal(command.name, person_id=person_id))
    return Answer(PersonView.of(person), recorded.version, location=f"/v1/people/{person_id}")
