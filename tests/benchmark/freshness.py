"""Freshness: from HTTP 201 in activities to the figure in reporting's API, at 50 writes/s, open loop.

The limit is the least that any such system does: the same bytes through the same Kafka, produced and consumed. Both
sides run in turn in one run; the counts of both are checked before a time is printed.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from simpul_operator.addresses import Addresses
from simpul_operator.demo.client import Platform
from simpul_operator.demo.load import load
from simpul_operator.embedded.ports import free_port_base
from simpul_operator.embedded.stack import running_stack
from simpul_operator.tokens import fetch_token
from simpul_operator.topics import ensure_topics
from simpul_shared.contracts.topics import Topic

from tests.benchmark.table import Row, percentile

RATE = 50
SECONDS = 8
ROUNDS = 5
MESSAGE = b"x" * 1100
"""About the size of an ActivityRecorded event."""


@dataclass
class Latencies:
    """Seconds from each write (ours: acknowledged; the limit: begun) to its being seen."""

    acknowledged: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)

    def seconds(self) -> list[float]:
        """The n-th acknowledged is seen when the count shows n more: counts carry no names."""
        return [seen - acknowledged for acknowledged, seen in zip(sorted(self.acknowledged), self.seen, strict=True)]


async def at_rate(write: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Start a write every 1/RATE s, whether or not earlier ones have been answered."""
    began = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(write(number)))
    await asyncio.gather(*tasks)


class Village:
    """One village library that records activities, and its figure in reporting."""

    def __init__(self, http: httpx.AsyncClient, addresses: Addresses, library: dict[str, Any]) -> None:
        self._http = http
        self._addresses = addresses
        self._library = library

    async def record(self, key: str) -> None:
        body = {
            "library_id": self._library["library_id"],
            "category": "TIK",
            "title": "Belajar komputer dasar",
            "starts_at": "2021-12-06T15:00:00+08:00",
            "counts": {
                "total": 10,
                "gender": {"male": 4, "female": 6, "unknown": 0},
                "age": {
                    "from_0_to_6": 0,
                    "from_7_to_12": 0,
                    "from_13_to_17": 0,
                    "from_18_to_35": 10,
                    "from_36_to_59": 0,
                    "from_60": 0,
                    "unknown": 0,
                },
                "disability": 0,
                "low_income": 0,
            },
            "method": "COUNTED",
            "basis": "sample",
        }
        url = f"{self._addresses.activities}/v1/activities"
        response = await self._http.post(url, json=body, headers=await self._headers() | {"Idempotency-Key": key})
        if response.status_code != 201:
            raise RuntimeError(response.text)

    async def counted(self) -> int:
        response = await self._http.get(
            f"{self._addresses.reporting}/v1/reports/activities",
            params={"region": self._library["region"]["code"], "from": "2021-12", "to": "2021-12"},
            headers=await self._headers(),
        )
        response.raise_for_status()
        return response.json()["total"]["activities"] or 0

    async def _headers(self) -> dict[str, str]:
        if not hasattr(self, "_token"):
            self._token = await asyncio.to_thread(
                fetch_token, self._addresses.issuer, client_id="bench", role="national-admin", regions=["ID"]
            )
        return {"Authorization": f"Bearer {self._token}"}


async def ours(village: Village, round_: int) -> list[float]:
    latencies, before, total = Latencies(), await village.counted(), RATE * SECONDS

    async def write(number: int) -> None:
        await village.record(f"bench/{round_}/{number}/{time.time_ns()}")
        latencies.acknowledged.append(time.perf_counter())

    async def watch() -> None:
        while len(latencies.seen) < total:
            count = await village.counted() - before
            latencies.seen += [time.perf_counter()] * (count - len(latencies.seen))
            await asyncio.sleep(0.005)

    async with asyncio.timeout(SECONDS + 60):
        await asyncio.gather(at_rate(write), watch())
    if await village.counted() != before + total:
        raise RuntimeError("the figure differs from what was written")
    return latencies.seconds()


async def limit(bootstrap: str) -> list[float]:
    topic = Topic(f"bench.{time.time_ns()}", "bench", 12)
    await ensure_topics(bootstrap, topics=[topic])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5)
    consumer = AIOKafkaConsumer(topic.name, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    latencies, total = Latencies(), RATE * SECONDS
    await producer.start()
    await consumer.start()

    async def write(number: int) -> None:
        latencies.acknowledged.append(
            time.perf_counter()
        )  # the moment of the call: its ack may come after the consumer
        await producer.send_and_wait(topic.name, MESSAGE, key=str(number % 12).encode())

    async def watch() -> None:
        while len(latencies.seen) < total:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                latencies.seen += [time.perf_counter()] * len(records)

    try:
        async with asyncio.timeout(SECONDS + 60):
            await asyncio.gather(at_rate(write), watch())
    finally:
        await producer.stop()
        await consumer.stop()
    return latencies.seconds()


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as directory:
        async with (
            running_stack(Path(directory), port_base=free_port_base()) as addresses,
            httpx.AsyncClient(timeout=30, trust_env=False) as http,
        ):
            platform = Platform(http, addresses)
            await load(platform, lambda text: print(text, file=sys.stderr))
            page = await platform.get("registry", "/v1/libraries", region="51.03", programme_year=2021)
            village = Village(http, addresses, page["items"][0])
            return _rows(await _rounds(village, addresses))


async def _rounds(village: Village, addresses: Addresses) -> list[tuple[list[float], list[float]]]:
    await ours(village, 0)  # warm both sides once
    await limit(addresses.kafka_bootstrap)
    return [(await ours(village, n + 1), await limit(addresses.kafka_bootstrap)) for n in range(ROUNDS)]


def _rows(rounds: list[tuple[list[float], list[float]]]) -> list[Row]:
    found = []
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        mine = [percentile(one, share) * 1000 for one, _ in rounds]
        least = [percentile(one, share) * 1000 for _, one in rounds]
        measure = f"{name} at {RATE} writes/s"
        ratios = [m / x for m, x in zip(mine, least, strict=True)]
        found.append(Row("freshness", "201 in activities to the figure in reporting", measure, "ms", mine, ratios))
        found.append(Row("freshness", "limit: produce to consumed", measure, "ms", least))
    return found
