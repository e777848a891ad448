"""The rules of reporting: what a report is as of, what targets may add up to, how a percentage is rounded (pure)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import Basis, Indicator, Period, RegionLevel

JAKARTA = ZoneInfo("Asia/Jakarta")
"""Days without a place of their own (a bare `known_on`, today) are Jakarta's."""

FOREVER = datetime.max.replace(tzinfo=UTC)
"""How asyncpg spells Postgres' timestamptz 'infinity'."""


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


class KnownOnMalformed(Invalid):
    slug = "known-on-malformed"
    title = "known_on tidak sah"


class MonthsMalformed(Invalid):
    slug = "months-malformed"
    title = "Rentang bulan tidak sah"


@dataclass(frozen=True)
class AsOf:
    """The map and the facts of `valid_on`, as they were known at `known_on`; `live` when nobody asked for an instant."""

    valid_on: date
    known_on: datetime
    live: bool

    @property
    def known_at(self) -> datetime:
        """For SQL: a live answer holds all that is applied, whatever the clocks of other machines say."""
        return FOREVER if self.live else self.known_on


def as_of(*, valid_on: date | None, known_on: datetime | None, now: datetime) -> AsOf:
    """Without `valid_on` the day of `known_on`, so that the same question has the same answer on another day."""
    known = now if known_on is None else known_on.astimezone(UTC)
    day = min(known, now).astimezone(JAKARTA).date()
    return AsOf(valid_on or day, known, live=known_on is None)


def parse_known_on(text: str | None) -> datetime | None:
    """An RFC 3339 instant, or a date that stands for its end in Asia/Jakarta. Errors: KnownOnMalformed."""
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, JAKARTA).astimezone(UTC)
        # A plus sign left bare in an address arrives as a blank.
        instant = datetime.fromisoformat(_BLANK_FOR_PLUS.sub("+", text))
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _malformed(text) from error
    raise _malformed(text)


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BLANK_FOR_PLUS = re.compile(r" (?=\d{2}:\d{2}$)")


def _malformed(text: str) -> KnownOnMalformed:
    return KnownOnMalformed(
        f"{text!r} is no instant. Write known_on with its zone, such as 2026-11-22T10:05:00+07:00, or as a date, such as 2026-11-22.",
        field="/query/known_on",
    )


@dataclass(frozen=True)
class Months:
    """A run of calendar months, both ends included."""

    first: Period
    last: Period

    @property
    def last_day(self) -> date:
        return self.last.next().first_day - timedelta(days=1)

    def __iter__(self) -> Iterator[Period]:
        return self.first.until(self.last)


MAX_MONTHS = 120


def parse_months(first: str | None, last: str | None, *, today: date) -> Months:
    """Months written YYYY-MM; by default those of the year of `last`, which is this month by default.

    Errors: MonthsMalformed.
    """
    try:
        until = Period.of(today) if last is None else Period.parse(last)
        since = Period(until.year, 1) if first is None else Period.parse(first)
    except Invalid as error:
        raise MonthsMalformed(error.detail, field="/query/from") from error
    if not since <= until or since.year * 12 + since.month + MAX_MONTHS <= until.year * 12 + until.month:
        raise MonthsMalformed(
            f"From {since} to {until} is no run of 1 to {MAX_MONTHS} months. Put the earlier month into `from`.",
            field="/query/from",
        )
    return Months(since, until)


def percentage(part: int, whole: int | None) -> float | None:
    """Per cent to two decimals, halves up; None where there is nothing to divide by."""
    if not whole:
        return None
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))


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


def lag_seconds(through: datetime | None, *, known_on: datetime, now: datetime) -> float | None:
    """How far the events applied stay behind what was asked for, in seconds; None while nothing is known."""
    if through is None:
        return None
    behind: timedelta = min(known_on, now) - through
    return max(round(behind.total_seconds(), 3), 0.0)
