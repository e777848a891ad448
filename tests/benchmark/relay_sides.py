"""The sides of the relay suite that are Python, each in a process of its own: `python -m tests.benchmark.relay_sides <orders as JSON>`.

It publishes what is in the database and ends; its standard output is its processor time and memory.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer
from simpul_shared.platform.relay import Lane
from simpul_shared.platform.relay_backends import lead

SHARD = 0


@dataclass(frozen=True)
class Orders:
    """Which side, on what; `rows` are to be published, `last_id` is the ledger's last."""

    side: str
    database_url: str
    bootstrap: str
    prefix: str
    rows: int
    last_id: int = 0
    workers: int = 1


@dataclass(frozen=True)
class Spent:
    cpu_seconds: float
    resident_mb: float


async def lane(orders: Orders) -> None:
    """The shipped relay of one shard, from the stored cursor until the last row."""
    stopping = asyncio.Event()
    url, bootstrap, prefix = orders.database_url, orders.bootstrap, orders.prefix
    async with lead(SHARD, database_url=url, service="bench", bootstrap=bootstrap, prefix=prefix) as (ledger, producer):
        running = asyncio.create_task(Lane("bench", SHARD, ledger, producer, time.monotonic).run(stopping))
        connection = await asyncpg.connect(orders.database_url)
        while await connection.fetchval("select id from relay_cursor where shard = $1", SHARD) < orders.last_id:
            if running.done():
                break
            await asyncio.sleep(0.05)
        await connection.close()
        stopping.set()
        await running


async def raw(orders: Orders) -> None:
    """The limit: the same bytes, read beforehand, through an idempotent producer set as the relay's."""
    connection = await asyncpg.connect(orders.database_url)
    rows = await connection.fetch("select topic, key, value from ledger where shard = $1 order by xid, id", SHARD)
    await connection.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=orders.bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=256 * 1024,
        max_request_size=1024 * 1024,
    )
    await producer.start()
    prefix, headers = orders.prefix, [("content-type", b"application/cloudevents+json; charset=utf-8")]
    acks = [await producer.send(prefix + topic, key=key, value=value, headers=headers) for topic, key, value in rows]
    await asyncio.gather(*acks)
    await producer.stop()


async def outbox(orders: Orders) -> None:
    from tests.benchmark.outbox_peer import relay

    await relay(orders.database_url, orders.bootstrap, orders.prefix, workers=orders.workers)


SIDES = {"lane": lane, "raw": raw, "outbox": outbox}


def main() -> None:
    orders = Orders(**json.loads(sys.argv[1]))
    began = time.process_time()
    uvloop.run(SIDES[orders.side](orders))
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps(asdict(Spent(time.process_time() - began, resident))))


if __name__ == "__main__":
    main()
