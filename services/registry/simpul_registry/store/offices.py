"""Offices: loaded and saved whole, each version kept, and found by the regions that they are in charge of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
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


@dataclass(frozen=True)
class InCharge:
    """`until` is the first day on which the office no longer is; None while no end is known."""

    office_id: UUID
    since: date
    until: date | None


async def in_charge(
    tx: Transaction, kind: OfficeKind, jurisdiction: Sequence[UUID], *, since: date, besides: UUID
) -> InCharge | None:
    """An office of the kind that is in charge of one of the regions on a day from `since` on."""
    row = await tx.fetchrow(
        """
        with held as (
            select v.office_id, v.jurisdiction, v.changed_on as since,
                least(lead(v.changed_on) over (partition by v.office_id order by v.version), v.closed_on) as until
            from office_version v join office o using (office_id) where o.kind = $1 and o.office_id <> $3
        )
        select office_id, since, until from held
        where jurisdiction && $2 and (until is null or until > since and until > $4) order by since limit 1
        """,
        kind.value,
        jurisdiction,
        besides,
        since,
    )
    return None if row is None else InCharge(row["office_id"], row["since"], row["until"])


def office_of(row: asyncpg.Record) -> Office:
    return Office(**{**dict(row), "kind": OfficeKind(row["kind"]), "jurisdiction": tuple(row["jurisdiction"])})
