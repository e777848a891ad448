"""ICT readiness: dated snapshots that are only ever added, and what they are worth by which rubric."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from simpul_registry import settings as registry_settings
from simpul_registry.store.rules import READINESS
from simpul_shared.access import Role
from simpul_shared.contracts.registry import IctSnapshotRecorded

from tests.service.registry.test_person_records import library
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest

GOOD: dict[str, Any] = {
    "observed_on": "2026-03-14",
    "computers": {"total": 5, "working": 4, "in_library_use": 3},
    "internet": {"kind": "SERAT_OPTIK", "down_mbps": 18.4, "up_mbps": 6.1, "hours_per_day": 8, "funded_by": "APBDES"},
    "electricity_hours": 24,
    "printers": 1,
    "staff_digital_level": 2,
    "method": "COUNTED",
    "evidence": ["foto/2026-03-14/ruang.jpg"],
}
POOR = GOOD | {"computers": {"total": 5, "working": 1, "in_library_use": 0}, "internet": {"kind": "TIDAK_ADA"}}
SECOND = """
[[version]]
version = "2"
valid_from = 2026-07-01
levels = [1, 2, 3, 10]
criterion = [{measure = "up_mbps", title = "Kecepatan unggah", steps = [[1, 5], [50, 10]]}]
"""


@pytest.fixture
def two_rubrics(tmp_path: Path) -> Iterator[None]:
    path = tmp_path / "rules.toml"
    path.write_text(READINESS.read_text(encoding="utf-8") + SECOND, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMPUL_REGISTRY_READINESS_RULES_FILE", str(path))
        registry_settings.configured_rubrics.cache_clear()
        yield
    registry_settings.configured_rubrics.cache_clear()


async def recorded(caller: Caller, at: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await caller.post(f"/v1/libraries/{at}/ict-snapshots", body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def readiness(caller: Caller, at: str, **asked: str) -> dict[str, Any]:
    response = await caller.get(f"/v1/libraries/{at}/readiness", **asked)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_snapshot_is_recorded_scored_and_announced(registry: ServiceUnderTest, national: Caller) -> None:
    at = await library(national)
    staff = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    snapshot = await recorded(staff, at, GOOD)
    assert (snapshot["readiness_level"], snapshot["rubric_version"]) == (4, "1")
    assert snapshot["internet"] == GOOD["internet"] | {"monthly_cost": None}
    told = await readiness(staff, at, on="2026-03-14")
    assert (told["level"], told["points"], told["most"]) == (4, 88, 100)
    assert sum(one["points"] for one in told["criteria"]) == told["points"]
    [event] = await registry.ledger(IctSnapshotRecorded)
    said = msgspec.json.decode(event.data, type=IctSnapshotRecorded)
    assert (event.aggregateversion, str(said.library_id), said.down_mbps) == (1, at, 18.4)
    assert (said.computers_in_library_use, said.readiness_level, said.rubric_version) == (3, 4, "1")
    assert b"evidence" not in bytes(event.data)
    page = (await staff.get(f"/v1/libraries/{at}/ict-snapshots")).json()
    assert page["items"] == [snapshot]
    assert (await national.get(f"/v1/libraries/{at}")).json()["version"] == 1


async def test_the_address_that_a_snapshot_is_given_leads_to_it_and_to_no_other_library_s(national: Caller) -> None:
    at, other = await library(national), await library(national)
    told = await national.post(f"/v1/libraries/{at}/ict-snapshots", GOOD)
    assert (await national.get(told.headers["location"])).json() == told.json()
    astray = await national.get(told.headers["location"].replace(at, other))
    assert (astray.status_code, astray.json()["code"]) == (404, "snapshot-unknown")


async def test_an_older_snapshot_that_comes_late_does_not_replace_the_latest(national: Caller) -> None:
    at = await library(national)
    latest = await recorded(national, at, GOOD)
    late = await recorded(national, at, POOR | {"observed_on": "2025-06-01"})
    assert (await readiness(national, at))["snapshot_id"] == latest["snapshot_id"]
    assert (await readiness(national, at, on="2025-12-31"))["snapshot_id"] == late["snapshot_id"]
    before = await national.get(f"/v1/libraries/{at}/readiness", on="2025-05-31")
    assert (before.status_code, before.json()["code"]) == (404, "readiness-unknown")
    items = (await national.get(f"/v1/libraries/{at}/ict-snapshots", limit="1")).json()
    rest = (await national.get(f"/v1/libraries/{at}/ict-snapshots", cursor=items["next_cursor"])).json()
    assert [one["snapshot_id"] for one in items["items"] + rest["items"]] == [
        latest["snapshot_id"],
        late["snapshot_id"],
    ]


async def test_a_day_is_put_right_by_a_later_snapshot_which_was_not_known_before(national: Caller) -> None:
    at = await library(national)
    wrong, right = await recorded(national, at, POOR), await recorded(national, at, GOOD)
    assert (await readiness(national, at))["snapshot_id"] == right["snapshot_id"]
    as_known = await readiness(national, at, known_on=wrong["recorded_at"])
    assert (as_known["snapshot_id"], as_known["level"]) == (wrong["snapshot_id"], 1)
    none = await national.get(f"/v1/libraries/{at}/readiness", known_on="2026-03-15")
    assert none.json()["code"] == "readiness-unknown"


@pytest.mark.usefixtures("two_rubrics")
async def test_a_second_rubric_leaves_the_scores_of_the_first_as_they_were(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at = await library(national)
    first = await recorded(national, at, GOOD)
    later = await recorded(national, at, GOOD | {"observed_on": "2026-07-01"})
    assert [one["rubric_version"] for one in (first, later)] == ["1", "2"]
    assert [one["readiness_level"] for one in (first, later)] == [4, 3]
    asked = [{"on": "2026-06-30"}, {"on": "2026-07-01"}, {"rubric": "1"}, {"on": "2026-06-30", "rubric": "2"}]
    told = [await readiness(national, at, **one) for one in asked]
    assert [(one["rubric_version"], one["points"], one["level"]) for one in told] == [
        ("1", 88, 4),
        ("2", 5, 3),
        ("1", 88, 4),
        ("2", 5, 3),
    ]
    rubrics = (await registry.caller(Role.LIBRARY_STAFF).get("/v1/readiness-rubrics")).json()["items"]
    assert [(one["version"], one["most"]) for one in rubrics] == [("1", 100), ("2", 10)]
    unknown = await national.get(f"/v1/libraries/{at}/readiness", rubric="3")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "rules-unknown")


@given(
    days=st.lists(st.integers(0, 900), min_size=2, max_size=4, unique=True),
    shuffled=st.randoms(use_true_random=False),
    asked=st.integers(-1, 901),
)
@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_the_latest_does_not_depend_on_the_order_in_which_snapshots_come(
    national: Caller, days: list[int], shuffled: Any, asked: int
) -> None:
    start = date(2024, 1, 1)
    bodies = [GOOD | {"observed_on": str(start + timedelta(days=day)), "printers": n} for n, day in enumerate(days)]
    answers = []
    for _ in range(2):
        at = await library(national)
        shuffled.shuffle(bodies)
        for body in bodies:
            await recorded(national, at, body)
        response = await national.get(f"/v1/libraries/{at}/readiness", on=str(start + timedelta(days=asked)))
        told = response.json()
        answers.append((response.status_code, told.get("observed_on"), told.get("points")))
    assert answers[0] == answers[1]
    begun = [day for day in days if day <= asked]
    assert answers[0][:2] == ((200, str(start + timedelta(days=max(begun)))) if begun else (404, None))


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"computers": {"total": 3, "working": 4, "in_library_use": 1}}, 422, "computers-do-not-add-up"),
        ({"internet": {"kind": "TIDAK_ADA", "down_mbps": 5}}, 422, "internet-contradicts"),
        ({"observed_on": "2099-01-01"}, 422, "date-in-future"),
        ({"observed_on": "2010-12-31"}, 422, "rules-unknown"),
        ({"staff_digital_level": 5}, 422, "invalid"),
        ({"electricity_hours": 25}, 422, "invalid"),
        ({"evidence": ["foto Ni Luh Contoh"]}, 422, "invalid"),
        ({"method": None}, 422, "invalid"),
    ],
)
async def test_an_observation_that_cannot_be_right_is_refused(
    registry: ServiceUnderTest, national: Caller, changed: dict[str, Any], status: int, code: str
) -> None:
    response = await national.post(f"/v1/libraries/{await library(national)}/ict-snapshots", GOOD | changed)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert await registry.ledger(IctSnapshotRecorded) == []


async def test_snapshots_are_for_those_of_the_region_and_for_nobody_to_change(
    registry: ServiceUnderTest, national: Caller, databases: Databases
) -> None:
    at = await library(national)
    await recorded(national, at, GOOD)
    elsewhere = registry.caller(Role.LIBRARY_STAFF, "51.05")
    for response in (
        await elsewhere.post(f"/v1/libraries/{at}/ict-snapshots", GOOD),
        await elsewhere.get(f"/v1/libraries/{at}/ict-snapshots"),
        await elsewhere.get(f"/v1/libraries/{at}/readiness"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "library-unknown")
    auditor = await registry.caller(Role.AUDITOR).post(f"/v1/libraries/{at}/ict-snapshots", GOOD)
    assert auditor.json()["code"] == "permission-missing"
    owner = await asyncpg.connect(databases.url(registry.url.rpartition("/")[2], "simpul_owner"))
    try:
        with pytest.raises(asyncpg.RaiseError, match="only ever added"):
            await owner.execute("update ict_snapshot set printers = 9")
    finally:
        await owner.close()
