"""The handlers' effect is committed before offsets and versions are: a crash between the two applies it again."""

from collections.abc import Sequence

from simpul_shared.platform.consume import Applier, _Item
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:Applier._handle"
SHOWS = {Kind.DOUBLED}

_handle = Applier._handle


async def replacement(self: Applier, tx: Transaction, items: Sequence[_Item]) -> None:
    async with self._store.transaction() as own:
        await _handle(self, own, items)
