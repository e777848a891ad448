"""In which region a library lay when: one row per interval, the last one open."""

from datetime import date
from uuid import UUID

from simpul_shared.platform.database import Transaction


async def add_first_place(tx: Transaction, library_id: UUID, region_id: UUID) -> None:
    await tx.execute(
        "insert into library_region (library_id, valid_from, region_id) values ($1, '-infinity', $2)",
        library_id,
        region_id,
    )


async def move_to(tx: Transaction, library_id: UUID, region_id: UUID, *, on: date) -> None:
    """From this day on; a second move on the same day replaces the first."""
    await tx.execute(
        """
        update library_region set valid_to = $2 where library_id = $1 and valid_to = 'infinity' and valid_from < $2
        """,
        library_id,
        on,
    )
    await tx.execute(
        """
        insert into library_region (library_id, valid_from, region_id) values ($1, $2, $3)
        on conflict on constraint library_region_pkey do update set region_id = excluded.region_id
        """,
        library_id,
        on,
        region_id,
    )


async def region_on(tx: Transaction, library_id: UUID, day: date) -> UUID:
    """Where the library lay on the day."""
    region_id: UUID = await tx.fetchval(
        "select region_id from library_region where library_id = $1 and valid_from <= $2 and $2 < valid_to",
        library_id,
        day,
    )
    return region_id
