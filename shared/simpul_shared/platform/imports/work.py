"""The worker's part: reads files that were received, and commits those whose caller said so, some hundred rows a transaction.

All state is in Postgres. One process at a time works; one that is killed loses at most the chunk in hand, which is rolled back.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Database, Origin, Transaction, is_passing, lock_key
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.form import Accepted, Applied, Asked, Form, Verdict
from simpul_shared.platform.imports.limits import LIMITS, Limits
from simpul_shared.platform.imports.reading import read_file
from simpul_shared.platform.imports.store import Import, ImportState, Receipt, RowVerdict
from simpul_shared.platform.imports.table import Head, Problem, ReadRow, problems_of
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import region_by_code
from simpul_shared.vocabulary import RegionCode

log = structlog.get_logger()

CHUNK_ROWS = 500
_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 2.0
_TIDY_SECONDS = 3600.0
_KEEP_DAYS = 30


@dataclass(frozen=True)
class Desk:
    """What the work is done with."""

    service: str
    database: Database
    forms: Mapping[str, Form]
    now: Callable[[], datetime]
    limits: Limits = LIMITS

    def origin(self, one: Import) -> Origin:
        """Rows come in by a file, in the name of who sent it."""
        return Origin(self.service, actor=one.actor, channel="XLSX", correlation_id=str(one.import_id))


async def work_imports(desk: Desk, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. What fails for a passing reason is tried again, where it was left."""
    tidied = float("-inf")
    while not stopping.is_set():
        try:
            if time.monotonic() - tidied > _TIDY_SECONDS:
                await _tidy(desk)
                tidied = time.monotonic()
            worked = await work_once(desk, stopping)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("imports.interrupted", error=repr(error))
            await _pause(stopping, _RETRY_SECONDS)
        else:
            if not worked:
                await _pause(stopping, _IDLE_SECONDS)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def _tidy(desk: Desk) -> None:
    origin = Origin(desk.service, actor="imports", channel="SYSTEM", correlation_id="imports")
    async with desk.database.transaction(origin) as tx:
        forgotten = await store.forget_old(tx, older_than_days=_KEEP_DAYS)
    if forgotten:
        log.info("imports.forgotten", count=forgotten)


async def work_once(desk: Desk, stopping: asyncio.Event) -> bool:
    """One import moved on as far as it goes; False when there was none, or another process works on them."""
    async with _alone(desk.database) as leads:
        if not leads:
            return False
        origin = Origin(desk.service, actor="imports", channel="SYSTEM", correlation_id="imports")
        async with desk.database.snapshot(origin) as tx:
            one = await store.next_waiting(tx)
        if one is None or one.form not in desk.forms:
            return False
        await _move_on(desk, one, stopping)
        return True


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[bool]:
    """Whether this process is the one that works on imports. Postgres lets go of the lock when it dies."""
    key = lock_key("imports")
    async with database.pool.acquire(timeout=10) as connection:
        leads = await connection.fetchval("select pg_try_advisory_lock($1)", key)
        try:
            yield leads
        finally:
            if leads and not connection.is_closed():
                await connection.execute("select pg_advisory_unlock($1)", key)


async def _move_on(desk: Desk, one: Import, stopping: asyncio.Event) -> None:
    """A fault of ours halts this import and is told; the others go on."""
    form = desk.forms[one.form]
    try:
        if one.state is ImportState.RECEIVED:
            await check(desk, form, one, stopping)
        else:
            await commit(desk, form, one, stopping)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("imports.halted", import_id=str(one.import_id))
        await _settle(desk, one, ImportState.HALTED, slug="internal-error", title="Kesalahan internal", detail=_HALTED)


_HALTED = (
    "The work on this import failed unexpectedly; what was applied stays. Ask for the commit, or send the file, again."
)


async def _settle(desk: Desk, one: Import, state: ImportState, *, slug: str, title: str, detail: str) -> None:
    async with desk.database.transaction(desk.origin(one)) as tx:
        await store.move(tx, one.import_id, state, problem={"code": slug, "title": title, "detail": detail})


async def check(desk: Desk, form: Form, one: Import, stopping: asyncio.Event) -> None:
    """The dry run: every row read and judged, nothing applied. A file that is refused leaves nothing but the reason."""
    async with desk.database.transaction(desk.origin(one)) as tx:
        await store.begin_anew(tx, one.import_id)
    try:
        with tempfile.TemporaryDirectory(prefix="simpul-import-") as directory:
            path = await _fetch_file(desk, one, Path(directory) / "file")
            if not await _judge_file(desk, form, one, path, stopping):
                return
    except Refusal as refusal:
        async with desk.database.transaction(desk.origin(one)) as tx:
            await store.begin_anew(tx, one.import_id)
            await store.drop_file(tx, one.import_id)
        await _settle(desk, one, ImportState.REFUSED, slug=refusal.slug, title=refusal.title, detail=refusal.detail)
        return
    async with desk.database.transaction(desk.origin(one)) as tx:
        await store.drop_file(tx, one.import_id)
        await store.move(tx, one.import_id, ImportState.CHECKED)
    log.info("imports.checked", import_id=str(one.import_id), form=one.form)


