"""What a worker does each hour: partitions for days to come, stored answers past their time, old days into the archive."""

import asyncio
import sys

import asyncpg
import structlog

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.archiving import ArchiveBroken, archive_ledger
from simpul_shared.platform.database import Database, Origin, is_passing
from simpul_shared.platform.outbox import purge_idempotency
from simpul_shared.platform.settings import PlatformSettings

log = structlog.get_logger()

_HOUR_SECONDS = 3600
_RETRY_SECONDS = 10


async def housekeep(service: str, database: Database, settings: PlatformSettings) -> None:
    """For ever, and at once after the start."""
    while True:
        try:
            await tidy(service, database, settings)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("housekeeping.failed", error=repr(error))
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            await asyncio.sleep(_HOUR_SECONDS)


async def tidy(service: str, database: Database, settings: PlatformSettings) -> None:
    """All of it once."""
    origin = Origin(service, actor="housekeeping", channel="SYSTEM", correlation_id="housekeeping")
    async with database.transaction(origin) as tx:
        made = await tx.fetchval("select ensure_ledger_partitions(14)")
        purged = await purge_idempotency(tx, older_than_hours=settings.idempotency_hours)
    log.info("housekeeping.done", partitions=made, answers_purged=purged)
    try:
        await archive_ledger(database, Archive(settings.archive_dir, service), keep_days=settings.ledger_keep_days)
    except (ArchiveBroken, asyncpg.RaiseError):
        # The day stays in the database and is tried again in an hour; the worker's other duties go on.
        log.exception("archive.failed")


async def archive_now(service: str, database: Database, settings: PlatformSettings) -> None:
    """The command archive-ledger. Ends the process with a message when a day cannot be archived."""
    if settings.archive_dir is None:
        raise SystemExit(f"{service}: set SIMPUL_ARCHIVE_DIR to the folder that is to hold the archive.")
    archive = Archive(settings.archive_dir, service)
    try:
        days = await archive_ledger(database, archive, keep_days=settings.ledger_keep_days)
    except (ArchiveBroken, asyncpg.RaiseError, OSError) as error:
        raise SystemExit(f"{service}: {error}") from error
    for day in days:
        print(f"{service}: {day.day}: {day.events:,} events in {day.file}", file=sys.stderr)  # noqa: T201
    print(f"{service}: {len(days)} day(s) archived", file=sys.stderr)  # noqa: T201 (a command's report)
