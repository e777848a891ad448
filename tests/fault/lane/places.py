"""Where the lane's libraries stand: a small part of the shipped region data, in three time zones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from simpul_registry.store.dataset import RegionData, read_region_data

NATION = "ID"
PROVINCES = ("31", "51", "73", "81")
_CHILDREN = (2, 1, 2, 0)
"""How many regencies of a province, districts of a regency, villages of a district there are."""


@dataclass(frozen=True)
class Village:
    code: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def above(code: str) -> list[str]:
    """The code and those of all regions above it, the country first; told by the code alone."""
    parts = code.split(".")
    return [NATION, *(".".join(parts[:length]) for length in range(1, len(parts) + 1))]


@cache
def edition() -> RegionData:
    """The part of the data that these places need, with every former name of theirs."""
    whole = read_region_data()
    codes = set(_codes(one.code for one in whole.intervals if one.valid_to == date.max))
    return RegionData(
        intervals=[one for one in whole.intervals if one.code in codes],
        lineage=[one for one in whole.lineage if {one.from_code, one.to_code} <= codes],
        timezones=whole.timezones,
    )


@cache
def villages() -> tuple[Village, ...]:
    data = edition()
    codes = sorted({one.code for one in data.intervals if one.depth == 3})
    return tuple(Village(code, data.timezones[code[:2]]) for code in codes)


def regions() -> list[str]:
    """Every region of these places, the country first."""
    return sorted({code for village in villages() for code in above(village.code)}, key=lambda code: (len(code), code))


def _codes(present: Iterable[str]) -> Iterator[str]:
    by_parent: dict[str, list[str]] = {}
    for code in sorted(set(present)):
        by_parent.setdefault(code.rpartition(".")[0], []).append(code)
    for province in PROVINCES:
        yield from _below(province, by_parent)


def _below(code: str, by_parent: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield code
    for child in by_parent.get(code, [])[: _CHILDREN[code.count(".")]]:
        yield from _below(child, by_parent)
