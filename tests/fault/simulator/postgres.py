"""A model of Postgres, as far as the shipped code leans on it: transaction ids, snapshots, locks, commit and its doubt.

A row's key begins with its table's name. A transaction keeps its writes to itself until it commits; whoever reads sees what is committed, and its
own. tests/fault/conformance holds it to the real one.
"""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from tests.fault.simulator.world import Process, World

T = TypeVar("T")
Key = tuple[Any, ...]

LOCK_SECONDS = 5.0


@dataclass
class Snapshot:
    """`low` is the oldest transaction still open, `high` the next to be given an id."""

    low: int
    high: int


class ModelPostgres:
    """One server with one database."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.up = True
        self.committed: defaultdict[str, dict[Key, Any]] = defaultdict(dict)
        self.sessions: list[Session] = []
        self.on_commit: list[Callable[[Transaction], None]] = []
        self._next_xid = 100
        self._numbers = itertools.count(1)
        self._open: set[int] = set()
        self._locks: dict[Hashable, _Lock] = {}

    def snapshot(self) -> Snapshot:
        return Snapshot(min(self._open, default=self._next_xid), self._next_xid)

    async def connect(self, process: Process) -> "Session":
        await process.travel("connect")
        if not self.up:
            raise ConnectionRefusedError(f"{self.name} is down")
        session = Session(self, process)
        self.sessions.append(session)
        process.on_death.append(session.drop)
        return session

    def crash(self) -> None:
        """The server dies: what is committed stays, everything else is gone."""
        self.up = False
        for session in list(self.sessions):
            session.drop()

    def start(self) -> None:
        self.up = True

    def copied(self) -> dict[str, dict[Key, Any]]:
        return {table: dict(rows) for table, rows in self.committed.items()}

    def restore(self, copy: Mapping[str, Mapping[Key, Any]]) -> None:
        """Come up as at the moment of the copy."""
        self.committed = defaultdict(dict, {table: dict(rows) for table, rows in copy.items()})
        self.up = True

    def next_number(self) -> int:
        """Of a sequence: never given again, also after a roll-back."""
        return next(self._numbers)

    def begin_writing(self) -> int:
        xid = self._next_xid
        self._next_xid += 1
        self._open.add(xid)
        return xid

    def finish_writing(self, xid: int | None) -> None:
        self._open.discard(xid or 0)

    def install(self, writes: Mapping[Key, Any]) -> None:
        for key, row in writes.items():
            if row is None:
                self.committed[key[0]].pop(key, None)
            else:
                self.committed[key[0]][key] = row

    def lock(self, key: Hashable) -> "_Lock":
        return self._locks.setdefault(key, _Lock())


@dataclass
class _Lock:
    holder: object = None
    waiting: deque[tuple[object, "asyncio.Future[None]"]] = field(default_factory=deque)

    def take(self, owner: object) -> bool:
        if self.holder is None or self.holder is owner:
            self.holder = owner
            return True
        return False

    def release(self, owner: object) -> None:
        if self.holder is not owner:
            return
        self.holder = None
        while self.waiting:
            next_owner, turn = self.waiting.popleft()
            if not turn.done():
                self.holder = next_owner
                turn.set_result(None)
                return


class Session:
    """A connection of a process. Dropped, it ends its transaction and lets go of its locks."""

    def __init__(self, server: ModelPostgres, process: Process) -> None:
        self.server = server
        self.process = process
        self.alive = True
        self.transaction: Transaction | None = None
        self.leads: list[Hashable] = []

    def drop(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self.server.sessions.remove(self)
        if not self.process.dead:
            self.process.on_death.remove(self.drop)
        if self.transaction is not None:
            self.transaction.roll_back()
        for key in self.leads:
            self.server.lock(key).release(self)

    async def call(self, place: str, effect: Callable[[], T]) -> T:
        """One statement. It may be lost on the way there, or its answer on the way back."""
        chances, world = self.server.world.chances, self.server.world
        await self.process.travel(place)
        self._must_live()
        if world.strikes(chances.cut_before):
            world.hit("connection lost before", place=place)
            self.drop()
        self._must_live()
        result = effect()
        if world.strikes(chances.cut_after):
            world.hit("connection lost after", place=place)
            self.drop()
        if world.chance.random() < 0.2:
            await self.process.travel(place + " answer")
        self._must_live()
        return result

    async def try_lead(self, key: Hashable) -> bool:
        """A session's advisory lock."""

        def take() -> bool:
            taken = self.server.lock(key).take(self)
            if taken:
                self.leads.append(key)
            return taken

        return await self.call("lead.lock", take)

    def _must_live(self) -> None:
        if not self.alive:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class Transaction:
    """Read committed: each statement sees what is committed by then."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.server = session.server
        self.xid: int | None = None
        self.writes: dict[Key, Any] = {}
        self.over = False
        self._held: list[Hashable] = []
        session.transaction = self

    def read(self, key: Key) -> Any:
        return self.writes[key] if key in self.writes else self.server.committed[key[0]].get(key)

    def rows(self, table: str) -> dict[Key, Any]:
        merged = {**self.server.committed[table], **{key: row for key, row in self.writes.items() if key[0] == table}}
        return {key: row for key, row in merged.items() if row is not None}

    def write(self, key: Key, row: Any) -> None:
        """None deletes. The row's lock must be held where another transaction could want it."""
        self._must_be_open()
        self.assign_xid()
        self.writes[key] = row

    def assign_xid(self) -> int:
        if self.xid is None:
            self.xid = self.server.begin_writing()
        return self.xid

    async def lock(self, key: Hashable, place: str = "lock wait") -> None:
        """A row's lock, or an advisory one, until the transaction ends."""
        self._must_be_open()
        lock = self.server.lock(key)
        if lock.holder is not self:
            self._held.append(key)
        if lock.take(self):
            return
        turn: asyncio.Future[None] = self.server.world.loop.create_future()
        lock.waiting.append((self, turn))
        try:
            await self.session.process.until(place, lambda: asyncio.wait_for(turn, LOCK_SECONDS))
        except TimeoutError as error:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout") from error
        finally:
            turn.cancel()
            if self.over:
                lock.release(self)
        self._must_be_open()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is written in the block goes if it raises; its locks stay, as the rows of a dead savepoint do no harm."""
        before = dict(self.writes)
        try:
            yield
        except BaseException:
            self.writes = before
            raise

    async def commit(self, place: str) -> None:
        await self.session.call(place, self._commit)

    def _commit(self) -> None:
        self._must_be_open()
        self.server.install(self.writes)
        self._end()
        for told in self.server.on_commit:
            told(self)

    def roll_back(self) -> None:
        if not self.over:
            self._end()

    def _end(self) -> None:
        self.over = True
        self.session.transaction = None
        self.server.finish_writing(self.xid)
        for key in self._held:
            self.server.lock(key).release(self)

    def _must_be_open(self) -> None:
        if self.over:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


@asynccontextmanager
async def transacting(server: ModelPostgres, process: Process, place: str) -> AsyncIterator[Transaction]:
    """A connection and a transaction on it: committed when the block ends, rolled back when it raises."""
    session = await server.connect(process)
    try:
        transaction = Transaction(session)
        try:
            yield transaction
        except BaseException:
            transaction.roll_back()
            raise
        await transaction.commit(place)
    finally:
        session.drop()
