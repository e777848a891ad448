"""Nothing is compared with what is applied already: every record counts as often as it comes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from simpul_shared.platform.consume import Standing, _Item, _Outcome

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:_admit"
SHOWS = {Kind.DOUBLED}


def replacement(items: Sequence[_Item], standings: Mapping[UUID, Standing], outcome: _Outcome) -> list[_Item]:
    for item in items:
        if item.problem is not None:
            outcome.poison(item.record, item.problem, attempts=1, item=item)
    return [item for item in items if item.problem is None]
