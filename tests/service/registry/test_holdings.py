"""What libraries were given and what became of it; the national standard; accreditation."""

from typing import Any

import msgspec
from simpul_shared.access import Role
from simpul_shared.contracts.registry import (
    AccreditationWithdrawn,
    AidConditionChecked,
    AidReceived,
    AidWithdrawn,
    LibraryAccredited,
    SnpProfileRecorded,
)

from tests.service.registry.test_person_records import library
from tests.support.services import Caller, ServiceUnderTest

AID = {"item": "KOMPUTER", "quantity": 3, "source": "APBN", "bast_no": "027/BAST/2021", "bast_date": "2021-08-02"}
CHECK: dict[str, Any] = {"checked_on": "2022-08-01", "good": 2, "broken": 0, "diverted": 1, "evidence": ["foto/1.jpg"]}
PROFILE: dict[str, Any] = {
    "observed_on": "2026-03-14",
    "titles": 1240,
    "building_m2": 48,
    "hours_per_day": 6.5,
    "staff": 2,
}
GRADE = {"grade": "B", "instrument": "SK 296/2022", "granted_on": "2023-10-02", "valid_to": "2028-10-02"}


async def test_aid_is_received_once_by_its_handover_record_and_its_condition_checked(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at = await library(national)
    staff = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    assert (await staff.post(f"/v1/libraries/{at}/aid-receipts", AID)).json()["code"] == "permission-missing"
    received = await national.post(f"/v1/libraries/{at}/aid-receipts", AID)
    assert (received.status_code, received.json()["checks"]) == (201, [])
    twice = await national.post(f"/v1/libraries/{at}/aid-receipts", AID | {"quantity": 2})
    assert (twice.status_code, twice.json()["code"]) == (409, "aid-already-received")

    again = await staff.get(received.headers["location"])
    assert (again.json(), again.headers["etag"]) == (received.json(), '"1"')
    outside = await registry.caller(Role.LIBRARY_STAFF, "51.05").get(received.headers["location"])
    assert (outside.status_code, outside.json()["code"]) == (404, "aid-unknown")
    path = f"/v1/aid-receipts/{received.json()['receipt_id']}/checks"
    checked = await staff.post(path, CHECK, version=1)
    assert (checked.status_code, checked.headers["etag"], checked.json()["checks"]) == (200, '"2"', [CHECK])
    older = CHECK | {"checked_on": "2021-09-01", "good": 3, "diverted": 0}
    assert (await staff.post(path, older, version=2)).json()["checks"] == [older, CHECK]
    for wrong, code in (
        ({"good": 3}, "conditions-do-not-add-up"),
        ({"checked_on": "2021-08-01"}, "check-too-early"),
        ({"checked_on": "2099-01-01"}, "date-in-future"),
    ):
        assert (await staff.post(path, CHECK | wrong, version=3)).json()["code"] == code
    assert (await staff.post(path, CHECK, version=1)).status_code == 412
    elsewhere = await registry.caller(Role.LIBRARY_STAFF, "51.05").post(path, CHECK, version=3)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "aid-unknown")

    (listed,) = (await staff.get(f"/v1/libraries/{at}/aid-receipts")).json()["items"]
    assert (listed["version"], listed["bast_no"]) == (3, "027/BAST/2021")
    events = await registry.ledger(AidReceived, AidConditionChecked)
    assert [one.aggregateversion for one in events] == [1, 2, 3]
    said = msgspec.json.decode(events[1].data, type=AidConditionChecked)
    assert (str(said.library_id), said.good, said.broken, said.diverted) == (at, 2, 0, 1)


