"""A worker as a whole: the admin port, with a readiness that tells what keeps it from its work; and that it tells the relay."""

import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from simpul_shared.platform.outbox import append
from simpul_shared.platform.process import admin_app

from tests.support.pipeline import drain, topics, working
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import TALLY, renamed


async def test_the_admin_port_shows_metrics_and_the_workers_health(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings, working(settings, tally) as (worker,):
        await drain(tally, tally)
        transport = httpx.ASGITransport(admin_app(TALLY, worker))
        async with httpx.AsyncClient(transport=transport, base_url="http://admin.test") as http:
            assert (await http.get("/health/ready")).status_code == 200
            assert "simpul_relay_mark_timestamp_seconds" in (await http.get("/metrics")).text
            assert worker.subscription is not None
            worker.subscription.follower.stopped_because = "too many dead letters"
            response = await http.get("/health/ready")
    assert response.status_code == 503
    assert "consumer stopped: too many dead letters" in response.json()["detail"]


async def test_what_a_worker_records_is_published_without_waiting_for_the_relays_next_look(
    tally: ServiceUnderTest, kafka: str
) -> None:
    async with topics(kafka, mark_seconds=3600.0) as settings, working(settings, tally) as (worker,):
        for number in range(1, 4):
            async with worker.database.transaction(ORIGIN) as tx:
                await tx.lock(library_id := uuid4())
                await append(tx, renamed(library_id, f"number {number}"), occurred_at=datetime.now(UTC))
            await tallied(tally, number)


async def tallied(tally: ServiceUnderTest, events: int) -> None:
    deadline = time.monotonic() + 30
    while await tally.database.pool.fetchval("select count(*) from tally") < events:
        assert time.monotonic() < deadline, "the relay was not told"
        await asyncio.sleep(0.05)
