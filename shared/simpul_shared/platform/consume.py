"""Kafka to handlers, effect once: a batch, its offsets and its applied versions are one Postgres transaction.

Nothing here trusts Kafka's committed offsets or a seek (aiokafka #738): the offset row, locked, tells a hole in the
delivery, and the version per aggregate tells what is known already, at whatever offset it comes.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
import structlog

from simpul_shared.contracts.envelope import Envelope, Event, LowWaterMark
from simpul_shared.contracts.reading import Unreadable, read_data
from simpul_shared.contracts.topics import MARKS
from simpul_shared.platform.database import Transaction, is_passing
from simpul_shared.platform.telemetry import CONSUMED

log = structlog.get_logger()

E = TypeVar("E", bound=Event)
Partition = tuple[str, int]


@dataclass(frozen=True)
class Record:
    """One Kafka record as it came; nothing in it is trusted yet. `topic` is without the prefix.

    `letter` is its number in dead_letter, where it has been kept aside.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    letter: int | None = None

    @property
    def place(self) -> tuple[object, ...]:
        return (self.topic, self.partition, self.offset, self.letter)


@dataclass(frozen=True)
class Received(Generic[E]):
    """An event with what a projection keeps of its envelope, and its place in the log."""

    event: E
    event_id: UUID
    version: int
    occurred_at: datetime
    recorded_at: datetime
    topic: str
    partition: int
    offset: int
    correlation_id: str
    traceparent: str | None


Handler = Callable[[Transaction, Sequence[Received[Any]]], Awaitable[None]]
"""Applies events of one type. They come in order per Kafka key; the same aggregate may appear more than once."""

Handlers = Mapping[type[Event], Handler]


class Poison(Exception):
    """A record that can never be applied as it is. `reason` is a stable word, for people and metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class TooManyDeadLetters(Exception):
    """Nearly every record fails: a fault of ours, not of the records. The consumer stops where it is."""


class LetterState(StrEnum):
    POISON = "poison"
    WAITING = "waiting"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Letter:
    """A record to keep aside, or kept aside once more. `envelope` is None where not even that could be read.

    `attempts` are those just made.
    """

    record: Record
    state: LetterState
    reason: str
    detail: str
    attempts: int
    envelope: Envelope | None = None


@dataclass
class Standing:
    """What is applied of one aggregate, and which of its versions are kept aside, waiting or as poison."""

    version: int = 0
    waiting: dict[int, Record] = field(default_factory=dict)
    poison: set[int] = field(default_factory=set)


class Store(Protocol):
    """What consuming needs of Postgres; all but the first look at the offsets inside one transaction, the handlers' own."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...
    async def stored_offsets(self) -> dict[Partition, int]: ...
    async def lock_offsets(self, tx: Transaction, partitions: Iterable[Partition]) -> dict[Partition, int]: ...
    async def standings(self, tx: Transaction, aggregates: Iterable[UUID]) -> dict[UUID, Standing]: ...
    async def keep_aside(self, tx: Transaction, letters: Sequence[Letter]) -> None: ...
    async def take_back(self, tx: Transaction, records: Sequence[Record]) -> None: ...
    async def store_versions(self, tx: Transaction, versions: Mapping[UUID, int]) -> None: ...
    async def store_offsets(self, tx: Transaction, offsets: Mapping[Partition, int]) -> None: ...
    async def store_marks(self, tx: Transaction, marks: Sequence[LowWaterMark]) -> None: ...


@dataclass
class _Item:
    """A record whose envelope reads well, on its way through the batch; `problem` when its data does not."""

    record: Record
    envelope: Envelope
    aggregate: UUID
    received: Received[Any] | None
    problem: Poison | None = None

    @property
    def version(self) -> int:
        return self.envelope.aggregateversion


