"""Libraries that may be registered twice, through HTTP."""

import pytest
from simpul_registry.queries import duplicates
from simpul_shared.access import Role

from tests.service.registry.test_libraries import BANJARANGKAN, active, step
from tests.service.registry.test_succession import id_of, merged
from tests.support.services import Caller, ServiceUnderTest

BAHA = "51.03.02.2008"
Pairs = list[tuple[str, ...]]


async def pairs(caller: Caller) -> Pairs:
    found: Pairs = []
    cursor: str | None = None
    while True:
        page = (await caller.get("/v1/library-duplicates", **({"cursor": cursor} if cursor else {}))).json()
        found += [tuple(sorted(one["name"] for one in pair["libraries"])) for pair in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_a_pair_is_shown_until_somebody_decides_and_does_not_come_back(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first, second = (
        await active(national, name="Perpustakaan Desa Mengwi"),
        await active(national, name="Perpus Mengwi"),
    )
    third = await active(national, name="Perpustakaan Widya", region_code=BAHA)
    fourth = await active(national, name="Perpustakaan Widia", region_code=BAHA)
    widya = ("Perpustakaan Widia", "Perpustakaan Widya")
    assert sorted(await pairs(national)) == [("Perpus Mengwi", "Perpustakaan Desa Mengwi"), widya]
    assert await pairs(registry.caller(Role.AUDITOR, BAHA)) == [widya]
    assert await pairs(registry.caller(Role.AUDITOR, "51.05")) == []

    body = {"library_ids": [id_of(fourth), id_of(third)], "reason": "Dua gedung"}
    assert (await national.post("/v1/library-duplicates/dismiss", body)).status_code == 200
    await merged(national, second, first)
    assert await pairs(national) == []
    await step(national, second, "unmerge", {"reason": "Ternyata dua"})
    assert await pairs(national) == []


async def test_pages_hold_whole_districts_and_lose_no_pair(national: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in (BAHA, BANJARANGKAN):
        for name in ("Perpustakaan Widya", "TBM Widya"):
            await active(national, name=name, region_code=code)
    everything = sorted(await pairs(national))
    assert len(everything) == 2
    monkeypatch.setattr(duplicates, "_COMPARED", 3)
    assert sorted(await pairs(national)) == everything


async def test_only_who_may_merge_may_dismiss(registry: ServiceUnderTest, national: Caller) -> None:
    ids = [id_of(await active(national, name=name)) for name in ("A", "B")]
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03")
    body = {"library_ids": ids, "reason": "x"}
    answer = await regency.post("/v1/library-duplicates/dismiss", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission-missing")
    same = await national.post("/v1/library-duplicates/dismiss", {"library_ids": [ids[0]] * 2, "reason": "x"})
    assert (same.status_code, same.json()["code"]) == (422, "one-library-only")
