"""Keeps the metrics of open dead letters, in the worker: how many, and how old."""

import asyncio

import structlog
from prometheus_client.samples import Sample

from simpul_shared.platform.database import Database, Origin, is_passing
from simpul_shared.platform.dead_letters.queries import Depth, depth
from simpul_shared.platform.telemetry import DEAD_LETTER_OLDEST, DEAD_LETTERS

log = structlog.get_logger()

_PAUSE_SECONDS = 10.0


async def watch_letters(database: Database, consumer: str) -> None:
    origin = Origin(consumer, actor="watch", channel="SYSTEM", correlation_id="watch")
    while True:
        try:
            async with database.snapshot(origin) as tx:
                measure(await depth(tx, consumer))
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("dead_letters.watch_failed", error=repr(error))
        await asyncio.sleep(_PAUSE_SECONDS)


def measure(found: Depth) -> None:
    gone = {(sample.labels["state"], sample.labels["reason"]) for sample in _samples()} - found.counts.keys()
    for state, reason in gone:
        DEAD_LETTERS.labels(state=state, reason=reason).set(0)
    for (state, reason), count in found.counts.items():
        DEAD_LETTERS.labels(state=state, reason=reason).set(count)
    DEAD_LETTER_OLDEST.set(found.oldest_seconds)


def _samples() -> list[Sample]:
    return [sample for family in DEAD_LETTERS.collect() for sample in family.samples]
