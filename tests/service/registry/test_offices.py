"""Offices and their jurisdictions; codes of BPS, assigned and never derived."""

from typing import Any

import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.registry import OfficeChanged, OfficeClosed, OfficeRegistered, RegionCodeAssigned

from tests.service.registry.conftest import region_id
from tests.support.services import Caller, ServiceUnderTest

BADUNG = {
    "kind": "DINAS_KABKOTA",
    "name": "Dinas Kearsipan dan Perpustakaan Kabupaten Badung",
    "jurisdiction": ["51.03"],
    "effective_on": "2018-01-01",
}


async def registered(national: Caller, **changed: object) -> Any:
    response = await national.post("/v1/offices", BADUNG | changed)
    assert response.status_code == 201, response.text
    return response.json()


async def test_an_office_is_found_by_the_regions_it_is_in_charge_of(
    registry: ServiceUnderTest, national: Caller
) -> None:
    badung = await registered(national)
    bali = await registered(national, kind="DINAS_PROVINSI", name="Dinas Bali", jurisdiction=["51"])
    country = await registered(national, kind="PERPUSNAS", name="Perpustakaan Nasional", jurisdiction=["ID"])
    staff = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    found = (await staff.get("/v1/offices", region="51.03.02.2009")).json()["items"]
    assert {one["office_id"] for one in found} == {one["office_id"] for one in (badung, bali, country)}
    elsewhere = (await staff.get("/v1/offices", region="51.05", kind="DINAS_KABKOTA")).json()["items"]
    assert elsewhere == []
    event = (await registry.ledger(OfficeRegistered))[0]
    assert event.aggregatetype == "office"


async def test_an_office_is_told_as_it_was_on_a_day_and_as_it_was_known(
    registry: ServiceUnderTest, national: Caller
) -> None:
    office = await registered(national)
    path = f"/v1/offices/{office['office_id']}"
    change = {"name": "Dinas Gabungan", "jurisdiction": ["51.03", "51.05"], "effective_on": "2024-01-01", "reason": "x"}
    await national.post(f"{path}/change", change, version=1)
    await national.post(f"{path}/close", {"effective_on": "2025-01-01", "reason": "x"}, version=2)
    opened, changed, _ = [one.recordedtime.isoformat() for one in await registry.ledger()]

    async def in_charge(region: str, on: str, **params: object) -> list[str]:
        items = (await national.get("/v1/offices", region=region, valid_on=on, **params)).json()["items"]
        return [one["name"] for one in items]

    assert await in_charge("51.03", "2023-12-31") == [BADUNG["name"]]
    assert await in_charge("51.05", "2023-12-31") == []
    assert await in_charge("51.05", "2024-01-01") == ["Dinas Gabungan"]
    assert await in_charge("51.05", "2025-01-01") == []
    assert await in_charge("51.05", "2025-01-01", known_on=changed) == ["Dinas Gabungan"]
    assert await in_charge("51.05", "2025-01-01", known_on=opened) == []
    assert (await national.get(path, valid_on="2023-12-31")).json()["jurisdiction"] == [str(region_id("51.03"))]
    assert (await national.get(path, known_on=changed)).json()["closed_on"] is None
    assert (await national.get(path, valid_on="2017-12-31")).json()["code"] == "office-unknown"


