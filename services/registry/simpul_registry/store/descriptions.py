"""What is good to know of a library and no other service needs."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from simpul_shared.platform.database import Transaction


@dataclass(frozen=True)
class Description:
    """Coordinates in degrees, WGS 84; both or none."""

    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    established_on: date | None = None
    established_sk_no: str | None = None


async def description_of(tx: Transaction, library_id: UUID) -> Description:
    row = await tx.fetchrow(
        """
        select address, latitude, longitude, established_on, established_sk_no from library_description
        where library_id = $1
        """,
        library_id,
    )
    return Description() if row is None else Description(**dict(row))


async def save_description(tx: Transaction, library_id: UUID, one: Description) -> None:
    await tx.execute(
        """
        insert into library_description (library_id, address, latitude, longitude, established_on, established_sk_no)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (library_id) do update set address = excluded.address, latitude = excluded.latitude,
            longitude = excluded.longitude, established_on = excluded.established_on,
            established_sk_no = excluded.established_sk_no
        """,
        library_id,
        one.address,
        one.latitude,
        one.longitude,
        one.established_on,
        one.established_sk_no,
    )
