"""The one reader of a service's ledger: all shards in the order (xid, id), below the horizon of open transactions.

outbox.py writes the rows and relay.py publishes them shard by shard; whoever wants them again reads them here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.archive import Archive, LedgerRow, Source
from simpul_shared.platform.relay import Place

START = Place(0, 0, date.min)
"""Before the first event."""

_SCANNED_ROWS = 5000
"""Rows looked at for one page when not all are wanted; then it ends, however few were found."""

_PAGE_BYTES = 8 * 1024 * 1024
"""A page ends before it grows larger, unless its first event alone is."""


@dataclass(frozen=True)
class Wanted:
    """Which events; a condition that is None is none. `regions` are all that are meant, those below others too."""

    topics: Collection[str] | None = None
    types: Collection[str] | None = None
    regions: Collection[UUID] | None = None

    def has(self, row: LedgerRow) -> bool:
        return (
            (self.topics is None or row.topic in self.topics)
            and (self.types is None or row.type in self.types)
            and (self.regions is None or row.region_id in self.regions)
        )

    @property
    def everything(self) -> bool:
        return self.topics is None and self.types is None and self.regions is None


EVERYTHING = Wanted()


@dataclass(frozen=True)
class LedgerPage:
    """Rows in order. `reached` is behind all that was looked at, wanted or not; `more` when something follows."""

    rows: Sequence[LedgerRow]
    reached: Place
    more: bool


class LedgerReader:
    """Pages through the ledger from any place, archived days and the table as one. It keeps nothing in between.

    `source` must be a pool, a connection or a transaction of the level read committed.
    """

    def __init__(self, source: Source, archive: Archive | None = None) -> None:
        self._source = source
        self._archive = archive or Archive(None)

    async def read(
        self,
        after: Place | None,
        *,
        limit: int,
        topics: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Sequence[LedgerRow]:
        """The next rows; none once all that was recorded is read."""
        wanted = Wanted(topics, types)
        page = await self.page(after or START, limit=limit, wanted=wanted)
        while page.more and not page.rows:
            page = await self.page(page.reached, limit=limit, wanted=wanted)
        return page.rows

    async def page(self, after: Place, *, limit: int, wanted: Wanted = EVERYTHING) -> LedgerPage:
        """At most `limit` rows. With conditions it may hold fewer, or none, although more follow."""
        scanned = limit if wanted.everything else max(limit, _SCANNED_ROWS)
        # As the relay (relay_backends.RELAY_SETTINGS), until the caller's transaction ends.
        await self._source.fetch("select set_config('enable_bitmapscan', 'off', true)")
        page = await self._recent(after, limit=limit, scanned=scanned, wanted=wanted)
        # Asked after the table was read: a day that was dropped before that is known by now, one dropped since is in both.
        days = await self._archive.days(self._source, after=after)
        if not days:
            return page
        rows = await self._archive.rows(days, after=after, limit=scanned)
        old = _page(rows, after, limit=limit, more=len(rows) == scanned, wanted=wanted)
        return _merge(old, page, limit=limit)

    async def _recent(self, after: Place, *, limit: int, scanned: int, wanted: Wanted) -> LedgerPage:
        """A page of what is still in the table."""
        until = after.recorded_on
        page = await self._scan(after, until, limit=limit, scanned=scanned, wanted=wanted)
        while not page.more:
            day = await self._next_day(until)
            if day is None or page.reached != after:
                return replace(page, more=day is not None)
            until = day
            page = await self._scan(after, until, limit=limit, scanned=scanned, wanted=wanted)
        return page

    async def _next_day(self, day: date) -> date | None:
        """The first day after `day` on which something was recorded."""
        rows = await self._source.fetch(
            """
            select min(recorded_on) as day from ledger
            where recorded_on > $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
            """,
            day,
        )
        next_day: date | None = rows[0]["day"]
        return next_day

    async def _scan(self, after: Place, until: date, *, limit: int, scanned: int, wanted: Wanted) -> LedgerPage:
        """Look at the next `scanned` rows, as far as they were recorded by the day `until`."""
        rows = await self._rows(after, until, limit=limit, scanned=scanned, wanted=wanted)
        if not rows:
            return LedgerPage([], after, more=False)
        found = [row for row in rows if row["taken"]]
        cut = len(found) < rows[-1]["found"]
        reached = _place(found[-1] if cut else rows[-1])
        reached = reached._replace(recorded_on=max(after.recorded_on, *(row["recorded_on"] for row in rows)))
        return LedgerPage([row_of(row) for row in found], reached, more=cut or rows[-1]["step"] == scanned)

    async def _rows(self, after: Place, until: date, *, limit: int, scanned: int, wanted: Wanted) -> list[Any]:
        """The wanted ones of the rows looked at, and in any case the last of these, to know how far it went."""
        # Shard by shard in the order of ledger_relay_idx, so that only a page of each is read and merged.
        # xid is compared as a number: as text 1000 would come before 999.
        # A few days only, for a year's partitions take longer to open than to read. That is safe because a row was
        # recorded at most one day before those ahead of it (a transaction may last over midnight): all of the day
        # `until` comes before all of the day after next, and the first row later than `until` ends the scan.
        return await self._source.fetch(
            """
            select xid::text as xid_digits, id, recorded_on, shard, event_id, event_type, topic, key, aggregate_type,
                aggregate_id, aggregate_version, recorded_at, region_id, traceparent, step, found, taken,
                case when taken then value end as value
            from (
                select *, row_number() over place as step, count(*) over () as steps,
                    count(*) filter (where wanted) over place as found,
                    sum(octet_length(value)) filter (where wanted) over place as bytes
                from (
                    select ledger.*, count(*) filter (where recorded_on > $10) over (order by xid, id) as later,
                        ($6::text[] is null or topic = any($6)) and ($7::text[] is null or event_type = any($7))
                            and ($8::uuid[] is null or region_id = any($8)) as wanted
                    from generate_series(0, $9 - 1) as lane(shard) cross join lateral (
                        select * from ledger
                        where shard = lane.shard::smallint and (xid, id) > ($1::text::xid8, $2::bigint)
                            and recorded_on between $3::date - 1 and $10::date + 1
                            and xid < pg_snapshot_xmin(pg_current_snapshot())
                        order by xid, id limit $5
                    ) as ledger
                    order by xid, id limit $5
                ) as scanned
                where later = 0
                window place as (order by xid, id rows unbounded preceding)
            ) as counted
            cross join lateral (select wanted and found <= $4 and (found = 1 or bytes <= $11) as taken) as page
            where taken or step = steps
            order by step
            """,
            str(after.xid),
            after.id,
            after.recorded_on,
            limit,
            scanned,
            None if wanted.topics is None else list(wanted.topics),
            None if wanted.types is None else list(wanted.types),
            None if wanted.regions is None else list(wanted.regions),
            LEDGER_SHARDS,
            until,
            _PAGE_BYTES,
        )


def _page(rows: Sequence[LedgerRow], after: Place, *, limit: int, more: bool, wanted: Wanted) -> LedgerPage:
    """A page from archived rows, all of which were looked at."""
    found: list[LedgerRow] = []
    size = 0
    for row in filter(wanted.has, rows):
        size += len(row.value)
        if len(found) == limit or (found and size > _PAGE_BYTES):
            return LedgerPage(found, found[-1].place, more=True)
        found.append(row)
    return LedgerPage(found, rows[-1].place if rows else after, more)


def _merge(one: LedgerPage, other: LedgerPage, *, limit: int) -> LedgerPage:
    """Both pages' rows in one order, as far as both have looked; a row that both have counts once."""
    ends = [page.reached for page in (one, other) if page.more]
    end = min(ends, default=max(one.reached, other.reached))
    rows = {row.place[:2]: row for row in (*one.rows, *other.rows) if row.place[:2] <= end[:2]}
    found = [rows[place] for place in sorted(rows)]
    if len(found) > limit:
        return LedgerPage(found[:limit], found[limit - 1].place, more=True)
    return LedgerPage(found, end, more=bool(ends))


def _place(row: Any) -> Place:
    return Place(int(row["xid_digits"]), row["id"], row["recorded_on"])


def row_of(row: Any) -> LedgerRow:
    return LedgerRow(
        _place(row),
        row["shard"],
        row["event_id"],
        row["event_type"],
        row["topic"],
        row["key"],
        row["aggregate_type"],
        row["aggregate_id"],
        row["aggregate_version"],
        row["recorded_at"],
        row["region_id"],
        row["traceparent"],
        row["value"],
    )
