"""Local calendar days as every service takes them from a request (pure)."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

FIRST, LAST = date(1945, 8, 17), date(2100, 12, 31)
"""They keep typing errors such as year 202 out, and the days that Postgres takes for infinity."""

_ISO = re.compile(r"\s*\d{4}-\d{2}-\d{2}")


def _written_out(value: object) -> object:
    """Numbers would be taken for Unix times. Errors: ValueError."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO.match(value)):
        return value
    raise ValueError("write the day as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written_out), Field(ge=FIRST, le=LAST)]
