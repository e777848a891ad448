"""Dates of a place: an instant belongs to the day that its place's clock shows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from simpul_shared.errors import Invalid

PROGRAMME_ZONE = ZoneInfo("Asia/Jakarta")
"""Scopes and reports without a place of their own mean this day."""

EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 12, 31)

ZONES = frozenset({"Asia/Jakarta", "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura"})
"""WIB (twice), WITA and WIT."""


class TimezoneUnknown(Invalid):
    slug = "timezone-unknown"
    title = "Zona waktu tidak dikenal"


class DateOutOfRange(Invalid):
    slug = "date-out-of-range"
    title = "Tanggal di luar jangkauan"


def today(now: datetime) -> date:
    """The programme's date at an instant."""
    return now.astimezone(PROGRAMME_ZONE).date()


def local(instant: datetime, timezone: str) -> datetime:
    return instant.astimezone(ZoneInfo(timezone))


def local_date(instant: datetime, timezone: str) -> date:
    return local(instant, timezone).date()


def require_zone(timezone: str) -> str:
    """Errors: TimezoneUnknown for any but Indonesia's zones."""
    if timezone not in ZONES:
        raise TimezoneUnknown(
            f"{timezone!r} is no zone of Indonesia. Write one of {', '.join(sorted(ZONES))}.", field="/timezone"
        )
    return timezone


def require_day_in_range(day: date, *, field: str) -> None:
    """Errors: DateOutOfRange."""
    if not EARLIEST <= day <= LATEST:
        raise DateOutOfRange(f"{day} lies outside {EARLIEST} to {LATEST}. Check the year.", field=field)


def require_instant_in_range(instant: datetime, *, field: str) -> None:
    """Errors: DateOutOfRange, before an instant at the edge of what can be computed is turned to another zone."""
    first = datetime(EARLIEST.year, 1, 2, tzinfo=UTC)
    if not first <= instant <= datetime(LATEST.year, 12, 31, tzinfo=UTC) - timedelta(days=1):
        raise DateOutOfRange(f"{instant} lies outside {EARLIEST} to {LATEST}. Check the year.", field=field)
