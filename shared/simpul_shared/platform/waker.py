"""Tells the relay, in whatever process it runs, that something was committed.

Not a pg_notify inside the command's transaction: Postgres serialises the commits of notifying transactions.
"""

import asyncio

import structlog

from simpul_shared.platform.database import Database, is_passing
from simpul_shared.platform.relay_backends import WAKE_CHANNEL

log = structlog.get_logger()

_PAUSE_SECONDS = 0.002


async def wake_relay(database: Database) -> None:
    """Send one hint for all commits of the last few milliseconds, for ever."""
    while True:
        await database.appended.wait()
        database.appended.clear()
        try:
            # Postgres gives a notifying transaction an id and would wait for the disk at its end, for a mere hint.
            await database.pool.execute(
                "select set_config('synchronous_commit', 'off', true), pg_notify($1, '')", WAKE_CHANNEL
            )
        except Exception as error:
            if not is_passing(error):
                raise
            # Only a hint is lost: the relay polls as well.
            log.warning("waker.failed", error=repr(error))
        await asyncio.sleep(_PAUSE_SECONDS)
