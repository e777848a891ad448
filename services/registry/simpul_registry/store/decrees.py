"""Decrees under review: the file, its rows, what people ruled of them."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.database import Transaction

from simpul_registry.domain.decree import Change, ChangeKind
from simpul_registry.domain.decree_review import Decree, DecreeStatus
from simpul_registry.domain.hierarchy import LEVELS
from simpul_registry.domain.matching import Ruling, RulingKind


class DecreeUnknown(NotFound):
    slug = "decree-unknown"
    title = "Keputusan wilayah tidak ditemukan"


async def insert_decree(tx: Transaction, decree: Decree, file: bytes) -> None:
    await tx.execute(
        """
        insert into region_decree (decree_id, decree, effective_on, within, sha256, file, status, map_edition, libraries,
            uploaded_by, uploaded_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        decree.decree_id,
        decree.decree,
        decree.effective_on,
        decree.within,
        decree.sha256,
        zlib.compress(file),
        decree.status.value,
        decree.map_edition,
        decree.libraries,
        decree.uploaded_by,
        decree.uploaded_at,
        decree.version,
    )


async def update_decree(tx: Transaction, decree: Decree) -> None:
    await tx.execute(
        """
        update region_decree set status = $2, map_edition = $3, libraries = $4, decided_by = $5, decided_at = $6,
            reason = $7, version = $8
        where decree_id = $1
        """,
        decree.decree_id,
        decree.status.value,
        decree.map_edition,
        decree.libraries,
        decree.decided_by,
        decree.decided_at,
        decree.reason,
        decree.version,
    )


async def load_decree(tx: Transaction, decree_id: UUID) -> Decree:
    """Errors: DecreeUnknown."""
    row = await tx.fetchrow(
        """
        select decree_id, decree, effective_on, within, sha256, status, map_edition, libraries, uploaded_by, uploaded_at,
            decided_by, decided_at, reason, version
        from region_decree where decree_id = $1
        """,
        decree_id,
    )
    if row is None:
        raise DecreeUnknown(f"There is no decree {decree_id}. GET /v1/region-decrees lists them.")
    return decree_of(row)


async def file_of(tx: Transaction, decree_id: UUID) -> str:
    content: bytes = await tx.fetchval("select file from region_decree where decree_id = $1", decree_id)
    return zlib.decompress(content).decode("utf-8")


async def rulings_of(tx: Transaction, decree_id: UUID) -> list[Ruling]:
    """The last one on each pair of codes."""
    rows = await tx.fetch(
        """
        select distinct on (from_code, to_code) kind, from_code, to_code from region_ruling
        where decree_id = $1 order by from_code, to_code, ruling_no desc
        """,
        decree_id,
    )
    return [Ruling(RulingKind(row["kind"]), row["from_code"], row["to_code"]) for row in rows]


async def add_ruling(tx: Transaction, decree_id: UUID, ruling: Ruling, *, reason: str, by: str, at: datetime) -> None:
    await tx.execute(
        """
        insert into region_ruling (decree_id, ruling_no, kind, from_code, to_code, reason, ruled_by, ruled_at)
        select $1, coalesce(max(ruling_no), 0) + 1, $2, $3, $4, $5, $6, $7 from region_ruling where decree_id = $1
        """,
        decree_id,
        ruling.kind.value,
        ruling.from_code,
        ruling.to_code,
        reason,
        by,
        at,
    )


async def replace_rows(tx: Transaction, decree_id: UUID, changes: Sequence[tuple[Change, UUID | None, int]]) -> None:
    """Rows with the region that each begins from and the libraries in it."""
    await tx.execute("delete from region_decree_row where decree_id = $1", decree_id)
    await tx.connection.copy_records_to_table(
        "region_decree_row",
        columns=[
            "decree_id", "row_no", "kind", "level", "from_region_id", "from_code", "from_name", "to_code", "to_name",
            "basis", "confidence", "libraries",
        ],
        records=[
            (
                decree_id, number, change.kind.value, LEVELS[change.depth].value, region_id,
                change.before and change.before.code, change.before and change.before.name,
                change.after and change.after.code, change.after and change.after.name,
                change.basis, change.confidence.value, libraries,
            )
            for number, (change, region_id, libraries) in enumerate(changes, start=1)
        ],
    )  # fmt: skip


async def rows_counted(tx: Transaction, decree_id: UUID) -> tuple[dict[ChangeKind, int], int]:
    """The rows by kind, and how many are of low confidence."""
    rows = await tx.fetch(
        """
        select kind, count(*) as count, count(*) filter (where confidence = 'LOW') as low
        from region_decree_row where decree_id = $1 group by kind order by kind
        """,
        decree_id,
    )
    return {ChangeKind(row["kind"]): row["count"] for row in rows}, sum(row["low"] for row in rows)


def decree_of(row: asyncpg.Record) -> Decree:
    return Decree(**{**dict(row), "status": DecreeStatus(row["status"])})