@dataclass
class _Outcome:
    """What the transaction stores besides the handlers' own writes."""

    offsets: dict[Partition, int] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    letters: dict[tuple[object, ...], Letter] = field(default_factory=dict)
    taken_back: list[Record] = field(default_factory=list)
    marks: list[LowWaterMark] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def total(self, what: str) -> int:
        return sum(count for (_, counted), count in self.counts.items() if counted == what)

    def poison(self, record: Record, problem: Poison, *, attempts: int, item: _Item | None = None) -> None:
        envelope = None if item is None else item.envelope
        self.counts[record.topic, "poison"] += 1
        self._keep(Letter(record, LetterState.POISON, problem.reason, problem.detail, attempts, envelope))

    def wait(self, item: _Item, reason: str, detail: str) -> None:
        if item.record.letter is None:
            self.counts[item.record.topic, "waiting"] += 1
        self._keep(Letter(item.record, LetterState.WAITING, reason, detail, 0, item.envelope))

    def applied(self, item: _Item) -> None:
        self.counts[item.record.topic, "applied"] += 1
        self.versions[item.aggregate] = item.version
        self.take_back(item.record)

    def repeated(self, item: _Item) -> None:
        self.counts[item.record.topic, "repeated"] += 1
        self.take_back(item.record)

    def take_back(self, record: Record) -> None:
        self.letters.pop(record.place, None)  # its turn came within the batch
        if record.letter is not None:
            self.taken_back.append(record)

    def _keep(self, letter: Letter) -> None:
        self.letters[letter.record.place] = letter


