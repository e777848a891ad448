"""People: registered by name, known by id, the name for few."""

import asyncio
import base64
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from simpul_registry import settings
from simpul_shared.access import Role
from simpul_shared.contracts.registry import PersonRelocated

from tests.service.registry.conftest import region_id
from tests.service.registry.people import NIK, leaks
from tests.support.services import Caller, ServiceUnderTest

NAME = "Ni Luh Contoh Kenari"
BODY = {"name": NAME, "region_code": "51.03.02.2009", "basis": "sample"}


async def registered(caller: Caller) -> str:
    response = await caller.post("/v1/people", BODY)
    assert response.status_code == 201, response.text
    return response.headers["location"]


async def test_a_person_is_registered_and_read_without_the_name(national: Caller) -> None:
    response = await national.post("/v1/people", BODY)
    body = response.json()
    assert response.headers["location"] == f"/v1/people/{body['person_id']}"
    assert (body["region"]["code"], body["basis"], body["version"]) == ("51.03.02.2009", "sample", 1)
    again = await national.get(response.headers["location"])
    assert again.json() == body
    assert again.headers["etag"] == '"1"'
    assert NAME not in response.text + again.text


async def test_the_name_is_told_by_one_route_only(national: Caller) -> None:
    path = await registered(national)
    assert (await national.get(f"{path}/name")).json()["name"] == NAME


async def test_the_name_needs_a_permission_of_its_own(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    staff = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    assert (await staff.get(path)).status_code == 200
    response = await staff.get(f"{path}/name")
    assert (response.status_code, response.json()["code"]) == (403, "permission-missing")


async def test_the_event_names_ids_only(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    [envelope] = await registry.ledger()
    assert envelope.type == "id.simpul.registry.person-registered.v1"
    assert str(envelope.subject) == path.rpartition("/")[2]
    assert b"name" not in bytes(envelope.data)


async def test_fifty_equal_registrations_in_parallel_are_one_person(
    registry: ServiceUnderTest, national: Caller
) -> None:
    key = uuid4().hex
    responses = await asyncio.gather(*(national.post("/v1/people", BODY, key=key) for _ in range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert await registry.database.pool.fetchval("select count(*) from person") == 1
    assert len(await registry.ledger()) == 1


async def test_a_person_outside_ones_scope_is_as_good_as_missing(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    klungkung = registry.caller(Role.REGENCY_ADMIN, "51.05")
    for address in (path, f"{path}/name", f"/v1/people/{uuid4()}"):
        response = await klungkung.get(address)
        assert (response.status_code, response.json()["code"]) == (404, "person-unknown")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"region_code": "51.03.02.2999"}, 404, "region-unknown"),
        ({"region_code": "5103022009"}, 422, "region-code-malformed"),
        ({"region_code": NAME}, 422, "region-code-malformed"),
        ({"region_code": NIK}, 422, "region-code-malformed"),
        ({NAME: 1}, 422, "invalid"),
        ({"name": "  "}, 422, "invalid"),
        ({"nik": "123"}, 422, "invalid"),
        ({"phone": "kosong"}, 422, "phone-malformed"),
        ({"email": "kosong"}, 422, "invalid"),
        ({"gender": "X"}, 422, "invalid"),
        ({"birth_year": 84}, 422, "invalid"),
        ({"religion": "lain"}, 422, "invalid"),
    ],
)
async def test_a_registration_that_cannot_be_right_is_refused_without_repeating_the_name(
    registry: ServiceUnderTest, national: Caller, changed: dict[str, object], status: int, code: str
) -> None:
    response = await national.post("/v1/people", BODY | changed)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert leaks(response.text) == set()
    assert await registry.ledger() == []


async def test_registering_in_a_region_outside_ones_scope_is_refused(registry: ServiceUnderTest) -> None:
    response = await registry.caller(Role.REGENCY_ADMIN, "51.05").post("/v1/people", BODY)
    assert (response.status_code, response.json()["code"]) == (403, "outside-scope")


async def test_another_service_key_opens_no_name(
    national: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await registered(national)
    other = tmp_path / "other"
    other.write_bytes(base64.b64encode(bytes(32)))
    monkeypatch.setenv("SIMPUL_REGISTRY_PERSON_KEY_FILE", str(other))
    settings.configured_keys.cache_clear()
    try:
        response = await national.get(f"{path}/name")
    finally:
        monkeypatch.undo()
        settings.configured_keys.cache_clear()
    assert (response.status_code, response.json()["code"]) == (503, "person-key-wrong")
    assert (await national.get(f"{path}/name")).json()["name"] == NAME


async def test_without_a_key_nobody_is_registered(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIMPUL_REGISTRY_PERSON_KEY_FILE")
    settings.configured_keys.cache_clear()
    try:
        response = await national.post("/v1/people", BODY)
    finally:
        monkeypatch.undo()
        settings.configured_keys.cache_clear()
    assert (response.status_code, response.json()["code"]) == (503, "person-key-missing")
    assert response.headers["retry-after"] == "60"
    assert await registry.ledger() == []


async def test_a_person_who_moved_is_in_the_hands_of_those_in_charge_there(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    twin = (await national.post("/v1/people", BODY | {"region_code": "51.05.02.2003"})).json()["person_id"]
    pairs = (await national.get("/v1/person-duplicates")).json()["items"]
    response = await national.post(f"{path}/relocate", {"region_code": "51.05.02.2003"}, version=1)
    assert response.status_code == 200, response.text
    assert (response.json()["region"]["code"], response.headers["etag"]) == ("51.05.02.2003", '"2"')
    assert (await registry.caller(Role.REGENCY_ADMIN, "51.05").get(path)).json() == response.json()
    assert (await registry.caller(Role.REGENCY_ADMIN, "51.03").get(path)).json()["code"] == "person-unknown"
    [envelope] = await registry.ledger(PersonRelocated)
    event = msgspec.json.decode(envelope.data, type=PersonRelocated)
    assert (event.old_region_id, event.region_id) == (region_id("51.03.02.2009"), region_id("51.05.02.2003"))
    [pair] = (await national.get("/v1/person-duplicates")).json()["items"]
    assert pairs == []
    assert set(pair["person_ids"]) == {path.rpartition("/")[2], twin}


async def test_a_move_that_cannot_be_is_refused(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    badung = registry.caller(Role.REGENCY_ADMIN, "51.03")
    for code, status, slug in (
        ("51.03.02.2009", 422, "nothing-to-correct"),
        ("51.03.02.2999", 404, "region-unknown"),
        ("51.05.02.2003", 403, "outside-scope"),
    ):
        refused = await badung.post(f"{path}/relocate", {"region_code": code}, version=1)
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (status, slug, "/region_code")
    assert await registry.ledger(PersonRelocated) == []
