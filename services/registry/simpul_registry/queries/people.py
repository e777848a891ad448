"""Questions about people: one without the name, and the name by itself."""

from datetime import datetime
from uuid import UUID

import structlog
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction

from simpul_registry.sealing import ServiceKey
from simpul_registry.store.people import load_person, load_sealed_name
from simpul_registry.views.people import PersonNameView, PersonView

log = structlog.get_logger()


async def get_person(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> PersonView:
    """Errors: PersonUnknown."""
    return PersonView.of(await load_person(tx, person_id, scope=scope, now=now))


async def get_person_name(
    tx: Transaction, person_id: UUID, *, key: ServiceKey, scope: Scope, now: datetime
) -> PersonNameView:
    """Errors: PersonUnknown, PersonKeyWrong."""
    await load_person(tx, person_id, scope=scope, now=now)
    name = key.open(await load_sealed_name(tx, person_id), person_id=person_id)
    log.info("person.name_read", person_id=str(person_id), actor=tx.origin.actor)
    return PersonNameView(person_id=person_id, name=name)
