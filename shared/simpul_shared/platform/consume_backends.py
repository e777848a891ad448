"""Consuming's real Postgres. Its real Kafka is subscription.py."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from simpul_shared.contracts.envelope import Envelope, LowWaterMark
from simpul_shared.contracts.topics import Topic, producer_of
from simpul_shared.platform.consume import Letter, Partition, Record, Standing
from simpul_shared.platform.database import Database, Origin, Transaction
from simpul_shared.platform.marks import applied_through, drop_passed_marks, forget_offsets


class PostgresStore:
    """The tables of platform/migrations/0002-create-consumer.sql, for one consumer."""

    def __init__(self, database: Database, *, service: str, consumer: str, topics: Sequence[Topic]) -> None:
        self._database = database
        self._origin = Origin(service, actor=f"consumer:{consumer}", channel="SYSTEM", correlation_id=consumer)
        self._consumer = consumer
        self._topics = [topic.name for topic in topics]

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(self._origin)

    async def lock_offsets(self, tx: Transaction, partitions: Iterable[Partition]) -> dict[Partition, int]:
        wanted = set(partitions)
        locked = await self._lock_rows(tx, wanted)
        unknown = wanted - locked.keys()
        if unknown:
            # There is no row to lock yet, so its name is. Whoever came first has made the row meanwhile.
            await tx.lock(*(f"offset/{self._consumer}/{topic}/{number}" for topic, number in unknown))
            locked |= await self._lock_rows(tx, unknown)
        return locked

    async def _lock_rows(self, tx: Transaction, partitions: Iterable[Partition]) -> dict[Partition, int]:
        rows = await tx.fetch(
            """
            select topic, partition, next_offset from consumer_offset
            where consumer = $1 and (topic, partition) in (select * from unnest($2::text[], $3::integer[]))
            order by topic, partition for update
            """,
            self._consumer,
            *_columns(partitions, 2),
        )
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def stored_offsets(self) -> dict[Partition, int]:
        rows = await self._database.pool.fetch(
            "select topic, partition, next_offset from consumer_offset where consumer = $1", self._consumer
        )
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def identity(self) -> int:
        """Another number tells that a rebuilt projection, with rows of its own, has taken the place of the one before."""
        number: int = await self._database.pool.fetchval("select to_regclass('consumer_offset')::oid::bigint")
        return number

    async def recognise(self, ids: Mapping[str, UUID]) -> list[str]:
        """Begin at 0 the topics whose id is not the one that the stored offsets count; which ones those were."""
        async with self.transaction() as tx:
            await tx.lock(f"consumer/{self._consumer}/topics")
            rows = await tx.fetch("select topic, topic_id from consumer_topic where consumer = $1", self._consumer)
            known = {row["topic"]: row["topic_id"] for row in rows}
            changed = {topic: topic_id for topic, topic_id in ids.items() if known.get(topic) != topic_id}
            anew = [topic for topic in changed if topic in known]
            if anew:
                await forget_offsets(tx, self._consumer, self._topics, anew=anew)
            if changed:
                await self._store_ids(tx, changed)
        return anew

    async def _store_ids(self, tx: Transaction, ids: Mapping[str, UUID]) -> None:
        await tx.execute(
            """
            insert into consumer_topic (consumer, topic, topic_id)
            select $1, * from unnest($2::text[], $3::uuid[])
            on conflict (consumer, topic) do update set topic_id = excluded.topic_id
            """,
            self._consumer,
            list(ids),
            list(ids.values()),
        )

    async def standings(self, tx: Transaction, aggregates: Iterable[UUID]) -> dict[UUID, Standing]:
        ids = list(aggregates)
        standings = {aggregate: Standing() for aggregate in ids}
        for row in await tx.fetch(
            "select aggregate_id, version from applied_version where consumer = $1 and aggregate_id = any($2)",
            self._consumer,
            ids,
        ):
            standings[row["aggregate_id"]].version = row["version"]
        for row in await tx.fetch(
            """
            select dead_letter_id, aggregate_id, aggregate_version, state, topic, partition, record_offset, key, value
            from dead_letter
            where consumer = $1 and aggregate_id = any($2) and state in ('poison', 'waiting')
            """,
            self._consumer,
            ids,
        ):
            standing = standings[row["aggregate_id"]]
            if row["state"] == "poison":
                standing.poison.add(row["aggregate_version"])
            else:
                standing.waiting[row["aggregate_version"]] = record_of(row)
        return standings

    async def keep_aside(self, tx: Transaction, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        await self._keep_again(tx, [letter for letter in letters if letter.record.letter is not None])
        await self._keep_new(tx, [letter for letter in letters if letter.record.letter is None])

    async def _keep_new(self, tx: Transaction, letters: Sequence[Letter]) -> None:
        unreadable = any(letter.envelope is None for letter in letters)
        since = await applied_through(tx, self._consumer, self._topics) if unreadable else {}
        await tx.executemany(
            """
            insert into dead_letter (consumer, topic, partition, record_offset, key, value, headers, state, reason, detail,
                attempts, aggregate_id, aggregate_version, event_type, event_id, recorded_at, tried_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, case when $11 > 0 then now() end)
            -- The same bytes at the same place are the same record; what was dismissed stays so.
            on conflict on constraint dead_letter_record_key do update
            set state = excluded.state, reason = excluded.reason, detail = excluded.detail, tried_at = excluded.tried_at,
                attempts = dead_letter.attempts + excluded.attempts, resolved_at = null
            where dead_letter.state <> 'dismissed'
            """,
            [self._letter_row(letter, since) for letter in letters],
        )

    async def _keep_again(self, tx: Transaction, letters: Sequence[Letter]) -> None:
        await tx.executemany(
            """
            update dead_letter set state = $2, reason = $3, detail = $4, attempts = attempts + $5,
                tried_at = case when $5 > 0 then now() else tried_at end
            where dead_letter_id = $1
            """,
            [(one.record.letter, one.state.value, one.reason, _storable(one.detail), one.attempts) for one in letters],
        )

    def _letter_row(self, letter: Letter, since: Mapping[str, datetime]) -> tuple[object, ...]:
        record = letter.record
        headers = {_storable(name): None if value is None else value.hex() for name, value in record.headers}
        place = (self._consumer, record.topic, record.partition, record.offset, record.key, record.value, headers)
        what = (letter.state.value, letter.reason, _storable(letter.detail), letter.attempts)
        return (*place, *what, *_event_columns(letter.envelope, since.get(producer_of(record.topic))))

    async def take_back(self, tx: Transaction, records: Sequence[Record]) -> None:
        if not records:
            return
        await tx.execute(
            "update dead_letter set state = 'resolved', resolved_at = now() where dead_letter_id = any($1)",
            [record.letter for record in records],
        )

    async def store_versions(self, tx: Transaction, versions: Mapping[UUID, int]) -> None:
        if not versions:
            return
        await tx.execute(
            """
            insert into applied_version (consumer, aggregate_id, version)
            select $1, * from unnest($2::uuid[], $3::bigint[])
            on conflict (consumer, aggregate_id) do update set version = excluded.version
            """,
            self._consumer,
            list(versions),
            list(versions.values()),
        )

    async def store_offsets(self, tx: Transaction, offsets: Mapping[Partition, int]) -> None:
        if not offsets:
            return
        await tx.execute(
            """
            insert into consumer_offset (consumer, topic, partition, next_offset)
            select $1, * from unnest($2::text[], $3::integer[], $4::bigint[])
            on conflict (consumer, topic, partition) do update set next_offset = excluded.next_offset, updated_at = now()
            """,
            self._consumer,
            *_columns(offsets, 2),
            list(offsets.values()),
        )

    async def store_marks(self, tx: Transaction, marks: Sequence[LowWaterMark]) -> None:
        if not marks:
            return
        await tx.executemany(
            """
            insert into low_water_mark (consumer, service, shard, through, offsets, topic_ids)
            values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing
            """,
            [self._mark_row(mark) for mark in marks],
        )
        await drop_passed_marks(tx, self._consumer, self._topics)

    def _mark_row(self, mark: LowWaterMark) -> tuple[object, ...]:
        return (self._consumer, mark.service, mark.shard, mark.through, mark.offsets, mark.topic_ids)


def record_of(row: Any) -> Record:
    """The record of a row of dead_letter."""
    place = (row["topic"], row["partition"], row["record_offset"])
    return Record(*place, row["key"], row["value"], letter=row["dead_letter_id"])


def _event_columns(envelope: Envelope | None, since: datetime | None) -> tuple[object, ...]:
    """Of an unreadable record only this is known: it lies behind what is applied up to `since`, so it is not older."""
    if envelope is None:
        return (None, None, None, None, since)
    aggregate = UUID(envelope.subject)
    return (aggregate, envelope.aggregateversion, envelope.type, envelope.id, envelope.recordedtime)


def _storable(text: str) -> str:
    return text.replace("\x00", "\\u0000")


def _columns(partitions: Iterable[Partition], width: int) -> list[list[Any]]:
    rows = list(partitions)
    return [[row[column] for row in rows] for column in range(width)]