async def _fetch_file(desk: Desk, one: Import, path: Path) -> Path:
    with path.open("wb") as file:
        async with desk.database.snapshot(desk.origin(one)) as tx:
            for number in await store.file_parts(tx, one.import_id):
                file.write(await store.file_part(tx, one.import_id, number))
    return path


async def _judge_file(desk: Desk, form: Form, one: Import, path: Path, stopping: asyncio.Event) -> bool:
    """False when it was left because the process stops. Errors: the refusals of a file."""
    async with aclosing(read_file(path, form.layout, desk.limits)) as parts:
        async for part in parts:
            if stopping.is_set():
                return False
            async with desk.database.transaction(desk.origin(one)) as tx:
                if isinstance(part, Head):
                    await store.keep_head(tx, one.import_id, msgspec.to_builtins(_described(part)))
                else:
                    await _keep_verdicts(tx, form, one.import_id, part, one.asked(desk.now()))
    return True


def _described(head: Head) -> dict[str, Any]:
    return {name: value for name in head.__struct_fields__ if (value := getattr(head, name)) is not None}


async def _keep_verdicts(tx: Transaction, form: Form, import_id: UUID, rows: Sequence[ReadRow], asked: Asked) -> None:
    records = [row.record for row in rows if row.record is not None]
    judged = iter(await form.judge(tx, records, asked)) if records else iter(())
    verdicts: list[Verdict] = [next(judged) if row.record is not None else row.problems for row in rows]
    known = await store.known_statements(tx, [one.statement for one in verdicts if isinstance(one, Accepted)])
    kept = [_kept(import_id, row, verdict, known) for row, verdict in zip(rows, verdicts, strict=True)]
    await store.insert_rows(tx, kept)
    told = [row[3] for row in kept]
    await store.count_judged(
        tx,
        import_id,
        accepted=told.count(RowVerdict.ACCEPTED),
        refused=told.count(RowVerdict.REFUSED),
        known=told.count(RowVerdict.KNOWN),
    )


def _kept(import_id: UUID, row: ReadRow, verdict: Verdict, known: Mapping[bytes, Any]) -> tuple[object, ...]:
    place = (import_id, row.number, row.hash)
    if not isinstance(verdict, Accepted):
        return (*place, RowVerdict.REFUSED.value, row.cells, row.record, _told(verdict), b"[]", None)
    told = RowVerdict.KNOWN if verdict.statement in known else RowVerdict.ACCEPTED
    return (*place, told.value, row.cells, row.record, b"[]", _told(verdict.remarks), verdict.statement)


def _told(problems: Sequence[Problem]) -> bytes:
    return msgspec.json.encode(problems) if problems else b"[]"


async def commit(desk: Desk, form: Form, one: Import, stopping: asyncio.Event) -> None:
    """Apply what can be applied, from the row after the last one settled; then say that all is done."""
    while not stopping.is_set():
        if not await _commit_chunk(desk, form, one.import_id):
            log.info("imports.completed", import_id=str(one.import_id), form=one.form)
            return


_OBJECTIONS = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    Refusal,
)
"""What can be the fault of one row among many; anything else is ours and halts the import."""


async def _commit_chunk(desk: Desk, form: Form, import_id: UUID) -> bool:
    """False when nothing was left and the import is completed. The chunk is halved where the database objects to a row."""
    size = CHUNK_ROWS
    while True:
        try:
            return await _try_chunk(desk, form, import_id, size)
        except _OBJECTIONS as error:
            if size == 1:
                await _refuse_next(desk, form, import_id, error)
                return True
            log.warning("imports.chunk_halved", import_id=str(import_id), rows=size, error=repr(error))
            size //= 2


async def _try_chunk(desk: Desk, form: Form, import_id: UUID, size: int) -> bool:
    origin = Origin(desk.service, actor="imports", channel="XLSX", correlation_id=str(import_id))
    async with desk.database.transaction(origin) as tx:
        await tx.lock(import_id)
        one = await store.find_import(tx, import_id)
        if one is None or one.state is not ImportState.COMMITTING:
            return False
        tx.origin = desk.origin(one)
        rows = await store.rows_after(tx, import_id, one.done_through, size)
        now = desk.now()
        if not rows:
            await _complete(tx, form, one, now)
            return False
        receipts = await _apply(tx, form, rows, one, now)
        await _announce_rejected(tx, form, one, receipts, now)
        await store.write_receipts(tx, import_id, receipts)
    return True


