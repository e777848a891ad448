"""Numbers of libraries in other registers."""

from collections.abc import Sequence
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import ExternalIdScheme

from simpul_registry.domain.external_id import ExternalId


async def external_ids(tx: Transaction, library_id: UUID) -> list[ExternalId]:
    rows = await tx.fetch(
        """
        select scheme, value, valid_from, valid_to, source from external_id
        where library_id = $1 order by scheme, valid_from, value
        """,
        library_id,
    )
    return [
        ExternalId(ExternalIdScheme(row["scheme"]), row["value"], row["valid_from"], row["valid_to"], row["source"])
        for row in rows
    ]


async def save_external_ids(tx: Transaction, library_id: UUID, ids: Sequence[ExternalId]) -> None:
    await tx.executemany(
        """
        insert into external_id (library_id, scheme, value, valid_from, valid_to, source) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint external_id_pkey do update set valid_to = excluded.valid_to, source = excluded.source
        """,
        [(library_id, one.scheme.value, one.value, one.valid_from, one.valid_to, one.source) for one in ids],
    )
