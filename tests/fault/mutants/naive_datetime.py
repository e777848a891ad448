"""The zone of a place is dropped: its night belongs to the day before, as it does in UTC."""

from datetime import UTC, datetime

from tests.fault.hunt.findings import Kind

TARGET = "simpul_activities.domain.calendar:local"
SHOWS = {Kind.MISDATED}


def replacement(instant: datetime, timezone: str) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
