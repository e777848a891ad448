"""The whole way through real Kafka: workers of services in this process, on topics of the test's own."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import PostgresDsn
from simpul_operator.topics import ensure_topics
from simpul_shared.contracts.topics import TOPICS
from simpul_shared.platform.database import Database
from simpul_shared.platform.marks import applied_through
from simpul_shared.platform.settings import PlatformSettings
from simpul_shared.platform.worker import Worker, running_worker

from tests.support.services import ORIGIN, ServiceUnderTest


@asynccontextmanager
async def topics(kafka: str, **changed: Any) -> AsyncIterator[PlatformSettings]:
    """Settings that point to a fresh set of all topics; `changed` are other settings of the platform."""
    prefix = f"t{uuid4().hex[:10]}."
    await ensure_topics(kafka, prefix=prefix, topics=TOPICS)
    quick = {"mark_seconds": 0.1, "batch_records": 500}
    yield PlatformSettings(kafka_bootstrap=kafka, topic_prefix=prefix, **(quick | changed))


@asynccontextmanager
async def working(settings: PlatformSettings, *services: ServiceUnderTest) -> AsyncIterator[list[Worker]]:
    """Relay and consumer of each service, in this process."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_worker(one.service, settings, own_settings(one)))
            for one in services
        ]


def own_settings(service: ServiceUnderTest) -> Any:
    return service.service.settings(database_url=PostgresDsn(service.url), port=1, admin_port=1)


async def drain(source: ServiceUnderTest, consumer: ServiceUnderTest, *, seconds: float = 60) -> None:
    """Wait until the consumer has applied all that the source has recorded up to now, by the source's own mark."""
    now = await source.database.pool.fetchval("select clock_timestamp()")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await _applied(consumer.database, consumer.service.name, source.service.name, consumer) >= now:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{consumer.service.name} has not caught up with {source.service.name} in {seconds} s")


async def _applied(database: Database, name: str, source: str, consumer: ServiceUnderTest) -> datetime:
    async with database.snapshot(ORIGIN) as tx:
        marks = await applied_through(tx, name, topic_names(consumer))
    return marks.get(source, datetime.min.replace(tzinfo=UTC))


def topic_names(consumer: ServiceUnderTest) -> Sequence[str]:
    return [topic.name for topic in consumer.service.topics]
