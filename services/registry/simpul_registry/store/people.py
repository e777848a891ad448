"""People: their row, their sealed name and the key to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Basis

from simpul_registry.sealing import SealedName
from simpul_registry.store.regions import JAKARTA, in_scope, local_day, region_as_last_known


class PersonUnknown(NotFound):
    slug = "person-unknown"
    title = "Orang tidak ditemukan"


@dataclass(frozen=True)
class Person:
    """`region` is as it is today."""

    person_id: UUID
    region: Region
    basis: Basis
    registered_at: datetime
    version: int


async def insert_person(tx: Transaction, person: Person, sealed: SealedName) -> None:
    await tx.execute(
        """
        with person as (
            insert into person (person_id, region_id, basis, sealed_name, registered_at, version)
            values ($1, $2, $3, $4, $5, $6)
        )
        insert into person_key (person_id, wrapped_key) values ($1, $7)
        """,
        person.person_id,
        person.region.region_id,
        person.basis.value,
        sealed.name,
        person.registered_at,
        person.version,
        sealed.wrapped_key,
    )


async def load_person(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> Person:
    """Errors: PersonUnknown, also when the person's region lies outside the scope."""
    row = await tx.fetchrow(
        "select person_id, region_id, basis, registered_at, version from person where person_id = $1", person_id
    )
    if row is None:
        raise _unknown(person_id)
    today = local_day(now, JAKARTA)
    region = await region_as_last_known(tx, row["region_id"], on=today)
    if not await in_scope(tx, region, scope, on=today):
        raise _unknown(person_id)
    return Person(person_id, region, Basis(row["basis"]), row["registered_at"], row["version"])


async def load_sealed_name(tx: Transaction, person_id: UUID) -> SealedName:
    """Errors: PersonUnknown."""
    row = await tx.fetchrow(
        "select sealed_name, wrapped_key from person join person_key using (person_id) where person_id = $1", person_id
    )
    if row is None:
        raise _unknown(person_id)
    return SealedName(row["sealed_name"], row["wrapped_key"])


def _unknown(person_id: UUID) -> PersonUnknown:
    return PersonUnknown(f"There is no person {person_id} within the regions of your access token. Check the id.")
