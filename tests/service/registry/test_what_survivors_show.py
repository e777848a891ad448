"""People, numbers, aid and observations of libraries that were merged into others."""

from typing import Any

from tests.service.registry.people import registered
from tests.service.registry.test_holdings import AID, GRADE, PROFILE
from tests.service.registry.test_libraries import active, step
from tests.service.registry.test_readiness import GOOD
from tests.service.registry.test_succession import id_of, merged
from tests.support.services import Caller

SNAPSHOT = GOOD | {"observed_on": "2023-03-14"}
LISTS = ("external-ids", "aid-receipts", "accreditations", "ict-snapshots")


async def test_a_survivor_shows_what_was_recorded_for_what_was_merged_into_it_until_that_is_taken_back(
    national: Caller,
) -> None:
    first, gone, survivor = [await active(national, name=name) for name in ("Satu", "Dua", "Tiga")]
    person = await registered(national)
    work = {"library_id": id_of(first), "role": "PENGELOLA", "valid_from": "2023-01-02"}
    await national.post(f"{person}/affiliations", work, version=1)
    number = {"scheme": "NPP", "value": "5103022D1000123", "valid_from": "2022-02-08", "source": "data.perpusnas.go.id"}
    await step(national, first, "external-ids", number)
    for what, body in (
        ("aid-receipts", AID),
        ("accreditations", GRADE),
        ("ict-snapshots", SNAPSHOT),
        ("snp-profiles", PROFILE | {"observed_on": "2023-03-14"}),
    ):
        assert (await national.post(f"{first}/{what}", body)).status_code == 201

    async def shown(at: str, **params: object) -> list[Any]:
        """Whose rows are shown, by list."""
        lists = [(await national.get(f"{at}/{what}")).json()["items"] for what in LISTS]
        standing = [(await national.get(f"{at}/{what}", **params)).json() for what in ("readiness", "snp")]
        people = (await national.get("/v1/people", library_id=id_of(at), **params)).json()["items"]
        rows = [
            *lists,
            [one for one in standing if "code" not in one],
            [a for one in people for a in one["affiliations"]],
        ]
        return [[row["library_id"] for row in some] for some in rows]

    own, nothing = await shown(first), await shown(survivor)
    assert own == [[id_of(first)]] * 4 + [[id_of(first)] * 2, [id_of(first)]]
    assert nothing == [[]] * 6
    await merged(national, first, gone)
    await merged(national, gone, survivor)
    assert await shown(survivor) == await shown(gone) == own
    before = await shown(survivor, on="2024-02-29")
    assert before[:4] == own[:4]
    assert before[4:] == [[], []]
    [snapshot] = (await national.get(f"{survivor}/ict-snapshots")).json()["items"]
    assert (await national.get(f"{survivor}/ict-snapshots/{snapshot['snapshot_id']}")).json() == snapshot
    twice = await national.post(f"{survivor}/aid-receipts", AID)
    assert (twice.status_code, twice.json()["code"]) == (409, "aid-already-received")

    assert (
        await national.post(f"{survivor}/ict-snapshots", SNAPSHOT | {"observed_on": "2022-01-01"})
    ).status_code == 201
    assert (await national.get(f"{survivor}/readiness")).json()["library_id"] == id_of(survivor)
    await step(national, gone, "unmerge", {"reason": "Keliru"})
    assert (await shown(survivor))[:3] == nothing[:3]
    assert await shown(gone) == own
    assert (await national.post(f"{survivor}/aid-receipts", AID)).status_code == 201
