"""The offsets are stored when a batch comes, in a transaction of their own: what is in hand at a crash is not read again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from simpul_shared.platform.consume import (
    Applier,
    Partition,
    Record,
    _admit,
    _Item,
    _Outcome,
    _place,
    _read_again,
    _read_all,
)
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:Applier._transact"
SHOWS = {Kind.LOST}


async def replacement(
    self: Applier,
    records: Sequence[Record],
    earliest: Mapping[Partition, int],
    run: Callable[[Transaction, Sequence[_Item], _Outcome], Awaitable[None]],
) -> _Outcome:
    outcome = _Outcome()
    async with self._store.transaction() as tx:
        stored = await self._store.lock_offsets(tx, {(r.topic, r.partition) for r in records})
        again, fresh = _place(records, stored, earliest, outcome)
        await self._store.store_offsets(tx, outcome.offsets)
    async with self._store.transaction() as tx:
        items = [*_read_again(again, outcome), *_read_all(fresh, outcome, self._unreadable)]
        standings = await self._store.standings(tx, {item.aggregate for item in items})
        await run(tx, _admit(items, standings, outcome), outcome)
        await self._save(tx, outcome)
    return outcome
