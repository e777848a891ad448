"""Numbers in other registers, address and founding, through HTTP."""

from collections.abc import Mapping
from datetime import date
from uuid import uuid4

import pytest
from simpul_registry.domain.external_id import ExternalId, NppMalformed, warnings_of
from simpul_shared.contracts import registry as announced
from simpul_shared.vocabulary import ExternalIdScheme

from tests.service.registry.test_holdings import AID, GRADE
from tests.service.registry.test_libraries import DECREE, active, refused, step
from tests.support.services import Caller, ServiceUnderTest

NPP = {"scheme": "NPP", "value": "5103022D1000123", "valid_from": "2022-02-08", "source": "data.perpusnas.go.id"}
UNSEEN = "\u200b"


async def test_what_nobody_sees_is_no_text(national: Caller) -> None:
    bodies: dict[str, list[Mapping[str, object]]] = {
        "return": [{"reason": UNSEEN}],
        "designate": [DECREE | {"sk_no": UNSEEN}],
        "external-ids": [NPP | {"value": UNSEEN}, NPP | {"source": UNSEEN}],
        "describe": [{"established_sk_no": UNSEEN}, {"address": UNSEEN}],
        "aid-receipts": [AID | {"bast_no": UNSEEN}],
        "accreditations": [GRADE | {"instrument": UNSEEN}],
    }
    for what, given in bodies.items():
        for body in given:
            refusal = (await national.post(f"/v1/libraries/{uuid4()}/{what}", body, version=1)).json()
            [unseen] = [field for field, value in body.items() if value == UNSEEN]
            assert (refusal["code"], refusal.get("field")) == ("invalid", f"/{unseen}"), what


async def test_a_new_number_of_a_register_ends_the_one_before_and_both_find_the_library(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    await step(national, path, "external-ids", NPP)
    version = (await national.get(path)).json()["version"]
    newer = NPP | {"value": "5103022D1000999", "valid_from": "2024-01-01"}
    answer = await national.post(f"{path}/external-ids", newer, version=version)

    assert answer.headers["etag"] == f'"{version + 2}"'
    assert [(one["value"], one["valid_to"]) for one in answer.json()["items"]] == [
        ("5103022D1000123", "2024-01-01"),
        ("5103022D1000999", None),
    ]
    assert (await national.get(f"{path}/external-ids")).json()["items"] == answer.json()["items"]
    for value in ("5103022D1000123", "5103022D1000999"):
        found = (await national.get("/v1/libraries", external_id=f"NPP:{value}")).json()["items"]
        assert [f"/v1/libraries/{one['library_id']}" for one in found] == [path]
    assert len(await registry.ledger(announced.ExternalIdAssigned)) == 3


async def test_one_number_is_one_library_s_at_a_time(national: Caller) -> None:
    first, second = await active(national, name="A"), await active(national, name="B")
    await step(national, first, "external-ids", NPP)
    assert await refused(national, second, "external-ids", NPP) == (409, "external-id-taken")
    await step(national, first, "external-ids", NPP | {"valid_to": "2023-01-01"})
    await step(national, second, "external-ids", NPP | {"valid_from": "2023-01-01"})


async def test_a_number_of_long_ago_stands_beside_the_one_of_today(national: Caller) -> None:
    path = await active(national)
    await step(national, path, "external-ids", NPP)
    older = NPP | {"value": "5103022D1000001", "valid_from": "2013-05-01"}
    assert await refused(national, path, "external-ids", older) == (409, "external-ids-overlap")
    assert await refused(national, path, "external-ids", older | {"valid_to": "2022-02-09"}) == (
        409,
        "external-ids-overlap",
    )
    assert await refused(national, path, "external-ids", NPP | {"valid_from": "2023-01-01"}) == (
        409,
        "external-ids-overlap",
    )
    await step(national, path, "external-ids", older | {"valid_to": "2022-02-08"})
    kept = (await national.get(f"{path}/external-ids")).json()["items"]
    assert [(one["value"], one["valid_to"]) for one in kept] == [
        ("5103022D1000001", "2022-02-08"),
        (NPP["value"], None),
    ]


async def test_a_number_of_one_library_is_no_other_s_on_any_day(national: Caller) -> None:
    first, second = await active(national, name="A"), await active(national, name="B")
    await step(national, first, "external-ids", NPP | {"valid_to": "2030-01-01"})
    assert await refused(national, second, "external-ids", NPP | {"valid_from": "2024-02-01"}) == (
        409,
        "external-id-taken",
    )


async def test_the_number_of_a_merged_library_can_pass_to_its_survivor(national: Caller) -> None:
    merged, survivor = await active(national, name="A"), await active(national, name="B")
    await step(national, merged, "external-ids", NPP)
    await step(national, merged, "merge", {"survivor_id": survivor.rpartition("/")[2], "reason": "dua kali"})
    assert await refused(national, survivor, "external-ids", NPP) == (409, "external-id-taken")
    assert await refused(national, merged, "external-ids", NPP | {"value": "5103022D1000777"}) == (
        409,
        "library-merged",
    )
    await step(national, merged, "external-ids", NPP | {"valid_to": "2024-01-01"})
    await step(national, survivor, "external-ids", NPP | {"valid_from": "2024-01-01"})


@pytest.mark.parametrize("value", ["6.37E+14", "637205200000001X", "6372052C000000", "-", "6372052 0000001"])
async def test_what_cannot_be_an_npp_is_refused_at_its_field(national: Caller, value: str) -> None:
    path = await active(national)
    response = await national.post(f"{path}/external-ids", NPP | {"value": value}, version=4)
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, "npp-malformed", "/value")


async def test_an_npp_of_odd_form_is_taken_with_a_warning(national: Caller) -> None:
    path = await active(national)
    odd = await national.post(f"{path}/external-ids", NPP | {"value": "637205200000001"}, version=4)
    assert odd.status_code == 200
    assert odd.json()["warnings"][0].startswith("npp-form")


def test_only_an_npp_has_a_form() -> None:
    assert warnings_of(ExternalId(ExternalIdScheme.SIM_TPBIS, "6.37E+14", date(2024, 1, 1), None, "x")) == []
    with pytest.raises(NppMalformed):
        warnings_of(ExternalId(ExternalIdScheme.NPP, "6.37E+14", date(2024, 1, 1), None, "x"))


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"valid_from": "2099-01-01"}, 422, "date-in-future"),
        ({"valid_to": "2022-02-08"}, 422, "interval-reversed"),
        ({"scheme": "ISBN"}, 422, "invalid"),
    ],
)
async def test_a_number_that_cannot_be_right_is_refused(
    national: Caller, changed: dict[str, object], status: int, code: str
) -> None:
    assert await refused(national, await active(national), "external-ids", NPP | changed) == (status, code)


async def test_address_and_founding_are_kept_and_only_the_founding_is_told(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    body = {
        "address": "Jalan Raya Mengwi 12",
        "latitude": -8.54,
        "longitude": 115.17,
        "established_on": "2015-08-17",
        "established_sk_no": "4/2015",
    }
    told = await step(national, path, "describe", body)
    assert told == {**body, "version": 5}
    assert (await national.get(f"{path}/description")).json() == told
    [envelope] = await registry.ledger(announced.LibraryDescribed)
    assert b"Jalan" not in bytes(envelope.data)
    assert await refused(national, path, "describe", body | {"longitude": None}) == (422, "invalid")
    assert await refused(national, path, "describe", body | {"established_on": "2099-01-01"}) == (422, "date-in-future")
