"""The random decrees of tests/property/test_decrees.py, overruled lineage and undoings on the real service."""

import asyncio
import itertools
import os
from collections.abc import Coroutine
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from simpul_registry.domain.matching import Ruling

from tests.property.test_decrees import START, edited, edits
from tests.service.registry.test_decrees import Desk
from tests.support.services import ServiceUnderTest

RUNS = int(os.environ.get("SIMPUL_TEST_DECREE_RUNS", "2"))
"""Random histories on the service; each takes some seconds."""

FAR = "2100-12-31"
_DAYS = itertools.count(1)
"""The database outlives each history."""

T = TypeVar("T")
Edit = tuple[str, int, int, str]
NOMINATION = {
    "name": "Perpustakaan Mengwi",
    "type": "DESA",
    "region_code": "51.03.02.2009",
    "nominated_on": "2021-05-01",
    "programme_year": 2021,
    "scheme": "STIMULAN_APBN",
}


class Map:
    """The service's map of Bali behind its API, called from the machine's own thread."""

    def __init__(self, service: ServiceUnderTest, loop: asyncio.AbstractEventLoop) -> None:
        self._desk, self._loop = Desk(service), loop
        self._service = service
        self.done: list[str] = []
        """What can be undone, the last first to go."""
        self.day = date(2028, 1, 1)
        self.library = self._call(self._desk.one.post("/v1/libraries", NOMINATION)).json()["library_id"]

    def decree(self, places: dict[str, str], rulings: list[Ruling], *, later: bool) -> None:
        if later:
            self.day = date(2028, 1, 1) + timedelta(days=next(_DAYS))
        decree = self._call(self._desk.upload(places, within="51", on=str(self.day)))
        for one in rulings:
            body = {"kind": one.kind.value, "from_code": one.from_code, "to_code": one.to_code, "reason": "x"}
            decree = self._call(self._desk.deed(self._desk.other, decree, "rulings", body))
        self._call(self._desk.deed(self._desk.other, decree, "approve"))
        self.done.append(f"/v1/region-decrees/{decree['decree_id']}")

    def overrule(self, region_id: str, which: int) -> bool:
        told = self._get(f"/v1/regions/{region_id}/lineage")["items"]
        low = [one for one in told if one["confidence"] == "LOW"]
        if not low:
            return False
        body = {"lineage_event_id": low[which % len(low)]["event_id"], "reason": "x"}
        answer = self._call(self._desk.one.post("/v1/region-overrules", body))
        assert answer.status_code == 201, answer.text
        self.done.append(answer.headers["location"])
        return True

    def undo(self) -> None:
        path = self.done.pop()
        answer = self._call(self._desk.one.post(f"{path}/undo", {"reason": "x"}, version=self._get(path)["version"]))
        assert answer.status_code == 200, answer.text

    def seen(self, known_on: str | None = None) -> dict[str, tuple[str, str]]:
        """Code to name and region id, in the end of days."""
        return self._call(self._desk.map(FAR, **({"known_on": known_on} if known_on else {})))

    def moment(self) -> str:
        recorded = self._call(self._service.database.pool.fetchval("select max(recorded_at) from ledger"))
        return str(recorded.isoformat())

    def above(self, region_id: str) -> list[str]:
        return [one["code"] for one in self._get(f"/v1/regions/{region_id}/ancestors", valid_on=FAR)["items"]]

    def is_told_of(self, region_id: str) -> bool:
        return bool(self._get(f"/v1/regions/{region_id}/history")["items"])

    def has_its_library(self) -> bool:
        region: str = self._get(f"/v1/libraries/{self.library}")["region"]["region_id"]
        return self.is_told_of(region)

    def _get(self, path: str, **params: Any) -> Any:
        answer = self._call(self._desk.one.get(path, **params))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


class DecreeMachine(RuleBasedStateMachine):
    """`maps` are those that the changes stated, the one in force last."""

    map: Map

    def __init__(self) -> None:
        super().__init__()
        self.map.decree(START, [], later=True)
        self.maps = [START]
        self.answers: dict[str, dict[str, tuple[str, str]]] = {}

    @rule(edit=edits(), later=st.booleans())
    def decree(self, edit: Edit, later: bool) -> None:
        places, rulings = edited(self.maps[-1], edit)
        self.map.decree(places, rulings, later=later)
        self.maps.append(places)

    @rule(which=st.integers(0, 40))
    def overrule(self, which: int) -> None:
        regions = sorted(region_id for _, region_id in self.map.seen().values())
        if any(self.map.overrule(region_id, which) for region_id in regions[which % len(regions) :]):
            self.maps.append(self.maps[-1])

    @rule()
    def undo(self) -> None:
        if len(self.maps) > 1:
            self.maps.pop()
            self.map.undo()

    @invariant()
    def the_map_is_whole(self) -> None:
        seen = self.map.seen()
        assert {code: name for code, (name, _) in seen.items()} == self.maps[-1]
        assert len({region_id for _, region_id in seen.values()}) == len(seen)
        for code, (_, region_id) in seen.items():
            assert self.map.above(region_id)[1:] == [code[:n] for n in (2, 5, 8) if n < len(code)]

    @invariant()
    def the_past_is_answered_as_before(self) -> None:
        for moment, answer in list(self.answers.items())[-3:]:
            assert self.map.seen(moment) == answer
            assert all(self.map.is_told_of(region_id) for _, region_id in list(answer.values())[-2:])
        self.answers[self.map.moment()] = self.map.seen()
        assert self.map.has_its_library()


async def test_random_decrees_leave_a_whole_map_and_answer_for_the_past_as_before(registry: ServiceUnderTest) -> None:
    loop = asyncio.get_running_loop()

    class ServiceMachine(DecreeMachine):
        def __init__(self) -> None:
            self.map = Map(registry, loop)
            super().__init__()

    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, ServiceMachine, settings=chosen)
