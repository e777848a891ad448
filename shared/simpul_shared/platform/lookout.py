"""On the lookout in the worker: reads the service's status every few seconds, sets the metrics, names who holds the horizon."""

import asyncio
import time
from collections import defaultdict

import structlog

from simpul_shared.platform.database import Database, Origin, is_passing
from simpul_shared.platform.status import ConsumerStatus, OpenTransaction, ServiceStatus, Subject, read_status
from simpul_shared.platform.subscription import Subscription
from simpul_shared.platform.telemetry import (
    CONSUMER_LAG_EVENTS,
    CONSUMER_LAG_SECONDS,
    HORIZON_AGE,
    LEDGER_OLDEST_UNPUBLISHED,
    LEDGER_UNPUBLISHED,
    TABLE_BYTES,
)

log = structlog.get_logger()

_PAUSE_SECONDS = 5.0


class Lookout:
    """What the worker has last seen of its service. `held_seconds` is how long a transaction may hold the horizon unsaid."""

    def __init__(
        self, database: Database, subject: Subject, subscription: Subscription | None, *, held_seconds: float
    ) -> None:
        self._database = database
        self._subject = subject
        self._subscription = subscription
        self._held_seconds = held_seconds
        self._oldest: OpenTransaction | None = None
        self._oldest_since = 0.0
        self._told: int | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_passing(error):
                    raise
                log.warning("lookout.failed", error=repr(error))
            await asyncio.sleep(min(_PAUSE_SECONDS, self._held_seconds / 4))

    async def look(self) -> None:
        origin = Origin(self._subject.service, actor="lookout", channel="SYSTEM", correlation_id="lookout")
        async with self._database.snapshot(origin) as tx:
            status = await read_status(tx, self._subject, pending_migrations=())
        self._note(status.open_transaction)
        self._measure(status)

    def trouble(self) -> str | None:
        """Who holds the horizon, or None while nobody has for long."""
        age = self._age()
        if self._oldest is None or age <= self._held_seconds:
            return None
        one = self._oldest
        return (
            f"is held for {age:.0f} s by the transaction of process {one.pid} "
            f"({one.application or 'unnamed'}, role {one.role}): nothing recorded since is published"
        )

    def _age(self) -> float:
        return 0.0 if self._oldest is None else time.monotonic() - self._oldest_since

    def _note(self, oldest: OpenTransaction | None) -> None:
        # Timed here: Postgres tells an app role the start of its own role's transactions only.
        if oldest is None or self._oldest is None or oldest.xid != self._oldest.xid:
            self._oldest_since = time.monotonic()
        self._oldest = oldest
        if oldest is not None and oldest.xid != self._told and (trouble := self.trouble()) is not None:
            self._told = oldest.xid
            log.error("horizon.held", pid=oldest.pid, role=oldest.role, trouble=trouble)

    def _measure(self, status: ServiceStatus) -> None:
        HORIZON_AGE.set(self._age())
        for shard in status.shards:
            LEDGER_UNPUBLISHED.labels(shard=str(shard.shard)).set(shard.unpublished)
            LEDGER_OLDEST_UNPUBLISHED.labels(shard=str(shard.shard)).set(shard.oldest_unpublished_seconds or 0.0)
        for table, size in status.bytes_by_table.items():
            TABLE_BYTES.labels(table=table).set(size)
        if status.consumer is not None:
            self._measure_lags(status.consumer)

    def _measure_lags(self, consumer: ConsumerStatus) -> None:
        for service, lag in consumer.lag_seconds.items():
            if lag is not None:
                CONSUMER_LAG_SECONDS.labels(service=service).set(lag)
        applied = {(one.topic, one.partition): one.next_offset for one in consumer.positions}
        behind: dict[str, int] = defaultdict(int)
        for partition, high in ({} if self._subscription is None else self._subscription.highwaters()).items():
            behind[partition[0]] += max(0, high - applied.get(partition, 0))
        for topic, events in behind.items():
            CONSUMER_LAG_EVENTS.labels(topic=topic).set(events)
