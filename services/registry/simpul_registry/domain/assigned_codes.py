"""The codes of BPS that regions were ever assigned, in memory (pure): by their beginning, or by who bore them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from uuid import UUID

from simpul_registry.domain.statement import Statement


class AssignedCodes:
    """Built once from all, then only read."""

    def __init__(self, assigned: Iterable[Statement]) -> None:
        self._sorted = sorted(assigned, key=lambda one: (one.code, -one.valid_to.toordinal()))
        self._borne: dict[UUID, list[Statement]] = defaultdict(list)
        for one in self._sorted:
            self._borne[one.region_id].append(one)

    def bearers(self, beginning: str, on: date | None, known_on: datetime | None) -> Iterator[UUID]:
        """Of codes that begin so: by code, of one code the last bearer first. A bearer of two comes twice."""
        for place in range(bisect_left(self._sorted, beginning, key=lambda one: one.code), len(self._sorted)):
            one = self._sorted[place]
            if not one.code.startswith(beginning):
                return
            if one.holds(on, known_on):
                yield one.region_id

    def code_of(
        self, region: Statement, beginning: str, on: date | None, known_on: datetime | None
    ) -> Statement | None:
        """The last one that begins so and that a region bore while it was as stated; None when it bore none."""
        borne = (one for one in self._borne.get(region.region_id, ()) if one.code.startswith(beginning))
        fitting = (one for one in borne if one.holds(on, known_on) and one.overlaps(region))
        return max(fitting, key=lambda one: one.valid_to, default=None)


NONE_ASSIGNED = AssignedCodes(())
