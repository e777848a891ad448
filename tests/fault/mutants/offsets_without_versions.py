"""Repeats are told by their offsets only: an event that was sent again, at another offset, counts again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from simpul_shared.platform.consume import Applier, Partition, Record, _Item, _Outcome, _place, _read_all
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:Applier._transact"
SHOWS = {Kind.DOUBLED}


async def replacement(
    self: Applier,
    records: Sequence[Record],
    earliest: Mapping[Partition, int],
    run: Callable[[Transaction, Sequence[_Item], _Outcome], Awaitable[None]],
) -> _Outcome:
    outcome = _Outcome()
    async with self._store.transaction() as tx:
        stored = await self._store.lock_offsets(tx, {(r.topic, r.partition) for r in records})
        _, fresh = _place(records, stored, earliest, outcome)
        items = _read_all(fresh, outcome, self._unreadable)
        for item in items:
            if item.problem is not None:
                outcome.poison(item.record, item.problem, attempts=1, item=item)
        await run(tx, [item for item in items if item.problem is None], outcome)
        await self._save(tx, outcome)
    return outcome
