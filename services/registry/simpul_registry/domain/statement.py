"""What is said of regions and their codes: over which days, and while it was believed (pure)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Statement:
    """A region bore a code from a day until before another, believed from an instant until before another."""

    region_id: UUID
    code: str
    valid_from: date
    valid_to: date
    recorded_at: datetime
    superseded_at: datetime

    def holds(self, on: date | None, known_on: datetime | None) -> bool:
        """On the day, or on any when None; as known at the instant, or now when None."""
        if on is not None and not self.valid_from <= on < self.valid_to:
            return False
        if known_on is None:
            return self.superseded_at == FOREVER
        return self.recorded_at <= known_on < self.superseded_at

    def overlaps(self, other: "Statement") -> bool:
        """Some day is in both."""
        return self.valid_from < other.valid_to and other.valid_from < self.valid_to
