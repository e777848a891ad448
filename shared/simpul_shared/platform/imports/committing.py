"""The commit: rows judged anew and applied chunk by chunk, each in a transaction with its events and receipts.

Chunks go through four stages, each beside the others: one is judged, the one before it is laid in a transaction of its own, the one
before that has its events and receipts written, and the first, in its turn, is compared with what the others left and committed.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg
import structlog

from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.form import Accepted, Applied, Form, Verdict
from simpul_shared.platform.imports.region import region_named
from simpul_shared.platform.imports.store import Import, ImportState, Receipt, RowVerdict
from simpul_shared.platform.imports.table import Problem, as_json, problems_of
from simpul_shared.platform.imports.turns import Turn, Turns
from simpul_shared.platform.outbox import Fact, append_all

log = structlog.get_logger()

CHUNK_ROWS = 1000
"""More would keep the relay, which waits for open transactions, from the events of others for too long."""

_OBJECTIONS = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    Refusal,
)
"""What can be the fault of one row among many; anything else is ours and halts the import."""


@dataclass(frozen=True)
class _Chunk:
    """Some rows after the last one settled, and how they are judged.

    `made` has what others have made of the statements, `fresh` the other statements and the first row that makes each;
    `prepared` what to apply for them.
    """

    after: int
    rows: Sequence[Any]
    judged: Mapping[int, Verdict] = field(default_factory=dict)
    made: Mapping[bytes, Applied] = field(default_factory=dict)
    fresh: Mapping[bytes, int] = field(default_factory=dict)
    prepared: Mapping[int, Any] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return int(self.rows[-1]["row_no"])

    @property
    def accepted(self) -> dict[int, Accepted]:
        return {row_no: verdict for row_no, verdict in self.judged.items() if isinstance(verdict, Accepted)}

    def beside(self, made: Mapping[bytes, Applied]) -> "_Chunk":
        """The chunk where so much was made by others."""
        fresh: dict[bytes, int] = {}
        for row_no, verdict in self.accepted.items():
            if verdict.statement not in made:
                fresh.setdefault(verdict.statement, row_no)
        return replace(self, made=made, fresh=fresh)

    @property
    def plans(self) -> list[Any]:
        accepted = self.accepted
        return [accepted[row_no].plan for row_no in self.fresh.values()]

    @property
    def to_apply(self) -> list[Any]:
        return [self.prepared[row_no] for row_no in self.fresh.values()]


class _Overtaken(Exception):
    """What was laid ahead may not stay: another has done it meanwhile, or the chunk before had to begin again."""


_STAGES = 4


async def commit(desk: Desk, form: Form, one: Import, stopping: asyncio.Event) -> None:
    """Apply what can be applied, from the row after the last one settled; then say that all is done."""
    after = one.done_through
    async with Turns(stages=_STAGES, first=2) as turns:
        while not stopping.is_set():
            async with desk.database.snapshot(desk.origin(one)) as tx:
                chunk = _Chunk(after, await store.rows_after(tx, one.import_id, after, CHUNK_ROWS))
            if not chunk.rows:
                if await turns.done():
                    await _complete(desk, form, one, after=after)
                return
            if not await turns.begin(partial(_settle, desk, form, one, chunk)):
                return
            after = chunk.last


async def _judged(desk: Desk, form: Form, one: Import, chunk: _Chunk) -> _Chunk:
    """The rows judged anew, for the world may have changed since the dry run."""
    readable = [row for row in chunk.rows if row["record"] is not None]
    if not readable:
        return chunk
    async with desk.database.snapshot(desk.origin(one)) as tx:
        verdicts = await form.judge(tx, [row["record"] for row in readable], one.asked(desk.now()))
        chunk = replace(chunk, judged={row["row_no"]: told for row, told in zip(readable, verdicts, strict=True)})
        # Where the dry run knew none, few will be known by now, and the database objects to those.
        made = await _made(tx, chunk) if any(row["verdict"] == RowVerdict.KNOWN for row in readable) else {}
    chunk = chunk.beside(made)
    prepared = form.prepare(chunk.plans, desk.origin(one))
    return replace(chunk, prepared=dict(zip(chunk.fresh.values(), prepared, strict=True)))


async def _settle(desk: Desk, form: Form, one: Import, chunk: _Chunk, turn: Turn) -> bool:
    """False where another process has gone on with it. What goes wrong ahead of the turn is done again in it."""
    try:
        await _write_ahead(desk, form, one, await _judged(desk, form, one, chunk), turn)
    except (*_OBJECTIONS, _Overtaken) as error:
        log.info("imports.chunk_again", import_id=str(one.import_id), after=chunk.after, error=repr(error))
        turn.begin_again()
        return await turn.before_ended() and await _settle_now(desk, form, one, chunk)
    return True


async def _write_ahead(desk: Desk, form: Form, one: Import, chunk: _Chunk, turn: Turn) -> None:
    """All but what must be in order is written while the chunks before still are; that waits for the turn.

    Errors: _Overtaken, and the objections of the database, also to a statement that a chunk before has made.
    """
    await _come(turn)
    async with desk.database.transaction(desk.origin(one)) as tx:
        await form.lay(tx, chunk.to_apply)
        await _come(turn)
        # Nobody else knows the things that the chunk makes, so that its own lock stands in for theirs.
        await tx.lock(lock := f"{one.import_id}/{chunk.after}")
        receipts = await _announce(tx, form, one, chunk, lock)
        await _come(turn)
        if await _lock(tx, one, after=chunk.after) is None:
            raise _Overtaken
        await _close(tx, desk, form, one, chunk, receipts)


async def _come(turn: Turn) -> None:
    if not await turn.come():
        raise _Overtaken


async def _settle_now(desk: Desk, form: Form, one: Import, chunk: _Chunk) -> bool:
    """In its turn, with nothing done ahead. The chunk is halved where the database objects to a row."""
    try:
        return await _write(desk, form, one, await _judged(desk, form, one, chunk))
    except _OBJECTIONS as error:
        if len(chunk.rows) == 1:
            return await _refuse(desk, form, one, chunk, error)
        log.warning("imports.chunk_halved", import_id=str(one.import_id), rows=len(chunk.rows), error=repr(error))
    middle = len(chunk.rows) // 2
    first = _Chunk(chunk.after, chunk.rows[:middle])
    second = _Chunk(first.last, chunk.rows[middle:])
    return await _settle_now(desk, form, one, first) and await _settle_now(desk, form, one, second)


async def _write(desk: Desk, form: Form, one: Import, chunk: _Chunk) -> bool:
    async with desk.database.transaction(desk.origin(one)) as tx:
        if await _lock(tx, one, after=chunk.after) is None:
            return False
        chunk = chunk.beside(await _made(tx, chunk))
        await form.lay(tx, chunk.to_apply)
        receipts = await _announce(tx, form, one, chunk, str(one.import_id))
        await _close(tx, desk, form, one, chunk, receipts)
    return True


async def _lock(tx: Transaction, one: Import, *, after: int) -> Import | None:
    """The import as it is now, if it still is where this process has left it."""
    await tx.lock(one.import_id)
    found = await store.find_import(tx, one.import_id)
    if found is None or found.version != one.version or found.done_through != after:
        return None
    return found


async def _made(tx: Transaction, chunk: _Chunk) -> dict[bytes, Applied]:
    """What an earlier chunk or another file has made of the statements."""
    return await store.known_statements(tx, [verdict.statement for verdict in chunk.accepted.values()])


async def _announce(tx: Transaction, form: Form, one: Import, chunk: _Chunk, lock: str) -> list[Receipt]:
    """The events and receipts of rows that are laid. Each statement is made once: by the first row, unless it was before."""
    applied = await form.announce(tx, chunk.to_apply, lock) if chunk.fresh else []
    made = {**chunk.made, **dict(zip(chunk.fresh, applied, strict=True))}
    makers = set(chunk.fresh.values())
    receipts = [_receipt(row, chunk.judged.get(row["row_no"], ()), made, makers) for row in chunk.rows]
    await store.write_receipts(tx, one.import_id, receipts)
    return receipts


def _receipt(row: Any, verdict: Verdict, made: Mapping[bytes, Applied], makers: Collection[int]) -> Receipt:
    """`made` has what each statement made, `makers` are the rows that did so here; else an earlier one is named."""
    row_no = row["row_no"]
    if not isinstance(verdict, Accepted):
        return Receipt(row_no, RowVerdict.REFUSED, problems=as_json(verdict) if verdict else row["problems"])
    result = made[verdict.statement]
    return Receipt(
        row_no,
        RowVerdict.APPLIED if row_no in makers else RowVerdict.KNOWN,
        remarks=as_json(verdict.remarks),
        statement=verdict.statement,
        subject_id=result.subject_id,
        event_ids=result.event_ids,
    )


async def _close(
    tx: Transaction, desk: Desk, form: Form, one: Import, chunk: _Chunk, receipts: Sequence[Receipt]
) -> None:
    """What must be in order: remarks on what was there before, events of the import itself, and how far it has come."""
    if chunk.fresh:
        told, accepted = await form.remark(tx, chunk.plans), chunk.accepted
        remarks = {
            row_no: as_json((*accepted[row_no].remarks, *remarks))
            for row_no, remarks in zip(chunk.fresh.values(), told, strict=True)
            if remarks
        }
        await store.write_remarks(tx, one.import_id, remarks)
    await _announce_rejected(tx, form, one, receipts, desk.now())
    await store.count_settled(tx, one.import_id, receipts)


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


async def _refuse(desk: Desk, form: Form, one: Import, chunk: _Chunk, error: Exception) -> bool:
    """The one row that the database objects to, with the name of what it violates."""
    code = error.slug if isinstance(error, Refusal) else "row-conflicts"
    why = error.title if isinstance(error, Refusal) else getattr(error, "constraint_name", None) or "basis data"
    problem = Problem(code, f"Baris ini bertentangan dengan data yang sudah ada: {why}. Periksa, lalu kirim lagi.")
    async with desk.database.transaction(desk.origin(one)) as tx:
        if await _lock(tx, one, after=chunk.after) is None:
            return False
        receipt = Receipt(chunk.last, RowVerdict.REFUSED, problems=as_json([problem]))
        await _announce_rejected(tx, form, one, [receipt], desk.now())
        await store.write_receipts(tx, one.import_id, [receipt])
        await store.count_settled(tx, one.import_id, [receipt])
    return True


async def _complete(desk: Desk, form: Form, one: Import, *, after: int) -> None:
    async with desk.database.transaction(desk.origin(one)) as tx:
        found = await _lock(tx, one, after=after)
        if found is None:
            return
        event = form.events.completed(
            import_id=one.import_id,
            form=one.form,
            file_sha256=one.file_sha256.hex(),
            rows_applied=found.rows_applied,
            rows_known=found.rows_known,
            rows_rejected=found.rows_refused,
        )
        await append_all(tx, [Fact(event, desk.now())])
        await store.move(tx, found, ImportState.COMPLETED)
    log.info("imports.completed", import_id=str(one.import_id), form=one.form)


async def announce_accepted(tx: Transaction, form: Form, one: Import, now: datetime) -> None:
    """When the caller says that the rows are to be applied."""
    event = form.events.accepted(
        import_id=one.import_id,
        form=one.form,
        file_sha256=one.file_sha256.hex(),
        rows=one.rows_read,
        region_id=await region_named(tx, one.region_code, sent_at=one.created_at),
    )
    await append_all(tx, [Fact(event, now)])
