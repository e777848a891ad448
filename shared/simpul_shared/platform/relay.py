"""Ledger to Kafka: the relay publishes committed rows in order, one leader per shard. consume.py takes them up.

Order is (xid, id) below the horizon of open transactions, so no row can appear behind the cursor. A page is sent, every
ack awaited, only then the cursor moves: a crash between sends a page again, and consumers tell by version.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec
import structlog

from simpul_shared.contracts.envelope import CONTENT_TYPE, LowWaterMark
from simpul_shared.contracts.topics import MARKS
from simpul_shared.platform.telemetry import (
    RELAY_LEADING,
    RELAY_MARK,
    RELAY_RESTARTS,
    RELAY_SENT,
    RELAY_TOPICS_LOST,
)

log = structlog.get_logger()

Offsets = dict[str, dict[str, int]]


class Place(NamedTuple):
    """A position in the ledger; `recorded_on` lets Postgres leave out the partitions of days long done."""

    xid: int
    id: int
    recorded_on: date


_HEADERS = [("content-type", CONTENT_TYPE.encode())]


class Row(NamedTuple):
    """A committed event, ready to send. A tuple, since one is made per event."""

    place: Place
    topic: str
    key: bytes
    value: bytes
    traceparent: str | None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return _HEADERS if self.traceparent is None else [*_HEADERS, ("traceparent", self.traceparent.encode())]


@dataclass(frozen=True)
class Horizon:
    """At `clock`, every transaction below `low` had ended; what one at or above `high` records is later (xids)."""

    clock: datetime
    low: int
    high: int


class Ledger(Protocol):
    """What the relay needs of Postgres, on one connection that holds the shard's leadership."""

    async def start(self) -> tuple[Place, Offsets]: ...
    async def observe(self) -> Horizon: ...
    async def page(self, after: Place, *, limit: int) -> Sequence[Row]: ...
    async def advance(self, to: Place, offsets: Offsets) -> None: ...
    async def mark(self, through: datetime) -> None: ...
    async def wait(self, *, seconds: float) -> None: ...


