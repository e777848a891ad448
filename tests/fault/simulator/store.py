"""The model's projection: consume.Store over the model, the tally's handler, and how far a consumer says it is."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.consume import Letter, LetterState, Partition, Received, Record, Standing
from simpul_shared.platform.database import Transaction as RealTransaction

from tests.fault.simulator.ledger import freeze
from tests.fault.simulator.postgres import ModelPostgres, Transaction, transacting
from tests.fault.simulator.world import Process


class ModelStore:
    """consume.Store over the model, for one member of the group."""

    def __init__(self, server: ModelPostgres, process: Process, topics: Sequence[str]) -> None:
        self._server = server
        self._process = process
        self._topics = topics

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[RealTransaction]:
        async with transacting(self._server, self._process, "store.commit") as tx:
            yield cast("RealTransaction", tx)

    async def stored_offsets(self) -> dict[Partition, int]:
        session = await self._server.connect(self._process)
        try:
            return await session.call("store.stored_offsets", lambda: stored_offsets(self._server))
        finally:
            session.drop()

    async def lock_offsets(self, real: RealTransaction, partitions: Iterable[Partition]) -> dict[Partition, int]:
        tx = _model(real)
        await tx.session.call("store.lock_offsets", lambda: None)
        for partition in sorted(partitions):
            if tx.read(("offset", partition)) is None:
                await tx.lock(("name of offset", partition), "store.lock_offsets wait")
            if tx.read(("offset", partition)) is not None:
                await tx.lock(("offset", partition), "store.lock_offsets wait")
        return {one: tx.read(("offset", one)) for one in partitions if tx.read(("offset", one)) is not None}

    async def standings(self, real: RealTransaction, aggregates: Iterable[UUID]) -> dict[UUID, Standing]:
        tx = _model(real)
        ids = list(aggregates)
        return await tx.session.call("store.standings", lambda: {one: _standing(tx, one) for one in ids})

    async def keep_aside(self, real: RealTransaction, letters: Sequence[Letter]) -> None:
        tx = _model(real)

        def keep() -> None:
            for letter in letters:
                number = letter.record.letter or tx.server.next_number()
                tx.write(("letter", number), replace(letter, record=replace(letter.record, letter=number)))

        if letters:
            await tx.session.call("store.keep_aside", keep)

    async def take_back(self, real: RealTransaction, records: Sequence[Record]) -> None:
        tx = _model(real)

        def take() -> None:
            for record in records:
                tx.write(("letter", record.letter), None)

        if records:
            await tx.session.call("store.take_back", take)

    async def store_versions(self, real: RealTransaction, versions: Mapping[UUID, int]) -> None:
        rows = {("applied", one): version for one, version in versions.items()}
        await _upsert(_model(real), "store.store_versions", rows)

    async def store_offsets(self, real: RealTransaction, offsets: Mapping[Partition, int]) -> None:
        rows = {("offset", one): next_ for one, next_ in offsets.items()}
        await _upsert(_model(real), "store.store_offsets", rows)

    async def store_marks(self, real: RealTransaction, marks: Sequence[LowWaterMark]) -> None:
        tx = _model(real)

        def keep() -> None:
            for mark in marks:
                key = ("mark", mark.service, mark.shard, mark.through)
                if tx.read(key) is None:
                    tx.write(key, freeze(mark.offsets))
            _drop_passed_marks(tx, self._topics)

        if marks:
            await tx.session.call("store.store_marks", keep)


def _model(tx: RealTransaction) -> Transaction:
    return cast("Transaction", tx)


async def _upsert(tx: Transaction, place: str, rows: Mapping[tuple[Any, ...], int]) -> None:
    if not rows:
        return
    await tx.session.call(place, lambda: None)
    for key, row in rows.items():
        await tx.lock(key, place + " wait")
        tx.write(key, row)


def _standing(tx: Transaction, aggregate: UUID) -> Standing:
    standing = Standing(tx.read(("applied", aggregate)) or 0)
    for letter in tx.rows("letter").values():
        if letter.envelope is None or UUID(letter.envelope.subject) != aggregate:
            continue
        if letter.state == LetterState.POISON:
            standing.poison.add(letter.envelope.aggregateversion)
        else:
            standing.waiting[letter.envelope.aggregateversion] = letter.record
    return standing


def stored_offsets(server: ModelPostgres) -> dict[Partition, int]:
    return {key[1]: next_ for key, next_ in server.committed["offset"].items()}


def _reached(
    rows: Mapping[tuple[Any, ...], Any], offsets: Mapping[Partition, int], topics: Sequence[str]
) -> dict[tuple[str, int], datetime]:
    """Per service and shard the latest mark whose offsets are reached."""
    latest: dict[tuple[str, int], datetime] = {}
    for (_, service, shard, through), wanted in rows.items():
        reached = all(
            offsets.get((topic, int(number)), 0) >= next_
            for topic, partitions in wanted
            if topic in topics
            for number, next_ in partitions
        )
        if reached:
            latest[service, shard] = max(through, latest.get((service, shard), through))
    return latest


def _drop_passed_marks(tx: Transaction, topics: Sequence[str]) -> None:
    rows = tx.rows("mark")
    offsets = {key[1]: next_ for key, next_ in tx.rows("offset").items()}
    reached = _reached(rows, offsets, topics)
    for key in rows:
        if key[3] < reached.get(key[1:3], key[3]):
            tx.write(key, None)


def applied_through(server: ModelPostgres, service: str, topics: Sequence[str]) -> datetime | None:
    """As marks.applied_through, on what is committed."""
    reached = _reached(server.committed["mark"], stored_offsets(server), topics)
    moments = [through for (one, _), through in reached.items() if one == service]
    return min(moments) if len(moments) == LEDGER_SHARDS else None


def poison_letters(server: ModelPostgres) -> list[Letter]:
    """The oldest first."""
    letters = sorted(server.committed["letter"].items())
    return [letter for _, letter in letters if letter.state == LetterState.POISON]


async def count_names(real: RealTransaction, events: Sequence[Received[LibraryRenamed]]) -> None:
    """As the tally's handler: not idempotent, wrong at the first repeat."""
    tx = _model(real)
    await tx.session.call("handler", lambda: None)
    for one in events:
        if one.event.new_name in tx.server.world.poison:
            tx.server.world.hit("poison record", name=one.event.new_name)
            raise ZeroDivisionError
        key = ("tally", one.event.library_id)
        await tx.lock(key, "handler wait")
        tx.write(key, (*(tx.read(key) or ()), one.event.new_name))
