"""Moves old days of the ledger into files: write, read back, and only then let the database drop the day.

Whatever breaks off leaves the day in the database; the next run begins the file anew.
"""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import structlog

from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.archive import Archive, ArchivedDay, Chunk, LedgerRow, checksum, line_of, read_chunk
from simpul_shared.platform.database import Database, lock_key
from simpul_shared.platform.ledger import START, row_of
from simpul_shared.platform.relay import Place

log = structlog.get_logger()

CHUNK_EVENTS = 1000


class ArchiveBroken(Exception):
    """A file just written does not hold what the ledger holds; nothing was dropped."""


async def archive_ledger(database: Database, archive: Archive, *, keep_days: int) -> list[ArchivedDay]:
    """Archive every day older than `keep_days` that is wholly published; one process at a time does it."""
    directory = archive.directory
    if directory is None:
        return []
    done: list[ArchivedDay] = []
    async with _alone(database) as connection:
        if connection is None:
            return []
        directory.mkdir(parents=True, exist_ok=True)
        day = await _next_day(connection, date.min, keep_days)
        while day is not None:
            if await _is_published(connection, day):
                done.append(await _archive_day(connection, directory, day))
            day = await _next_day(connection, day, keep_days)
        await connection.execute(
            "select drop_empty_ledger_partitions((now() at time zone 'UTC')::date - $1::integer)", keep_days
        )
    return done


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Any]:
    """A connection that holds the lock of archiving, or None when another process does."""
    key = lock_key("archive-ledger")
    async with database.pool.acquire(timeout=10) as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", key):
            yield None
            return
        try:
            yield connection
        finally:
            if not connection.is_closed():
                await connection.execute("select pg_advisory_unlock($1)", key)


async def _next_day(connection: Any, after: date, keep_days: int) -> date | None:
    day: date | None = await connection.fetchval(
        """
        select min(recorded_on) from ledger
        where recorded_on > $1 and recorded_on < (now() at time zone 'UTC')::date - $2::integer
        """,
        after,
        keep_days,
    )
    return day


async def _is_published(connection: Any, day: date) -> bool:
    published: bool = await connection.fetchval(
        """
        select not exists (
            select from relay_cursor as reached join ledger using (shard)
            where ledger.recorded_on = $1 and (ledger.xid, ledger.id) > (reached.xid, reached.id)
        )
        """,
        day,
    )
    if not published:
        log.warning("archive.not_published", day=str(day))
    return published


async def _archive_day(connection: Any, directory: Path, day: date) -> ArchivedDay:
    path = directory / f"ledger-{day}.jsonl.gz"
    archived = await _write(connection, path, day)
    await _compare(connection, path, archived)
    _write_durably(directory / f"ledger-{day}.manifest.json", msgspec.json.format(msgspec.json.encode(archived)))
    await connection.execute(
        "select archive_ledger_day($1, $2, $3, $4, $5, $6::text::xid8, $7)",
        day,
        archived.file,
        archived.sha256,
        archived.events,
        archived.chunks,
        str(archived.last[0]),
        archived.last[1],
    )
    log.info("archive.day_done", day=str(day), events=archived.events, file=archived.file)
    return archived


async def _write(connection: Any, path: Path, day: date) -> ArchivedDay:
    part = path.with_suffix(".part")
    chunks: list[Chunk] = []
    with part.open("wb") as file:
        async for rows in _rows(connection, day):
            packed = await asyncio.to_thread(_pack, rows)
            offset = file.tell()
            file.write(packed)
            chunks.append(Chunk(offset, len(packed), len(rows), *rows[0].place[:2], *rows[-1].place[:2]))
        file.flush()
        os.fsync(file.fileno())
    sha256 = await asyncio.to_thread(checksum, part)
    part.replace(path)
    _sync_directory(path.parent)
    events = sum(chunk.events for chunk in chunks)
    return ArchivedDay(day=day, file=path.name, sha256=sha256, events=events, chunks=chunks)


def _pack(rows: Sequence[LedgerRow]) -> bytes:
    return gzip.compress(b"".join(line_of(row) for row in rows), mtime=0)


async def _rows(connection: Any, day: date) -> AsyncIterator[Sequence[LedgerRow]]:
    """The day's rows in order, a chunk at a time, each shard by its index."""
    place: Place = START
    while True:
        rows = await connection.fetch(
            """
            select xid::text as xid_digits, ledger.* from generate_series(0, $1 - 1) as lane(shard) cross join lateral (
                select * from ledger
                where shard = lane.shard::smallint and recorded_on = $2 and (xid, id) > ($3::text::xid8, $4::bigint)
                order by xid, id limit $5
            ) as ledger
            order by xid, id limit $5
            """,
            LEDGER_SHARDS,
            day,
            str(place.xid),
            place.id,
            CHUNK_EVENTS,
        )
        if not rows:
            return
        found = [row_of(row) for row in rows]
        yield found
        place = found[-1].place


async def _compare(connection: Any, path: Path, archived: ArchivedDay) -> None:
    """Read the file back and hold it against the table, row by row."""
    written = _read_back(path, archived)
    async for rows in _rows(connection, archived.day):
        if await asyncio.to_thread(next, written, None) != list(rows):
            raise ArchiveBroken(f"{path.name} does not hold the events of {archived.day} as the ledger does.")
    if next(written, None) is not None or checksum(path) != archived.sha256:
        raise ArchiveBroken(f"{path.name} was changed while it was being read back.")


def _read_back(path: Path, archived: ArchivedDay) -> Iterator[list[LedgerRow]]:
    return (read_chunk(path, archived.day, chunk) for chunk in archived.chunks)


def _write_durably(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Make a renamed file's name last; without it the name, though not the bytes, may be lost with the power."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
