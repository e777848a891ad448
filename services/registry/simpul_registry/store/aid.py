"""Aid receipts with their condition checks: loaded whole."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import AidItem, FundSource

from simpul_registry.domain.aid import AidReceipt, ConditionCheck
from simpul_registry.domain.withdrawn import Withdrawn
from simpul_registry.store.libraries import LibraryUnknown, load_library


class AidUnknown(NotFound):
    slug = "aid-unknown"
    title = "Bantuan tidak ditemukan"


async def insert_receipt(tx: Transaction, receipt: AidReceipt) -> None:
    await tx.execute(
        """
        insert into aid_receipt (receipt_id, library_id, item, quantity, source, bast_no, bast_date, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        receipt.receipt_id,
        receipt.library_id,
        receipt.item.value,
        receipt.quantity,
        receipt.source.value,
        receipt.bast_no,
        receipt.bast_date,
        receipt.version,
    )


async def insert_check(tx: Transaction, receipt_id: UUID, check: ConditionCheck, *, version: int) -> None:
    await tx.execute(
        """
        with receipt as (update aid_receipt set version = $7 where receipt_id = $1)
        insert into aid_check (receipt_id, checked_on, good, broken, diverted, evidence) values ($1, $2, $3, $4, $5, $6)
        """,
        receipt_id,
        check.checked_on,
        check.good,
        check.broken,
        check.diverted,
        list(check.evidence),
        version,
    )


async def withdraw_receipt(tx: Transaction, receipt_id: UUID, withdrawn: Withdrawn, *, version: int) -> None:
    await tx.execute(
        "update aid_receipt set version = $2, withdrawn_at = $3, withdrawn_because = $4 where receipt_id = $1",
        receipt_id,
        version,
        withdrawn.at,
        withdrawn.because,
    )


async def load_receipt(tx: Transaction, receipt_id: UUID, *, scope: Scope, now: datetime) -> tuple[AidReceipt, Region]:
    """And where its library lies. Errors: AidUnknown, also when that is outside the scope."""
    rows = await tx.fetch(
        """
        select receipt_id, library_id, item, quantity, source, bast_no, bast_date, version, withdrawn_at, withdrawn_because
        from aid_receipt where receipt_id = $1
        """,
        receipt_id,
    )
    for receipt in await _with_checks(tx, rows):
        with suppress(LibraryUnknown):
            return receipt, (await load_library(tx, receipt.library_id, scope=scope, now=now)).region
    raise AidUnknown(f"There is no aid receipt {receipt_id} within the regions of your access token. Check the id.")


async def list_receipts(tx: Transaction, library_id: UUID) -> list[AidReceipt]:
    """Its own and those of what was merged into it, by the day of the handover."""
    rows = await tx.fetch(
        """
        select receipt_id, library_id, item, quantity, source, bast_no, bast_date, version, withdrawn_at, withdrawn_because
        from aid_receipt where library_id = any(array(select library_and_merged($1, 'infinity')))
        order by bast_date, receipt_id
        """,
        library_id,
    )
    return await _with_checks(tx, rows)


async def _with_checks(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[AidReceipt]:
    checks = await tx.fetch(
        """
        select receipt_id, checked_on, good, broken, diverted, evidence from aid_check
        where receipt_id = any($1) order by checked_on, check_id
        """,
        [row["receipt_id"] for row in rows],
    )
    return [_receipt(row, [one for one in checks if one["receipt_id"] == row["receipt_id"]]) for row in rows]


def _receipt(row: asyncpg.Record, checks: Sequence[asyncpg.Record]) -> AidReceipt:
    return AidReceipt(
        receipt_id=row["receipt_id"],
        library_id=row["library_id"],
        item=AidItem(row["item"]),
        quantity=row["quantity"],
        source=FundSource(row["source"]),
        bast_no=row["bast_no"],
        bast_date=row["bast_date"],
        checks=tuple(
            ConditionCheck(one["checked_on"], one["good"], one["broken"], one["diverted"], tuple(one["evidence"]))
            for one in checks
        ),
        version=row["version"],
        withdrawn=withdrawn_of(row),
    )


def withdrawn_of(row: asyncpg.Record) -> Withdrawn | None:
    return None if row["withdrawn_at"] is None else Withdrawn(row["withdrawn_at"], row["withdrawn_because"])
