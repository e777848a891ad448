"""What a consumer remembers: the cursor to go on from, and the last version of each aggregate, to tell repeats."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec

from simpul_shared.client.feed import Arrived


class Versions:
    """Per aggregate the last version taken. Events of one aggregate come in order, so an older one is a repeat."""

    def __init__(self, known: Mapping[UUID, int] | None = None) -> None:
        self.known = dict(known or {})

    def fresh(self, events: Iterable[Arrived]) -> list[Arrived]:
        """Those not seen before, in their order; from now on they are known."""
        return [one for one in events if self._is_new(UUID(one.envelope.subject), one.envelope.aggregateversion)]

    def _is_new(self, aggregate: UUID, version: int) -> bool:
        new = version > self.known.get(aggregate, 0)
        if new:
            self.known[aggregate] = version
        return new


class FileCheckpoint:
    """Cursor and versions in one file, replaced as a whole. For consumers whose work may be done twice after a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.cursor: str | None = None
        self.versions = Versions()
        if path.exists():
            stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
            self.cursor, self.versions = stored.cursor, Versions(stored.versions)

    def save(self, cursor: str) -> None:
        """After the work of a batch is done."""
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(msgspec.json.encode(_Stored(cursor, self.versions.known)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        self.cursor = cursor


class _Stored(msgspec.Struct):
    cursor: str
    versions: dict[UUID, int]


class Connection(Protocol):
    """An asyncpg connection, or anything with the same two methods and $1 parameters."""

    async def fetch(self, query: str, *args: object) -> list[Any]: ...
    async def execute(self, query: str, *args: object) -> Any: ...


class PostgresCheckpoint:
    """Cursor and versions in the consumer's own database, written in the transaction of its own work: each effect once."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def prepare(self, connection: Connection) -> None:
        """Make the two tables, where they are not there."""
        await connection.execute(
            "create table if not exists simpul_cursor (consumer text primary key, cursor text not null)"
        )
        await connection.execute(
            """
            create table if not exists simpul_version (
                consumer text, aggregate_id uuid, version bigint not null, primary key (consumer, aggregate_id)
            )
            """
        )

    async def cursor(self, connection: Connection) -> str | None:
        rows = await connection.fetch("select cursor from simpul_cursor where consumer = $1", self._consumer)
        return rows[0]["cursor"] if rows else None

    async def fresh(self, connection: Connection, events: Sequence[Arrived]) -> list[Arrived]:
        """The events of a batch that were not applied before. Call it inside the transaction that applies them."""
        subjects = sorted({UUID(one.envelope.subject) for one in events})
        rows = await connection.fetch(
            """
            select aggregate_id, version from simpul_version
            where consumer = $1 and aggregate_id = any($2::uuid[]) order by aggregate_id for update
            """,
            self._consumer,
            subjects,
        )
        versions = Versions({row["aggregate_id"]: row["version"] for row in rows})
        fresh = versions.fresh(events)
        await connection.execute(
            """
            insert into simpul_version (consumer, aggregate_id, version)
            select $1, * from unnest($2::uuid[], $3::bigint[])
            on conflict (consumer, aggregate_id) do update set version = excluded.version
            """,
            self._consumer,
            list(versions.known),
            list(versions.known.values()),
        )
        return fresh

    async def save(self, connection: Connection, cursor: str) -> None:
        """In the same transaction, last."""
        await connection.execute(
            """
            insert into simpul_cursor (consumer, cursor) values ($1, $2)
            on conflict (consumer) do update set cursor = excluded.cursor
            """,
            self._consumer,
            cursor,
        )
