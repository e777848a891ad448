"""Imports and their rows in Postgres: what the routes read and the worker moves on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from simpul_shared.access import Permission
from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Principal, Scope
from simpul_shared.platform.database import Database, Transaction
from simpul_shared.platform.imports.form import Applied, Asked
from simpul_shared.platform.imports.table import Problem, as_json, problems_of
from simpul_shared.vocabulary import RegionCode


class ImportState(StrEnum):
    """How far an import is."""

    RECEIVED = "RECEIVED"
    CHECKED = "CHECKED"
    REFUSED = "REFUSED"
    COMMITTING = "COMMITTING"
    COMPLETED = "COMPLETED"
    HALTED = "HALTED"


class RowVerdict(StrEnum):
    """What is to become of a row, or has."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    APPLIED = "APPLIED"
    KNOWN = "KNOWN"


class Overtaken(Exception):
    """Another process has gone on with the import: what this one has done of it may not stay."""


class ImportUnknown(NotFound):
    slug = "import-unknown"
    title = "Impor tidak ditemukan"


@dataclass(frozen=True)
class Import:
    """One row of bulk_import."""

    import_id: UUID
    form: str
    region_code: str
    client_id: str
    actor: str
    permissions: Sequence[str]
    scope: Sequence[str]
    file_sha256: bytes
    file_bytes: int
    state: ImportState
    head: dict[str, Any] | None
    problem: dict[str, Any] | None
    rows_read: int
    rows_accepted: int
    rows_refused: int
    rows_applied: int
    rows_known: int
    done_through: int
    version: int
    created_at: datetime
    changed_at: datetime
    cells_forgotten_at: datetime | None

    def asked(self, now: datetime) -> Asked:
        permissions = frozenset(Permission(one) for one in self.permissions if one in set(Permission))
        scope = Scope(frozenset(RegionCode(code) for code in self.scope))
        return Asked(self.actor, permissions, scope, self.region_code, self.created_at, now)


def _import_of(row: asyncpg.Record) -> Import:
    return Import(**{**row, "state": ImportState(row["state"])})


async def insert_import(
    tx: Transaction, import_id: UUID, *, form: str, region_code: str, by: Principal, sha256: bytes, size: int
) -> bool:
    """False where the caller has sent the file before."""
    done = await tx.execute(
        """
        insert into bulk_import (import_id, form, region_code, client_id, actor, permissions, scope, file_sha256, file_bytes,
            state)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'RECEIVED')
        on conflict on constraint bulk_import_same_file do nothing
        """,
        import_id,
        form,
        region_code,
        by.client_id,
        by.subject,
        sorted(by.permissions),
        sorted(by.scope.codes),
        sha256,
        size,
    )
    return done.endswith(" 1")


async def insert_file(tx: Transaction, import_id: UUID, parts: Iterable[bytes]) -> None:
    for number, part in enumerate(parts):
        await tx.execute(
            "insert into bulk_import_file (import_id, part_no, content) values ($1, $2, $3)", import_id, number, part
        )


async def find_same(tx: Transaction, *, form: str, region_code: str, by: Principal, sha256: bytes) -> Import:
    row = await tx.fetchrow(
        """
        select * from bulk_import
        where client_id = $1 and actor = $2 and form = $3 and region_code = $4 and file_sha256 = $5
        """,
        by.client_id,
        by.subject,
        form,
        region_code,
        sha256,
    )
    assert row is not None, "its insert met it"  # noqa: S101 (narrows the type)
    return _import_of(row)


async def load_own(tx: Transaction, import_id: UUID, by: Principal) -> Import:
    """Errors: ImportUnknown, also when somebody else sent it."""
    found = await find_import(tx, import_id)
    if found is None or (found.client_id, found.actor) != (by.client_id, by.subject):
        raise ImportUnknown(f"You have sent no import {import_id}. Check the id.")
    return found


