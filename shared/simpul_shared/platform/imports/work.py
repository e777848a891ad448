"""The worker's part: reads files that were received, and commits those whose caller said so, some hundred rows a transaction.

All state is in Postgres. One process at a time works; one that is killed loses at most the chunk in hand, which is rolled back.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog

from simpul_shared.platform.database import Database, Origin, is_passing, lock_key
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.checking import begin, check
from simpul_shared.platform.imports.committing import commit
from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.reading import ReaderStopped
from simpul_shared.platform.imports.store import Import, ImportState

log = structlog.get_logger()

_IDLE_SECONDS = 0.1
_RETRY_SECONDS = 2.0
_TIDY_SECONDS = 3600.0
_KEEP_DAYS = 30


async def work_imports(desk: Desk, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. What fails for a passing reason is tried again, where it was left."""
    tidied = float("-inf")
    while not stopping.is_set():
        try:
            if time.monotonic() - tidied > _TIDY_SECONDS:
                await _tidy(desk)
                tidied = time.monotonic()
            worked = await store.any_waiting(desk.database) and await work_once(desk, stopping)
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
    while await _forget_some_cells(desk, origin):
        pass


async def _forget_some_cells(desk: Desk, origin: Origin) -> bool:
    """A few MiB in a transaction."""
    async with desk.database.transaction(origin) as tx:
        return await store.forget_some_cells(tx, older_than_days=_KEEP_DAYS)


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
            if leads:
                await _let_go(connection, key)


async def _let_go(connection: Any, key: int) -> None:
    """A connection that can't be asked is ended, and the lock with it: in the pool it would hold that for ever."""
    try:
        await connection.execute("select pg_advisory_unlock($1)", key)
    except Exception as error:
        with contextlib.suppress(
            asyncpg.InterfaceError
        ):  # one that is lost may have been taken out of the pool already
            connection.terminate()
        if not is_passing(error):
            raise
        log.warning("imports.lock_lost", error=repr(error))


async def _move_on(desk: Desk, one: Import, stopping: asyncio.Event) -> None:
    """A fault of ours halts this import and is told; the others go on. What another process goes on with is left to it."""
    form = desk.forms[one.form]
    try:
        if one.state is ImportState.RECEIVED:
            one = await begin(desk, one)
            await check(desk, form, one, stopping)
        else:
            await commit(desk, form, one, stopping)
    except (ReaderStopped, store.Overtaken) as error:
        log.warning("imports.left", import_id=str(one.import_id), error=repr(error))
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("imports.halted", import_id=str(one.import_id))
        await _halt(desk, one)


async def _halt(desk: Desk, one: Import) -> None:
    problem = {"code": "internal-error", "title": "Kesalahan internal", "detail": _HALTED[one.state]}
    with contextlib.suppress(store.Overtaken):
        async with desk.database.transaction(desk.origin(one)) as tx:
            await store.move(tx, one, ImportState.HALTED, problem=problem)


_HALTED = {
    ImportState.RECEIVED: "The file was not read to its end, by a fault of the service; nothing was applied. "
    "Send the same file again: it is read from its beginning.",
    ImportState.COMMITTING: "The commit failed unexpectedly; what was applied stays. "
    "Ask for the commit again: it goes on after the last row that was settled.",
}