class Ack(Protocol):
    """Where Kafka put a record; aiokafka's own metadata will do, so that no event costs a translation."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...


class Sent(NamedTuple):
    """Records on their way to one partition, one behind the other. The ack has the offset of the first."""

    topic: str
    records: int
    ack: Awaitable[Ack]


class Producer(Protocol):
    """What the relay needs of Kafka: sends in order per partition; the awaited result is the broker's ack."""

    async def send(
        self, topic: str, *, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> Awaitable[Ack]: ...

    async def send_all(self, rows: Sequence[Row]) -> list[Sent]:
        """Every row once, in their order per partition, in as few batches as hold them."""


@dataclass(frozen=True)
class TopicState:
    """What a lane must know of its topics. `ids` are Kafka's own; a topic made anew has another.

    `anew`: since the last look, so that their offsets count for nothing. `lost`: those that lack something published, or
    are missing altogether. `asked`: those whose rows are to be sent again.
    """

    ids: Mapping[str, UUID] = field(default_factory=dict)
    anew: Collection[str] = ()
    lost: Collection[str] = ()
    asked: Collection[str] = ()


class Topics(Protocol):
    """What a lane needs to notice that Kafka lost a topic, and to fill it again from the ledger."""

    async def look(self) -> TopicState: ...
    async def begin(self, topic: str, *, until: Place) -> bool:
        """Whether sending again begins from the first row, and not where it was interrupted."""

    def history(self, topic: str, *, until: Place) -> AsyncIterator[Sequence[Row]]: ...
    async def sent_again(self, topic: str, rows: Sequence[Row]) -> None: ...
    async def restored(self, topic: str) -> None: ...


class EverWhole:
    """Topics that are never lost."""

    async def look(self) -> TopicState:
        return TopicState()

    async def begin(self, topic: str, *, until: Place) -> bool:  # noqa: ARG002 (as in Topics)
        return True

    async def history(self, topic: str, *, until: Place) -> AsyncIterator[Sequence[Row]]:  # noqa: ARG002
        none: Sequence[Sequence[Row]] = ()
        for rows in none:
            yield rows

    async def sent_again(self, topic: str, rows: Sequence[Row]) -> None: ...
    async def restored(self, topic: str) -> None: ...


@dataclass(frozen=True)
class _Page:
    """Rows to send. Once they are acked, all that `horizon` lets pass is published; None when more rows may lie behind."""

    rows: Sequence[Row]
    horizon: Horizon | None


@dataclass
class Lane:
    """One shard under this process's lead: its cursor, and the mark it is about to give."""

    service: str
    shard: int
    ledger: Ledger
    producer: Producer
    now: Callable[[], float]
    page_rows: int = 2000
    mark_seconds: float = 1.0
    ack_seconds: float = 30.0
    topics: Topics = field(default_factory=EverWhole)
    _observed_at: float = float("-inf")
    _observed: Horizon | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish until stopped. Any error ends the lane: its owner rebuilds connection and producer, then starts anew."""
        place, offsets = await self.ledger.start()
        await self._tend(place, offsets)
        page = await self._read(place)
        while not stopping.is_set():
            # A producer can be stuck without an error (aiokafka #1017); the lane then begins anew with a fresh one.
            async with asyncio.timeout(self.ack_seconds):
                sent = await self.producer.send_all(page.rows)
                place = page.rows[-1].place if page.rows else place
                # The next page is read while the acks of this one are under way.
                following = await self._read(place)
                acks = await _all_of(sent)
            if acks:
                _reach(offsets, sent, acks)
                await self.ledger.advance(place, offsets)
                RELAY_SENT.labels(shard=str(self.shard)).inc(len(page.rows))
            if page.horizon is not None:
                await self._mark(page.horizon, offsets, await self._tend(place, offsets))
            if not following.rows and following.horizon is None:
                await self.ledger.wait(seconds=self.mark_seconds)
                following = await self._read(place)
            page = following

    async def _tend(self, place: Place, offsets: Offsets) -> TopicState:
        """Send again what is asked for, before anything newer; then tell how the topics are."""
        state = await self.topics.look()
        for topic in state.anew:
            offsets.pop(topic, None)
        for topic in state.asked:
            await self._send_again(topic, place, offsets)
        state = await self.topics.look() if state.asked else state
        RELAY_TOPICS_LOST.labels(shard=str(self.shard)).set(len(state.lost))
        return state

    async def _send_again(self, topic: str, until: Place, offsets: Offsets) -> None:
        if await self.topics.begin(topic, until=until):
            offsets.pop(topic, None)
        async for rows in self.topics.history(topic, until=until):
            async with asyncio.timeout(self.ack_seconds):
                sent = await self.producer.send_all(rows)
                acks = await _all_of(sent)
            _reach(offsets, sent, acks)
            await self.ledger.advance(until, offsets)
            await self.topics.sent_again(topic, rows)
        await self.topics.restored(topic)

    async def _read(self, after: Place) -> _Page:
        horizon = None
        if self.now() - self._observed_at >= self.mark_seconds:
            horizon, self._observed_at = await self.ledger.observe(), self.now()
        rows = await self.ledger.page(after, limit=self.page_rows)
        return _Page(rows, horizon if len(rows) < self.page_rows else None)

    async def _mark(self, horizon: Horizon, offsets: Offsets, topics: TopicState) -> None:
        """Give the mark for the latest observed moment whose transactions have all ended.

        While a topic is lost none goes to Kafka: a consumer at its end would not have what was published before.
        """
        through = horizon if horizon.low >= horizon.high else self._observed
        if through is None or horizon.low < through.high:
            self._observed = self._observed or horizon
            return
        self._observed = horizon
        await self.ledger.mark(through.clock)
        if topics.lost:
            return
        mark = LowWaterMark(
            service=self.service,
            shard=self.shard,
            through=through.clock,
            offsets=offsets,
            topic_ids=dict(topics.ids) or None,
        )
        await (await self.producer.send(MARKS.name, key=mark_key(mark), value=msgspec.json.encode(mark), headers=[]))
        RELAY_MARK.labels(shard=str(self.shard)).set(through.clock.timestamp())


def mark_key(mark: LowWaterMark) -> bytes:
    return f"{mark.service}/{mark.shard}".encode()


async def _all_of(sent: Sequence[Sent]) -> list[Ack]:
    """The acks in turn."""
    acks: list[Ack] = []
    try:
        for one in sent:
            acks.append(await one.ack)  # noqa: PERF401 (how far it came is needed when one fails)
    except BaseException:
        # Heard but not waited for: the others may fail as well, each with a complaint of asyncio's.
        asyncio.gather(*(one.ack for one in sent[len(acks) + 1 :]), return_exceptions=True)
        raise
    return acks


def _reach(offsets: Offsets, sent: Sequence[Sent], acks: Sequence[Ack]) -> None:
    for one, ack in zip(sent, acks, strict=True):
        partitions, number = offsets.setdefault(one.topic, {}), str(ack.partition)
        partitions[number] = max(partitions.get(number, 0), ack.offset + one.records)


class Leadership(Protocol):
    """Opens a lane's ledger and producer once this process leads the shard; closing gives the lead up."""

    def __call__(self, shard: int) -> AbstractAsyncContextManager[tuple[Ledger, Producer]]: ...


async def run_shard(
    shard: int,
    *,
    service: str,
    lead: Leadership,
    stopping: asyncio.Event,
    now: Callable[[], float],
    mark_seconds: float = 1.0,
    ack_seconds: float = 30.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    tend: Callable[[int, Ledger], Topics] = lambda _, __: EverWhole(),
) -> None:
    """Keep one shard published for as long as the process lives: lead it, and after any error lead it anew."""
    delay = 0.1
    while not stopping.is_set():
        try:
            async with lead(shard) as (ledger, producer):
                log.info("relay.leading", shard=shard)
                RELAY_LEADING.labels(shard=str(shard)).set(1)
                delay = 0.1
                lane = Lane(
                    service,
                    shard,
                    ledger,
                    producer,
                    now,
                    mark_seconds=mark_seconds,
                    ack_seconds=ack_seconds,
                    topics=tend(shard, ledger),
                )
                await lane.run(stopping)
        except Exception as error:  # noqa: BLE001
            # Whatever it was, the answer is the same: a fresh connection and producer, from the stored cursor.
            # An idempotent producer can be stuck for good after an out-of-order sequence (aiokafka #1017).
            log.warning("relay.restarting", shard=shard, error=repr(error), delay=delay)
            RELAY_RESTARTS.labels(shard=str(shard)).inc()
            await sleep(delay)
            delay = min(delay * 2, 1.0)
        finally:
            RELAY_LEADING.labels(shard=str(shard)).set(0)
