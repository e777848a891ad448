"""A nomination's way through village, regency, province and nation, through HTTP."""

import msgspec
from simpul_shared.access import Role
from simpul_shared.contracts import registry as announced

from tests.service.registry.conftest import region_id
from tests.service.registry.test_libraries import DECREE, MENGWI, nominated, step
from tests.service.registry.test_succession import BAHA
from tests.support.services import Caller, ServiceUnderTest


async def test_village_regency_province_and_nation_decide_one_after_the_other_and_history_tells_why(
    registry: ServiceUnderTest,
) -> None:
    village = registry.caller(Role.LIBRARY_STAFF, MENGWI, client="desa-mengwi")
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03", client="dinas-badung")
    province = registry.caller(Role.PROVINCE_ADMIN, "51", client="dinas-bali")
    nation = registry.caller(client="perpusnas")
    path = await nominated(village)
    assert (await village.get(path)).json()["awaits"] == "library:endorse"

    early = await province.post(f"{path}/verify", version=1)
    assert (early.status_code, early.json()["code"]) == (409, "nomination-not-endorsed")
    assert (await regency.post(f"{path}/endorse", {"reason": "Sudah ditinjau"}, version=1)).status_code == 200
    verified = (await province.post(f"{path}/verify", {"reason": "Berkas lengkap"}, version=2)).json()
    assert verified["status_since"] > verified["nominated_on"]
    assert (await nation.post(f"{path}/designate", DECREE, version=3)).status_code == 200

    events = (await nation.get(f"{path}/history")).json()["items"]
    assert [(one["actor"], one["data"].get("reason")) for one in events] == [
        ("desa-mengwi", None),
        ("dinas-badung", "Sudah ditinjau"),
        ("dinas-bali", "Berkas lengkap"),
        ("perpusnas", None),
    ]
    assert len(await registry.ledger(announced.LibraryEndorsed)) == 1


async def test_what_was_verified_is_designated_and_changed_only_by_way_of_a_return(registry: ServiceUnderTest) -> None:
    village = registry.caller(Role.LIBRARY_STAFF, MENGWI, client="desa-mengwi")
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03", client="dinas-badung")
    province = registry.caller(Role.PROVINCE_ADMIN, "51", client="dinas-bali")
    nation = registry.caller(client="perpusnas")
    path = await nominated(village)
    move = {"region_code": BAHA, "effective_on": "2021-02-02", "reason": "Salah desa"}
    for version, (caller, what) in enumerate([(regency, "endorse"), (province, "verify")], start=1):
        for change, body in (("relocate", move), ("rename", {"new_name": "Lain"})):
            refusal = await regency.post(f"{path}/{change}", body, version=version)
            assert (refusal.status_code, refusal.json()["code"]) == (409, "library-state")
        assert (await caller.post(f"{path}/{what}", version=version)).status_code == 200

    way: list[tuple[Caller, str, object]] = [
        (nation, "return", {"reason": "Salah desa"}),
        (regency, "relocate", move),
        (regency, "resubmit", {"name": "Perpustakaan Desa Baha"}),
        (province, "verify", None),
        (nation, "designate", DECREE),
    ]
    for version, (caller, what, words) in enumerate(way, start=3):
        answer = await caller.post(f"{path}/{what}", words, version=version)
        assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["region"]["code"]) == ("Perpustakaan Desa Baha", BAHA)


async def test_nobody_decides_on_a_nomination_of_their_own_at_any_level(registry: ServiceUnderTest) -> None:
    nation = registry.caller(client="perpusnas")
    path = await nominated(nation)
    for what, body in (("verify", {}), ("return", {"reason": "x"}), ("reject", {"reason": "x"})):
        response = await nation.post(f"{path}/{what}", body, version=1)
        assert (response.status_code, response.json()["code"]) == (403, "self-approval")
    assert (await nation.colleague.post(f"{path}/verify", version=1)).status_code == 200
    response = await nation.post(f"{path}/designate", DECREE, version=2)
    assert (response.status_code, response.json()["code"]) == (403, "self-approval")


async def test_a_library_whose_village_has_ended_is_designated_where_that_last_lay(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await nominated(national, nominated_on="2021-12-01")
    await step(national, path, "verify")
    await registry.database.pool.execute("update region_version set valid_to = '2022-01-01' where code = $1", MENGWI)
    await step(national, path, "designate", DECREE | {"sk_date": "2022-03-15"})
    await step(national, path, "activate", {"effective_on": "2022-05-01"})
    later = DECREE | {"sk_date": "2023-03-15", "programme_year": 2023}
    assert (await step(national, path, "designate", later))["region"]["code"] == MENGWI
    for envelope in await registry.ledger(announced.LibraryDesignated):
        said = msgspec.json.decode(envelope.data, type=announced.LibraryDesignated)
        assert (said.region_id, said.province_id) == (region_id(MENGWI), region_id("51"))


async def test_a_regency_cannot_take_back_what_it_has_passed_on(registry: ServiceUnderTest) -> None:
    village = registry.caller(Role.LIBRARY_STAFF, MENGWI, client="desa-mengwi")
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03", client="dinas-badung")
    path = await nominated(village)
    assert (await regency.post(f"{path}/endorse", version=1)).status_code == 200
    response = await regency.post(f"{path}/return", {"reason": "x"}, version=2)
    assert (response.status_code, response.json()["code"]) == (403, "nomination-decided-above")


async def test_a_village_nominates_in_itself_only(registry: ServiceUnderTest) -> None:
    village = registry.caller(Role.LIBRARY_STAFF, "51.03.02.2008", client="desa-baha")
    body = {"name": "A", "type": "DESA", "region_code": MENGWI, "programme_year": 2021, "scheme": "STIMULAN_APBN"}
    response = await village.post("/v1/libraries", body)
    assert (response.status_code, response.json()["code"]) == (403, "outside-scope")