async def test_an_office_changes_and_closes_by_version(registry: ServiceUnderTest, national: Caller) -> None:
    office = await registered(national)
    path = f"/v1/offices/{office['office_id']}"
    change = {"name": "Dinas Perpustakaan", "jurisdiction": ["51.03", "51.05"], "effective_on": "2024-01-01"}
    changed = await national.post(f"{path}/change", change | {"reason": "Perda"}, version=1)
    assert changed.json()["jurisdiction"] == [str(region_id("51.03")), str(region_id("51.05"))]
    assert (await national.post(f"{path}/change", change | {"reason": "Perda"}, version=1)).status_code == 412
    early = await national.post(f"{path}/close", {"effective_on": "2023-01-01", "reason": "x"}, version=2)
    assert early.json()["code"] == "office-date-backwards"
    closed = await national.post(f"{path}/close", {"effective_on": "2025-01-01", "reason": "Digabung"}, version=2)
    assert closed.json()["closed_on"] == "2025-01-01"
    again = await national.post(f"{path}/close", {"effective_on": "2025-01-01", "reason": "x"}, version=3)
    assert again.json()["code"] == "office-closed"
    assert (await national.get("/v1/offices", region="51.03")).json()["items"] == []
    assert len((await national.get("/v1/offices", region="51.03", valid_on="2024-06-01")).json()["items"]) == 1
    assert [len(await registry.ledger(kind)) for kind in (OfficeRegistered, OfficeChanged, OfficeClosed)] == [1, 1, 1]
    assert (await national.get(path)).headers["etag"] == '"3"'


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"jurisdiction": ["51"]}, "jurisdiction-of-other-level"),
        ({"jurisdiction": ["5103"]}, "region-code-malformed"),
        ({"jurisdiction": ["51.99"]}, "region-unknown"),
        ({}, "office-exists"),
    ],
)
async def test_an_office_that_cannot_be_is_refused(national: Caller, changed: dict[str, Any], code: str) -> None:
    await registered(national)
    assert (await national.post("/v1/offices", BADUNG | changed)).json()["code"] == code


async def test_no_two_offices_of_a_kind_are_in_charge_of_a_region_on_any_day(national: Caller) -> None:
    path = f"/v1/offices/{(await registered(national, jurisdiction=['51.03', '51.05']))['office_id']}"
    given_up = {"name": "Dinas", "jurisdiction": ["51.03"], "effective_on": "2024-01-01", "reason": "Perda"}
    assert (await national.post(f"{path}/change", given_up, version=1)).status_code == 200
    closed = {"effective_on": "2030-01-01", "reason": "Digabung"}
    assert (await national.post(f"{path}/close", closed, version=2)).status_code == 200

    async def taken(region: str, since: str) -> Any:
        response = await national.post("/v1/offices", BADUNG | {"jurisdiction": [region], "effective_on": since})
        return response.json().get("detail", response.status_code)

    assert "from 2018-01-01 until before 2024-01-01" in await taken("51.05", "2023-12-31")
    assert "from 2024-01-01 until before 2030-01-01" in await taken("51.03", "2029-12-31")
    assert (await taken("51.05", "2024-01-01"), await taken("51.03", "2030-01-01")) == (201, 201)


async def test_only_the_country_registers_offices(registry: ServiceUnderTest) -> None:
    assert (await registry.caller(Role.PROVINCE_ADMIN, "51").post("/v1/offices", BADUNG)).status_code == 403


CODE = {"scheme": "BPS", "code": "5103020009", "source": "Perka BPS 3/2024"}
MENGWI = f"/v1/regions/{region_id('51.03.02.2009')}/codes"


async def test_an_undotted_code_without_a_scheme_is_refused_and_told_what_to_do(national: Caller) -> None:
    refused = await national.get("/v1/regions", code="5103022009")
    assert (refused.status_code, refused.json()["code"]) == (422, "region-code-malformed")
    assert "with dots" in refused.json()["detail"]
    assert "scheme=BPS" in refused.json()["detail"]