async def find_import(tx: Transaction, import_id: UUID) -> Import | None:
    row = await tx.fetchrow("select * from bulk_import where import_id = $1", import_id)
    return None if row is None else _import_of(row)


async def any_waiting(database: Database) -> bool:
    """One round trip, since it is asked many times a second."""
    waiting: bool = await database.pool.fetchval(
        "select exists (select from bulk_import where state in ('RECEIVED', 'COMMITTING'))", timeout=10
    )
    return waiting


async def next_waiting(tx: Transaction) -> Import | None:
    row = await tx.fetchrow(
        "select * from bulk_import where state in ('RECEIVED', 'COMMITTING') order by changed_at, import_id limit 1"
    )
    return None if row is None else _import_of(row)


async def file_parts(tx: Transaction, import_id: UUID) -> list[int]:
    rows = await tx.fetch("select part_no from bulk_import_file where import_id = $1 order by part_no", import_id)
    return [row["part_no"] for row in rows]


async def file_part(tx: Transaction, import_id: UUID, number: int) -> bytes:
    content: bytes = await tx.fetchval(
        "select content from bulk_import_file where import_id = $1 and part_no = $2", import_id, number
    )
    return content


async def is_unread(tx: Transaction, import_id: UUID) -> bool:
    """The file is kept until it has been read to its end, or refused."""
    unread: bool = await tx.fetchval("select exists (select from bulk_import_file where import_id = $1)", import_id)
    return unread


async def receive_again(tx: Transaction, import_id: UUID) -> None:
    """A reading that halted is begun anew; the file is still there."""
    await tx.execute(
        """
        update bulk_import set state = 'RECEIVED', problem = null, version = version + 1, changed_at = clock_timestamp()
        where import_id = $1 and exists (select from bulk_import_file as f where f.import_id = $1)
        """,
        import_id,
    )


async def begin_anew(tx: Transaction, one: Import) -> Import:
    """Forget what a reading that was broken off has left; one that still goes on writes nothing more. Errors: Overtaken."""
    row = await tx.fetchrow(
        """
        update bulk_import set rows_read = 0, rows_accepted = 0, rows_refused = 0, rows_known = 0, head = null, problem = null,
            version = version + 1
        where import_id = $1 and version = $2 returning *
        """,
        one.import_id,
        one.version,
    )
    if row is None:
        raise Overtaken
    # Last, so that rows are gone as well that were committed while the update waited for them.
    await tx.execute("delete from bulk_import_row where import_id = $1", one.import_id)
    return _import_of(row)


_ROW_COLUMNS = ("import_id", "row_no", "row_hash", "verdict", "cells", "record", "problems", "remarks", "statement")


