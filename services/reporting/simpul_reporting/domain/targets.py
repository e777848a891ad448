"""What targets may add up to: shares of a region are shares of the target above."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import Basis, Indicator, RegionLevel


class TargetExists(Conflict):
    slug = "target-exists"
    title = "Target sudah ada"


class TargetParentMissing(Conflict):
    slug = "target-parent-missing"
    title = "Target wilayah induk belum ada"


class TargetExceedsParent(Conflict):
    slug = "target-exceeds-parent"
    title = "Jumlah target melebihi target wilayah induk"


class TargetBelowChildren(Conflict):
    slug = "target-below-children"
    title = "Target lebih kecil dari jumlah target di bawahnya"


class IndicatorNationalOnly(Invalid):
    slug = "indicator-national-only"
    title = "Indikator hanya untuk tingkat nasional"


def target_day(programme_year: int, *, today: date) -> date:
    """The day whose map a target's region code is read in, unless the caller names another."""
    return min(date(programme_year, 12, 31), today)


@dataclass(frozen=True)
class Place:
    """A region by the words people know it by."""

    region_id: UUID
    code: str
    name: str
    level: RegionLevel

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


@dataclass(frozen=True)
class Target:
    """What is to be reached in a programme year. `parent_target_id` is the target that this one is a share of."""

    target_id: UUID
    version: int
    programme_year: int
    indicator: Indicator
    region_id: UUID
    parent_target_id: UUID | None
    value: int
    basis: Basis


@dataclass(frozen=True)
class Share:
    """A target above with what the other targets below it add up to."""

    target: Target
    place: Place
    given_to_others: int

    @property
    def left(self) -> int:
        return self.target.value - self.given_to_others


def require_level(indicator: Indicator, place: Place) -> None:
    """Errors: IndicatorNationalOnly."""
    if indicator is Indicator.PROVINCES and place.level is not RegionLevel.NATION:
        raise IndicatorNationalOnly(
            f"How many provinces take part is a target of the country alone, not of {place}. Use region_code ID.",
            field="/region_code",
        )


def parent_missing(place: Place, above: Place | None) -> TargetParentMissing:
    """From the top down: a region gets its share of a target that exists."""
    return TargetParentMissing(
        f"{above or 'The region above'} has no target yet, of which {place} could get a share. Set that one first.",
        field="/region_code",
        facts={} if above is None else {"parent_region_code": above.code},
    )


def require_within_parent(value: int, place: Place, parent: Share | None) -> None:
    """Errors: TargetExceedsParent, when the shares would add up to more than there is to share."""
    if parent is not None and value > parent.left:
        raise TargetExceedsParent(
            f"{place} cannot get {value}: {parent.place} has {parent.target.value}, of which {parent.given_to_others} "
            f"are given to others and {parent.left} are left. Ask for {parent.left} at most, or raise the target above.",
            field="/value",
            facts={"parent_target_id": parent.target.target_id, "left": parent.left},
        )


def require_covers_children(value: int, place: Place, given: int) -> None:
    """Errors: TargetBelowChildren, when less than what is already shared out would remain."""
    if value < given:
        raise TargetBelowChildren(
            f"{place} cannot go down to {value}: {given} are given to the regions below it. "
            f"Ask for {given} at least, or lower the targets below first.",
            field="/value",
            facts={"given_to_children": given},
        )


def revised(target: Target, *, value: int, version: int) -> Target:
    return replace(target, value=value, version=version)
