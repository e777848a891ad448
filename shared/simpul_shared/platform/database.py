"""Postgres: the pool, the one transaction of a command or a batch, and the locks that order events.

The edge (platform/http/command.py, platform/consume.py) opens transactions; inner code takes `tx` and never commits.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec


@dataclass(frozen=True)
class Origin:
    """Who caused a transaction and through what; every event written in it carries this."""

    service: str
    actor: str
    channel: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


class Transaction:
    """An open Postgres transaction, what it has locked, and where it comes from."""

    __slots__ = ("appended", "connection", "locked", "origin")

    def __init__(self, connection: Any, origin: Origin) -> None:
        self.connection: asyncpg.Connection[asyncpg.Record] = connection
        self.origin = origin
        self.locked: set[int] = set()
        self.appended = False

    async def lock(self, *names: str | UUID) -> None:
        """Take the advisory locks of these aggregates, until commit, in one order everywhere.

        Must be the transaction's first statement: advisory locks assign no transaction id, so that ledger order
        (xid, id) and version order agree. Anything written before inverts them (measured, ADR 0003).
        """
        keys = sorted({lock_key(name) for name in names})
        await self.connection.execute("select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key", keys)
        self.locked.update(keys)

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self.connection.execute(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        """Nothing is sent for no rows: most batches have no letters and no marks."""
        if rows:
            await self.connection.executemany(query, rows)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        async with self.connection.transaction():
            yield


def lock_key(name: str | UUID) -> int:
    """A signed 64-bit key for an advisory lock."""
    return int.from_bytes(hashlib.blake2b(str(name).encode(), digest_size=8).digest(), signed=True)


_CLOSE_SECONDS = 2.0
_ACQUIRE_SECONDS = 10.0
"""How long to wait for a connection of the pool; then the answer is 503, not an ever longer queue."""


PROJECTION_GATE = lock_key("projection gate")
"""The advisory lock that every snapshot shares, and that whoever swaps a projection takes alone."""


class Database:
    """A pool of connections to one service's Postgres."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.appended = asyncio.Event()
        """Set after a commit that appended to the ledger; waker.py tells the relay."""

    @asynccontextmanager
    async def transaction(self, origin: Origin) -> AsyncIterator[Transaction]:
        """A read-committed transaction: committed when the block ends, rolled back when it raises."""
        async with self.pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            async with connection.transaction():
                tx = Transaction(connection, origin)
                yield tx
            if tx.appended:
                self.appended.set()

    @asynccontextmanager
    async def snapshot(self, origin: Origin) -> AsyncIterator[Transaction]:
        """A read-only transaction in which every query sees one and the same moment."""
        async with (
            self.pool.acquire(timeout=_ACQUIRE_SECONDS) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            # Before all else, so that a swap of the projection waits for readers and they for it, never in a circle.
            await connection.execute(f"select pg_advisory_xact_lock_shared({PROJECTION_GATE})")
            yield Transaction(connection, origin)

    async def wait_for(self, name: str) -> None:
        """Until those who hold the lock by now have committed: what they record is then seen, and has its time.

        A snapshot that waited itself would be the one from before the wait.
        """
        async with self.pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            await connection.execute("select pg_advisory_xact_lock_shared($1)", lock_key(name))

    async def close(self) -> None:
        await self.pool.close()


async def _nothing_to_reset(_: Any) -> None:
    """A released connection holds no state: locks and settings are a transaction's, and nothing listens on the pool.

    asyncpg's own reset would be one more round trip per request.
    """


async def prepare_connection(connection: Any) -> None:
    """Teach a connection our codecs: jsonb to Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )


def search_path(schema: str) -> str:
    """Where a connection finds its tables: those of `schema`, then those that no rebuild touches."""
    return f"{schema}, public"


@asynccontextmanager
async def open_database(
    url: str,
    *,
    name: str,
    size: int,
    statement_seconds: float = 30,
    lock_seconds: float = 5,
    projection: str = "projection",
) -> AsyncIterator[Database]:
    """Open a pool of at most `size` connections and close it at the end of the block.

    A lock that is not granted within `lock_seconds` raises asyncpg.LockNotAvailableError. `projection` is the schema
    that holds the service's projection; a service without one has all its tables in public.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=prepare_connection,
        reset=_nothing_to_reset,
        command_timeout=statement_seconds + 5,
        server_settings={
            "application_name": name,
            "statement_timeout": f"{int(statement_seconds * 1000)}",
            "lock_timeout": f"{int(lock_seconds * 1000)}",
            # A transaction left open holds back the relay's horizon for everyone.
            "idle_in_transaction_session_timeout": "20000",
            "search_path": search_path(projection),
            "timezone": "UTC",
        },
    )
    try:
        yield Database(pool)
    finally:
        await _close(pool)


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Close when the connections have come back; those of a server that no longer answers are dropped."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection answers whose server died in mid-reply
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    OSError,
    TimeoutError,
)


def is_passing(error: BaseException) -> bool:
    """Whether the same statements may succeed later: the server is away, full, restarting or contended."""
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError | TypeError):
        return False  # asyncpg's DataError: the values, not the server
    return isinstance(error, _PASSING)
