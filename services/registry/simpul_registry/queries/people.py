"""Questions about people. Whoever is told something personal is written down in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_cursor, decode_id_cursor, encode_cursor, page_of
from simpul_shared.vocabulary import AffiliationRole, PersonalField

from simpul_registry.domain.person import AccessKind, TermKind
from simpul_registry.sealing import ServiceKey
from simpul_registry.store.accesses import Reader, note_access
from simpul_registry.store.libraries import load_library
from simpul_registry.store.people import (
    find_people,
    load_person,
    load_tombstone,
    open_fields,
    open_numbers,
    people_within,
)
from simpul_registry.store.person_terms import has_nik
from simpul_registry.store.regions import local_day
from simpul_registry.views.people import (
    AccessView,
    PersonalView,
    PersonNameView,
    PersonView,
)


@dataclass(frozen=True)
class At:
    """A library and a day, today by its own calendar when None."""

    library_id: UUID
    role: AffiliationRole | None = None
    on: date | None = None


async def get_person(tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime) -> PersonView:
    """Errors: PersonUnknown, PersonIsErased."""
    return PersonView.of(await load_person(tx, person_id, scope=scope, now=now))


async def get_person_name(
    tx: Transaction, person_id: UUID, *, key: ServiceKey, reader: Reader, scope: Scope, now: datetime
) -> PersonNameView:
    """Errors: PersonUnknown, PersonIsErased, PersonKeyWrong."""
    await load_person(tx, person_id, scope=scope, now=now)
    fields = await open_fields(tx, person_id, key=key)
    await note_access(tx, person_id, AccessKind.READ, [PersonalField.NAME], reader=reader)
    return PersonNameView(person_id=person_id, name=fields[PersonalField.NAME])


async def get_personal_fields(
    tx: Transaction, person_id: UUID, *, key: ServiceKey, reader: Reader, scope: Scope, now: datetime
) -> PersonalView:
    """Errors: PersonUnknown, PersonIsErased, PersonKeyWrong."""
    await load_person(tx, person_id, scope=scope, now=now)
    return await all_personal(tx, person_id, AccessKind.READ, key=key, reader=reader)


async def look_up(
    tx: Transaction,
    kind: TermKind,
    digest: bytes,
    *,
    reader: Reader,
    scope: Scope,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> Page[PersonView]:
    """The people within the scope with this telephone number or NIK; each who is shown is told of in the log of accesses.

    Errors: CursorMalformed.
    """
    after = decode_cursor(cursor, tuple[UUID])
    found = await find_people(
        tx, kind, digest, after=after[0] if after else None, limit=limit + 1, scope=scope, now=now
    )
    for person in found[:limit]:
        await note_access(tx, person.person_id, AccessKind.LOOK_UP, [kind], reader=reader)
    return page_of([PersonView.of(one) for one in found], limit=limit, key=lambda one: (str(one.person_id),))


async def list_people(
    tx: Transaction, at: At, *, scope: Scope, now: datetime, limit: int, cursor: str | None
) -> Page[PersonView]:
    """Who is affiliated with a library or what was merged into it, by whichever id, without names; those of them who are
    registered within the scope.

    Errors: LibraryUnknown, CursorMalformed.
    """
    region = (await load_library(tx, at.library_id, scope=scope, now=now)).region
    after = decode_cursor(cursor, tuple[UUID])
    rows = await tx.fetch(
        """
        with recursive working as (
            select p.person_id, p.merged_into from affiliation a join person p using (person_id)
            where a.library_id = any(array(select library_and_merged($1, $3))) and ($2::text is null or a.role = $2)
                and a.valid_from <= $3 and (a.valid_to is null or $3 < a.valid_to)
            union
            select p.person_id, p.merged_into from person p join working on p.person_id = working.merged_into
        )
        select person_id, region_id, basis, registered_at, version, erased_at, merged_into from person
        where person_id in (select person_id from working) and merged_into is null and erased_at is null
            and person_id > coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid)
        order by person_id limit $5
        """,
        at.library_id,
        at.role,
        at.on or local_day(now, region.timezone),
        after[0] if after else None,
        limit + 1,
    )
    people = await people_within(tx, rows[:limit], scope=scope, now=now)
    more = encode_cursor(str(rows[limit - 1]["person_id"])) if len(rows) > limit else None
    return Page(items=[PersonView.of(person) for person in people], next_cursor=more)


async def list_accesses(
    tx: Transaction, person_id: UUID, *, scope: Scope, now: datetime, limit: int, cursor: str | None
) -> Page[AccessView]:
    """Who read what of the person, the first first; of the erased too. Errors: PersonUnknown, CursorMalformed."""
    await load_tombstone(tx, person_id, scope=scope, now=now)
    found = await accesses_of(tx, person_id, after=decode_id_cursor(cursor) or 0, limit=limit + 1)
    return page_of(found, limit=limit, key=lambda one: (one.access_id,))


async def all_personal(
    tx: Transaction, person_id: UUID, kind: AccessKind, *, key: ServiceKey, reader: Reader
) -> PersonalView:
    fields = await open_fields(tx, person_id, key=key)
    numbers = await open_numbers(tx, person_id, key=key)
    nik_known = await has_nik(tx, person_id)
    shown = [*fields, *(["nik"] if nik_known else []), *(["certification_number"] if numbers else [])]
    await note_access(tx, person_id, kind, shown, reader=reader)
    told: dict[str, Any] = {str(field): value for field, value in fields.items()}
    return PersonalView(person_id=person_id, nik_known=nik_known, certification_numbers=numbers, **told)


async def accesses_of(tx: Transaction, person_id: UUID, *, after: int, limit: int | None) -> list[AccessView]:
    rows = await tx.fetch(
        """
        select access_id, at, kind, fields, purpose, actor, client_id, correlation_id from personal_data_access
        where person_id = $1 and access_id > $2 order by access_id limit $3
        """,
        person_id,
        after,
        limit,
    )
    return [AccessView(**row) for row in rows]
