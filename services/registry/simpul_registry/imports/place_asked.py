"""What a row says of its place, and what the search for it by code and by name have in common."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import RegionLevel

LEVELS = (RegionLevel.PROVINCE, RegionLevel.REGENCY, RegionLevel.DISTRICT, RegionLevel.VILLAGE)
COLUMNS = ("province", "regency", "district", "village")


class PlaceAsked(NamedTuple):
    """`code` is Kemendagri's, `bps` that of BPS; `names` go from the province down; `on` None is today.

    `level` is the one that the library's type belongs to.
    """

    code: str | None
    bps: str | None
    names: tuple[str | None, ...]
    level: RegionLevel
    on: date | None

    @property
    def coded(self) -> bool:
        return self.code is not None or self.bps is not None

    def day(self, today: date) -> date:
        """No place is looked for in the future; the rules refuse the date."""
        return today if self.on is None or self.on > today else self.on


def on_day(versions: Sequence[Region], day: date) -> Region | None:
    for one in versions:
        if one.valid_from <= day < one.valid_to:
            return one
    return None
