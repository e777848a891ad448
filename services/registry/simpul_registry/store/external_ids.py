"""Numbers of libraries in other registers."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import ExternalIdScheme

from simpul_registry.domain.external_id import ExternalId


async def external_ids(tx: Transaction, library_id: UUID) -> list[tuple[UUID, ExternalId]]:
    """The library's and those of what was merged into it, each with the library that it was recorded for."""
    rows = await tx.fetch(
        """
        select library_id, scheme, value, valid_from, valid_to, source from external_id
        where library_id = any(array(select library_and_merged($1, 'infinity')))
        order by scheme, valid_from, value
        """,
        library_id,
    )
    return [(row["library_id"], _external_id(row)) for row in rows]


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


async def taken_values(tx: Transaction, new: Sequence[ExternalId]) -> set[str]:
    """Those of the numbers that some library bears on a day from their first on."""
    rows = await tx.fetch(
        """
        select given.value from unnest($1::text[], $2::text[], $3::text[], $4::date[]) as given (scheme, value, compared, since)
        where exists (select from external_id as borne
            where borne.scheme = given.scheme and borne.compared = given.compared
            and daterange(borne.valid_from, borne.valid_to) && daterange(given.since, null))
        """,
        [one.scheme.value for one in new],
        [one.value for one in new],
        [one.compared for one in new],
        [one.valid_from for one in new],
    )
    return {row["value"] for row in rows}


def _external_id(row: asyncpg.Record) -> ExternalId:
    return ExternalId(ExternalIdScheme(row["scheme"]), row["value"], row["valid_from"], row["valid_to"], row["source"])
