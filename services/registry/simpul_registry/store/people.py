"""People: their row, what is sealed of them, and the key to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import Conflict, Gone, NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, scope_ids
from simpul_shared.vocabulary import Basis, PersonalField

from simpul_registry.domain.person import Fields, TermKind
from simpul_registry.domain.person_records import NO_RECORDS, Records
from simpul_registry.sealing import Keys, PersonKey, ServiceKey
from simpul_registry.store.person_records import load_records
from simpul_registry.store.person_terms import save_terms
from simpul_registry.store.regions import JAKARTA, local_day, regions_as_last_known


class PersonUnknown(NotFound):
    slug = "person-unknown"
    title = "Orang tidak ditemukan"


class PersonIsErased(Gone):
    slug = "person-erased"
    title = "Data orang ini sudah dihapus"


class PersonIsMerged(Conflict):
    slug = "person-merged"
    title = "Orang ini sudah digabung"


@dataclass(frozen=True)
class Person:
    """`region` is as it is today. `merged_into` is the person that this one turned out to be.

    `records` are those made for this id, `records_elsewhere` those made for ids that turned out to be this person.
    """

    person_id: UUID
    region: Region
    basis: Basis
    registered_at: datetime
    version: int
    erased_at: datetime | None = None
    merged_into: UUID | None = None
    records: Records = NO_RECORDS
    records_elsewhere: Mapping[UUID, Records] = field(default_factory=dict)

    @property
    def all_records(self) -> Records:
        return sum(self.records_elsewhere.values(), self.records)


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
    await save_terms(tx, person.person_id, fields, region_id=person.region.region_id, key=keys.index)


async def save_version(tx: Transaction, person: Person) -> None:
    await tx.execute(
        "update person set version = $2, merged_into = $3 where person_id = $1",
        person.person_id,
        person.version,
        person.merged_into,
    )


async def correct_person(tx: Transaction, person: Person, fields: Fields, *, keys: Keys) -> None:
    """Replace the fields given; what stood there before is not kept. `person` has the new version."""
    key, before = await _load_sealed(tx, person.person_id, keys.service)
    sealed, known = before | _seal(key, fields), {**_open(key, before), **fields}
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
    await save_terms(tx, person.person_id, known, region_id=person.region.region_id, key=keys.index)


async def relocate_person(tx: Transaction, person: Person, *, keys: Keys) -> None:
    """Names are compared within a village, so the terms are made anew. `person` has the new region and version."""
    region_id = person.region.region_id
    await tx.execute(
        "update person set region_id = $2, version = $3 where person_id = $1",
        person.person_id,
        region_id,
        person.version,
    )
    known = await open_fields(tx, person.person_id, key=keys.service)
    await save_terms(tx, person.person_id, known, region_id=region_id, key=keys.index)


async def erase_person(tx: Transaction, person: Person) -> None:
    """Destroy the key, the terms and the ciphertexts. `person` has the new version."""
    await tx.execute(
        """
        with key as (delete from person_key where person_id = $1), term as (delete from person_term where person_id = $1),
            number as (update certification set sealed_number = null where person_id = $1)
        update person set sealed_name = null, sealed_phone = null, sealed_email = null, sealed_gender = null,
            sealed_birth_year = null, erased_at = $2, version = $3
        where person_id = $1
        """,
        person.person_id,
        person.erased_at,
        person.version,
    )


async def seal_number(
    tx: Transaction, person_id: UUID, certification_id: UUID, number: str, *, key: ServiceKey
) -> bytes:
    """The number of a certificate under the person's own key. Errors: PersonKeyWrong."""
    return (await _load_key(tx, person_id, key)).seal(f"certification/{certification_id}", number)


async def open_numbers(tx: Transaction, person_id: UUID, *, key: ServiceKey) -> dict[UUID, str]:
    """The numbers of certificates that are known, in clear. Whoever calls this notes the access. Errors: PersonKeyWrong."""
    person_key = await _load_key(tx, person_id, key)
    rows = await tx.fetch(
        """
        select certification_id, sealed_number from certification
        where person_id = $1 and sealed_number is not null order by valid_from, certification_id
        """,
        person_id,
    )
    return {
        row["certification_id"]: person_key.open(f"certification/{row['certification_id']}", row["sealed_number"])
        for row in rows
    }


async def open_fields(tx: Transaction, person_id: UUID, *, key: ServiceKey) -> dict[PersonalField, str]:
    """What is known of the person, in clear. Whoever calls this notes the access. Errors: PersonKeyWrong."""
    person_key, sealed = await _load_sealed(tx, person_id, key)
    return _open(person_key, sealed)


