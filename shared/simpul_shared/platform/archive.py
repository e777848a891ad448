"""Days of the ledger in files: how they are read again. ledger.py merges them with the table; archiving.py writes them.

A file is a row of gzip members (so `zcat` reads it), each with up to 1,000 events as lines of JSON. What the database says
about a file (ledger_archive) decides: one that it does not know is not read, one that differs is refused.
"""

import asyncio
import gzip
import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from simpul_shared.errors import Unavailable
from simpul_shared.platform.relay import Place

_START = Place(0, 0, date.min)


class ArchiveUnreadable(Unavailable):
    slug = "archive-unreadable"
    title = "Arsip peristiwa tidak dapat dibaca"


@dataclass(frozen=True)
class LedgerRow:
    """A recorded event; `value` is the CloudEvent as it goes to Kafka, byte for byte."""

    place: Place
    shard: int
    event_id: UUID
    type: str
    topic: str
    key: bytes
    aggregate: str
    aggregate_id: UUID
    version: int
    recorded_at: datetime
    region_id: UUID | None
    traceparent: str | None
    value: bytes


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger as a line of a file; the day is the file's."""

    xid: int
    id: int
    shard: int
    event_id: UUID
    type: str
    topic: str
    key: str
    aggregate: str
    aggregate_id: UUID
    version: int
    recorded_at: datetime
    region_id: UUID | None
    traceparent: str | None
    event: msgspec.Raw


class Chunk(NamedTuple):
    """One gzip member of a file: where it lies, and the places of its first and last event."""

    offset: int
    length: int
    events: int
    first_xid: int
    first_id: int
    last_xid: int
    last_id: int


class ArchivedDay(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file; the manifest beside it says the same."""

    day: date
    file: str
    sha256: str
    events: int
    chunks: list[Chunk]

    @property
    def first(self) -> tuple[int, int]:
        return self.chunks[0].first_xid, self.chunks[0].first_id

    @property
    def last(self) -> tuple[int, int]:
        return self.chunks[-1].last_xid, self.chunks[-1].last_id


class Source(Protocol):
    """A pool, a connection or a transaction whose statements see what was committed before each of them."""

    async def fetch(self, query: str, *args: object) -> list[Any]: ...


class Archive:
    """The files of one service's ledger. `directory` is None where none is set; then no day may have been archived."""

    def __init__(self, directory: Path | None, service: str = "") -> None:
        self._directory = None if directory is None else directory / service
        self._days: list[ArchivedDay] = []
        self._number = 0
        self._trusted: dict[str, tuple[int, int]] = {}

    @property
    def directory(self) -> Path | None:
        return self._directory

    async def days(self, source: Source, *, after: Place) -> list[ArchivedDay]:
        """The archived days with events behind a place, by their first."""
        rows = await source.fetch(
            "select number, day, file, sha256, events, chunks::text from ledger_archive where number > $1 order by number",
            self._number,
        )
        for row in rows:
            self._days.append(_day(row))
            self._number = row["number"]
        return sorted((day for day in self._days if day.last > after[:2]), key=lambda day: day.first)

    async def rows(self, days: Sequence[ArchivedDay], *, after: Place, limit: int) -> list[LedgerRow]:
        """The first `limit` events behind a place. Errors: ArchiveUnreadable."""
        return await asyncio.to_thread(self._take, days, after, limit)

    async def find(
        self, source: Source, wanted: Collection[tuple[UUID, int]], *, since: date
    ) -> dict[tuple[UUID, int], bytes]:
        """The events of these aggregates and versions that were archived on `since` or later. Errors: ArchiveUnreadable."""
        if not wanted:
            return {}
        known = await self.days(source, after=_START)
        days = [day for day in known if day.day >= since - timedelta(days=1)]  # clocks may differ about midnight
        return await asyncio.to_thread(self._find, days, wanted)

    def _find(self, days: Sequence[ArchivedDay], wanted: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], bytes]:
        rows = (row for row in self._merged(days, _START) if (row.aggregate_id, row.version) in wanted)
        return {(row.aggregate_id, row.version): row.value for row in islice(rows, len(wanted))}

    def _take(self, days: Sequence[ArchivedDay], after: Place, limit: int) -> list[LedgerRow]:
        return [row for row, _ in zip(self._merged(days, after), range(limit), strict=False)]

    def _merged(self, days: Iterable[ArchivedDay], after: Place) -> Iterator[LedgerRow]:
        """All files' events in one order; a file is opened when its first event may be next."""
        closed, opened = list(days), list[tuple[tuple[int, int], int, LedgerRow, Iterator[LedgerRow]]]()
        while closed or opened:
            while closed and (not opened or closed[0].first <= opened[0][0]):
                _push(opened, self._events(closed.pop(0), after))
            if opened:
                _, _, row, following = heapq.heappop(opened)
                yield row
                _push(opened, following)

    def _events(self, day: ArchivedDay, after: Place) -> Iterator[LedgerRow]:
        path = self._trust(day)
        for chunk in day.chunks:
            if (chunk.last_xid, chunk.last_id) > after[:2]:
                yield from (row for row in read_chunk(path, day.day, chunk) if row.place[:2] > after[:2])

    def _trust(self, day: ArchivedDay) -> Path:
        """The path of a file whose bytes are those that were archived; looked at once, and again when it was touched."""
        if self._directory is None:
            raise ArchiveUnreadable(
                f"The events of {day.day} are in an archive. Let the operator set SIMPUL_ARCHIVE_DIR for this process."
            )
        path = self._directory / day.file
        try:
            state = path.stat()
            seen = (state.st_size, state.st_mtime_ns)
            if self._trusted.get(day.file) != seen and checksum(path) != day.sha256:
                raise ArchiveUnreadable(
                    f"{day.file} is not the file that was archived: its SHA-256 differs. Restore it."
                )
        except OSError as error:
            raise ArchiveUnreadable(f"{day.file} cannot be read: {error.strerror}. Restore it.") from error
        self._trusted[day.file] = seen
        return path


