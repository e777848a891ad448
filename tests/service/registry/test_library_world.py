"""The same random commands as in tests/unit/registry/test_library_world.py on the real service, and races for one version."""

import asyncio
import itertools
import os
from collections.abc import Coroutine
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.service.registry.conftest import region_id
from tests.service.registry.test_libraries import DECISIONS, nominated, nomination, step
from tests.support.library_world import FIRST_DAY, VILLAGES, LibraryMachine, Seen
from tests.support.services import ORIGIN, Caller, ServiceUnderTest

RUNS = int(os.environ.get("SIMPUL_TEST_LIBRARY_RUNS", "2"))
"""Random histories on the service; each takes some seconds."""

RACES = int(os.environ.get("SIMPUL_TEST_RACES", "30"))
"""Races for one version of a library."""

T = TypeVar("T")
_CODES, _DAYS = itertools.count(2100), itertools.count(1)
"""For recoded villages and for all that happens; the database outlives each history."""
_BODIES: dict[str, dict[str, Any]] = {"return": {"reason": "x"}, "reject": {"reason": "x"}, "dormant": {"reason": "x"}}


class Registry:
    """The service behind its API, called from the machine's own thread."""

    def __init__(self, service: ServiceUnderTest, loop: asyncio.AbstractEventLoop) -> None:
        self._service, self._loop = service, loop
        self._national = service.caller()

    def next_day(self) -> date:
        return FIRST_DAY + timedelta(days=next(_DAYS))

    def nominate(self, village: str, on: date) -> str:
        code = self._call(self._code(village))
        body = nomination(name=f"Perpustakaan {uuid4().hex}", region_code=code, nominated_on=str(on))
        made = self._call(self._national.post("/v1/libraries", body))
        assert made.status_code == 201, made.text
        return str(made.json()["library_id"])

    def step(self, library: str, what: str, on: date) -> bool:
        body = dict(_BODIES.get(what, {}))
        if what in {"activate", "dormant", "reactivate"}:
            body["effective_on"] = str(on)
        if what == "designate":
            if self._get(library)["status"] != "TERVERIFIKASI":
                return False  # for a further year it may be; the model knows one year
            body = {"sk_no": "1", "sk_date": str(on), "programme_year": 2021, "scheme": "STIMULAN_APBN"}
        return self._post(library, what, body)

    def close(self, library: str, on: date) -> bool:
        return self._post(library, "close", {"effective_on": str(on), "reason": "x"})

    def move(self, library: str, village: str, on: date) -> bool:
        code = self._call(self._code(village))
        return self._post(library, "relocate", {"region_code": code, "effective_on": str(on), "reason": "x"})

    def merge(self, library: str, survivor: str, on: date) -> bool:
        return self._post(library, "merge", {"survivor_id": survivor, "effective_on": str(on), "reason": "x"})

    def unmerge(self, library: str) -> bool:
        return self._post(library, "unmerge", {"reason": "x"})

    def link(self, source: str, replica: str, on: date) -> bool:
        return self._post(source, "replicas", {"replica_id": replica, "effective_on": str(on)})

    def end_link(self, source: str, replica: str, on: date) -> bool:
        return self._post(source, f"replicas/{replica}/end", {"effective_on": str(on), "reason": "x"})

    def recode(self, village: str, on: date) -> None:
        """From this day on the village has a code that nobody had, and lies in the other district."""
        self._call(self._recode(village, on))

    async def _recode(self, village: str, on: date) -> None:
        async with self._service.database.transaction(ORIGIN) as tx:
            before = await tx.fetchrow(
                "update region_version set valid_to = $2 where region_id = $1 and valid_to = 'infinity' returning path, code",
                region_id(village),
                on,
            )
            assert before is not None
            district = "51.05.02" if before["code"].startswith("51.03") else "51.03.02"
            above = [region_id(code) for code in ("ID", "51", district[:5], district)]
            await tx.execute(
                """
                insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
                    valid_to, decree, recorded_at, event_id, aggregate_version)
                select region_id, scheme, $3, name, level, kind, $4, $5, timezone, $2, 'infinity', 'test', recorded_at,
                    gen_random_uuid(), aggregate_version + 1
                from region_version where region_id = $1 and valid_to = $2
                """,
                region_id(village),
                on,
                f"{district}.{next(_CODES)}",
                above[-1],
                [*above, region_id(village)],
            )

    def seen(self, library: str) -> Seen:
        one = self._get(library)
        links = self._call(self._national.get(f"/v1/libraries/{library}/replicas")).json()
        village = next(code for code in VILLAGES if str(region_id(code)) == one["region"]["region_id"])
        found = self._call(self._national.get(f"/v1/libraries/{library}"))
        survivor = found.headers["location"].rpartition("/")[2] if found.status_code == 307 else library
        if one["merged_into"]:
            return Seen(one["status"], village, one["merged_into"], survivor)
        mentors = frozenset(link["library_id"] for link in links["mentors"])
        replicas = frozenset(link["replica_id"] for link in links["replicas"])
        assert one["status"] == "DITUTUP" or self._call(self._was_told_of(library, sorted(replicas)))
        return Seen(one["status"], village, None, survivor, mentors, replicas)

    async def _was_told_of(self, library: str, replicas: list[str]) -> bool:
        """Whether the last event on it says replicator exactly when one of its replicas is at work."""
        agrees: bool = await self._service.database.pool.fetchval(
            """
            select coalesce((select event_type = 'id.simpul.registry.library-became-replicator.v1' from ledger
                where aggregate_id = $1 and event_type like 'id.simpul.registry.library-%-replicator.v1'
                order by aggregate_version desc limit 1), false)
                = exists (select from library where library_id = any($2::uuid[]) and status = 'AKTIF')
            """,
            library,
            replicas,
        )
        return agrees

    def total(self) -> tuple[int, int]:
        links = self._service.database.pool.fetchval("select count(*) from replica_link where ended_on is null")
        return self._listed(), self._call(links)

    def _listed(self) -> int:
        """All libraries that lists of the whole country show, over all pages."""
        found, cursor = 0, None
        while True:
            params = {"region": "ID", "limit": 200} | ({"cursor": cursor} if cursor else {})
            page = self._call(self._national.get("/v1/libraries", **params)).json()
            found, cursor = found + len(page["items"]), page["next_cursor"]
            if cursor is None:
                return found

    def _post(self, library: str, what: str, body: dict[str, Any]) -> bool:
        caller = self._national.colleague if what in DECISIONS else self._national
        version = self._get(library)["version"]
        answer = self._call(caller.post(f"/v1/libraries/{library}/{what}", body, version=version))
        assert answer.status_code in {200, 409, 422}, answer.text
        return bool(answer.status_code == 200)

    def _get(self, library: str) -> Any:
        return self._call(self._national.get(f"/v1/libraries/{library}", redirect=False)).json()

    async def _code(self, village: str) -> str:
        query = "select code from region_version where region_id = $1 and valid_to = 'infinity'"
        return str(await self._service.database.pool.fetchval(query, region_id(village)))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


