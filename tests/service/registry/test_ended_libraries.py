"""What is recorded of libraries that were merged or have closed: refused, but for what is from before."""

from typing import Any

import pytest

from tests.service.registry.test_holdings import AID, CHECK, GRADE, PROFILE
from tests.service.registry.test_libraries import active, step
from tests.service.registry.test_readiness import GOOD
from tests.service.registry.test_succession import id_of, merged
from tests.support.services import Caller

RECORDS: list[tuple[str, dict[str, Any], str]] = [
    ("ict-snapshots", GOOD, "observed_on"),
    ("aid-receipts", AID, "bast_date"),
    ("snp-profiles", PROFILE, "observed_on"),
    ("accreditations", GRADE, "granted_on"),
]


@pytest.mark.parametrize(("what", "body", "day"), RECORDS, ids=[what for what, _, _ in RECORDS])
async def test_a_merged_library_names_its_survivor_and_a_closed_one_takes_only_what_is_from_before(
    national: Caller, what: str, body: dict[str, Any], day: str
) -> None:
    gone, survivor, closed = [await active(national, name=name) for name in ("A", "B", "C")]
    await merged(national, gone, survivor)
    await step(national, closed, "close", {"reason": "x", "effective_on": "2024-06-01"})

    refusal = await national.post(f"{gone}/{what}", body | {day: "2024-02-01"})
    assert (refusal.status_code, refusal.json()["code"]) == (409, "library-merged")
    assert refusal.json()["survivor_id"] == id_of(survivor)
    assert (await national.post(f"{survivor}/{what}", body)).status_code == 201
    late = await national.post(f"{closed}/{what}", body | {day: "2024-06-01"})
    assert (late.status_code, late.json()["code"]) == (409, "library-closed")
    assert (await national.post(f"{closed}/{what}", body | {day: "2024-05-31"})).status_code == 201


async def test_the_condition_of_aid_is_checked_also_after_its_library_was_merged(national: Caller) -> None:
    gone, survivor = [await active(national, name=name) for name in ("A", "B")]
    receipt = (await national.post(f"{gone}/aid-receipts", AID)).json()
    await merged(national, gone, survivor)
    assert (
        await national.post(f"/v1/aid-receipts/{receipt['receipt_id']}/checks", CHECK, version=1)
    ).status_code == 200
