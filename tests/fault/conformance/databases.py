"""The two Postgres that must answer alike: the simulator's model and a real one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast
from uuid import UUID, uuid4

import asyncpg
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform import marks
from simpul_shared.platform.consume import Store
from simpul_shared.platform.database import Transaction, lock_key, prepare_connection
from simpul_shared.platform.outbox import append
from simpul_shared.platform.relay import Ledger
from simpul_shared.platform.relay_backends import PostgresLedger

from tests.fault.simulator import store as model_store
from tests.fault.simulator.ledger import LedgerTable, ModelLedger
from tests.fault.simulator.postgres import ModelPostgres, transacting
from tests.fault.simulator.postgres import Transaction as ModelTransaction
from tests.fault.simulator.store import ModelStore
from tests.fault.simulator.world import Process, World
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed

SERVICE = "tally"
TOPICS = [LIBRARIES.name]
SHARDS = (0, 1)


class Writing(Protocol):
    """An open transaction of a writer."""

    async def append(self, library: UUID, name: str) -> datetime: ...


class Database(Protocol):
    """What is asked of both. `leading` yields whether the shard's lead was free."""

    store: Store

    def ledger(self, shard: int) -> AbstractAsyncContextManager[Ledger]: ...
    def writing(self, *libraries: UUID) -> AbstractAsyncContextManager[Writing]: ...
    def leading(self, shard: int) -> AbstractAsyncContextManager[bool]: ...
    async def count(self, tx: Transaction, library: UUID) -> None: ...
    async def counted(self, library: UUID) -> int: ...
    async def applied_through(self) -> datetime | None: ...


@dataclass
class _ModelWriting:
    table: LedgerTable
    tx: ModelTransaction

    async def append(self, library: UUID, name: str) -> datetime:
        return self.table.append(self.tx, renamed(library, name), uuid4()).recorded_at


class ModelDatabase:
    """The model, on the test's own event loop."""

    def __init__(self) -> None:
        self.world = World(asyncio.get_running_loop(), 1)
        self.server = ModelPostgres(self.world, "one")
        self.table = LedgerTable(self.server)
        self.process = Process(self.world, "test", mortal=False)
        self.store: Store = ModelStore(self.server, self.process, TOPICS)

    @asynccontextmanager
    async def ledger(self, shard: int) -> AsyncIterator[Ledger]:
        session = await self.server.connect(self.process)
        yield ModelLedger(self.table, session, shard)
        session.drop()

    @asynccontextmanager
    async def writing(self, *libraries: UUID) -> AsyncIterator[Writing]:
        async with transacting(self.server, self.process, "commit") as tx:
            for library in libraries:
                await tx.lock(("advisory", library))
            yield _ModelWriting(self.table, tx)

    @asynccontextmanager
    async def leading(self, shard: int) -> AsyncIterator[bool]:
        session = await self.server.connect(self.process)
        yield await session.try_lead(f"relay/{shard}")
        session.drop()

    async def count(self, tx: Transaction, library: UUID) -> None:
        model, key = cast("ModelTransaction", tx), ("tally", library)
        await model.lock(key)
        model.write(key, (model.read(key) or 0) + 1)

    async def counted(self, library: UUID) -> int:
        return int(self.server.committed["tally"].get(("tally", library), 0))

    async def applied_through(self) -> datetime | None:
        return model_store.applied_through(self.server, SERVICE, TOPICS)


@dataclass
class _RealWriting:
    tx: Transaction

    async def append(self, library: UUID, name: str) -> datetime:
        return (await append(self.tx, renamed(library, name), occurred_at=datetime.now(UTC))).recorded_at


class RealDatabase:
    """The tally's own database, through the shipped backends."""

    def __init__(self, tally: ServiceUnderTest) -> None:
        self._tally = tally
        self.store: Store = tally.store

    @asynccontextmanager
    async def ledger(self, shard: int) -> AsyncIterator[Ledger]:
        async with self._connection() as connection:
            yield PostgresLedger(connection, shard)

    @asynccontextmanager
    async def writing(self, *libraries: UUID) -> AsyncIterator[Writing]:
        async with self._tally.database.transaction(ORIGIN) as tx:
            await tx.lock(*libraries)
            await tx.fetchval("select pg_current_xact_id()::text")
            yield _RealWriting(tx)

    @asynccontextmanager
    async def leading(self, shard: int) -> AsyncIterator[bool]:
        async with self._connection() as connection:
            yield await connection.fetchval("select pg_try_advisory_lock($1)", lock_key(f"relay/{shard}"))

    async def count(self, tx: Transaction, library: UUID) -> None:
        await tx.execute(
            """
            insert into tally (library_id, events, names) values ($1, 1, '{}')
            on conflict (library_id) do update set events = tally.events + 1
            """,
            library,
        )

    async def counted(self, library: UUID) -> int:
        events = await self._tally.database.pool.fetchval("select events from tally where library_id = $1", library)
        return int(events or 0)

    async def applied_through(self) -> datetime | None:
        async with self._tally.database.snapshot(ORIGIN) as tx:
            return (await marks.applied_through(tx, self._tally.service.name, TOPICS)).get(SERVICE)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self._tally.url)
        try:
            await prepare_connection(connection)
            yield connection
        finally:
            connection.terminate()


async def page(database: Database) -> Sequence[tuple[int, int]]:
    """What the relay may send now, from the beginning, of both shards."""
    places = []
    for shard in SHARDS:
        async with database.ledger(shard) as ledger:
            place, _ = await ledger.start()
            places += [(row.place.xid, row.place.id) for row in await ledger.page(place, limit=100)]
    return sorted(places)
