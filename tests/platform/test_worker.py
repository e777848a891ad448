"""The admin port: metrics, and a readiness that tells what keeps the worker from its work."""

import httpx
from simpul_shared.platform.process import admin_app

from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest
from tests.support.tally.service import TALLY


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
