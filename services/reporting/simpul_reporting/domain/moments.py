"""What a report is as of: the day whose map is used, the instant whose knowledge is used, and runs of months."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from simpul_shared.errors import Invalid
from simpul_shared.known_on import JAKARTA
from simpul_shared.vocabulary import Period

FOREVER = datetime.max.replace(tzinfo=UTC)
"""How asyncpg spells Postgres' timestamptz 'infinity'."""


class MonthsMalformed(Invalid):
    slug = "months-malformed"
    title = "Rentang bulan tidak sah"


class RegionBasis(StrEnum):
    """Where a fact counts: in the region that its library lay in when it happened, or in the one it lies in on the day asked for."""

    AT_EVENT = "at_event"
    CURRENT = "current"


@dataclass(frozen=True)
class AsOf:
    """The map and the facts of `valid_on`, as they were known at `known_on`; `live` when nobody asked for an instant."""

    valid_on: date
    known_on: datetime
    live: bool
    basis: RegionBasis = RegionBasis.AT_EVENT

    @property
    def known_at(self) -> datetime:
        """For SQL: a live answer holds all that is applied, whatever the clocks of other machines say."""
        return FOREVER if self.live else self.known_on


def as_of(
    *, valid_on: date | None, known_on: datetime | None, now: datetime, basis: RegionBasis = RegionBasis.AT_EVENT
) -> AsOf:
    """Without `valid_on` the day of `known_on`, so that the same question has the same answer on another day."""
    known = now if known_on is None else known_on.astimezone(UTC)
    day = min(known, now).astimezone(JAKARTA).date()
    return AsOf(valid_on or day, known, live=known_on is None, basis=basis)


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


def lag_seconds(through: datetime | None, *, known_on: datetime, now: datetime) -> float | None:
    """How far the events applied stay behind what was asked for, in seconds; None while nothing is known."""
    if through is None:
        return None
    behind: timedelta = min(known_on, now) - through
    return max(round(behind.total_seconds(), 3), 0.0)
