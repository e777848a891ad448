"""The worker of one service: relays its ledger, consumes what it follows, keeps house and keeps watch."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from simpul_shared.contracts.catalogue import topics_of
from simpul_shared.contracts.topics import LEDGER_SHARDS, MARKS
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import Database, open_database
from simpul_shared.platform.dead_letters.watch import watch_letters
from simpul_shared.platform.housekeeping import housekeep
from simpul_shared.platform.http.app import database_trouble
from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.work import work_imports
from simpul_shared.platform.lookout import Lookout
from simpul_shared.platform.migrate import Migration
from simpul_shared.platform.position import PositionWatch
from simpul_shared.platform.relay import run_shard
from simpul_shared.platform.relay_backends import lead
from simpul_shared.platform.relay_topics import tending
from simpul_shared.platform.service import Service, utc_now
from simpul_shared.platform.settings import PlatformSettings, ServiceSettings
from simpul_shared.platform.status import Subject
from simpul_shared.platform.subscription import Subscription
from simpul_shared.platform.topic_ids import TopicIds, topic_ids
from simpul_shared.platform.waker import wake_relay

log = structlog.get_logger()

_STOP_SECONDS = 6.0
"""Given to relay and consumer to end what they have in hand. The servers' 6 s may come before it, and 2 s each for
producer and pool after it; a supervisor kills after 20 s."""

_CANCEL_SECONDS = 1.0
"""A query to a Postgres that no longer answers cannot even be cancelled; it is left behind."""


@dataclass
class Worker:
    """Relay and consumer of one service, as the admin port sees them. Set `stopping` and they begin to stop."""

    service: Service
    database: Database
    subscription: Subscription | None
    position: PositionWatch | None
    lookout: Lookout
    migrations: Sequence[Migration]
    stopping: asyncio.Event
    started_at: float
    silence_seconds: float

    async def troubles(self) -> dict[str, str]:
        """What keeps the worker from its work, by part; empty when all is well."""
        trouble = await database_trouble(self.database, self.migrations)
        if trouble is not None:
            return {"database": trouble}
        found = {"relay": await self._relay_trouble(), "horizon": self.lookout.trouble()}
        if self.subscription is not None and self.position is not None:
            found["consumer"] = self.position.trouble() or self.subscription.trouble()
        return {part: why for part, why in found.items() if why is not None}

    async def _relay_trouble(self) -> str | None:
        """A relay that works gives a mark every second, whichever process leads; so an old one says that none does."""
        lost = await self.database.pool.fetch("select distinct topic from relay_topic where not whole order by topic")
        if lost:
            topics = ", ".join(row["topic"] for row in lost)
            return f"has lost what it published on {topics}: run `simpul topics restore`"
        lag = await self.database.pool.fetchval(
            "select extract(epoch from now() - min(marked_through))::float8 from relay_cursor"
        )
        silent = min(lag, time.monotonic() - self.started_at)
        return f"has published nothing for {silent:.0f} s" if silent > self.silence_seconds else None


@asynccontextmanager
async def running_worker(service: Service, platform: PlatformSettings, own: ServiceSettings) -> AsyncIterator[Worker]:
    """Relay every shard and consume, until the block ends; then stop in good order."""
    url, stopping = str(own.database_url), asyncio.Event()
    async with (
        open_database(url, name=f"simpul-{service.name}-worker", size=10, statement_seconds=120) as database,
        topic_ids(platform.kafka_bootstrap, platform.topic_prefix) as ids,
    ):
        subscription = _subscribe(service, platform, database)
        position = _position(service, subscription, ids)
        lookout = Lookout(
            database, Subject(service.name, service.topics), subscription, held_seconds=platform.silence_seconds
        )
        working = [_publish(service, platform, url, shard, stopping, ids) for shard in range(LEDGER_SHARDS)]
        if subscription is not None:
            working.append(subscription.run(stopping))
        if service.forms:
            desk = Desk(service.name, database, {form.name: form for form in service.forms}, now=utc_now)
            working.append(work_imports(desk, stopping))
        async with (
            background(
                wake_relay(database),
                housekeep(service.name, database, platform),
                lookout.run(),
                *_watching(service, database, position),
            ),
            background(*working, stopping=stopping),
        ):
            yield Worker(
                service,
                database,
                subscription,
                position,
                lookout,
                service.all_migrations(),
                stopping,
                time.monotonic(),
                platform.silence_seconds,
            )


def _publish(
    service: Service, platform: PlatformSettings, url: str, shard: int, stopping: asyncio.Event, ids: TopicIds
) -> Coroutine[Any, Any, None]:
    leader = partial(
        lead,
        database_url=url,
        service=service.name,
        bootstrap=platform.kafka_bootstrap,
        prefix=platform.topic_prefix,
    )
    return run_shard(
        shard,
        service=service.name,
        lead=leader,
        stopping=stopping,
        now=time.monotonic,
        mark_seconds=platform.mark_seconds,
        ack_seconds=platform.ack_seconds,
        tend=tending(topics_of(service.name), ids, Archive(platform.archive_dir, service.name)),
    )


def _subscribe(service: Service, platform: PlatformSettings, database: Database) -> Subscription | None:
    if not service.topics:
        return None
    store = PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)
    return Subscription(platform, store, service.handlers, consumer=f"simpul-{service.name}", topics=service.topics)


def _position(service: Service, subscription: Subscription | None, ids: TopicIds) -> PositionWatch | None:
    if subscription is None:
        return None
    names = [topic.name for topic in (*service.topics, MARKS)]
    return PositionWatch(subscription.store, subscription.follower, subscription.membership, ids=ids, topics=names)


def _watching(service: Service, database: Database, position: PositionWatch | None) -> list[Coroutine[Any, Any, None]]:
    return [] if position is None else [position.run(), watch_letters(database, service.name)]


@asynccontextmanager
async def background(*jobs: Coroutine[Any, Any, None], stopping: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Run coroutines beside the block. At its end they get 6 s to stop by themselves where `stopping` can tell them.

    One that dies on its own ends the process: nothing else would notice that the work is no longer done.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_die_with)
    try:
        yield
    finally:
        if stopping is not None:
            stopping.set()
            await asyncio.wait(tasks, timeout=_STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)


def _die_with(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("background.died", error=repr(task.exception()))
        signal.raise_signal(signal.SIGTERM)