async def insert_rows(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Rows as tuples of _ROW_COLUMNS. They stay if count_judged, in the same transaction, finds nobody ahead."""
    await tx.connection.copy_records_to_table("bulk_import_row", records=rows, columns=_ROW_COLUMNS)


async def count_judged(tx: Transaction, one: Import, counted: Mapping[str, int]) -> None:
    """`counted` are further rows, by verdict. Errors: Overtaken."""
    done = await tx.execute(
        """
        update bulk_import set rows_read = rows_read + $2 + $3 + $4, rows_accepted = rows_accepted + $2,
            rows_refused = rows_refused + $3, rows_known = rows_known + $4, changed_at = clock_timestamp()
        where import_id = $1 and version = $5
        """,
        one.import_id,
        counted.get(RowVerdict.ACCEPTED, 0),
        counted.get(RowVerdict.REFUSED, 0),
        counted.get(RowVerdict.KNOWN, 0),
        one.version,
    )
    _require_not_overtaken(done)


async def move(tx: Transaction, one: Import, state: ImportState, *, problem: dict[str, Any] | None = None) -> None:
    """To another state, at the next version. Errors: Overtaken."""
    done = await tx.execute(
        """
        update bulk_import set state = $3, problem = $4, version = version + 1, changed_at = clock_timestamp()
        where import_id = $1 and version = $2
        """,
        one.import_id,
        one.version,
        state,
        problem,
    )
    _require_not_overtaken(done)


async def keep_head(tx: Transaction, one: Import, head: dict[str, Any]) -> None:
    """Errors: Overtaken."""
    done = await tx.execute(
        "update bulk_import set head = $3 where import_id = $1 and version = $2", one.import_id, one.version, head
    )
    _require_not_overtaken(done)


def _require_not_overtaken(done: str) -> None:
    if not done.endswith(" 1"):
        raise Overtaken


async def drop_file(tx: Transaction, import_id: UUID) -> None:
    await tx.execute("delete from bulk_import_file where import_id = $1", import_id)


async def begin_commit(tx: Transaction, import_id: UUID, by: Principal) -> None:
    """From now on the rows are judged by the token that asked for the commit."""
    await tx.execute(
        """
        update bulk_import set state = 'COMMITTING', permissions = $2, scope = $3, problem = null,
            rows_refused = case when done_through = 0 then 0 else rows_refused end,
            rows_known = case when done_through = 0 then 0 else rows_known end,
            version = version + 1, changed_at = clock_timestamp()
        where import_id = $1
        """,
        import_id,
        sorted(by.permissions),
        sorted(by.scope.codes),
    )


async def rows_after(tx: Transaction, import_id: UUID, row_no: int, limit: int) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select row_no, row_hash, verdict, record, problems from bulk_import_row
        where import_id = $1 and row_no > $2 order by row_no limit $3
        """,
        import_id,
        row_no,
        limit,
    )


async def known_statements(tx: Transaction, statements: Sequence[bytes]) -> dict[bytes, Applied]:
    """What has been applied already, by whichever file."""
    rows = await tx.fetch(
        """
        select statement, subject_id, event_ids from bulk_import_row
        where statement = any($1::bytea[]) and verdict = 'APPLIED'
        """,
        statements,
    )
    return {row["statement"]: Applied(row["subject_id"], row["event_ids"]) for row in rows}


class Receipt(msgspec.Struct, frozen=True):
    """What the commit settled for a row. `problems` and `remarks` are JSON."""

    row_no: int
    verdict: RowVerdict
    problems: bytes = b"[]"
    remarks: bytes = b"[]"
    statement: bytes | None = None
    subject_id: UUID | None = None
    event_ids: Sequence[UUID] = ()


async def write_receipts(tx: Transaction, import_id: UUID, receipts: Sequence[Receipt]) -> None:
    """The receipts of some rows. What was applied needs its cells no more."""
    await tx.execute(
        """
        update bulk_import_row as r set verdict = g.verdict, problems = g.problems, remarks = g.remarks,
            statement = g.statement, subject_id = g.subject_id, event_ids = g.event_ids::uuid[],
            cells = case when g.verdict = 'REFUSED' then r.cells end,
            record = case when g.verdict = 'REFUSED' then r.record end
        from unnest($2::integer[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::uuid[], $8::text[])
            as g(row_no, verdict, problems, remarks, statement, subject_id, event_ids)
        where r.import_id = $1 and r.row_no = g.row_no
        """,
        import_id,
        [one.row_no for one in receipts],
        [one.verdict for one in receipts],
        [one.problems for one in receipts],
        [one.remarks for one in receipts],
        [one.statement for one in receipts],
        [one.subject_id for one in receipts],
        ["{" + ",".join(str(event_id) for event_id in one.event_ids) + "}" for one in receipts],
    )


async def write_remarks(tx: Transaction, import_id: UUID, remarks: Mapping[int, bytes]) -> None:
    """Of some rows, by their number, as JSON."""
    if not remarks:
        return
    await tx.execute(
        """
        update bulk_import_row as r set remarks = g.remarks
        from unnest($2::integer[], $3::bytea[]) as g(row_no, remarks) where r.import_id = $1 and r.row_no = g.row_no
        """,
        import_id,
        list(remarks),
        list(remarks.values()),
    )


