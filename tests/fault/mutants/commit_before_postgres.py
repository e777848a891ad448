"""Offsets and versions are committed before the handlers' transaction: what says 'applied' is true too early."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from simpul_shared.platform.consume import Applier, Partition, Record, _Item, _Outcome
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:Applier._transact"
SHOWS = {Kind.LOST}

_transact = Applier._transact


async def replacement(
    self: Applier,
    records: Sequence[Record],
    earliest: Mapping[Partition, int],
    run: Callable[[Transaction, Sequence[_Item], _Outcome], Awaitable[None]],
) -> _Outcome:
    held: list[_Item] = []

    async def only_say_so(_: Transaction, items: Sequence[_Item], outcome: _Outcome) -> None:
        held.extend(items)
        for item in items:
            outcome.applied(item)

    outcome = await _transact(self, records, earliest, only_say_so)
    async with self._store.transaction() as tx:
        await run(tx, held, _Outcome())
    return outcome