async def test_random_commands_on_libraries_never_reach_an_illegal_state_or_lose_a_reference(
    registry: ServiceUnderTest,
) -> None:
    loop = asyncio.get_running_loop()

    class ServiceMachine(LibraryMachine):
        def __init__(self) -> None:
            super().__init__()
            self.world = Registry(registry, loop)

    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=30,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, ServiceMachine, settings=chosen)


async def test_of_all_changes_from_one_version_exactly_one_is_taken_and_none_is_lost(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await nominated(national)
    for what in ("verify", "designate", "activate"):
        await step(national, path, what, _DECREE if what == "designate" else None)
    version = (await national.get(path)).json()["version"]
    names = [(await national.get(path)).json()["name"]]
    for race in range(RACES):
        tried = [f"Nama {race}/{runner}" for runner in range(3)]
        answers = await asyncio.gather(
            *(national.post(f"{path}/rename", {"new_name": name}, version=version) for name in tried)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        (won,) = (name for name, answer in zip(tried, answers, strict=True) if answer.is_success)
        names.append(won)
        version += 1
    after = (await national.get(path)).json()
    assert (after["version"], after["name"]) == (version, names[-1])
    renamed = await registry.database.pool.fetch(
        """
        select convert_from(value, 'UTF8')::jsonb #>> '{data,new_name}' as name from ledger
        where event_type = 'id.simpul.registry.library-renamed.v1' order by aggregate_version
        """
    )
    assert [row["name"] for row in renamed] == names[1:]


_DECREE = {"sk_no": "1", "sk_date": "2021-03-15", "programme_year": 2021, "scheme": "STIMULAN_APBN"}