async def load_person(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> Person:
    """Errors: PersonUnknown, also when the person's region lies outside the scope; PersonIsErased."""
    person = await load_tombstone(tx, person_id, scope=scope, now=now)
    require_not_erased(person)
    return person


def require_not_erased(person: Person) -> None:
    """Errors: PersonIsErased."""
    if person.erased_at is not None:
        raise PersonIsErased(
            f"What was known of this person was erased on {local_day(person.erased_at, JAKARTA)}, for good; the id stays.",
            facts={"erased_at": person.erased_at, "version": person.version},
        )


async def load_tombstone(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> Person:
    """The person, be it erased. Errors: PersonUnknown, also when the person's region lies outside the scope."""
    rows = await tx.fetch(
        """
        select person_id, region_id, basis, registered_at, version, erased_at, merged_into from person where person_id = $1
        """,
        person_id,
    )
    for person in await people_within(tx, rows, scope=scope, now=now):
        return person
    raise PersonUnknown(f"There is no person {person_id} within the regions of your access token. Check the id.")


async def find_people(
    tx: Transaction, kind: TermKind, digest: bytes, *, after: UUID | None, limit: int, scope: Scope, now: datetime
) -> list[Person]:
    """The people who are found by the term with this digest, by id. Their regions are those of people_within."""
    today = local_day(now, JAKARTA)
    rows = await tx.fetch(
        """
        select p.person_id, p.region_id, p.basis, p.registered_at, p.version, p.erased_at, p.merged_into
        from person_term t join person p using (person_id)
        where t.kind = $1 and t.digest = $2 and ($3::uuid is null or p.person_id > $3) and ($4::uuid[] is null or (
            select v.path && $4 from region_version v where v.region_id = p.region_id
            order by v.superseded_at = 'infinity' desc, v.valid_from <= $5 desc,
                case when v.valid_from <= $5 then v.valid_from end desc, v.valid_from, v.superseded_at desc
            limit 1))
        order by p.person_id limit $6
        """,
        kind.value,
        digest,
        after,
        await scope_ids(tx, scope, on=today),
        today,
        limit,
    )
    return await people_within(tx, rows, scope=scope, now=now)


async def duplicates_of(tx: Transaction, person_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Who turned out to be each of these people, if only by way of another; the erased among them, too."""
    rows = await tx.fetch(
        """
        with recursive twin as (
            select merged_into as survivor_id, person_id from person where merged_into = any($1)
            union all
            select twin.survivor_id, next.person_id from person as next join twin on next.merged_into = twin.person_id
        )
        select survivor_id, person_id from twin order by person_id
        """,
        person_ids,
    )
    return {one: [row["person_id"] for row in rows if row["survivor_id"] == one] for one in person_ids}


async def known_duplicates_of(tx: Transaction, person_id: UUID) -> list[UUID]:
    """Those of whom something personal is known."""
    rows = await tx.fetch(
        "select person_id from person where person_id = any($1) and erased_at is null order by person_id",
        (await duplicates_of(tx, [person_id]))[person_id],
    )
    return [row["person_id"] for row in rows]


async def people_within(
    tx: Transaction, rows: Sequence[asyncpg.Record], *, scope: Scope, now: datetime
) -> list[Person]:
    """The people of these rows whose regions lie within the scope today, with the records of all their ids."""
    today = local_day(now, JAKARTA)
    allowed = await scope_ids(tx, scope, on=today)
    regions = await regions_as_last_known(tx, [row["region_id"] for row in rows], on=today)
    twins = await duplicates_of(tx, [row["person_id"] for row in rows])
    records = await load_records(tx, [*twins, *(one for ids in twins.values() for one in ids)])
    people = [
        Person(
            row["person_id"],
            regions[row["region_id"]],
            Basis(row["basis"]),
            row["registered_at"],
            row["version"],
            row["erased_at"],
            row["merged_into"],
            records[row["person_id"]],
            {one: records[one] for one in twins[row["person_id"]]},
        )
        for row in rows
    ]
    return [one for one in people if allowed is None or not set(allowed).isdisjoint(one.region.path)]


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


async def _load_key(tx: Transaction, person_id: UUID, key: ServiceKey) -> PersonKey:
    wrapped_key = await tx.fetchval("select wrapped_key from person_key where person_id = $1", person_id)
    return key.unwrap(person_id, wrapped_key)


def _open(key: PersonKey, sealed: Mapping[PersonalField, bytes | None]) -> dict[PersonalField, str]:
    return {field: key.open(field, value) for field, value in sealed.items() if value is not None}


def _seal(key: PersonKey, fields: Fields) -> dict[PersonalField, bytes | None]:
    given = {field: fields[field] for field in SEALED if field in fields}
    return {field: None if text is None else key.seal(field, text) for field, text in given.items()}
