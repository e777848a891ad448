"""The model's ledger: what outbox.append writes, and what the relay reads of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform import outbox
from simpul_shared.platform.database import Origin
from simpul_shared.platform.relay import Horizon, Ledger, Offsets, Place, Producer, Row

from tests.fault.simulator.kafka import ModelKafka, producing
from tests.fault.simulator.postgres import ModelPostgres, Session, Transaction
from tests.fault.simulator.world import Process

_TICK = timedelta(microseconds=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ORIGIN = Origin("tally", actor="writer", channel="API", correlation_id="simulator")


@dataclass(frozen=True)
class LedgerRow:
    """A row as a writer left it; `version` and `recorded_at` are also in `value`."""

    place: Place
    shard: int
    recorded_at: datetime
    aggregate: UUID
    version: int
    topic: str
    key: bytes
    value: bytes


_START = Place(0, 0, date.min)


@dataclass(frozen=True)
class Cursor:
    place: Place = _START
    offsets: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    observed_through: datetime = _LONG_AGO
    marked_through: datetime = _LONG_AGO


class LedgerTable:
    """The tables ledger, aggregate_version and relay_cursor of one server."""

    def __init__(self, server: ModelPostgres) -> None:
        self.server = server
        self.rows: list[LedgerRow] = []
        self._next_id = 1
        self._cursors = {shard: Cursor() for shard in range(LEDGER_SHARDS)}
        self.woken: list[asyncio.Event] = []
        self.on_advance: list[Callable[[int, Place], None]] = []
        server.on_commit.append(self._take)

    def cursor(self, shard: int) -> Cursor:
        return self._cursors[shard]

    def set_cursor(self, shard: int, cursor: Cursor) -> None:
        self._cursors[shard] = cursor

    def append(self, tx: Transaction, event: Event, event_id: UUID) -> LedgerRow:
        """As the one statement of outbox.append_all: the transaction's id first, then the clock."""
        xid = tx.assign_xid()
        floor = max(cursor.observed_through for cursor in self._cursors.values()) + _TICK
        recorded_at = max(self.server.world.now(), floor)
        version = (tx.read(("version", event.aggregate_id)) or 0) + 1
        tx.write(("version", event.aggregate_id), version)
        row = LedgerRow(
            Place(xid, self._next_id, recorded_at.date()),
            outbox.shard_of(event.key),
            recorded_at,
            event.aggregate_id,
            version,
            event.topic.name,
            event.key,
            _value(event, event_id, version, recorded_at),
        )
        self._next_id += 1
        tx.write(("ledger", row.place.id), row)
        return row

    def page(self, shard: int, after: Place, *, limit: int) -> list[LedgerRow]:
        below = self.server.snapshot().low
        return [
            row
            for row in self.rows
            if row.shard == shard
            and (row.place.xid, row.place.id) > (after.xid, after.id)
            and (after.recorded_on == date.min or row.place.recorded_on >= after.recorded_on - timedelta(days=1))
            and row.place.xid < below
        ][:limit]

    def _take(self, tx: Transaction) -> None:
        new = [row for key, row in tx.writes.items() if key[0] == "ledger"]
        if new:
            if self.rows and self.rows[-1].place.xid > new[0].place.xid:
                self.server.world.hit("cross-key reorder", xid=new[0].place.xid)
            self.rows = sorted([*self.rows, *new], key=lambda row: (row.place.xid, row.place.id))
            for event in self.woken:
                event.set()


def _value(event: Event, event_id: UUID, version: int, recorded_at: datetime) -> bytes:
    body = outbox._body(_ORIGIN, outbox.Fact(event, recorded_at), event_id)
    return f'{{"aggregateversion":{version},"recordedtime":"{recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}",'.encode() + body


class ModelLedger:
    """relay.Ledger over the model, on the session that holds the lead."""

    def __init__(self, table: LedgerTable, session: Session, shard: int) -> None:
        self._table = table
        self._session = session
        self._shard = shard
        self._world = table.server.world
        self.woken = asyncio.Event()

    async def start(self) -> tuple[Place, Offsets]:
        cursor = await self._session.call("ledger.start", lambda: self._table.cursor(self._shard))
        return cursor.place, {topic: dict(partitions) for topic, partitions in cursor.offsets}

    async def observe(self) -> Horizon:
        def rise() -> datetime:
            cursor = self._table.cursor(self._shard)
            moment = max(self._world.now(), cursor.observed_through + _TICK)
            self._table.set_cursor(self._shard, replace(cursor, observed_through=moment))
            return moment

        clock = await self._session.call("ledger.observe", rise)
        snapshot = await self._session.call("ledger.observe snapshot", self._table.server.snapshot)
        return Horizon(clock, snapshot.low, snapshot.high)

    async def page(self, after: Place, *, limit: int) -> Sequence[Row]:
        rows = await self._session.call("ledger.page", lambda: self._table.page(self._shard, after, limit=limit))
        return [Row(row.place, row.topic, row.key, row.value, None) for row in rows]

    async def advance(self, to: Place, offsets: Offsets) -> None:
        frozen = freeze(offsets)

        def move() -> None:
            cursor = self._table.cursor(self._shard)
            on = max(cursor.place.recorded_on, to.recorded_on)
            self._world.note("advance", shard=self._shard, xid=to.xid, id=to.id)
            place = Place(to.xid, to.id, on)
            self._table.set_cursor(self._shard, replace(cursor, place=place, offsets=frozen))
            for told in self._table.on_advance:
                told(self._shard, to)

        await self._session.call("ledger.advance", move)

    async def mark(self, through: datetime) -> None:
        def set_() -> None:
            cursor = self._table.cursor(self._shard)
            marked = max(cursor.marked_through, through)
            self._table.set_cursor(self._shard, replace(cursor, marked_through=marked))

        await self._session.call("ledger.mark", set_)

    async def wait(self, *, seconds: float) -> None:
        try:
            await self._session.process.until("ledger.wait", lambda: asyncio.wait_for(self.woken.wait(), seconds))
        except TimeoutError:
            return
        finally:
            self.woken.clear()


def freeze(offsets: Mapping[str, Mapping[str, int]]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    return tuple((topic, tuple(partitions.items())) for topic, partitions in offsets.items())


class ModelLeadership:
    """relay.Leadership over the model: waits for the shard's lock, then opens ledger and producer."""

    def __init__(self, table: LedgerTable, kafka: ModelKafka, process: Process) -> None:
        self._table = table
        self._kafka = kafka
        self._process = process

    @asynccontextmanager
    async def __call__(self, shard: int) -> AsyncIterator[tuple[Ledger, Producer]]:
        session = await self._table.server.connect(self._process)
        ledger = ModelLedger(self._table, session, shard)
        try:
            while not await session.try_lead(f"relay/{shard}"):
                await self._process.sleep(1.0)
            self._table.woken.append(ledger.woken)
            async with producing(self._kafka, self._process) as producer:
                yield ledger, producer
        finally:
            if ledger.woken in self._table.woken:
                self._table.woken.remove(ledger.woken)
            session.drop()
