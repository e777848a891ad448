"""What is done to the services while they are written to; each fault ends with everything allowed to run again."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
from simpul_shared.contracts.topics import ACTIVITIES, LIBRARIES
from simpul_shared.platform.consume import Record
from simpul_shared.platform.outbox import append

from tests.fault.hunt.ground import Ground
from tests.fault.hunt.journal import Journal
from tests.support.records import never_recorded, read_topic, send
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed

Fault = Callable[[Ground, Journal, random.Random], Awaitable[None]]


async def kill(ground: Ground, _: Journal, rng: random.Random) -> None:
    await (await ground.victim(rng)).kill()


async def terminate(ground: Ground, _: Journal, rng: random.Random) -> None:
    (await ground.victim(rng)).tell(signal.SIGTERM)


async def terminate_relay(ground: Ground, _: Journal, rng: random.Random) -> None:
    """SIGTERM of a worker whose API goes on taking requests."""
    await ground.processes["tally-worker"].ready()
    ground.processes["tally-worker"].tell(signal.SIGTERM)


async def freeze(ground: Ground, _: Journal, rng: random.Random) -> None:
    process = await ground.victim(rng)
    process.tell(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(0.5, 2))
    process.tell(signal.SIGCONT)


async def kill_postgres(ground: Ground, _: Journal, rng: random.Random) -> None:
    await ground.servers.postgres.kill()
    await ground.servers.postgres.start()


async def kill_broker(ground: Ground, _: Journal, rng: random.Random) -> None:
    (broker,) = ground.servers.kafka.brokers
    await broker.kill()
    await broker.start()


async def cut_connections(ground: Ground, _: Journal, rng: random.Random) -> None:
    """pg_terminate_backend of every connection of one service, a few times, in the middle of whatever it does."""
    service = rng.choice(ground.services)
    for _round in range(4):
        async with _admin(ground, service) as connection:
            await connection.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name like 'simpul-%' and pid <> pg_backend_pid()
                """
            )
        await asyncio.sleep(rng.uniform(0.05, 0.3))


async def kill_while_broker_is_silent(ground: Ground, _: Journal, rng: random.Random) -> None:
    """The broker stops answering; the relays are killed with records under way."""
    (broker,) = ground.servers.kafka.brokers
    broker.child.tell(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(0.5, 1))
    await asyncio.gather(*(ground.processes[name].kill() for name in ("tally-worker", "activities")))
    broker.child.tell(signal.SIGCONT)


async def kill_while_a_table_is_locked(ground: Ground, _: Journal, rng: random.Random) -> None:
    """Somebody's statement holds a table against writes; the consumer is killed while it waits for it."""
    await ground.processes["tally-worker"].ready()
    table = rng.choice(["consumer_offset", "applied_version", "tally"])
    async with _admin(ground, ground.tally) as connection:
        await connection.execute("set search_path = projection, public")
        async with connection.transaction():
            await connection.execute(f"lock table {table} in share mode")
            await asyncio.sleep(rng.uniform(0.5, 1))
            await ground.processes["tally-worker"].kill()


async def commit_late(ground: Ground, journal: Journal, rng: random.Random) -> None:
    """A transaction that has appended stays open while others after it commit."""
    library, name = uuid4(), f"late-{uuid4().hex[:6]}"
    async with ground.tally.database.transaction(ORIGIN) as tx:
        await tx.lock(library)
        await append(tx, renamed(library, name), occurred_at=datetime.now(UTC))
        await asyncio.sleep(rng.uniform(0.5, 1.5))
    journal.names[library].append(name)


async def send_again(ground: Ground, _: Journal, rng: random.Random) -> None:
    """The last records of a topic once more, as a leader sends them that has lost its cursor."""
    topic = rng.choice([LIBRARIES, ACTIVITIES])
    records = await read_topic(ground.settings, topic)
    await send(ground.settings, [Record(topic.name, 0, 0, one.key, one.value) for one in records[-60:]])


async def poison(ground: Ground, journal: Journal, rng: random.Random) -> None:
    records = [await _poison(ground, rng) for _ in range(3)]
    journal.poison += [record.value or b"" for record in records]
    await send(ground.settings, records)


async def poison_that_cannot_be_kept(ground: Ground, journal: Journal, rng: random.Random) -> None:
    """Poison while Postgres refuses to write dead letters."""
    async with _admin(ground, ground.tally) as connection:
        await connection.execute("set search_path = projection, public")
        await connection.execute("revoke insert on dead_letter from simpul_app")
        try:
            await poison(ground, journal, rng)
            await asyncio.sleep(rng.uniform(0.5, 1.5))
        finally:
            await connection.execute("grant insert on dead_letter to simpul_app")


FAULTS: Sequence[Fault] = (
    kill,
    terminate,
    terminate_relay,
    freeze,
    kill_postgres,
    kill_broker,
    cut_connections,
    kill_while_broker_is_silent,
    kill_while_a_table_is_locked,
    commit_late,
    send_again,
    poison,
    poison_that_cannot_be_kept,
)


async def _poison(ground: Ground, rng: random.Random) -> Record:
    """Of a library of its own, so that nobody waits behind it."""
    library = uuid4()
    (record,) = await never_recorded(ground.tally, renamed(library, rng.choice(["handler bug", "no parent"])))
    value = record.value or b""
    kinds = [f"{{not json {library}".encode(), value, value.replace(b"library-renamed.v1", b"library-painted.v1")]
    return replace(record, value=rng.choice(kinds))


@asynccontextmanager
async def _admin(ground: Ground, service: ServiceUnderTest) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    database = service.url.rpartition("/")[2]
    url = ground.servers.postgres.admin_url.rpartition("/")[0] + f"/{database}"
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