async def test_a_library_is_compared_with_the_national_standard_as_it_was_last_found(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at = await library(national)
    missing = await national.get(f"/v1/libraries/{at}/snp")
    assert (missing.status_code, missing.json()["code"]) == (404, "snp-unknown")
    recorded = await national.post(f"/v1/libraries/{at}/snp-profiles", PROFILE)
    assert recorded.status_code == 201, recorded.text
    told = recorded.json()
    assert [(one["threshold"], one["met"]) for one in told["findings"]] == [
        ("JUDUL", True),
        ("GEDUNG", False),
        ("JAM_BUKA", True),
        ("TENAGA", True),
        ("KEPALA", None),
    ]
    assert (told["gaps"], told["rules_version"]) == (1, "perka-6-2017")
    late = PROFILE | {"observed_on": "2024-01-01", "titles": 10}
    assert (await national.post(f"/v1/libraries/{at}/snp-profiles", late)).json()["gaps"] == 2
    assert (await national.get(f"/v1/libraries/{at}/snp")).json() == told
    assert (await national.get(f"/v1/libraries/{at}/snp", on="2025-01-01")).json()["gaps"] == 2
    known = await national.get(f"/v1/libraries/{at}/snp", on="2025-01-01", known_on=told["recorded_at"])
    assert known.json()["code"] == "snp-unknown"
    assert (await national.get(f"/v1/libraries/{at}/snp", rules="lain")).json()["code"] == "rules-unknown"
    first, _ = await registry.ledger(SnpProfileRecorded)
    said = msgspec.json.decode(first.data, type=SnpProfileRecorded)
    assert (said.gaps, said.unknown, said.rules_version) == (("GEDUNG",), ("KEPALA",), "perka-6-2017")


async def test_an_accreditation_is_recorded_by_province_or_nation_once_a_day(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at = await library(national)
    path = f"/v1/libraries/{at}/accreditations"
    regency = await registry.caller(Role.REGENCY_ADMIN, "51.03").post(path, GRADE)
    assert regency.json()["code"] == "permission-missing"
    granted = await registry.caller(Role.PROVINCE_ADMIN, "51").post(path, GRADE)
    assert granted.status_code == 201, granted.text
    assert (await national.post(path, GRADE)).json()["code"] == "accreditation-exists"
    assert (await national.post(path, GRADE | {"valid_to": "2023-10-02"})).json()["code"] == "interval-reversed"
    older = await national.post(path, GRADE | {"grade": "C", "granted_on": "2018-10-02", "valid_to": "2023-10-02"})
    assert (await national.get(path)).json()["items"] == [granted.json(), older.json()]
    first, _ = await registry.ledger(LibraryAccredited)
    assert msgspec.json.decode(first.data, type=LibraryAccredited).grade == "B"


async def test_aid_recorded_by_mistake_is_withdrawn_and_makes_room_for_what_is_right(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at = await library(national)
    wrong = await national.post(f"/v1/libraries/{at}/aid-receipts", AID | {"quantity": 30})
    path, reason = wrong.headers["location"], {"reason": "Salah jumlah"}
    staff = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2009")
    assert (await staff.post(f"{path}/withdraw", reason, version=1)).json()["code"] == "permission-missing"
    elsewhere = await registry.caller(Role.REGENCY_ADMIN, "51.05").post(f"{path}/withdraw", reason, version=1)
    assert elsewhere.json()["code"] == "aid-unknown"
    withdrawn = await national.post(f"{path}/withdraw", reason, version=1)
    assert (withdrawn.status_code, withdrawn.headers["etag"]) == (200, '"2"')
    assert withdrawn.json()["withdrawn"]["because"] == "Salah jumlah"
    assert (await national.get(path)).json() == withdrawn.json()
    for again in (f"{path}/withdraw", f"{path}/checks"):
        refused = await national.post(again, reason if again.endswith("withdraw") else CHECK, version=2)
        assert (refused.status_code, refused.json()["code"]) == (409, "record-withdrawn")
    right = await national.post(f"/v1/libraries/{at}/aid-receipts", AID, key="right")
    assert right.status_code == 201, right.text
    listed = (await national.get(f"/v1/libraries/{at}/aid-receipts")).json()["items"]
    assert [(one["quantity"], one["withdrawn"] is None) for one in listed] == [(30, False), (3, True)]
    [envelope] = await registry.ledger(AidWithdrawn)
    said = msgspec.json.decode(envelope.data, type=AidWithdrawn)
    assert (f"/v1/aid-receipts/{said.receipt_id}", str(said.library_id), said.reason) == (path, at, "Salah jumlah")


async def test_an_accreditation_recorded_by_mistake_is_withdrawn(registry: ServiceUnderTest, national: Caller) -> None:
    at = await library(national)
    wrong = (await national.post(f"/v1/libraries/{at}/accreditations", GRADE | {"grade": "A"})).json()
    path, reason = f"/v1/accreditations/{wrong['accreditation_id']}/withdraw", {"reason": "Salah nilai"}
    elsewhere = await registry.caller(Role.PROVINCE_ADMIN, "52").post(path, reason, version=1)
    assert elsewhere.json()["code"] == "accreditation-unknown"
    assert (await national.post(path, reason, version=7)).status_code == 412
    withdrawn = await national.post(path, reason, version=wrong["version"])
    assert (withdrawn.status_code, withdrawn.json()["version"]) == (200, 2)
    again = await national.post(path, reason, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "record-withdrawn")
    right = await national.post(f"/v1/libraries/{at}/accreditations", GRADE, key="right")
    listed = (await national.get(f"/v1/libraries/{at}/accreditations")).json()["items"]
    assert listed == [right.json(), withdrawn.json()]
    [envelope] = await registry.ledger(AccreditationWithdrawn)
    said = msgspec.json.decode(envelope.data, type=AccreditationWithdrawn)
    assert (str(said.accreditation_id), str(said.library_id)) == (wrong["accreditation_id"], at)
