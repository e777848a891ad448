"""Offices: loaded and saved whole, each version kept, and found by the regions that they are in charge of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import OfficeKind

from simpul_registry.domain.office import Office

LOCK = "offices"


class OfficeUnknown(NotFound):
    slug = "office-unknown"
    title = "Dinas tidak ditemukan"


async def save_office(tx: Transaction, office: Office, *, recorded_at: datetime) -> None:
    await tx.execute(
        """
        insert into office (office_id, kind, name, jurisdiction, opened_on, changed_on, closed_on, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (office_id) do update set name = excluded.name, jurisdiction = excluded.jurisdiction,
            changed_on = excluded.changed_on, closed_on = excluded.closed_on, version = excluded.version
        """,
        office.office_id,
        office.kind.value,
        office.name,
        office.jurisdiction,
        office.opened_on,
        office.changed_on,
        office.closed_on,
        office.version,
    )
    await tx.execute(
        """
        insert into office_version (office_id, version, name, jurisdiction, changed_on, closed_on, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        office.office_id,
        office.version,
        office.name,
        office.jurisdiction,
        office.changed_on,
        office.closed_on,
        recorded_at,
    )


async def load_office(tx: Transaction, office_id: UUID) -> Office:
    """Errors: OfficeUnknown."""
    row = await tx.fetchrow(
        """
        select office_id, kind, name, jurisdiction, opened_on, changed_on, closed_on, version
        from office where office_id = $1
        """,
        office_id,
    )
    if row is None:
        raise OfficeUnknown(f"There is no office {office_id}. GET /v1/offices lists them.")
    return office_of(row)


async def in_charge(tx: Transaction, kind: OfficeKind, jurisdiction: Sequence[UUID], *, besides: UUID) -> UUID | None:
    """An open office of the kind that is in charge of one of the regions already."""
    office_id: UUID | None = await tx.fetchval(
        """
        select office_id from office
        where kind = $1 and jurisdiction && $2 and closed_on is null and office_id <> $3 limit 1
        """,
        kind.value,
        jurisdiction,
        besides,
    )
    return office_id


def office_of(row: asyncpg.Record) -> Office:
    return Office(**{**dict(row), "kind": OfficeKind(row["kind"]), "jurisdiction": tuple(row["jurisdiction"])})
