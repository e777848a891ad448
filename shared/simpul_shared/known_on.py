"""The instant whose knowledge an answer uses, as every service reads it from a query (pure)."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from simpul_shared.errors import Invalid

JAKARTA = ZoneInfo("Asia/Jakarta")
"""Days without a place of their own (a bare `known_on`, today) are Jakarta's."""


class KnownOnMalformed(Invalid):
    slug = "known-on-malformed"
    title = "known_on tidak sah"


def parse_known_on(text: str | None) -> datetime | None:
    """An RFC 3339 instant, or a date that stands for its end in Asia/Jakarta. Empty is as good as left out. Errors: KnownOnMalformed."""
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, JAKARTA).astimezone(UTC)
        # A plus sign left bare in an address arrives as a blank.
        instant = datetime.fromisoformat(_BLANK_FOR_PLUS.sub("+", text))
        if instant.tzinfo is not None and instant < _INFINITY:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _malformed(text) from error
    raise _malformed(text)


_INFINITY = datetime.max.replace(tzinfo=UTC)
"""What asyncpg takes it for: nothing would be known any more."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BLANK_FOR_PLUS = re.compile(r" (?=\d{2}:\d{2}$)")


def _malformed(text: str) -> KnownOnMalformed:
    return KnownOnMalformed(
        f"{text!r} is no instant. Write known_on with its zone, such as 2026-11-22T10:05:00+07:00, or as a date.",
        field="/query/known_on",
    )
