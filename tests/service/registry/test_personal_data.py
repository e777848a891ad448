"""What is known of people: sealed, told to few, each read noted, put right, exported, erased."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from simpul_shared.access import Role
from simpul_shared.platform.archive import Archive

from tests.service.registry.archived import put_away, reading
from tests.service.registry.people import BODY, EMAIL, NAME, NIK, PHONE, held, leaks, registered
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest

TOLD = {
    "name": NAME,
    "phone": PHONE,
    "email": EMAIL,
    "gender": "P",
    "birth_year": 1984,
    "nik_known": True,
    "certification_numbers": {},
}


async def test_all_that_is_known_is_told_by_a_route_and_a_permission_of_its_own(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    told = (await national.get(f"{path}/personal")).json()
    assert told == {"person_id": path.rpartition("/")[2], **TOLD}
    assert leaks((await national.get(path)).text) == set()
    for role in (Role.LIBRARY_STAFF, Role.AUDITOR, Role.SYSTEM):
        caller = registry.caller(role)
        for route in ("name", "personal", "export"):
            assert (await caller.get(f"{path}/{route}")).json()["code"] == "permission-missing"
        assert (await caller.post("/v1/people/look-up", {"phone": PHONE})).json()["code"] == "permission-missing"


async def test_what_is_not_known_is_null(national: Caller) -> None:
    response = await national.post("/v1/people", {"name": NAME, "region_code": "51.03.02.2009"})
    told = (await national.get(f"{response.headers['location']}/personal")).json()
    assert {name for name, value in told.items() if value is None} == {"phone", "email", "gender", "birth_year"}
    assert told["nik_known"] is False


@pytest.mark.parametrize("term", [{"phone": "0812 999 00017"}, {"phone": "+62 (812) 9990-0017"}, {"nik": NIK}])
async def test_people_are_found_by_phone_and_nik_within_ones_regions(
    registry: ServiceUnderTest, national: Caller, term: dict[str, str]
) -> None:
    path = await registered(national)
    await registered(national, phone="081299900018", nik="5103025507840018")
    response = await national.post("/v1/people/look-up", term)
    assert [f"/v1/people/{one['person_id']}" for one in response.json()["items"]] == [path]
    assert leaks(response.text) == set()
    elsewhere = registry.caller(Role.REGENCY_ADMIN, "51.05")
    assert (await elsewhere.post("/v1/people/look-up", term)).json()["items"] == []


async def test_a_number_that_many_share_is_looked_up_page_by_page_within_ones_regions(
    registry: ServiceUnderTest, national: Caller
) -> None:
    shared = {"phone": PHONE, "nik": None, "email": None}
    there = [await registered(national, **shared, region_code="51.05.02.2003") for _ in range(3)]
    here = await registered(national, **shared)

    async def found(caller: Caller, query: str) -> tuple[list[str], str | None]:
        page = (await caller.post(f"/v1/people/look-up?{query}", {"phone": PHONE})).json()
        return [f"/v1/people/{one['person_id']}" for one in page["items"]], page["next_cursor"]

    assert await found(registry.caller(Role.REGENCY_ADMIN, "51.03"), "limit=3") == ([here], None)
    first, cursor = await found(national, "limit=3")
    assert await found(national, f"limit=3&cursor={cursor}") == ([here], None)
    assert first == there
    seen = [(await national.get(f"{path}/accesses")).json()["items"] for path in (there[0], here)]
    assert [len(one) for one in seen] == [1, 2]


@pytest.mark.parametrize("term", [{}, {"phone": PHONE, "nik": NIK}, {"name": NAME}, {"phone": "siapa"}])
async def test_people_are_looked_up_by_one_phone_or_nik(national: Caller, term: dict[str, str]) -> None:
    response = await national.post("/v1/people/look-up", term)
    assert response.status_code == 422
    assert leaks(response.text) == set()


async def test_every_read_of_personal_fields_is_noted_with_who_what_and_what_for(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    clerk = registry.caller(Role.REGENCY_ADMIN, "51.03", client="clerk")
    reads = [
        await clerk.get(f"{path}/name", purpose="BIMTEK"),
        await clerk.get(f"{path}/personal"),
        await clerk.post("/v1/people/look-up", {"phone": PHONE, "purpose": "KONTAK"}),
    ]
    assert {response.status_code for response in reads} == {200}
    await clerk.get(path)
    noted = (await registry.caller(Role.AUDITOR).get(f"{path}/accesses")).json()["items"]
    assert [(one["kind"], one["fields"], one["purpose"]) for one in noted] == [
        ("READ", ["name"], "BIMTEK"),
        ("READ", ["name", "phone", "email", "gender", "birth_year", "nik"], None),
        ("LOOK_UP", ["phone"], "KONTAK"),
    ]
    assert [one["correlation_id"] for one in noted] == [response.headers["x-request-id"] for response in reads]
    assert {(one["actor"], one["client_id"]) for one in noted} == {("clerk", "clerk")}
    assert (await clerk.get(f"{path}/accesses")).json()["code"] == "permission-missing"


async def test_nobody_changes_what_was_noted_not_even_the_owner(
    registry: ServiceUnderTest, national: Caller, databases: Databases
) -> None:
    await national.get(f"{await registered(national)}/name")
    owner = await asyncpg.connect(databases.url(registry.url.rpartition("/")[2], "simpul_owner"))
    statements = ("delete from personal_data_access", "update personal_data_access set actor = 'nobody'")
    try:
        for statement in (*statements, "truncate personal_data_access"):
            with pytest.raises(asyncpg.RaiseError, match="only ever added"):
                await owner.execute(statement)
    finally:
        await owner.close()
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await registry.database.pool.execute(statement)


async def test_fields_are_put_right_by_who_saw_the_present_version(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    corrected = await national.post(f"{path}/correct", {"phone": "0813 1110 0001", "email": None}, version=1)
    assert (corrected.status_code, corrected.headers["etag"], corrected.json()["version"]) == (200, '"2"', 2)
    told = (await national.get(f"{path}/personal")).json()
    assert (told["phone"], told["email"], told["name"], told["birth_year"]) == ("+6281311100001", None, NAME, 1984)
    found = [(await national.post("/v1/people/look-up", {"phone": p})).json()["items"] for p in (PHONE, "081311100001")]
    assert [len(items) for items in found] == [0, 1]
    assert bytes((await registry.ledger())[-1].data).endswith(b'"fields":["email","phone"]}')
    stale = await national.post(f"{path}/correct", {"phone": PHONE}, version=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    for wrong in ({}, {"name": None}, {"name": ""}):
        assert (await national.post(f"{path}/correct", wrong, version=2)).status_code == 422
    assert (await national.post(f"{path}/correct", {"phone": PHONE})).status_code == 428


async def test_a_person_is_given_everything_in_one_answer(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    await national.get(f"{path}/name")
    await national.post(f"{path}/correct", {"birth_year": 1985}, version=1)
    export = (await national.get(f"{path}/export")).json()
    assert export["personal"] | {"birth_year": 1984} == {"person_id": path.rpartition("/")[2], **TOLD}
    assert [one["event_id"] for one in export["events"]] == [str(one.id) for one in await registry.ledger()]
    assert [one["version"] for one in export["events"]] == [1, export["person"]["version"]]
    assert [one["kind"] for one in export["accesses"]] == ["READ", "EXPORT"]
    assert export["elsewhere"] == [f"activities: GET {path}/export"]


async def test_events_of_archived_days_and_entries_made_twice_are_in_what_a_person_is_given(
    registry: ServiceUnderTest, national: Caller, databases: Databases, tmp_path: Path
) -> None:
    path, twin = await registered(national), await registered(national)
    await national.post(f"{path}/correct", {"birth_year": 1985}, version=1)
    await national.post(f"{twin}/merge", {"survivor_id": path.rpartition("/")[2]}, version=1)
    whole = (await national.get(f"{path}/export")).json()
    assert whole["registered_twice"] == [twin.rpartition("/")[2]]
    person_id = UUID(path.rpartition("/")[2])
    archive = Archive(tmp_path, "registry")
    assert await put_away(registry, databases, person_id, archive) == 1
    await registry.database.pool.execute(
        "update person set registered_at = '2025-03-01T05:00:00Z' where person_id = $1", person_id
    )

    async with reading(registry, archive) as caller:
        assert (await caller.get(f"{path}/export")).json()["events"] == whole["events"]
    async with reading(registry, None) as caller:
        lost = await caller.get(f"{path}/export")
        assert (lost.status_code, lost.json()["code"]) == (503, "archive-unreadable")


async def test_an_erased_person_is_gone_from_every_row_and_for_every_reader(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first = await national.post("/v1/people", BODY, key="first")
    path = first.headers["location"]
    await registered(national, name="Wayan Contoh", phone=None, email=None, nik="5103025507840018")
    await national.get(f"{path}/name")
    sealed = await _secrets(registry, path)
    erased = await national.post(f"{path}/erase", {"reason": "PERMINTAAN_SUBJEK"}, version=1, key="erase")
    assert (erased.status_code, erased.json()["version"]) == (200, 2)

    rows = await held(registry.database.pool)
    assert [secret for secret in sealed if secret.hex() in rows] == []
    assert path.rpartition("/")[2] in rows
    assert await registry.database.pool.fetchval("select count(*) from person") == 2
    for read in ("", "/name", "/personal", "/export"):
        gone = await national.get(f"{path}{read}")
        assert (gone.status_code, gone.json()["code"]) == (410, "person-erased")
    for write, body in (("correct", {"phone": PHONE}), ("erase", {"reason": "KELIRU"})):
        assert (await national.post(f"{path}/{write}", body, version=2)).status_code == 410
    assert (await national.post("/v1/people/look-up", {"nik": NIK})).json()["items"] == []
    assert (await registry.caller(Role.REGENCY_ADMIN, "51.05").get(path)).status_code == 404
    assert [one["kind"] for one in (await national.get(f"{path}/accesses")).json()["items"]] == ["READ"]


async def test_repeats_bring_nothing_of_an_erased_person_back(registry: ServiceUnderTest, national: Caller) -> None:
    first = await national.post("/v1/people", BODY, key="first")
    path = first.headers["location"]
    await national.post(f"{path}/correct", {"phone": PHONE}, version=1, key="correct")
    await national.post(f"{path}/erase", {"reason": "MASA_SIMPAN_HABIS"}, version=2)
    before = await held(registry.database.pool)
    repeats = [
        await national.post("/v1/people", BODY, key="first"),
        await national.post(f"{path}/correct", {"phone": PHONE}, version=1, key="correct"),
    ]
    assert [response.headers["idempotency-replayed"] for response in repeats] == ["true", "true"]
    assert leaks(repeats[0].text + repeats[1].text) == set()
    assert await held(registry.database.pool) == before
    assert (await national.get(path)).status_code == 410
    assert [one.type.rpartition(".")[0].rpartition(".")[2] for one in await registry.ledger()] == [
        "person-registered",
        "person-corrected",
        "person-erased",
    ]


async def _secrets(registry: ServiceUnderTest, path: str) -> list[bytes]:
    """The wrapped key, each ciphertext and each digest of a person."""
    person_id = path.rpartition("/")[2]
    pool = registry.database.pool
    row = await pool.fetchrow("select * from person join person_key using (person_id) where person_id = $1", person_id)
    assert row is not None
    digests = await pool.fetch("select digest from person_term where person_id = $1", person_id)
    found = [value for value in row.values() if isinstance(value, bytes)] + [one["digest"] for one in digests]
    assert len(found) == 6 + 6
    return found
