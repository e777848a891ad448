"""On a map that changes: a parent is the sum of its children at every level, on any day's map."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from simpul_shared.contracts.registry import LibraryDesignated
from simpul_shared.vocabulary import Basis, Scheme

from tests.service.reporting.history import (
    CHANGE,
    History,
    activity_events,
    bimtek_events,
    made_up,
    region_events,
    shuffled,
)
from tests.service.reporting.world import now
from tests.support.services import Caller, ServiceUnderTest

DAYS = (date(2022, 5, 31), CHANGE - timedelta(days=1), CHANGE, date(2023, 6, 30))


def designations(history: History, number: int) -> list[LibraryDesignated]:
    return [
        LibraryDesignated(
            library_id=history.id(),
            region_id=(village := history.random.choice(history.villages)),
            province_id=history.version(village, date(2022, 1, 1)).path[1],
            programme_year=2022,
            scheme=Scheme.STIMULUS,
            sk_no=f"SK {n}/2022",
            sk_date=date(2022, 1, 1) + timedelta(days=history.random.randrange(400)),
            basis=Basis.SAMPLE,
        )
        for n in range(number)
    ]


def place(history: History, region: UUID, day: date) -> tuple[UUID, ...]:
    """Where a region lies in the day's map; one that is gone hangs below its last parent."""
    version = history.version(region, day)
    holds = (version.valid_from or date.min) <= day < (version.valid_to or date.max)
    if holds or len(version.path) == 1:
        return version.path
    return (*place(history, version.path[-2], day), region)


async def descend(caller: Caller, path: str, code: str, **params: Any) -> dict[str, Any]:
    """The report of a region and of all below it, by code."""
    answer = await caller.get(path, region=code, **params)
    assert answer.status_code == 200, (code, params, answer.text)
    reports = {code: answer.json()}
    for child in answer.json()["children"]:
        if (await caller.get(path, region=child["code"], **params)).status_code == 200:
            # A region gone by that day has figures, but no report of its own.
            reports |= await descend(caller, path, child["code"], **params)
    return reports


@pytest.mark.parametrize("seed", range(2))
async def test_realisation_of_a_parent_is_the_sum_of_its_children_on_the_map_of_any_day(
    reporting: ServiceUnderTest, seed: int
) -> None:
    history = made_up(seed)
    events = designations(history, 30)
    await reporting.receive(*shuffled(history, [*([e] for e in events), region_events(history)]))
    for day in DAYS:
        await require_sums(reporting, history, events, day)


async def require_sums(
    reporting: ServiceUnderTest, history: History, events: list[LibraryDesignated], day: date
) -> None:
    expected = Counter(
        region for event in events if event.sk_date <= day for region in place(history, event.region_id, day)
    )

    reports = await descend(
        reporting.caller(), "/v1/reports/realisation", "ID", programme_year=2022, valid_on=day.isoformat()
    )

    for report in reports.values():
        below = {child["code"]: child for child in report["children"]}
        assert report["realised"] == sum(child["realised"] for child in below.values()) + report["own"]
        assert report["realised"] == expected[UUID(report["region"]["region_id"])]
        assert all(child["realised"] == expected[UUID(child["region_id"])] for child in below.values())
        assert all(reports[code]["realised"] == child["realised"] for code, child in below.items() if code in reports)
    assert reports["ID"]["provinces"]["realised"] == len(reports["ID"]["children"])
    assert reports["ID"]["realised"] == sum(event.sk_date <= day for event in events)


@pytest.mark.parametrize("seed", range(2))
async def test_monthly_reports_add_up_and_say_the_same_live_and_as_known_now(
    reporting: ServiceUnderTest, seed: int
) -> None:
    history = made_up(seed)
    libraries = [(history.id(), history.random.choice(history.villages)) for _ in range(10)]
    activities = [activity_events(history, *history.random.choice(libraries)) for _ in range(40)]
    bimteks = [bimtek_events(history, history.random.sample(libraries, 5)) for _ in range(2)]
    await reporting.receive(*shuffled(history, [*activities, *bimteks, region_events(history)]))
    months = {"from": "2022-09", "to": "2022-12", "valid_on": "2022-12-31"}

    for path in ("/v1/reports/activities", "/v1/reports/bimtek-attendance"):
        live = await descend(reporting.caller(), path, "ID", **months)
        known = await descend(reporting.caller(), path, "ID", **months, known_on=now().isoformat())
        assert live.keys() == known.keys()
        for code, report in live.items():
            parts = [*report["children"], report["own"]]
            assert flat(report["total"]) == added(parts) == added(report["months"])
            assert figures(report) == figures(known[code])


def figures(report: dict[str, Any]) -> dict[str, Any]:
    return {name: report[name] for name in ("total", "months", "own", "children")}


ADDITIVE = ("activities", "attendances", "women", "men", "gender_unknown", "registered", "HADIR", "TERLAMBAT", "ALPA")


def flat(part: dict[str, Any]) -> Counter[str]:
    values = part | (part.get("marks") or {})
    return +Counter({name: values[name] for name in ADDITIVE if values.get(name)})


def added(parts: list[dict[str, Any]]) -> Counter[str]:
    return sum((flat(part) for part in parts), Counter())
