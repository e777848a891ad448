"""The commit: rows judged anew and applied chunk by chunk, each in a transaction with its events and receipts.

While a chunk is written, the rows of the next are laid in a transaction of their own, and the one after it is judged. What that
could not see yet, the transaction does once its turn has come: whether the same was applied before, and the constraints.
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
from simpul_shared.platform.imports.store import Import, ImportState, Receipt, RowVerdict
from simpul_shared.platform.imports.table import Problem, as_json, problems_of
from simpul_shared.platform.imports.turns import Turn, Turns
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import region_by_code
from simpul_shared.vocabulary import RegionCode

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
    """Some rows after the last one settled; `judged` is None where judging them has met an objection.

    `fresh` has the statements that nothing had made yet, and the first row that makes each; `prepared` what to apply for them.
    """

    after: int
    rows: Sequence[Any]
    judged: Mapping[int, Verdict] | None = None
    fresh: Mapping[bytes, int] = field(default_factory=dict)
    prepared: Mapping[int, Any] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return int(self.rows[-1]["row_no"])

    @property
    def accepted(self) -> dict[int, Accepted]:
        judged = self.judged or {}
        return {row_no: verdict for row_no, verdict in judged.items() if isinstance(verdict, Accepted)}

    def without(self, made: Collection[bytes]) -> "_Chunk":
        return replace(self, fresh={statement: row for statement, row in self.fresh.items() if statement not in made})

    def to_apply(self) -> list[Any]:
        return [self.prepared[row_no] for row_no in self.fresh.values()]


class _Overtaken(Exception):
    """What was laid ahead may not stay: another has done it meanwhile, or the chunk before had to begin again."""


async def commit(desk: Desk, form: Form, one: Import, stopping: asyncio.Event) -> None:
    """Apply what can be applied, from the row after the last one settled; then say that all is done."""
    after = one.done_through
    async with Turns() as writing:
        while not stopping.is_set():
            chunk = await _next_chunk(desk, form, one, after)
            if not chunk.rows:
                if await writing.done():
                    await _complete(desk, form, one, after=after)
                return
            if not await writing.begin(partial(_settle, desk, form, one, chunk)):
                return
            after = chunk.last


async def _next_chunk(desk: Desk, form: Form, one: Import, after: int) -> _Chunk:
    async with desk.database.snapshot(desk.origin(one)) as tx:
        chunk = _Chunk(after, await store.rows_after(tx, one.import_id, after, CHUNK_ROWS))
    try:
        return await _judged(desk, form, one, chunk)
    except _OBJECTIONS:
        return chunk


async def _judged(desk: Desk, form: Form, one: Import, chunk: _Chunk) -> _Chunk:
    """The rows judged anew, for the world may have changed since the dry run."""
    if chunk.judged is not None:
        return chunk
    readable = [row for row in chunk.rows if row["record"] is not None]
    if not readable:
        return replace(chunk, judged={})
    async with desk.database.snapshot(desk.origin(one)) as tx:
        verdicts = await form.judge(tx, [row["record"] for row in readable], one.asked(desk.now()))
        chunk = replace(chunk, judged={row["row_no"]: told for row, told in zip(readable, verdicts, strict=True)})
        accepted = chunk.accepted
        # Where the dry run knew none, few will be known by now, and the transaction that writes finds them.
        made = await _made(tx, chunk) if any(row["verdict"] == RowVerdict.KNOWN for row in readable) else {}
    fresh: dict[bytes, int] = {}
    for row_no, verdict in accepted.items():
        fresh.setdefault(verdict.statement, row_no)
    chunk = replace(chunk, fresh=fresh).without(made)
    rows = chunk.fresh.values()
    prepared = form.prepare([accepted[row_no].plan for row_no in rows], desk.origin(one))
    return replace(chunk, prepared=dict(zip(rows, prepared, strict=True)))


async def _settle(desk: Desk, form: Form, one: Import, chunk: _Chunk, turn: Turn) -> bool:
    """False where another process has gone on with it. What goes wrong ahead of the turn is done again in it."""
    try:
        if chunk.judged is not None:
            await _write_ahead(desk, form, one, chunk, turn)
            return True
    except (*_OBJECTIONS, _Overtaken) as error:
        log.info("imports.chunk_again", import_id=str(one.import_id), after=chunk.after, error=repr(error))
    turn.begin_again()
    return await turn.before_ended() and await _settle_now(desk, form, one, chunk)


async def _write_ahead(desk: Desk, form: Form, one: Import, chunk: _Chunk, turn: Turn) -> None:
    """Rows laid while the chunk before is still being written; all that must be in order waits for the turn.

    Errors: _Overtaken, and the objections of the database, also to a statement that the chunk before has made.
    """
    async with desk.database.transaction(desk.origin(one)) as tx:
        await form.lay(tx, chunk.to_apply())
        if not await turn.come() or await _lock(tx, one, after=chunk.after) is None:
            raise _Overtaken
        await _announce(tx, desk, form, one, chunk, await _made(tx, chunk))


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
        made = await _made(tx, chunk)
        chunk = chunk.without(made)
        await form.lay(tx, chunk.to_apply())
        await _announce(tx, desk, form, one, chunk, made)
    return True


async def _lock(tx: Transaction, one: Import, *, after: int) -> Import | None:
    """The import as it is now, if it still is where this process has left it."""
    await tx.lock(one.import_id)
    found = await store.find_import(tx, one.import_id)
    if found is None or found.state is not ImportState.COMMITTING or found.done_through != after:
        return None
    return found


async def _made(tx: Transaction, chunk: _Chunk) -> dict[bytes, Applied]:
    """What an earlier chunk or another file has made of the statements."""
    return await store.known_statements(tx, [verdict.statement for verdict in chunk.accepted.values()])


async def _announce(
    tx: Transaction, desk: Desk, form: Form, one: Import, chunk: _Chunk, made: Mapping[bytes, Applied]
) -> None:
    """The events and receipts of rows that are laid. Each statement is made once: by the first row, unless it was before."""
    judged, accepted, rows = chunk.judged or {}, chunk.accepted, chunk.fresh.values()
    remarks: dict[int, tuple[Problem, ...]] = {}
    if rows:
        told = await form.remark(tx, [accepted[row_no].plan for row_no in rows])
        remarks = dict(zip(rows, told, strict=True))
        applied = await form.announce(tx, chunk.to_apply(), str(one.import_id))
        made = {**made, **dict(zip(chunk.fresh, applied, strict=True))}
    receipts = [_receipt(row, judged.get(row["row_no"], ()), made, remarks) for row in chunk.rows]
    await _announce_rejected(tx, form, one, receipts, desk.now())
    await store.write_receipts(tx, one.import_id, receipts)


def _receipt(
    row: Any, verdict: Verdict, made: Mapping[bytes, Applied], remarks: Mapping[int, tuple[Problem, ...]]
) -> Receipt:
    """`made` has what each statement made, `remarks` the rows that did so here; else an earlier one is named."""
    row_no = row["row_no"]
    if not isinstance(verdict, Accepted):
        return Receipt(row_no, RowVerdict.REFUSED, problems=as_json(verdict) if verdict else row["problems"])
    result = made[verdict.statement]
    return Receipt(
        row_no,
        RowVerdict.APPLIED if row_no in remarks else RowVerdict.KNOWN,
        remarks=as_json((*verdict.remarks, *remarks.get(row_no, ()))),
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


async def _refuse(desk: Desk, form: Form, one: Import, chunk: _Chunk, error: Exception) -> bool:
    """The one row that the database objects to, with the name of what it violates."""
    code = error.slug if isinstance(error, Refusal) else "row-conflicts"
    why = error.detail if isinstance(error, Refusal) else getattr(error, "constraint_name", None) or "basis data"
    problem = Problem(code, f"Baris ini bertentangan dengan data yang sudah ada: {why}.")
    async with desk.database.transaction(desk.origin(one)) as tx:
        if await _lock(tx, one, after=chunk.after) is None:
            return False
        receipt = Receipt(chunk.last, RowVerdict.REFUSED, problems=as_json([problem]))
        await _announce_rejected(tx, form, one, [receipt], desk.now())
        await store.write_receipts(tx, one.import_id, [receipt])
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
        await store.move(tx, one.import_id, ImportState.COMPLETED)
    log.info("imports.completed", import_id=str(one.import_id), form=one.form)


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
