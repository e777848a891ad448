"""Tells all who wait in this process that the ledger has grown: one connection and one small query for all of them.

waker.py gives the hint after each commit. A hint may come before the horizon has moved, so there is a poll as well.
"""

import asyncio
from typing import Any

import structlog

from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.database import Database, is_passing
from simpul_shared.platform.relay import Place
from simpul_shared.platform.relay_backends import WAKE_CHANNEL

log = structlog.get_logger()

_POLL_SECONDS = 1.0
_PAUSE_SECONDS = 0.02


class LedgerWatch:
    """Looks at the end of the ledger for as long as anybody waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hint = asyncio.Event()
        self._changed = asyncio.Condition()
        self._end = (0, 0)
        self._waiting = 0
        self._watching: asyncio.Task[None] | None = None
        self.stopped = False

    async def wait(self, behind: Place, *, seconds: float) -> None:
        """Until something can be read behind a place, the service stops, or `seconds` have passed."""
        self._enter()
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.stopped or self._end > (behind.xid, behind.id))
        except TimeoutError:
            return
        finally:
            self._leave()

    async def stop(self) -> None:
        """Let everybody go, now and from now on."""
        self.stopped = True
        async with self._changed:
            self._changed.notify_all()

    def _enter(self) -> None:
        self._waiting += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def _leave(self) -> None:
        self._waiting -= 1
        if self._waiting == 0 and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while self._is_wanted():
            try:
                await self._listen()
            except Exception as error:
                if not is_passing(error):
                    log.exception("watch.failed")
                    raise
                log.warning("watch.failed", error=repr(error))
                await asyncio.sleep(_POLL_SECONDS)

    def _is_wanted(self) -> bool:
        """Being cancelled is not enough: wait_for drops it (Python before 3.12) when the hint comes in the same moment."""
        return self._watching is asyncio.current_task()

    async def _listen(self) -> None:
        async with self._database.pool.acquire() as connection:
            await connection.add_listener(WAKE_CHANNEL, self._take_hint)
            try:
                while self._is_wanted():
                    self._hint.clear()
                    await self._look(connection)
                    await self._pause()
            finally:
                await connection.remove_listener(WAKE_CHANNEL, self._take_hint)

    def _take_hint(self, *_: object) -> None:
        self._hint.set()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._hint.wait(), _POLL_SECONDS)
        except TimeoutError:
            return
        await asyncio.sleep(_PAUSE_SECONDS)  # one look for all commits of a moment

    async def _look(self, connection: Any) -> None:
        row = await connection.fetchrow(
            """
            select xid::text as xid_digits, id from generate_series(0, $1 - 1) as lane(shard) cross join lateral (
                select xid, id from ledger
                where shard = lane.shard::smallint and recorded_on >= (now() at time zone 'UTC')::date - 1
                    and xid < pg_snapshot_xmin(pg_current_snapshot())
                order by xid desc, id desc limit 1
            ) as last
            order by xid desc, id desc limit 1
            """,
            LEDGER_SHARDS,
        )
        if row is None or (int(row["xid_digits"]), row["id"]) <= self._end:
            return
        self._end = (int(row["xid_digits"]), row["id"])
        async with self._changed:
            self._changed.notify_all()
