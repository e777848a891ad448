"""Lists of libraries: filters, scope and pages."""

from collections.abc import AsyncIterator

import pytest
from simpul_registry.app import SERVICE
from simpul_shared.access import Role

from tests.service.registry.conftest import insert_regions
from tests.service.registry.test_libraries import BANJARANGKAN, designated, nominated
from tests.service.registry.test_succession import BAHA
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, service_under_test


@pytest.fixture(scope="module")
async def three(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    """Only read here, so one database does for the module."""
    async with service_under_test(SERVICE, databases) as service:
        await insert_regions(service)
        caller = service.caller()
        await designated(caller, name="A 100% baca", fund_source="APBN")
        paid = {"programme_year": 2022, "scheme": "USULAN_DAERAH", "fund_source": "APBDES"}
        await nominated(caller, name="B_x", region_code="51.03.02.2008", **paid)
        await nominated(caller, name="C", region_code=BANJARANGKAN, type="TBM", fund_source="CSR")
        yield service


async def names(caller: Caller, **params: object) -> list[str]:
    response = await caller.get("/v1/libraries", **params)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["A 100% baca", "B_x", "C"]),
        ({"region": "51.03"}, ["A 100% baca", "B_x"]),
        ({"region": "51.03.02.2008"}, ["B_x"]),
        ({"region": "ID"}, ["A 100% baca", "B_x", "C"]),
        ({"status": "DITETAPKAN"}, ["A 100% baca"]),
        ({"programme_year": 2022}, ["B_x"]),
        ({"scheme": "USULAN_DAERAH"}, ["B_x"]),
        ({"programme_year": 2021, "scheme": "USULAN_DAERAH"}, []),
        ({"fund_source": "APBN"}, ["A 100% baca"]),
        ({"fund_source": "APBDES", "region": "51.03", "scheme": "USULAN_DAERAH"}, ["B_x"]),
        ({"fund_source": "CSR", "programme_year": 2022}, []),
        ({"type": "TBM"}, ["C"]),
        ({"q": "100% BACA"}, ["A 100% baca"]),
        ({"q": "_"}, ["B_x"]),
        ({"q": "%"}, ["A 100% baca"]),
    ],
)
async def test_libraries_are_found_by(three: ServiceUnderTest, params: dict[str, object], expected: list[str]) -> None:
    assert await names(three.caller(), **params) == expected
    counted = (await three.caller().get("/v1/library-counts", **params)).json()
    assert counted["total"] == len(expected) == sum(one["libraries"] for one in counted["items"])


async def test_counts_tell_types_and_standings_apart_within_scope(three: ServiceUnderTest) -> None:
    counted = (await three.caller().get("/v1/library-counts")).json()
    assert [(one["type"], one["status"], one["libraries"]) for one in counted["items"]] == [
        ("DESA", "DITETAPKAN", 1),
        ("DESA", "DIUSULKAN", 1),
        ("TBM", "DIUSULKAN", 1),
    ]
    assert (await three.caller(Role.AUDITOR, "51.05").get("/v1/library-counts")).json()["total"] == 1


async def test_pages_follow_each_other_without_gap_or_overlap(three: ServiceUnderTest) -> None:
    first = (await three.caller().get("/v1/libraries", limit=2)).json()
    second = (await three.caller().get("/v1/libraries", limit=2, cursor=first["next_cursor"])).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["A 100% baca", "B_x", "C"]
    assert second["next_cursor"] is None


async def test_a_list_shows_only_what_lies_in_scope(three: ServiceUnderTest) -> None:
    assert await names(three.caller(Role.AUDITOR, "51.05")) == ["C"]


async def test_a_list_of_a_region_outside_ones_scope_is_refused(three: ServiceUnderTest) -> None:
    response = await three.caller(Role.AUDITOR, "51.05").get("/v1/libraries", region="51.03")
    assert (response.status_code, response.json()["code"]) == (403, "outside-scope")


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"region": "5103"}, 422, "region-code-malformed"),
        ({"region": "99"}, 404, "region-unknown"),
        ({"cursor": "nonsense"}, 422, "cursor-malformed"),
        ({"limit": 201}, 422, "invalid"),
        ({"status": "LIBUR"}, 422, "invalid"),
        ({"external_id": "NPP"}, 422, "external-id-malformed"),
        ({"fund_source": "DANA"}, 422, "invalid"),
    ],
)
async def test_a_list_refuses_what_it_cannot_understand(
    three: ServiceUnderTest, params: dict[str, object], status: int, code: str
) -> None:
    response = await three.caller().get("/v1/libraries", **params)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_library_whose_village_has_ended_is_found_and_counted_where_the_village_last_lay(
    registry: ServiceUnderTest, national: Caller
) -> None:
    await nominated(national, name="A", region_code=BAHA)
    await registry.database.pool.execute("update region_version set valid_to = '2021-12-31' where code = $1", BAHA)
    for region in ("ID", "51", "51.03", "51.03.02"):
        for day in ("2021-12-30", "2021-12-31", None):
            on = {} if day is None else {"valid_on": day}
            assert await names(national, region=region, **on) == ["A"]
            assert (await national.get("/v1/library-counts", region=region, **on)).json()["total"] == 1
    assert await names(national, region="51.05") == []
