"""What people are looked up and compared by: keyed hashes, made anew whenever a personal field changes."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction

from simpul_registry.domain.person import TERMS_VERSION, Fields, TermKind, terms
from simpul_registry.sealing import IndexKey


async def save_terms(tx: Transaction, person_id: UUID, known: Fields, *, region_id: UUID, key: IndexKey) -> None:
    """`known` are all fields that are known; a NIK that is not among them keeps its term."""
    found = terms(known, region_id=region_id)
    await tx.execute(
        "delete from person_term where person_id = $1 and kind = any($2)",
        person_id,
        [kind.value for kind in found],
    )
    await tx.executemany(
        "insert into person_term (person_id, kind, digest) values ($1, $2, $3)",
        [(person_id, kind.value, key.digest(kind, term)) for kind, term in found.items() if term is not None],
    )
    await tx.execute("update person set terms_version = $2 where person_id = $1", person_id, TERMS_VERSION)


async def has_nik(tx: Transaction, person_id: UUID) -> bool:
    return bool(
        await tx.fetchval(
            "select exists (select from person_term where person_id = $1 and kind = $2)", person_id, TermKind.NIK.value
        )
    )


async def people_without_terms(tx: Transaction, *, limit: int) -> Sequence[asyncpg.Record]:
    """People whose terms are of an older edition, held until the transaction ends: who corrects or erases one waits."""
    return await tx.fetch(
        """
        select person_id, region_id from person
        where erased_at is null and terms_version < $1
        order by person_id limit $2 for update
        """,
        TERMS_VERSION,
        limit,
    )
