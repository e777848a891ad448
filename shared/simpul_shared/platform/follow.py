"""A consumer's course: apply each batch, put back what fails, keep Kafka's position at the stored offsets.

Knows Kafka by `Membership` only and time by what it is given; consume_backends.py feeds it from FastStream.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import structlog
from opentelemetry.trace import Link

from simpul_shared.platform.consume import Applier, GapInPartition, Partition, Record, Store, TooManyDeadLetters
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.telemetry import (
    CONSUMER_BATCH_SECONDS,
    CONSUMER_PROGRESS,
    CONSUMER_RETRIES,
    links_of,
    tracer,
)

log = structlog.get_logger()

_MIRROR_SECONDS = 1.0


class Membership(Protocol):
    """What following needs of Kafka: this member's place in its consumer group."""

    def assignment(self) -> Collection[Partition]: ...
    def seek(self, partition: Partition, offset: int) -> None:
        """Read on from `offset`. The partition must be assigned."""

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka, for those who watch its lag. The stored rows are the truth, so a failure is logged, not raised."""

    async def beginning_offset(self, partition: Partition) -> int: ...


class Follower:
    """Applies the batches it is given, each effect once, and stays where the stored offsets say."""

    def __init__(
        self,
        store: Store,
        applier: Applier,
        membership: Membership,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._applier = applier
        self._membership = membership
        self._clock = clock
        self._sleep = sleep
        self._delay = 0.0
        self._earliest: dict[Partition, int] = {}
        self._unmirrored: dict[Partition, int] = {}
        self._mirrored_at = float("-inf")
        self.polled_at = clock()
        self.stopped_because: str | None = None

    def trouble(self) -> str | None:
        """Why nothing is being consumed, or None."""
        if self.stopped_because is not None:
            return f"stopped: {self.stopped_because}"
        return None if self._membership.assignment() else "has no partitions yet"

    def silent_seconds(self) -> float:
        """Since the last batch. Marks come every second, so the member that reads them is never silent for long."""
        return self._clock() - self.polled_at

    async def receive(self, records: Sequence[Record]) -> None:
        self.polled_at = self._clock()
        CONSUMER_PROGRESS.set_to_current_time()
        if self.stopped_because is not None:
            await self._sleep(1.0)
            self._put_back(records)
            return
        try:
            await self._apply(records)
        except TooManyDeadLetters as error:
            self.stopped_because = str(error)
            log.critical("consumer.stopped", reason=str(error))
            self._put_back(records)
        except Exception as error:  # noqa: BLE001 (the batch is put back, nothing is lost)
            await self._retry_later(records, error)

    async def seek_to_stored(self, partitions: Iterable[Partition]) -> None:
        """Begin where the stored offsets say, at the beginning where there is none; Kafka's own may be ahead of them."""
        stored = await self._store.stored_offsets()
        for partition in partitions:
            if partition in self._membership.assignment():
                self._membership.seek(partition, stored.get(partition, 0))

    async def _apply(self, records: Sequence[Record]) -> None:
        try:
            with CONSUMER_BATCH_SECONDS.time(), tracer().start_as_current_span("apply", links=_links(records)):
                stored = await self._applier.apply(records, earliest=self._earliest)
        except GapInPartition as gap:
            await self._close_gap(gap)
        else:
            self._delay = 0.0
            await self._mirror(stored)

    async def _retry_later(self, records: Sequence[Record], error: Exception) -> None:
        """Put the batch back and pause: the loop goes on polling, so the group does not throw this member out."""
        CONSUMER_RETRIES.inc()
        self._delay = min(max(self._delay * 2, 0.1), 5.0)
        log.warning("consumer.retrying", error=repr(error), passing=is_passing(error), delay=self._delay)
        await self._sleep(self._delay)
        self._put_back(records)

    def _put_back(self, records: Sequence[Record]) -> None:
        first: dict[Partition, int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        for partition, offset in first.items():
            if partition in self._membership.assignment():
                self._membership.seek(partition, offset)

    async def _mirror(self, stored: Mapping[Partition, int]) -> None:
        """At most once a second, since the next batch waits for Kafka's answer; marks bring a batch every second."""
        self._unmirrored.update(stored)
        if self._clock() - self._mirrored_at < _MIRROR_SECONDS:
            return
        assigned = self._membership.assignment()
        offsets = {partition: next_ for partition, next_ in self._unmirrored.items() if partition in assigned}
        self._unmirrored.clear()
        self._mirrored_at = self._clock()
        if offsets:
            await self._membership.commit(offsets)

    async def _close_gap(self, gap: GapInPartition) -> None:
        """Read again from the stored offsets; where Kafka has nothing so old any more, go on from what it has.

        All partitions: nothing of the batch was stored, and what made the hole (a database from a backup) may concern all.
        """
        topic, number = gap.partition
        earliest = await self._membership.beginning_offset(gap.partition)
        self._earliest[gap.partition] = earliest
        log.warning("consumer.gap_in_delivery", topic=topic, partition=number, expected=gap.expected, earliest=earliest)
        await self.seek_to_stored(list(self._membership.assignment()))


def _links(records: Sequence[Record]) -> list[Link]:
    """A batch has many causes, so its span links to them instead of continuing one."""
    return links_of(
        value.decode("latin-1")
        for record in records
        for name, value in record.headers
        if name == "traceparent" and value is not None
    )