class _Streak:
    """Counts failures in a row and raises TooManyDeadLetters at the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.length = 0

    def good(self) -> None:
        self.length = 0

    def bad(self) -> None:
        self.length += 1
        if self.length > self.limit:
            raise TooManyDeadLetters(f"{self.length} records in a row could not be applied; look at the last deploy")


class GapInPartition(Exception):
    """The batch begins behind a hole: records from `expected` up to `found` were not delivered."""

    def __init__(self, partition: Partition, expected: int, found: int) -> None:
        super().__init__(f"{partition}: expected offset {expected}, found {found}")
        self.partition, self.expected, self.found = partition, expected, found


_CAREFUL_GROUP = 32
"""Events tried together in a batch that holds one which fails."""

_ATTEMPT_PAUSE = 0.005
"""Seconds before the second attempt, twice as many before the third. All that came with the record waits, too."""


class Applier:
    """Applies batches of records through the handlers. Knows Postgres by `store` only, and nothing of Kafka."""

    def __init__(
        self,
        store: Store,
        handlers: Handlers,
        *,
        poison_run: int = 100,
        attempts: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._attempts = attempts
        self._sleep = sleep
        self._unreadable = _Streak(poison_run)
        self._failing = _Streak(poison_run)

    async def apply(self, records: Sequence[Record], *, earliest: Mapping[Partition, int]) -> dict[Partition, int]:
        """Apply a batch and return the next offset per partition, as stored.

        `earliest` is the first offset that Kafka still has, per partition: a hole below it is retention's doing.
        Errors: passing database errors (is_passing), GapInPartition, TooManyDeadLetters; nothing is stored then.
        """
        try:
            outcome = await self._transact(records, earliest, self._run)
        except (GapInPartition, TooManyDeadLetters):
            raise
        except Exception as error:
            if is_passing(error):
                raise
            log.warning("consumer.bisecting", records=len(records), error=repr(error))
            outcome = await self._transact(records, earliest, self._run_carefully)
        for (topic, what), count in outcome.counts.items():
            CONSUMED.labels(topic=topic, outcome=what).inc(count)
        return outcome.offsets

    async def _transact(
        self,
        records: Sequence[Record],
        earliest: Mapping[Partition, int],
        run: Callable[[Transaction, Sequence[_Item], _Outcome], Awaitable[None]],
    ) -> _Outcome:
        outcome = _Outcome()
        async with self._store.transaction() as tx:
            stored = await self._store.lock_offsets(tx, {(r.topic, r.partition) for r in records})
            again, fresh = _place(records, stored, earliest, outcome)
            items = [*_read_again(again, outcome), *_read_all(fresh, outcome, self._unreadable)]
            standings = await self._store.standings(tx, {item.aggregate for item in items})
            await run(tx, _admit(items, standings, outcome), outcome)
            await self._save(tx, outcome)
        return outcome

    async def redrive(self, tx: Transaction, record: Record) -> int:
        """Apply a record kept aside as poison, if it is its turn, then what waits behind it; return how many were applied.

        All in the caller's transaction, which holds the offsets of every partition that the aggregate's events may be in.
        Errors: passing database errors, TooManyDeadLetters.
        """
        outcome = _Outcome()
        items = _read_all([record], outcome, self._unreadable)
        if outcome.marks:
            outcome.take_back(record)
        standings = await self._store.standings(tx, {item.aggregate for item in items})
        for item in items:
            standings[item.aggregate].poison.discard(item.version)
        await self._run_carefully(tx, _admit(items, standings, outcome), outcome)
        await self._save(tx, outcome)
        return outcome.total("applied")

    async def pass_over(self, tx: Transaction, aggregate: UUID, version: int) -> int:
        """Go on behind a version that is given up, with what waits for the next; return how many were applied.

        As redrive; does nothing when it is not that version's turn.
        """
        outcome = _Outcome()
        standing = (await self._store.standings(tx, [aggregate]))[aggregate]
        if version != standing.version + 1:
            return 0
        standing.version = outcome.versions[aggregate] = version
        await self._run_carefully(tx, list(_follow(_next(standing), standing, outcome)), outcome)
        await self._save(tx, outcome)
        return outcome.total("applied")

    async def _save(self, tx: Transaction, outcome: _Outcome) -> None:
        await self._store.keep_aside(tx, list(outcome.letters.values()))
        await self._store.take_back(tx, outcome.taken_back)
        await self._store.store_versions(tx, outcome.versions)
        await self._store.store_marks(tx, outcome.marks)
        await self._store.store_offsets(tx, outcome.offsets)

    async def _run(self, tx: Transaction, items: Sequence[_Item], outcome: _Outcome) -> None:
        await self._handle(tx, items)
        for item in items:
            outcome.applied(item)

    async def _handle(self, tx: Transaction, items: Sequence[_Item]) -> None:
        for event_type, run in runs([item.received for item in items if item.received is not None]):
            handler = self._handlers.get(event_type)
            if handler is not None:
                await handler(tx, run)

    async def _run_carefully(self, tx: Transaction, items: Sequence[_Item], outcome: _Outcome) -> None:
        """In small groups, halved until the record that fails stands alone; its aggregate's later events wait behind it.

        Halving the whole batch instead would handle every event of a large one several times over for each that fails.
        """
        blocked: set[UUID] = set()

        async def attempt(some: Sequence[_Item]) -> None:
            flowing = [item for item in some if item.aggregate not in blocked]
            for item in some:
                if item.aggregate in blocked:
                    outcome.wait(item, "behind-poison", "an earlier event of the same aggregate is kept aside")
            problem = await self._try(tx, flowing)
            if problem is None:
                for item in flowing:
                    outcome.applied(item)
                    self._failing.good()
            elif len(flowing) == 1:
                blocked.add(flowing[0].aggregate)
                outcome.poison(flowing[0].record, problem, attempts=self._attempts, item=flowing[0])
                self._failing.bad()
            else:
                middle = len(flowing) // 2
                await attempt(flowing[:middle])
                await attempt(flowing[middle:])

        for start in range(0, len(items), _CAREFUL_GROUP):
            await attempt(items[start : start + _CAREFUL_GROUP])

    async def _try(self, tx: Transaction, items: Sequence[_Item]) -> Poison | None:
        """Apply the items or none. A single one is tried again before it is called poison."""
        tries = self._attempts if len(items) == 1 else 1
        for number in range(tries):
            try:
                async with tx.savepoint():
                    await self._handle(tx, items)
            except Exception as error:
                if is_passing(error):
                    raise
                problem = Poison("handler-failed", f"{type(error).__name__}: {error}"[:2000])
            else:
                return None
            if number + 1 < tries:
                await self._sleep(_ATTEMPT_PAUSE * 2**number)
        return problem


def runs(received: Sequence[Received[Any]]) -> Iterable[tuple[type[Event], list[Received[Any]]]]:
    """Group events into runs of one type, as long as possible, without changing the order within a Kafka key."""
    queues: dict[tuple[str, bytes], deque[Received[Any]]] = {}
    for one in received:
        queues.setdefault((one.topic, one.event.key), deque()).append(one)
    while queues:
        event_type = type(next(iter(queues.values()))[0].event)
        run: list[Received[Any]] = []
        for key in list(queues):
            queue = queues[key]
            while queue and type(queue[0].event) is event_type:
                run.append(queue.popleft())
            if not queue:
                del queues[key]
        yield event_type, run


def _place(
    records: Sequence[Record], stored: Mapping[Partition, int], earliest: Mapping[Partition, int], outcome: _Outcome
) -> tuple[list[Record], list[Record]]:
    """Part the records below the stored offsets from the fresh ones, whose next offsets go into the outcome."""
    following = dict(stored)
    again, fresh = [], []
    for record in records:
        partition = (record.topic, record.partition)
        expected = following.get(partition, 0)
        if record.offset < expected:
            again.append(record)
            continue
        if record.offset > max(expected, earliest.get(partition, 0)):
            raise GapInPartition(partition, expected, record.offset)
        if record.offset > expected and partition in following:
            log.error("consumer.gap", topic=record.topic, partition=record.partition, lost=[expected, record.offset])
        following[partition] = outcome.offsets[partition] = record.offset + 1
        fresh.append(record)
    return again, fresh


def _read_again(records: Sequence[Record], outcome: _Outcome) -> Iterator[_Item]:
    """Records below the stored offsets. Their versions tell whether they are known: a topic made anew counts from 0.

    Marks and what can't be read were dealt with when they first came.
    """
    for record in records:
        try:
            if record.topic != MARKS.name:
                yield _read(record)
                continue
        except Poison as problem:
            log.info("consumer.unreadable_again", topic=record.topic, offset=record.offset, reason=problem.reason)
        outcome.counts[record.topic, "repeated"] += 1


def _read_all(records: Sequence[Record], outcome: _Outcome, streak: _Streak) -> list[_Item]:
    items = []
    for record in records:
        try:
            if record.topic == MARKS.name:
                outcome.marks.append(_decode_mark(record))
            else:
                items.append(_read(record))
            streak.good()
        except Poison as problem:
            outcome.poison(record, problem, attempts=1)
            streak.bad()
    return items


_envelope = msgspec.json.Decoder(Envelope)
_mark = msgspec.json.Decoder(LowWaterMark)


def _decode_mark(record: Record) -> LowWaterMark:
    try:
        return _mark.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Poison("mark-unreadable", str(error)) from error


def read_event(record: Record) -> tuple[Envelope, Received[Any]]:
    """A record as a handler would get it. Errors: Poison."""
    item = _read(record)
    if item.received is None:
        raise item.problem or Poison("data-unreadable", "no data")
    return item.envelope, item.received


def _read(record: Record) -> _Item:
    """Errors: Poison, when not even the aggregate and its version can be read."""
    try:
        envelope = _envelope.decode(record.value or b"")
        aggregate = UUID(envelope.subject)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Poison("envelope-unreadable", str(error)) from error
    item = _Item(record, envelope, aggregate, None)
    try:
        item.received = _receive(record, envelope)
    except Poison as problem:
        item.problem = problem
    return item


def _receive(record: Record, envelope: Envelope) -> Received[Any]:
    try:
        event = read_data(envelope.type, envelope.data)
    except Unreadable as error:
        raise Poison(error.reason, error.detail) from error
    return Received(
        event,
        envelope.id,
        envelope.aggregateversion,
        envelope.time,
        envelope.recordedtime,
        record.topic,
        record.partition,
        record.offset,
        envelope.correlationid,
        envelope.traceparent,
    )


def _admit(items: Sequence[_Item], standings: Mapping[UUID, Standing], outcome: _Outcome) -> list[_Item]:
    """Items whose turn it is, in order, each followed by those that waited for it."""
    ready: list[_Item] = []
    for item in items:
        standing = standings[item.aggregate]
        known = item.version <= standing.version or item.version in standing.poison or item.version in standing.waiting
        if known:
            outcome.repeated(item)
        elif item.version > standing.version + 1:
            _wait(item, standing, outcome)
        else:
            ready.extend(_follow(item, standing, outcome))
    return ready


def _wait(item: _Item, standing: Standing, outcome: _Outcome) -> None:
    awaited = standing.version + 1
    reason = "behind-poison" if awaited in standing.poison else "version-missing"
    standing.waiting[item.version] = item.record
    outcome.wait(item, reason, f"version {item.version} came, version {awaited} is not applied yet")


def _follow(item: _Item | None, standing: Standing, outcome: _Outcome) -> Iterable[_Item]:
    """The item whose turn it is, then those kept aside that it was missing for."""
    current = item
    while current is not None:
        if current.problem is not None:
            standing.poison.add(current.version)
            outcome.poison(current.record, current.problem, attempts=1, item=current)
            return
        standing.version = current.version
        yield current
        current = _next(standing)


def _next(standing: Standing) -> _Item | None:
    """What was kept aside until now, when its turn has come."""
    waiting = standing.waiting.pop(standing.version + 1, None)
    return None if waiting is None else _read(waiting)
