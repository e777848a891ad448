"""Affiliations, certifications, consents, and people who may be registered twice."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.registry import PersonMerged

from tests.service.registry.people import BODY, NIK, NUMBER, PHONE, held, leaks, registered
from tests.service.registry.test_libraries import active, step
from tests.support.services import Caller, ServiceUnderTest

LIBRARY = {
    "name": "Perpustakaan Desa Mengwi",
    "type": "DESA",
    "region_code": "51.03.02.2009",
    "programme_year": 2021,
    "scheme": "STIMULAN_APBN",
}
OTHER = {"name": "Wayan Contoh", "phone": None, "email": None, "nik": None}


async def library(caller: Caller, **changed: object) -> str:
    response = await caller.post("/v1/libraries", LIBRARY | changed)
    assert response.status_code == 201, response.text
    return str(response.json()["library_id"])


async def told(caller: Caller, path: str, what: str, body: Mapping[str, object]) -> dict[str, Any]:
    """The person after a change, made on the version that is there."""
    version = (await caller.get(path)).json()["version"]
    response = await caller.post(f"{path}/{what}", body, version=version)
    assert (response.status_code, response.headers["etag"]) == (200, f'"{version + 1}"'), response.text
    assert response.json() == (await caller.get(path)).json()
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_person_has_many_affiliations_at_once_and_each_is_announced(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path, at = await registered(national), await library(national)
    await told(national, path, "affiliations", {"library_id": at, "role": "PENGELOLA", "valid_from": "2023-01-02"})
    person = await told(national, path, "affiliations", {"library_id": at, "role": "PKK", "valid_from": "2022-01-01"})
    welfare, manager = person["affiliations"]
    assert (welfare["role"], manager["role"], manager["valid_to"]) == ("PKK", "PENGELOLA", None)
    await told(national, path, f"affiliations/{manager['affiliation_id']}/end", {"valid_to": "2025-01-01"})

    again = {"library_id": at, "role": "PKK", "valid_from": "2026-01-01"}
    refused = await national.post(f"{path}/affiliations", again, version=4)
    assert (refused.status_code, refused.json()["code"]) == (409, "record-overlaps")
    unknown = await national.post(f"{path}/affiliations", again | {"library_id": str(uuid4())}, version=4)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "library-unknown")

    events = [one for one in await registry.ledger() if "affiliation" in one.type]
    assert [b'"valid_to":"2025-01-01"' in bytes(one.data) for one in events] == [False, False, True]
    working = [
        (await national.get("/v1/people", library_id=at, on=day)).json()["items"]
        for day in ("2022-06-01", "2024-06-01")
    ]
    assert [[f"/v1/people/{one['person_id']}" for one in items] for items in working] == [[path], [path]]
    managers = await national.get("/v1/people", library_id=at, role="PENGELOLA", on="2025-01-01")
    assert managers.json()["items"] == []
    assert leaks(managers.text) == set()


async def test_nobody_begins_at_a_library_that_is_closed_or_merged_but_who_began_before_may_be_entered_late(
    national: Caller,
) -> None:
    path, closed, other = await registered(national), await active(national), await active(national)
    await step(national, closed, "close", {"reason": "Desa pindah", "effective_on": "2024-01-01"})
    work: dict[str, object] = {"library_id": closed.rpartition("/")[2], "role": "PENGELOLA"}
    refused = await national.post(f"{path}/affiliations", work | {"valid_from": "2024-01-01"}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "library-closed")
    await told(national, path, "affiliations", work | {"valid_from": "2023-12-31"})

    await step(national, other, "describe", {"established_on": "2019-05-02"})
    early = await national.post(
        f"{path}/affiliations", work | {"library_id": other.rpartition("/")[2], "valid_from": "2019-05-01"}, version=2
    )
    assert (early.status_code, early.json()["code"], early.json()["field"]) == (422, "date-too-early", "/valid_from")

    survivor = (await active(national)).rpartition("/")[2]
    await step(national, other, "merge", {"survivor_id": survivor, "reason": "Satu gedung"})
    elsewhere = work | {"library_id": other.rpartition("/")[2], "valid_from": "2023-01-02"}
    refused = await national.post(f"{path}/affiliations", elsewhere, version=2)
    assert (refused.status_code, refused.json()["code"], refused.json()["survivor_id"]) == (
        409,
        "library-merged",
        survivor,
    )


async def test_people_work_at_offices_too_and_at_one_place_at_a_time(national: Caller) -> None:
    path, at = await registered(national), await library(national)
    office = {"kind": "DINAS_KABKOTA", "name": "Dinas Badung", "jurisdiction": ["51.03"], "effective_on": "2018-01-01"}
    office_id = (await national.post("/v1/offices", office)).json()["office_id"]
    body: dict[str, object] = {"office_id": office_id, "role": "VERIFIKATOR", "valid_from": "2023-01-02"}
    [affiliation] = (await told(national, path, "affiliations", body))["affiliations"]
    assert (affiliation["office_id"], affiliation["library_id"]) == (office_id, None)

    await national.post(
        f"/v1/offices/{office_id}/close", {"effective_on": "2024-01-01", "reason": "Digabung"}, version=1
    )
    for day, code in (("2024-01-01", "office-closed"), ("2017-12-31", "office-date-backwards")):
        refused = await national.post(f"{path}/affiliations", body | {"role": "PKK", "valid_from": day}, version=2)
        assert (refused.json()["code"], refused.json()["field"]) == (code, "/valid_from")

    unknown = await national.post(f"{path}/affiliations", body | {"office_id": str(uuid4())}, version=2)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "office-unknown")
    for places in ({"library_id": at}, {"office_id": None}):
        refused = await national.post(f"{path}/affiliations", body | places, version=2)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_a_certificates_number_is_told_with_the_personal_fields_only(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    granted = {"kind": "FASDA", "number": NUMBER, "valid_from": "2023-05-12", "valid_to": "2026-05-12"}
    (certification,) = (await told(national, path, "certifications", granted))["certifications"]
    assert NUMBER not in (await national.get(path)).text
    personal = (await national.get(f"{path}/personal")).json()
    assert personal["certification_numbers"] == {certification["certification_id"]: NUMBER}
    assert (await national.get(f"{path}/accesses")).json()["items"][-1]["fields"][-1] == "certification_number"

    ended = await told(
        national, path, f"certifications/{certification['certification_id']}/end", {"valid_to": "2024-01-01"}
    )
    assert ended["certifications"][0]["valid_to"] == "2024-01-01"
    await national.post(f"{path}/erase", {"reason": "PERMINTAAN_SUBJEK"}, version=ended["version"])
    rows = await registry.database.pool.fetch("select kind, sealed_number from certification")
    assert [tuple(row) for row in rows] == [("FASDA", None)]
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03")
    response = await regency.post(f"{await registered(national)}/certifications", granted, version=1)
    assert response.json()["code"] == "permission-missing"


async def test_consents_keep_purpose_basis_and_text_and_are_withdrawn(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await registered(national)
    body: dict[str, object] = {
        "purpose": "CERITA_PERUBAHAN",
        "text_version": "persetujuan-2026-01",
        "given_at": "2026-01-02T09:00:00+08:00",
    }
    (given,) = (await told(national, path, "consents", body))["consents"]
    assert (given["legal_basis"], given["withdrawn_at"]) == ("PERSETUJUAN", None)
    twice = await national.post(f"{path}/consents", body, version=2)
    assert (twice.status_code, twice.json()["code"]) == (409, "record-overlaps")
    for at, code in (("0001-01-01T00:00:00+14:00", "consent-too-early"), ("2025-12-31T00:00:00Z", "interval-reversed")):
        refused = await national.post(
            f"{path}/consents/{given['consent_id']}/withdraw", {"withdrawn_at": at}, version=2
        )
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    (withdrawn,) = (await told(national, path, f"consents/{given['consent_id']}/withdraw", {}))["consents"]
    assert withdrawn["withdrawn_at"] is not None
    gave, withdrew = [one for one in await registry.ledger() if "consent" in one.type]
    assert (gave.time.isoformat(), gave.type) == ("2026-01-02T09:00:00+08:00", "id.simpul.registry.consent-given.v1")
    assert bytes(withdrew.data).endswith(b'"purpose":"CERITA_PERUBAHAN"}')


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"purpose": "FOTO", "text_version": "boleh untuk Ni Luh"}, 422),
        ({"purpose": "APA SAJA", "text_version": "v1"}, 422),
        ({"purpose": "FOTO", "text_version": "v1", "given_at": "2026-01-02T09:00:00"}, 422),
        ({"purpose": "FOTO", "text_version": "v1", "given_at": "2999-01-02T09:00:00Z"}, 422),
        ({"purpose": "FOTO", "text_version": "v1", "given_at": "0001-01-01T00:00:00+14:00"}, 422),
        ({"purpose": "FOTO", "text_version": "v1", "given_at": "9999-12-31T23:59:59-14:00"}, 422),
    ],
)
async def test_a_consent_that_cannot_be_right_is_refused(
    national: Caller, body: dict[str, object], status: int
) -> None:
    response = await national.post(f"{await registered(national)}/consents", body, version=1)
    assert response.status_code == status


async def test_people_who_look_alike_are_candidates_until_somebody_decides(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first = await registered(national)
    same_phone = await registered(national, **OTHER | {"phone": PHONE})
    same_name = await registered(national, **OTHER | {"name": "KENARI, Ni Luh Contoh"})
    await registered(national, **OTHER | {"name": BODY["name"], "region_code": "51.03.02.2008"})
    found = await national.get("/v1/person-duplicates")
    pairs = {tuple(one["person_ids"]): one["alike"] for one in found.json()["items"]}
    ids = [path.rpartition("/")[2] for path in (first, same_phone, same_name)]
    assert pairs == {(ids[0], ids[1]): ["phone"], (ids[0], ids[2]): ["initials", "name", "sound"]}
    assert leaks(found.text) == set()
    assert {(await national.get(path)).json()["merged_into"] for path in (first, same_phone, same_name)} == {None}
    elsewhere = registry.caller(Role.PROVINCE_ADMIN, "51.05")
    assert (await elsewhere.get("/v1/person-duplicates")).json()["items"] == []

    dismissed = await national.post("/v1/person-duplicates/dismiss", {"person_ids": [ids[2], ids[0]]})
    assert (dismissed.status_code, dismissed.json()["verdict"]) == (200, "DISMISSED")
    merged = await national.post(f"{same_phone}/merge", {"survivor_id": ids[0]}, version=1)
    assert (merged.status_code, merged.json()["merged_into"]) == (200, ids[0])
    assert (await national.get("/v1/person-duplicates")).json()["items"] == []
    [event] = await registry.ledger(PersonMerged)
    assert (event.subject, event.aggregateversion) == (ids[1], 2)
    verdicts = await registry.database.pool.fetch(
        "select verdict, actor from person_duplicate_verdict order by verdict"
    )
    assert [tuple(row) for row in verdicts] == [("DISMISSED", "test-client"), ("MERGED", "test-client")]


async def test_who_looks_like_a_merged_entry_is_a_candidate_with_the_survivor_unless_that_was_dismissed(
    national: Caller,
) -> None:
    nobody = OTHER | {"birth_year": None, "gender": None}
    first, second, survivor = [
        await registered(national, **nobody | {"name": f"Orang {no}a"}) for no in ("X", "Y", "Z")
    ]
    await told(national, first, "correct", {"phone": "081200000001"})
    await told(national, second, "correct", {"phone": "081200000002"})
    dismissed = await registered(national, **nobody | {"name": "Kadek", "phone": "081200000002"})
    ids = [path.rpartition("/")[2] for path in (second, dismissed)]
    await national.post("/v1/person-duplicates/dismiss", {"person_ids": ids})
    await told(national, first, "merge", {"survivor_id": ids[0]})
    await told(national, second, "merge", {"survivor_id": survivor.rpartition("/")[2]})
    again = await registered(national, **nobody | {"name": "Wayan", "phone": "081200000001"})
    found = (await national.get("/v1/person-duplicates")).json()["items"]
    pair = [path.rpartition("/")[2] for path in (survivor, again)]
    assert [(one["person_ids"], one["alike"]) for one in found] == [(pair, ["phone"])]


async def test_a_merged_person_points_to_the_survivor_who_is_erased_last(national: Caller) -> None:
    survivor, twin = await registered(national), await registered(national)
    survivor_id = survivor.rpartition("/")[2]
    await national.post(f"{twin}/merge", {"survivor_id": survivor_id}, version=1)
    for write, body in (("correct", {"phone": PHONE}), ("merge", {"survivor_id": survivor_id})):
        refused = await national.post(f"{twin}/{write}", body, version=2)
        assert (refused.status_code, refused.json()["survivor_id"]) == (409, survivor_id)
    for path, body in ((f"{survivor}/merge", {"survivor_id": twin.rpartition("/")[2]}),):
        assert (await national.post(path, body, version=1)).json()["code"] == "person-merged"
    assert (await national.post(f"{survivor}/merge", {"survivor_id": survivor_id}, version=1)).status_code == 422

    too_early = await national.post(f"{survivor}/erase", {"reason": "KELIRU"}, version=1)
    assert (too_early.status_code, too_early.json()["person_ids"]) == (409, [twin.rpartition("/")[2]])
    for path, version in ((twin, 2), (survivor, 1)):
        assert (await national.post(f"{path}/erase", {"reason": "KELIRU"}, version=version)).status_code == 200
    assert (await national.post("/v1/people/look-up", {"nik": NIK})).json()["items"] == []


async def test_what_was_recorded_for_a_merged_person_is_the_survivors_to_see_and_ends_where_it_was_made(
    national: Caller,
) -> None:
    first, second, last = [await registered(national) for _ in range(3)]
    first_id, second_id, last_id = [path.rpartition("/")[2] for path in (first, second, last)]
    at = await library(national)
    work: dict[str, object] = {"library_id": at, "role": "PENGELOLA", "valid_from": "2023-01-02"}
    await told(national, first, "affiliations", work)
    await told(national, last, "affiliations", work | {"role": "PKK"})
    await told(national, first, "certifications", {"kind": "FASDA", "valid_from": "2023-05-12"})
    await told(national, second, "consents", {"purpose": "FOTO", "text_version": "v1"})
    await told(national, first, "merge", {"survivor_id": second_id})
    await told(national, second, "merge", {"survivor_id": last_id})

    async def working(**params: object) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await national.get("/v1/people", library_id=at, **params)).json()["items"]
        return items

    person = (await national.get(last)).json()
    assert await working() == await working(role="PENGELOLA") == [person]
    own, theirs = person["affiliations"]
    assert [(one["person_id"], one["role"]) for one in (own, theirs)] == [(last_id, "PKK"), (first_id, "PENGELOLA")]
    [certification], [consent] = person["certifications"], person["consents"]
    assert (certification["person_id"], consent["person_id"]) == (first_id, second_id)

    refused = await national.post(f"{first}/affiliations", work | {"role": "PKK"}, version=4)
    assert (refused.status_code, refused.json()["code"]) == (409, "person-merged")
    await told(national, first, f"affiliations/{theirs['affiliation_id']}/end", {"valid_to": "2024-01-01"})
    await told(national, first, f"certifications/{certification['certification_id']}/end", {"valid_to": "2024-01-01"})
    await told(national, second, f"consents/{consent['consent_id']}/withdraw", {})
    person = (await national.get(last)).json()
    assert (person["affiliations"][1]["valid_to"], person["certifications"][0]["valid_to"]) == ("2024-01-01",) * 2
    assert person["consents"][0]["withdrawn_at"] is not None
    assert (await working(role="PENGELOLA"), await working()) == ([], [person])
    assert (await national.get(f"{last}/export")).json()["registered_twice"] == [first_id, second_id]

    await national.post(f"{first}/erase", {"reason": "KELIRU"}, version=6)
    assert (await national.get(last)).json() == person
    assert await working(role="PENGELOLA", on="2023-06-01") == [person]
    assert (await national.get(f"{last}/export")).json()["registered_twice"] == [second_id]


async def test_a_survivor_is_not_told_again_what_was_recorded_for_a_merged_id_and_ends_it_there_erased_or_not(
    registry: ServiceUnderTest, national: Caller
) -> None:
    twin, survivor, at = await registered(national), await registered(national), await library(national)
    records: dict[str, dict[str, object]] = {
        "affiliations": {"library_id": at, "role": "PENGELOLA", "valid_from": "2023-01-02"},
        "certifications": {"kind": "FASDA", "valid_from": "2023-05-12"},
        "consents": {"purpose": "FOTO", "text_version": "v1"},
    }
    for what, record in records.items():
        before = await told(national, twin, what, record)
    await told(national, twin, "merge", {"survivor_id": survivor.rpartition("/")[2]})
    for what, record in records.items():
        refused = await national.post(f"{survivor}/{what}", record, version=1)
        assert (refused.status_code, refused.json()["code"]) == (409, "record-overlaps")

    await national.post(f"{twin}/erase", {"reason": "KELIRU"}, version=5)
    gone = (await national.get(twin)).json()
    assert (gone["code"], gone["version"]) == ("person-erased", 6)
    consent = f"{twin}/consents/{before['consents'][0]['consent_id']}/withdraw"
    assert (await national.post(consent, {}, version=6)).status_code == 200
    affiliation = f"{twin}/affiliations/{before['affiliations'][0]['affiliation_id']}/end"
    assert (await national.post(affiliation, {"valid_to": "2024-01-01"}, version=7)).status_code == 200
    person = (await national.get(survivor)).json()
    assert person["affiliations"][0]["valid_to"] == "2024-01-01"
    assert person["consents"][0]["withdrawn_at"] is not None
    assert (await national.post(f"{survivor}/consents", records["consents"], version=1)).status_code == 200

    await national.post(f"{survivor}/erase", {"reason": "PERMINTAAN_SUBJEK"}, version=2)
    end = f"{survivor}/certifications/{before['certifications'][0]['certification_id']}/end"
    assert (await national.post(end, {"valid_to": "2024-01-01"}, version=3)).json()["code"] == "person-erased"
    assert (await national.get("/v1/people", library_id=at, on="2023-06-01")).json()["items"] == []


async def test_nothing_personal_comes_into_the_database_in_clear(registry: ServiceUnderTest, national: Caller) -> None:
    path = await registered(national)
    await told(national, path, "certifications", {"kind": "FASDA", "number": NUMBER, "valid_from": "2023-05-12"})
    assert leaks(await held(registry.database.pool)) == set()
    assert UUID(path.rpartition("/")[2]) == await registry.database.pool.fetchval("select person_id from certification")
