"""Use case of an operator: make the terms of people who were registered before there were such terms."""

from simpul_shared.platform.database import Transaction

from simpul_registry.sealing import Keys
from simpul_registry.store.people import open_fields
from simpul_registry.store.person_terms import people_without_terms, save_terms


async def index_step(tx: Transaction, keys: Keys, *, limit: int) -> int:
    """How many were done; none are left when 0. Their fields are opened here and told to nobody. Errors: PersonKeyWrong."""
    people = await people_without_terms(tx, limit=limit)
    for one in people:
        known = await open_fields(tx, one["person_id"], key=keys.service)
        await save_terms(tx, one["person_id"], known, region_id=one["region_id"], key=keys.index)
    return len(people)