async def count_settled(tx: Transaction, import_id: UUID, receipts: Sequence[Receipt]) -> None:
    """How far the import is with these further rows."""
    counted = Counter(one.verdict for one in receipts)
    await tx.execute(
        """
        update bulk_import set done_through = $2, rows_applied = rows_applied + $3, rows_known = rows_known + $4,
            rows_refused = rows_refused + $5, changed_at = clock_timestamp()
        where import_id = $1
        """,
        import_id,
        receipts[-1].row_no,
        counted[RowVerdict.APPLIED],
        counted[RowVerdict.KNOWN],
        counted[RowVerdict.REFUSED],
    )


async def page_of_rows(
    tx: Transaction, import_id: UUID, *, verdict: RowVerdict | None, after: int, limit: int
) -> list[asyncpg.Record]:
    """Without their cells."""
    return await tx.fetch(
        """
        select row_no, row_hash, verdict, problems, remarks, subject_id, event_ids from bulk_import_row
        where import_id = $1 and row_no > $2::bigint and ($3::text is null or verdict = $3) order by row_no limit $4
        """,
        import_id,
        after,
        verdict,
        limit,
    )


_PAGE_BYTES = 4 * 1024 * 1024


async def refused_rows(tx: Transaction, import_id: UUID, *, after: int) -> list[asyncpg.Record]:
    """The next of them with their cells, so many as take a little memory; one at least, unless there is none."""
    return await tx.fetch(
        """
        with page as (
            select row_no, cells, problems, octet_length(cells) + octet_length(problems) as bytes from bulk_import_row
            where import_id = $1 and row_no > $2 and verdict = 'REFUSED' and cells is not null order by row_no limit 1000
        ), measured as (
            select row_no, cells, problems, sum(bytes) over (order by row_no) - bytes as bytes_before from page
        )
        select row_no, cells, problems from measured where bytes_before < $3 order by row_no
        """,
        import_id,
        after,
        _PAGE_BYTES,
    )


async def forget_old(tx: Transaction, *, older_than_days: int) -> int:
    """Imports that were looked at and never committed, also those whose reading halted: their file is still there."""
    deleted: int = await tx.fetchval(
        """
        with gone as (
            delete from bulk_import as i
            where changed_at < now() - make_interval(days => $1) and (state in ('CHECKED', 'REFUSED') or state = 'HALTED'
                and exists (select from bulk_import_file as f where f.import_id = i.import_id))
            returning 1
        )
        select count(*) from gone
        """,
        older_than_days,
    )
    return deleted


async def forget_some_cells(tx: Transaction, *, older_than_days: int) -> bool:
    """Of refused rows of an import that was completed so long ago; False when all are gone. Codes and columns stay."""
    import_id = await tx.fetchval(
        """
        select import_id from bulk_import
        where state = 'COMPLETED' and cells_forgotten_at is null and changed_at < now() - make_interval(days => $1)
        order by changed_at, import_id limit 1
        """,
        older_than_days,
    )
    if import_id is None:
        return False
    rows = await refused_rows(tx, import_id, after=0)
    if rows:
        await _forget_cells(tx, import_id, rows)
    else:
        await tx.execute("update bulk_import set cells_forgotten_at = now() where import_id = $1", import_id)
    return True


async def _forget_cells(tx: Transaction, import_id: UUID, rows: Sequence[asyncpg.Record]) -> None:
    """Hints and choices go as well: they quote the cells."""
    await tx.execute(
        """
        update bulk_import_row as r set cells = null, record = null, problems = g.problems
        from unnest($2::integer[], $3::bytea[]) as g(row_no, problems) where r.import_id = $1 and r.row_no = g.row_no
        """,
        import_id,
        [row["row_no"] for row in rows],
        [as_json([Problem(one.code, _FORGOTTEN, one.column) for one in problems_of(row["problems"])]) for row in rows],
    )


_FORGOTTEN = "Isi baris ini sudah dihapus karena impornya sudah lama selesai. Periksa daftar Anda sendiri."
