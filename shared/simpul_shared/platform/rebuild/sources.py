"""Where a rebuild gets the events from: Kafka's topics (from_kafka.py) or the services' ledgers (from_ledger.py)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from simpul_shared.platform.consume import Partition, Record


class Source(Protocol):
    """All events that the live projection has applied, and none that it has not: so that the two can be compared."""

    @property
    def earliest(self) -> Mapping[Partition, int]:
        """The first offset there is, per partition; see Applier.apply."""

    async def aim(self) -> int:
        """Look how far the live projection is now; how many records are still to come, about."""

    async def batch(self) -> Sequence[Record]:
        """The next records, in order per key; none once what was aimed at is reached."""
