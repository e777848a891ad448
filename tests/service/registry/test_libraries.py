"""A library's way from nomination to closing, through HTTP."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from simpul_shared.access import Role
from simpul_shared.contracts import registry as announced

from tests.support.services import Caller, ServiceUnderTest

MENGWI = "51.03.02.2009"
BANJARANGKAN = "51.05.02.2003"
DECREE = {"sk_no": "12/SK/2021", "sk_date": "2021-03-15", "programme_year": 2021, "scheme": "STIMULAN_APBN"}


def nomination(**changed: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": "Perpustakaan Desa Mengwi",
        "type": "DESA",
        "region_code": MENGWI,
        "nominated_on": "2021-02-01",
        "programme_year": 2021,
        "scheme": "STIMULAN_APBN",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


async def nominated(caller: Caller, **changed: object) -> str:
    response = await caller.post("/v1/libraries", nomination(**changed))
    assert response.status_code == 201, response.text
    return f"/v1/libraries/{response.json()['library_id']}"


DECISIONS = {"endorse", "verify", "return", "reject", "designate"}


async def step(caller: Caller, path: str, what: str, body: object = None) -> Any:
    """One transition at the version that the library has now; decisions are another one's than the nominator's."""
    caller = caller.colleague if what in DECISIONS else caller
    version = (await caller.get(path)).json()["version"]
    response = await caller.post(f"{path}/{what}", body, version=version)
    assert response.status_code == 200, response.text
    assert response.headers["etag"] == f'"{version + 1}"'
    return response.json()


async def refused(caller: Caller, path: str, what: str, body: object = None) -> tuple[int, str]:
    caller = caller.colleague if what in DECISIONS else caller
    version = (await caller.get(path)).json()["version"]
    response = await caller.post(f"{path}/{what}", body, version=version)
    return response.status_code, response.json()["code"]


async def designated(caller: Caller, **changed: object) -> str:
    path = await nominated(caller, **changed)
    await step(caller, path, "verify")
    await step(caller, path, "designate", DECREE)
    return path


async def active(caller: Caller, **changed: object) -> str:
    path = await designated(caller, **changed)
    await step(caller, path, "activate", {"effective_on": "2021-07-05"})
    return path


async def test_a_library_goes_from_nomination_to_closing_and_every_step_is_an_event(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    await step(national, path, "dormant", {"effective_on": "2022-01-10", "reason": "Pengelola pindah tugas"})
    await step(national, path, "reactivate", {"effective_on": "2022-02-10"})
    await step(national, path, "rename", {"new_name": "Perpustakaan Widya", "effective_on": "2022-03-01"})
    closed = await step(national, path, "close", {"effective_on": "2023-01-01", "reason": "Desa digabung"})

    assert (closed["status"], closed["status_since"], closed["name"]) == ("DITUTUP", "2023-01-01", "Perpustakaan Widya")
    assert (await national.get(path)).json() == closed
    envelopes = await registry.ledger()
    assert [one.type.split(".")[3] for one in envelopes] == [
        "library-nominated",
        "library-verified",
        "library-designated",
        "library-activated",
        "library-dormant",
        "library-reactivated",
        "library-renamed",
        "library-closed",
    ]
    assert [one.aggregateversion for one in envelopes] == list(range(1, 9))


async def test_a_nomination_is_answered_with_its_region_its_address_and_version_one(national: Caller) -> None:
    response = await national.post("/v1/libraries", nomination())
    body = response.json()
    assert response.headers["location"] == f"/v1/libraries/{body['library_id']}"
    assert response.headers["etag"] == '"1"'
    assert (body["status"], body["region"]["code"], body["timezone"]) == ("DIUSULKAN", MENGWI, "Asia/Makassar")
    assert body["episodes"] == [
        {
            "programme_year": 2021,
            "scheme": "STIMULAN_APBN",
            "status": "DIUSULKAN",
            "sk_no": None,
            "sk_date": None,
            "fund_source": None,
        }
    ]


async def test_fifty_equal_nominations_in_parallel_are_one_library_one_event_and_fifty_equal_bodies(
    registry: ServiceUnderTest, national: Caller
) -> None:
    key = uuid4().hex
    responses = await asyncio.gather(*(national.post("/v1/libraries", nomination(), key=key) for _ in range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert await registry.database.pool.fetchval("select count(*) from library") == 1
    assert len(await registry.ledger(announced.LibraryNominated)) == 1


async def test_the_same_library_nominated_twice_is_taken_and_shown_as_a_possible_duplicate(national: Caller) -> None:
    first = (await national.post("/v1/libraries", nomination())).json()
    second = (await national.post("/v1/libraries", nomination(name="PERPUSTAKAAN DESA MENGWI"))).json()
    assert first["possible_duplicates"] == []
    assert second["possible_duplicates"] == [first["library_id"]]


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"region_code": "51.03.02.2999"}, 404, "region-unknown", "/region_code"),
        ({"region_code": "5103022009"}, 422, "region-code-malformed", "/region_code"),
        ({"region_code": "51.03"}, 422, "library-level-mismatch", "/region_code"),
        ({"nominated_on": "2099-01-01"}, 422, "date-in-future", "/nominated_on"),
        ({"nominated_on": 0}, 422, "invalid", "/nominated_on"),
        ({"name": "   "}, 422, "invalid", "/name"),
        ({"name": "x" * 201}, 422, "invalid", "/name"),
        ({"name": "\u200b"}, 422, "invalid", "/name"),
        ({"name": "Pustaka \u202eiwgneM"}, 422, "invalid", "/name"),
        ({"name": "Pustaka\nMengwi"}, 422, "invalid", "/name"),
        ({"scheme": "HIBAH"}, 422, "invalid", "/scheme"),
        ({"programme_year": 202}, 422, "invalid", "/programme_year"),
        ({"colour": "red"}, 422, "invalid", "/colour"),
    ],
)
async def test_a_nomination_that_cannot_be_right_is_refused_at_its_field(
    registry: ServiceUnderTest, national: Caller, changed: dict[str, object], status: int, code: str, field: str
) -> None:
    response = await national.post("/v1/libraries", nomination(**changed))
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (status, code, field)
    assert await registry.ledger() == []


async def test_an_unknown_region_code_comes_with_the_nearest_that_exist(national: Caller) -> None:
    response = await national.post("/v1/libraries", nomination(region_code="51.03.02.2007"))
    assert response.json()["nearest_codes"] == ["51.03.02.2008", "51.03.02.2009"]


async def test_nominating_in_a_region_outside_ones_scope_is_refused(registry: ServiceUnderTest) -> None:
    badung = registry.caller(Role.REGENCY_ADMIN, "51.03")
    assert (await badung.post("/v1/libraries", nomination())).status_code == 201
    response = await badung.post("/v1/libraries", nomination(region_code=BANJARANGKAN))
    assert (response.status_code, response.json()["code"]) == (403, "outside-scope")


async def test_a_library_outside_ones_scope_answers_exactly_as_one_that_does_not_exist(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await nominated(national, region_code=BANJARANGKAN)
    badung = registry.caller(Role.REGENCY_ADMIN, "51.03")
    missing = f"/v1/libraries/{uuid4()}"

    async def answers(address: str) -> list[tuple[int, dict[str, Any]]]:
        responses = [
            await badung.get(address),
            await badung.get(f"{address}/history"),
            await badung.post(f"{address}/rename", {"new_name": "X"}, version=1),
        ]
        return [
            (r.status_code, {k: v for k, v in r.json().items() if k not in {"request_id", "detail"}}) for r in responses
        ]

    assert await answers(path) == await answers(missing)
    assert [status for status, _ in await answers(path)] == [404, 404, 404]


async def test_a_role_without_the_permission_is_refused(registry: ServiceUnderTest, national: Caller) -> None:
    path = await nominated(national)
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03")
    response = await regency.post(f"{path}/verify", version=1)
    assert (response.status_code, response.json()["code"]) == (403, "permission-missing")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("verify", None),
        ("return", {"reason": "x"}),
        ("reject", {"reason": "x"}),
        ("resubmit", {}),
        ("designate", DECREE),
        ("activate", None),
        ("dormant", {"reason": "x"}),
        ("reactivate", None),
        ("close", {"reason": "x"}),
        ("rename", {"new_name": "x"}),
    ],
)
async def test_every_transition_demands_the_version_that_its_caller_saw(
    registry: ServiceUnderTest, national: Caller, what: str, body: object
) -> None:
    path = await nominated(national)
    without = await national.post(f"{path}/{what}", body)
    stale = await national.post(f"{path}/{what}", body, version=7)
    assert (without.status_code, without.json()["code"]) == (428, "if-match-required")
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    assert stale.json()["current_version"] == 1
    assert len(await registry.ledger()) == 1


async def test_of_two_changes_made_from_the_same_version_one_is_refused(national: Caller) -> None:
    path = await nominated(national)
    responses = await asyncio.gather(
        national.colleague.post(f"{path}/verify", version=1),
        national.colleague.post(f"{path}/reject", {"reason": "x"}, version=1),
    )
    assert sorted(response.status_code for response in responses) == [200, 412]
    (lost,) = (response.json() for response in responses if response.status_code == 412)
    assert (lost["changed_by"], lost["current_version"]) == ("test-client-colleague", 2)
    assert datetime.fromisoformat(lost["changed_at"]) <= datetime.now(UTC)


async def test_a_write_without_an_idempotency_key_is_refused(registry: ServiceUnderTest, national: Caller) -> None:
    response = await national.post("/v1/libraries", nomination(), headers={"Idempotency-Key": ""})
    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-required")
    assert await registry.ledger() == []


async def test_an_idempotency_key_used_for_another_nomination_is_refused(national: Caller) -> None:
    await national.post("/v1/libraries", nomination(), key="k")
    response = await national.post("/v1/libraries", nomination(name="Lain"), key="k")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")


async def test_designation_names_the_decree_and_the_province_and_counts_for_the_year(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await designated(national)
    body = (await national.get(path)).json()
    assert (body["status"], body["status_since"]) == ("DITETAPKAN", "2021-03-15")
    [envelope] = await registry.ledger(announced.LibraryDesignated)
    assert envelope.time.isoformat() == "2021-03-15T00:00:00+08:00"
    assert envelope.sourcetz == "Asia/Makassar"
    [province] = (await registry.database.pool.fetch("select region_id from region_version where code = '51'"))[0]
    assert str(province).encode() in bytes(envelope.data)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"sk_no": " "}, "invalid", "/sk_no"),
        ({"sk_no": None}, "invalid", "/sk_no"),
        ({"sk_date": None}, "invalid", "/sk_date"),
        ({"sk_date": "2099-01-01"}, "date-in-future", "/sk_date"),
        ({"sk_date": "2021-01-31"}, "date-too-early", "/sk_date"),
        ({"programme_year": 2020}, "programme-year-too-early", "/programme_year"),
    ],
)
async def test_a_designation_needs_a_decree_that_can_be(
    national: Caller, changed: dict[str, object], code: str, field: str
) -> None:
    path = await nominated(national)
    await step(national, path, "verify")
    body = {name: value for name, value in (DECREE | changed).items() if value is not None}
    response = await national.colleague.post(f"{path}/designate", body, version=2)
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, field)


async def test_an_active_library_may_be_designated_for_a_later_year_and_stays_active(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await active(national)
    later = {**DECREE, "sk_no": "9/SK/2022", "sk_date": "2022-03-01", "programme_year": 2022}
    body = await step(national, path, "designate", later)
    assert body["status"] == "AKTIF"
    assert [(e["programme_year"], e["sk_no"]) for e in body["episodes"]] == [(2021, "12/SK/2021"), (2022, "9/SK/2022")]
    assert b'"status":"AKTIF"' in bytes((await registry.ledger(announced.LibraryDesignated))[-1].data)


async def test_a_library_has_one_open_support_episode_per_year(national: Caller) -> None:
    path = await active(national)
    assert await refused(national, path, "designate", DECREE) == (409, "episode-exists")


async def test_a_returned_nomination_can_be_submitted_again_and_goes_on_as_the_same_episode(
    registry: ServiceUnderTest, national: Caller
) -> None:
    path = await nominated(national)
    await step(national, path, "return", {"reason": "SK pendirian belum ada"})
    body = await step(national, path, "resubmit", {"scheme": "USULAN_DAERAH"})
    assert [(e["scheme"], e["status"]) for e in body["episodes"]] == [("USULAN_DAERAH", "DIUSULKAN")]
    assert len(await registry.ledger(announced.LibraryNominated)) == 2


async def test_all_that_was_wrong_in_a_returned_nomination_but_its_village_is_mended_by_submitting_it_again(
    national: Caller,
) -> None:
    path = await nominated(national, name="Taman Baca", programme_year=2029, type="DESA")
    await step(national, path, "return", {"reason": "Nama, jenis dan tahun keliru"})
    assert await refused(national, path, "resubmit", {"type": "KABKOTA"}) == (422, "library-level-mismatch")
    mended = {"name": "TBM Widya", "type": "TBM", "programme_year": 2021, "fund_source": "APBDES"}
    await step(national, path, "resubmit", mended)
    body = (await national.get(path)).json()
    assert (body["name"], body["type"], body["status"]) == ("TBM Widya", "TBM", "DIUSULKAN")
    assert [(e["programme_year"], e["fund_source"]) for e in body["episodes"]] == [(2021, "APBDES")]
    told = (await national.get(f"{path}/history")).json()["items"][-1]["data"]
    assert (told["name"], told["library_type"], told["fund_source"]) == ("TBM Widya", "TBM", "APBDES")


async def test_a_rejected_nomination_can_be_followed_by_a_new_episode(national: Caller) -> None:
    path = await nominated(national)
    await step(national, path, "reject", {"reason": "Belum ada gedung"})
    body = await step(national, path, "resubmit", {"programme_year": 2022})
    assert [(e["programme_year"], e["status"]) for e in body["episodes"]] == [(2021, "DITOLAK"), (2022, "DIUSULKAN")]


async def test_transitions_that_the_state_does_not_allow_are_refused(national: Caller) -> None:
    path = await nominated(national)
    for what, body in (("designate", DECREE), ("activate", {}), ("dormant", {"reason": "x"}), ("resubmit", {})):
        assert await refused(national, path, what, body) == (409, "library-state")


async def test_a_closed_library_is_closed_for_ever(national: Caller) -> None:
    path = await active(national)
    await step(national, path, "close", {"effective_on": "2022-01-01", "reason": "Desa digabung"})
    for what, body in (
        ("verify", {}),
        ("reactivate", {}),
        ("rename", {"new_name": "x"}),
        ("close", {"reason": "x"}),
        ("designate", DECREE),
    ):
        assert await refused(national, path, what, body) == (409, "library-closed")


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("close", {"effective_on": "2021-07-04", "reason": "x"}, "date-too-early"),
        ("dormant", {"effective_on": "2021-07-04", "reason": "x"}, "date-too-early"),
        ("dormant", {"effective_on": "2099-07-04", "reason": "x"}, "date-in-future"),
        ("rename", {"effective_on": "2021-01-31", "new_name": "x"}, "date-too-early"),
    ],
)
async def test_a_change_takes_effect_after_what_it_changes_and_not_in_the_future(
    national: Caller, what: str, body: object, code: str
) -> None:
    assert await refused(national, await active(national), what, body) == (422, code)


async def test_activation_cannot_precede_the_decree(national: Caller) -> None:
    path = await designated(national)
    assert await refused(national, path, "activate", {"effective_on": "2021-03-14"}) == (422, "date-too-early")


async def test_history_tells_what_happened_when_and_by_whom(registry: ServiceUnderTest, national: Caller) -> None:
    path = await designated(national)
    await step(registry.caller(client="kabid"), path, "activate", {"effective_on": "2021-07-05"})
    first = (await national.get(f"{path}/history", limit=3)).json()
    rest = (await national.get(f"{path}/history", limit=3, cursor=first["next_cursor"])).json()
    events = first["items"] + rest["items"]
    assert [event["version"] for event in events] == [1, 2, 3, 4]
    assert [event["actor"] for event in events] == ["test-client"] + ["test-client-colleague"] * 2 + ["kabid"]
    assert events[3]["data"]["effective_on"] == "2021-07-05"
    assert events[3]["occurred_at"] == "2021-07-05T00:00:00+08:00"
    assert rest["next_cursor"] is None