def _day(row: Any) -> ArchivedDay:
    chunks = msgspec.json.decode(row["chunks"], type=list[Chunk])
    return ArchivedDay(day=row["day"], file=row["file"], sha256=row["sha256"], events=row["events"], chunks=chunks)


def _push(
    opened: list[tuple[tuple[int, int], int, LedgerRow, Iterator[LedgerRow]]], events: Iterator[LedgerRow]
) -> None:
    row = next(events, None)
    if row is not None:
        heapq.heappush(opened, (row.place[:2], id(events), row, events))


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_chunk(path: Path, day: date, chunk: Chunk) -> list[LedgerRow]:
    with path.open("rb") as file:
        file.seek(chunk.offset)
        lines = gzip.decompress(file.read(chunk.length)).splitlines()
    return [_row(msgspec.json.decode(line, type=Line), day) for line in lines]


def _row(line: Line, day: date) -> LedgerRow:
    return LedgerRow(
        Place(line.xid, line.id, day),
        line.shard,
        line.event_id,
        line.type,
        line.topic,
        line.key.encode(),
        line.aggregate,
        line.aggregate_id,
        line.version,
        line.recorded_at,
        line.region_id,
        line.traceparent,
        bytes(line.event),
    )


def line_of(row: LedgerRow) -> bytes:
    line = Line(
        xid=row.place.xid,
        id=row.place.id,
        shard=row.shard,
        event_id=row.event_id,
        type=row.type,
        topic=row.topic,
        key=row.key.decode(),
        aggregate=row.aggregate,
        aggregate_id=row.aggregate_id,
        version=row.version,
        recorded_at=row.recorded_at,
        region_id=row.region_id,
        traceparent=row.traceparent,
        event=msgspec.Raw(row.value),
    )
    return msgspec.json.encode(line) + b"\n"
