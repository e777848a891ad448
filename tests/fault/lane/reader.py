"""A reader of the reports while faults strike: what it sees must never go back, and tells when reporting has caught up."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from tests.fault.lane.clients import FIRST_DAY, LAST_DAY
from tests.fault.lane.driver import Driver
from tests.fault.lane.oplog import now
from tests.fault.lane.places import NATION, PROVINCES

_SECONDS_BETWEEN = 0.2
MONTHS = {"from": f"{FIRST_DAY:%Y-%m}", "to": f"{LAST_DAY:%Y-%m}"}


@dataclass(frozen=True)
class Seen:
    """An answer of reporting: figures of one region, and per service how far they are complete (seconds since 1970)."""

    asked: float
    answered: float
    region: str
    activities: int
    attendances: int
    through: Mapping[str, float]


async def watch(driver: Driver, seen: list[Seen], stopping: asyncio.Event) -> None:
    """Read one region after the other, as often as reporting answers."""
    turn = 0
    regions = (NATION, *PROVINCES)
    while not stopping.is_set():
        asked = now()
        document = await _ask(driver, regions[turn % len(regions)])
        if document is not None:
            seen.append(_seen(document, asked))
            turn += 1
        await asyncio.sleep(_SECONDS_BETWEEN)


async def _ask(driver: Driver, region: str) -> Any:
    try:
        response = await driver.read("reporting", "/v1/reports/activities", region=region, **MONTHS)
    except httpx.TransportError:
        return None
    return response.json() if response.is_success else None


def _seen(document: Any, asked: float) -> Seen:
    total = document["total"]
    return Seen(
        asked=asked,
        answered=now(),
        region=document["region"]["code"],
        activities=total["activities"] or 0,
        attendances=total["attendances"] or 0,
        through=through_of(document),
    )


def through_of(document: Any) -> dict[str, float]:
    moments = document["watermark"]["applied_through"]
    return {name: datetime.fromisoformat(moment).timestamp() for name, moment in moments.items() if moment is not None}
