"""People: their row, what is sealed of them, the key to it, and the terms they are looked up by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import Gone, NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Basis, PersonalField

from simpul_registry.domain.person import Fields, terms
from simpul_registry.sealing import Keys, PersonKey, ServiceKey
from simpul_registry.store.regions import JAKARTA, in_scope, local_day, region_as_last_known


class PersonUnknown(NotFound):
    slug = "person-unknown"
    title = "Orang tidak ditemukan"


class PersonIsErased(Gone):
    slug = "person-erased"
    title = "Data orang ini sudah dihapus"


@dataclass(frozen=True)
class Person:
    """`region` is as it is today."""

    person_id: UUID
    region: Region
    basis: Basis
    registered_at: datetime
    version: int
    erased_at: datetime | None = None


SEALED = (
    PersonalField.NAME,
    PersonalField.PHONE,
    PersonalField.EMAIL,
    PersonalField.GENDER,
    PersonalField.BIRTH_YEAR,
)
"""The fields that can be opened again."""


async def insert_person(tx: Transaction, person: Person, fields: Fields, *, keys: Keys) -> None:
    key = keys.service.make_key(person.person_id)
    sealed = _seal(key, fields)
    await tx.execute(
        """
        with person as (
            insert into person (person_id, region_id, basis, sealed_name, sealed_phone, sealed_email, sealed_gender,
                sealed_birth_year, registered_at, version)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        )
        insert into person_key (person_id, wrapped_key) values ($1, $11)
        """,
        person.person_id,
        person.region.region_id,
        person.basis.value,
        *(sealed.get(field) for field in SEALED),
        person.registered_at,
        person.version,
        keys.service.wrap(key),
    )
    await _save_terms(tx, person, fields, keys=keys)


async def correct_person(tx: Transaction, person: Person, fields: Fields, *, keys: Keys) -> None:
    """Replace the fields given; what stood there before is not kept. `person` has the new version."""
    key, before = await _load_sealed(tx, person.person_id, keys.service)
    sealed = before | _seal(key, fields)
    await tx.execute(
        """
        update person set sealed_name = $2, sealed_phone = $3, sealed_email = $4, sealed_gender = $5,
            sealed_birth_year = $6, version = $7
        where person_id = $1
        """,
        person.person_id,
        *(sealed.get(field) for field in SEALED),
        person.version,
    )
    await _save_terms(tx, person, fields, keys=keys)


async def erase_person(tx: Transaction, person: Person) -> None:
    """Destroy the key, the terms and the ciphertexts. `person` has the new version."""
    await tx.execute(
        """
        with key as (delete from person_key where person_id = $1), term as (delete from person_term where person_id = $1)
        update person set sealed_name = null, sealed_phone = null, sealed_email = null, sealed_gender = null,
            sealed_birth_year = null, erased_at = $2, version = $3
        where person_id = $1
        """,
        person.person_id,
        person.erased_at,
        person.version,
    )


async def open_fields(tx: Transaction, person_id: UUID, *, key: ServiceKey) -> dict[PersonalField, str]:
    """What is known of the person, in clear. Whoever calls this notes the access. Errors: PersonKeyWrong."""
    person_key, sealed = await _load_sealed(tx, person_id, key)
    return {field: person_key.open(field, value) for field, value in sealed.items() if value is not None}


async def load_person(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> Person:
    """Errors: PersonUnknown, also when the person's region lies outside the scope; PersonIsErased."""
    person = await load_tombstone(tx, person_id, scope=scope, now=now)
    if person.erased_at is not None:
        raise PersonIsErased(
            f"What was known of this person was erased on {local_day(person.erased_at, JAKARTA)}, for good; the id stays.",
            facts={"erased_at": person.erased_at},
        )
    return person


async def load_tombstone(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> Person:
    """The person, be it erased. Errors: PersonUnknown, also when the person's region lies outside the scope."""
    row = await tx.fetchrow(
        "select person_id, region_id, basis, registered_at, version, erased_at from person where person_id = $1",
        person_id,
    )
    person = None if row is None else await _within(tx, row, scope=scope, now=now)
    if person is None:
        raise PersonUnknown(f"There is no person {person_id} within the regions of your access token. Check the id.")
    return person


async def find_people(
    tx: Transaction, kind: PersonalField, term: str, *, keys: Keys, scope: Scope, now: datetime
) -> list[Person]:
    """The people within the scope who are found by the term."""
    rows = await tx.fetch(
        """
        select p.person_id, p.region_id, p.basis, p.registered_at, p.version, p.erased_at
        from person_term t join person p using (person_id)
        where t.kind = $1 and t.digest = $2
        order by p.person_id limit 50
        """,
        kind.value,
        keys.index.digest(kind, term),
    )
    found = [await _within(tx, row, scope=scope, now=now) for row in rows]
    return [person for person in found if person is not None]


async def has_nik(tx: Transaction, person_id: UUID) -> bool:
    return bool(
        await tx.fetchval(
            "select exists (select from person_term where person_id = $1 and kind = 'nik')",
            person_id,
        )
    )


async def _within(tx: Transaction, row: asyncpg.Record, *, scope: Scope, now: datetime) -> Person | None:
    today = local_day(now, JAKARTA)
    region = await region_as_last_known(tx, row["region_id"], on=today)
    if not await in_scope(tx, region, scope, on=today):
        return None
    return Person(row["person_id"], region, Basis(row["basis"]), row["registered_at"], row["version"], row["erased_at"])


async def _load_sealed(
    tx: Transaction, person_id: UUID, key: ServiceKey
) -> tuple[PersonKey, dict[PersonalField, bytes | None]]:
    row = await tx.fetchrow(
        """
        select sealed_name, sealed_phone, sealed_email, sealed_gender, sealed_birth_year, wrapped_key
        from person join person_key using (person_id) where person_id = $1
        """,
        person_id,
    )
    if row is None:
        raise RuntimeError(f"person {person_id} has no key; load_person() refuses the erased first")
    sealed: Mapping[str, bytes | None] = dict(row)
    return key.unwrap(person_id, row["wrapped_key"]), {field: sealed[f"sealed_{field}"] for field in SEALED}


def _seal(key: PersonKey, fields: Fields) -> dict[PersonalField, bytes | None]:
    given = {field: fields[field] for field in SEALED if field in fields}
    return {field: None if text is None else key.seal(field, text) for field, text in given.items()}


async def _save_terms(tx: Transaction, person: Person, fields: Fields, *, keys: Keys) -> None:
    found = terms(fields, region_id=person.region.region_id)
    await tx.execute(
        "delete from person_term where person_id = $1 and kind = any($2)",
        person.person_id,
        [kind.value for kind in found],
    )
    await tx.executemany(
        "insert into person_term (person_id, kind, digest) values ($1, $2, $3)",
        [
            (person.person_id, kind.value, keys.index.digest(kind, term))
            for kind, term in found.items()
            if term is not None
        ],
    )