async def _apply(tx: Transaction, form: Form, rows: Sequence[Any], one: Import, now: datetime) -> list[Receipt]:
    """Judge the rows anew, for the world may have changed since the dry run, and apply what is accepted."""
    judged = await _judged(tx, form, rows, one.asked(now))
    accepted = {row_no: verdict for row_no, verdict in judged.items() if isinstance(verdict, Accepted)}
    made = await store.known_statements(tx, [verdict.statement for verdict in accepted.values()])
    fresh: dict[bytes, int] = {}
    for row_no, verdict in accepted.items():
        if verdict.statement not in made:
            fresh.setdefault(verdict.statement, row_no)
    plans = [accepted[row_no].plan for row_no in fresh.values()]
    applied = await form.apply(tx, plans, str(one.import_id)) if plans else []
    made.update(zip(fresh, applied, strict=True))
    here = set(fresh.values())
    return [_receipt(row, judged.get(row["row_no"], ()), made, here=row["row_no"] in here) for row in rows]


async def _judged(tx: Transaction, form: Form, rows: Sequence[Any], asked: Asked) -> dict[int, Verdict]:
    readable = [row for row in rows if row["record"] is not None]
    verdicts = await form.judge(tx, [row["record"] for row in readable], asked) if readable else []
    return {row["row_no"]: verdict for row, verdict in zip(readable, verdicts, strict=True)}


def _receipt(row: Any, verdict: Verdict, made: Mapping[bytes, Applied], *, here: bool) -> Receipt:
    """`made` has what each statement made, `here` says that this very row did; else an earlier one is named."""
    if not isinstance(verdict, Accepted):
        return Receipt(row["row_no"], RowVerdict.REFUSED, problems=_told(verdict) if verdict else row["problems"])
    result = made[verdict.statement]
    return Receipt(
        row["row_no"],
        RowVerdict.APPLIED if here else RowVerdict.KNOWN,
        remarks=_told(verdict.remarks),
        statement=verdict.statement,
        subject_id=result.subject_id,
        event_ids=result.event_ids,
    )


async def _announce_rejected(
    tx: Transaction, form: Form, one: Import, receipts: Sequence[Receipt], now: datetime
) -> None:
    facts = [
        Fact(
            form.events.row_rejected(
                import_id=one.import_id,
                row_no=receipt.row_no,
                codes=tuple(sorted({problem.code for problem in problems_of(receipt.problems)})),
            ),
            now,
        )
        for receipt in receipts
        if receipt.verdict is RowVerdict.REFUSED
    ]
    if facts:
        await append_all(tx, facts)


async def _refuse_next(desk: Desk, form: Form, import_id: UUID, error: Exception) -> None:
    """The one row that the database objects to, with the name of what it violates."""
    code = error.slug if isinstance(error, Refusal) else "row-conflicts"
    told = error.detail if isinstance(error, Refusal) else getattr(error, "constraint_name", None) or "basis data"
    problem = Problem(code, f"Baris ini bertentangan dengan data yang sudah ada: {told}.")
    origin = Origin(desk.service, actor="imports", channel="XLSX", correlation_id=str(import_id))
    async with desk.database.transaction(origin) as tx:
        await tx.lock(import_id)
        one = await store.find_import(tx, import_id)
        assert one is not None, "it is being committed"  # noqa: S101 (narrows the type)
        tx.origin = desk.origin(one)
        (row,) = await store.rows_after(tx, import_id, one.done_through, 1)
        receipt = Receipt(row["row_no"], RowVerdict.REFUSED, problems=_told([problem]))
        await _announce_rejected(tx, form, one, [receipt], desk.now())
        await store.write_receipts(tx, import_id, [receipt])


async def _complete(tx: Transaction, form: Form, one: Import, now: datetime) -> None:
    event = form.events.completed(
        import_id=one.import_id,
        form=one.form,
        file_sha256=one.file_sha256.hex(),
        rows_applied=one.rows_applied,
        rows_known=one.rows_known,
        rows_rejected=one.rows_refused,
    )
    await append_all(tx, [Fact(event, now)])
    await store.move(tx, one.import_id, ImportState.COMPLETED)


async def announce_accepted(tx: Transaction, form: Form, one: Import, now: datetime) -> None:
    """When the caller says that the rows are to be applied."""
    region = await region_by_code(tx, RegionCode(one.region_code), on=now.date())
    event = form.events.accepted(
        import_id=one.import_id,
        form=one.form,
        file_sha256=one.file_sha256.hex(),
        rows=one.rows_read,
        region_id=region.region_id,
    )
    await append_all(tx, [Fact(event, now)])