async def test_a_bps_code_is_found_once_it_is_assigned_and_never_derived(
    registry: ServiceUnderTest, national: Caller
) -> None:
    before = await national.get("/v1/regions", code="5103020009", scheme="BPS")
    assert (before.status_code, before.json()["code"]) == (404, "region-unknown")
    assert (await national.post(MENGWI, CODE | {"valid_from": "2020-01-01"})).status_code == 200
    [found] = (await national.get("/v1/regions", code="5103020009", scheme="BPS")).json()["items"]
    assert found["code"] == "51.03.02.2009"
    assert (
        await national.get("/v1/regions", code="5103020009", scheme="BPS", valid_on="2019-12-31")
    ).status_code == 404
    [event] = await registry.ledger(RegionCodeAssigned)
    known = event.recordedtime.isoformat()
    taken = await national.post(MENGWI, {"scheme": "BPS", "code": None, "valid_from": "2020-01-01", "source": "salah"})
    assert taken.json()["items"] == []
    assert (await national.get("/v1/regions", code="5103020009", scheme="BPS")).status_code == 404
    assert (await national.get("/v1/regions", code="5103020009", scheme="BPS", known_on=known)).status_code == 200
    assert len((await national.get(MENGWI, known_on=known)).json()["items"]) == 1


async def test_a_retired_bps_code_answers_with_where_it_went(national: Caller) -> None:
    for code, since, until in (("5103020009", "2020-01-01", "2021-01-01"), ("5103020099", "2021-01-01", None)):
        body = CODE | {"code": code, "valid_from": since, "valid_to": until}
        assert (await national.post(MENGWI, body)).status_code == 200
    refused = await national.get("/v1/regions", code="5103020009", scheme="BPS", valid_on="2022-01-01")
    told, mengwi = refused.json(), str(region_id("51.03.02.2009"))
    assert (refused.status_code, told["code"], told["field"]) == (404, "region-unknown", "/query/code")
    assert told["code_in_use"] == [{"region_id": mengwi, "valid_from": "2020-01-01", "valid_to": "2021-01-01"}]
    assert (told["fate"], told["place_has_code"]) == ("UNCHANGED", "5103020099")
    assert [(one["region_id"], one["code"]) for one in told["successors"]] == [(mengwi, "51.03.02.2009")]
    assert "from 2020-01-01 until before 2021-01-01" in told["detail"]
    assert "with the BPS code 5103020099" in told["detail"]
    early = (await national.get("/v1/regions", code="5103020009", scheme="BPS", valid_on="2019-06-01")).json()
    assert early.keys().isdisjoint({"fate", "place_has_code"})
    assert "Its place is 51.03.02.2009" in early["detail"]


async def test_what_was_never_assigned_is_not_taken_back(registry: ServiceUnderTest, national: Caller) -> None:
    assert (await national.post(MENGWI, CODE | {"valid_from": "2020-01-01"})).status_code == 200
    refused = await national.post(
        MENGWI, {"scheme": "BPS", "code": None, "valid_from": "2020-01-02", "source": "salah"}
    )
    told = refused.json()
    assert (refused.status_code, told["code"], told["field"]) == (404, "code-not-assigned", "/valid_from")
    assert "5103020009 from 2020-01-01" in told["detail"]
    assert len(await registry.ledger(RegionCodeAssigned)) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"prefix": "51"}, "/query/prefix"),
        ({"code": "5103020009", "level": "PROVINSI"}, "/query/level"),
        ({"code": "5103020009", "q": "zzz"}, "/query/q"),
        ({}, "/query/code"),
    ],
)
async def test_a_scheme_takes_one_whole_code_and_nothing_beside_it(
    national: Caller, asked: dict[str, str], field: str
) -> None:
    refused = await national.get("/v1/regions", scheme="BPS", **asked)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "scheme-takes-a-code", field)


@pytest.mark.parametrize(
    ("path", "changed", "code"),
    [
        (MENGWI, {"code": "51.03.02.2009"}, "region-code-malformed"),
        (MENGWI, {"code": "5103"}, "code-of-other-level"),
        (MENGWI, {"valid_from": "2020-01-01"}, "codes-overlap"),
        (f"/v1/regions/{region_id('51.03.02.2008')}/codes", {}, "codes-overlap"),
    ],
)
async def test_a_bps_code_that_cannot_be_is_refused(
    national: Caller, path: str, changed: dict[str, Any], code: str
) -> None:
    assert (await national.post(MENGWI, CODE)).status_code == 200
    refused = await national.post(path, {**CODE, **changed})
    assert refused.json()["code"] == code
