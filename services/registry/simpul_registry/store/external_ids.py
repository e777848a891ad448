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


async def insert_external_ids(tx: Transaction, new: Sequence[tuple[UUID, ExternalId]]) -> None:
    """Numbers of new libraries, many at once."""
    if not new:
        return
    await tx.connection.copy_records_to_table(
        "external_id",
        columns=("library_id", "scheme", "value", "valid_from", "valid_to", "source"),
        records=[
            (library_id, one.scheme.value, one.value, one.valid_from, one.valid_to, one.source)
            for library_id, one in new
        ],
    )


async def taken_values(tx: Transaction, scheme: ExternalIdScheme, values: Sequence[str]) -> set[str]:
    """Those of the numbers that some library bears now."""
    rows = await tx.fetch(
        "select value from external_id where scheme = $1 and value = any($2::text[]) and valid_to is null",
        scheme,
        values,
    )
    return {row["value"] for row in rows}
