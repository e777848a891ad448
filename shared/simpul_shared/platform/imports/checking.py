"""The dry run: a file read row by row and every row judged, nothing applied."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.claims import Claims
from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.form import Accepted, Form, Verdict
from simpul_shared.platform.imports.reading import read_file
from simpul_shared.platform.imports.store import Import, ImportState, RowVerdict
from simpul_shared.platform.imports.table import Head, Problem, ReadRow, as_json
from simpul_shared.platform.imports.turns import Turn, Turns

log = structlog.get_logger()


async def begin(desk: Desk, one: Import) -> Import:
    """A further attempt at reading; whatever it writes bears its version. Errors: Overtaken."""
    async with desk.database.transaction(desk.origin(one)) as tx:
        return await store.begin_anew(tx, one)


async def check(desk: Desk, form: Form, one: Import, stopping: asyncio.Event) -> None:
    """The dry run: every row read and judged, nothing applied. A file that is refused leaves nothing but the reason.

    Errors: Overtaken, where another process has begun after this one.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="simpul-import-") as directory:
            path = await _fetch_file(desk, one, Path(directory) / "file")
            if not await _judge_file(desk, form, one, path, stopping):
                return
    except Refusal as refusal:
        await _refuse_file(desk, one, refusal)
        return
    async with desk.database.transaction(desk.origin(one)) as tx:
        await store.move(tx, one, ImportState.CHECKED)
        await store.drop_file(tx, one.import_id)
    log.info("imports.checked", import_id=str(one.import_id), form=one.form)


async def _refuse_file(desk: Desk, one: Import, refusal: Refusal) -> None:
    problem = {"code": refusal.slug, "title": refusal.title, "detail": refusal.detail}
    async with desk.database.transaction(desk.origin(one)) as tx:
        one = await store.begin_anew(tx, one)
        await store.move(tx, one, ImportState.REFUSED, problem=problem)
        await store.drop_file(tx, one.import_id)


async def _fetch_file(desk: Desk, one: Import, path: Path) -> Path:
    with path.open("wb") as file:
        async with desk.database.snapshot(desk.origin(one)) as tx:
            for number in await store.file_parts(tx, one.import_id):
                file.write(await store.file_part(tx, one.import_id, number))
    return path


async def _judge_file(desk: Desk, form: Form, one: Import, path: Path, stopping: asyncio.Event) -> bool:
    """False when it was left because the process stops. Errors: the refusals of a file."""
    claims = Claims()
    async with Turns(stages=3, first=2) as turns, aclosing(read_file(path, form.layout, desk.limits)) as parts:
        async for part in parts:
            if stopping.is_set():
                return False
            if isinstance(part, Head):
                await _keep_head(desk, one, part)
            else:
                await turns.begin(partial(_settle, desk, form, one, claims, part))
    return True


async def _keep_head(desk: Desk, one: Import, head: Head) -> None:
    told = {name: value for name in head.__struct_fields__ if (value := getattr(head, name)) is not None}
    async with desk.database.transaction(desk.origin(one)) as tx:
        await store.keep_head(tx, one, msgspec.to_builtins(told))


async def _settle(desk: Desk, form: Form, one: Import, claims: Claims, rows: Sequence[ReadRow], turn: Turn) -> bool:
    """Judged, then kept, then counted; in each stage the rows before are ahead."""
    verdicts = await _judged(desk, form, one, rows)
    await _come(turn)
    judged = [claims.settle(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]
    async with desk.database.transaction(desk.origin(one)) as tx:
        kept = await _keep_verdicts(tx, form, one, judged)
        await _come(turn)
        await store.count_judged(tx, one, Counter(str(row[3]) for row in kept))
    return True


async def _come(turn: Turn) -> None:
    if not await turn.come():
        raise _NotKept


class _NotKept(Exception):
    """The rows before have failed, so that these may not be kept; what is raised in the end is why those did."""


async def _judged(desk: Desk, form: Form, one: Import, rows: Sequence[ReadRow]) -> list[Verdict]:
    records = [row.record for row in rows if row.record is not None]
    if not records:
        return [row.problems for row in rows]
    async with desk.database.snapshot(desk.origin(one)) as tx:
        judged = iter(await form.judge(tx, records, one.asked(desk.now())))
    return [next(judged) if row.record is not None else row.problems for row in rows]


async def _keep_verdicts(
    tx: Transaction, form: Form, one: Import, judged: Sequence[tuple[ReadRow, Verdict]]
) -> list[tuple[object, ...]]:
    accepted = [verdict for _, verdict in judged if isinstance(verdict, Accepted)]
    known = await store.known_statements(tx, [verdict.statement for verdict in accepted])
    remarks = iter(await form.remark(tx, [verdict.plan for verdict in accepted]) if accepted else ())
    kept = [
        _accepted(one.import_id, row, verdict, known, next(remarks))
        if isinstance(verdict, Accepted)
        else _refused(one.import_id, row, verdict)
        for row, verdict in judged
    ]
    await store.insert_rows(tx, kept)
    return kept


def _accepted(
    import_id: UUID, row: ReadRow, verdict: Accepted, known: Mapping[bytes, Any], remarks: tuple[Problem, ...]
) -> tuple[object, ...]:
    told = RowVerdict.KNOWN if verdict.statement in known else RowVerdict.ACCEPTED
    worth_a_look = as_json((*verdict.remarks, *remarks))
    return (
        import_id,
        row.number,
        row.hash,
        told,
        row.cells,
        row.record,
        b"[]",
        worth_a_look,
        verdict.statement,
    )


def _refused(import_id: UUID, row: ReadRow, problems: Sequence[Problem]) -> tuple[object, ...]:
    return (import_id, row.number, row.hash, RowVerdict.REFUSED, row.cells, row.record, as_json(problems), b"[]", None)
