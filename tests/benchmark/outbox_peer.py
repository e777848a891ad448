"""The peer faststream-outbox: its table, its subscriber with its batches set wide, one publish to Kafka per row."""

import asyncio
from collections.abc import Sequence
from typing import Any

from faststream.kafka import KafkaBroker
from faststream_outbox import OutboxBroker, OutboxMessage, make_outbox_table
from sqlalchemy import MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.benchmark.events import TOPIC, Numbered

_metadata = MetaData()
_table = make_outbox_table(_metadata)


def _engine(url: str) -> AsyncEngine:
    return create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), pool_size=50)


async def fill(url: str, events: Sequence[Numbered]) -> None:
    engine = _engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.create_all)
        rows = [
            {"queue": "outbox", "payload": e.value, "headers": {"topic": TOPIC.name, "key": e.key.decode()}}
            for e in events
        ]
        await connection.execute(_table.insert(), rows)
    await engine.dispose()


async def relay(url: str, bootstrap: str, prefix: str, *, workers: int) -> None:
    """Publish until the table is empty."""
    engine = _engine(url)
    # It awaits each ack, so lingering would only slow it.
    kafka = KafkaBroker(bootstrap, logger=None, enable_idempotence=True, acks="all", linger_ms=0)
    broker = OutboxBroker(engine, outbox_table=_table, logger=None, apply_types=False)

    async def keep_bytes(message: OutboxMessage) -> Any:
        return message

    async def publish(message: Any) -> None:
        headers = message.headers
        await kafka.publish(message.body, topic=prefix + headers["topic"], key=headers["key"].encode())

    subscriber = broker.subscriber(
        "outbox",
        max_workers=workers,
        fetch_batch_size=500,
        terminal_flush_batch_size=100,
        min_fetch_interval=0.01,
        decoder=keep_bytes,
    )
    subscriber(publish)
    await kafka.start()
    await broker.start()
    while await _left(engine):  # noqa: ASYNC110 (no event tells)
        await asyncio.sleep(0.05)
    await broker.stop()
    await kafka.stop()
    await engine.dispose()


async def _left(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        left: int = (await connection.execute(select(func.count()).select_from(_table))).scalar_one()
        return left
