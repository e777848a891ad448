"""The copy of the regions that every service keeps: each statement stays on record with the time it was believed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import simpul_shared
from simpul_shared.contracts.registry import RegionVersionPublished, RegionVersionWithdrawn
from simpul_shared.contracts.topics import REGIONS
from simpul_shared.regions.store import RegionUnknown, keep_versions, region_by_code, region_by_id, withdraw_versions
from simpul_shared.vocabulary import RegionCode, RegionKind, RegionLevel

from tests.support.databases import Databases
from tests.support.services import ORIGIN, ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY

REGION_KEEPER = replace(
    TALLY,
    name="regions",
    migrations=[("regions", Path(simpul_shared.__file__).parent / "regions" / "migrations")],
    handlers={RegionVersionPublished: keep_versions, RegionVersionWithdrawn: withdraw_versions},
    topics=(REGIONS,),
)
REGION = uuid4()


@pytest.fixture
async def keeper(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(REGION_KEEPER, databases) as service:
        yield service


def version(name: str, **changed: object) -> RegionVersionPublished:
    fields = {
        "region_id": REGION,
        "scheme": "KEMENDAGRI",
        "code": "51",
        "name": name,
        "level": RegionLevel.PROVINCE,
        "kind": RegionKind.PROVINCE,
        "parent_id": None,
        "path": (REGION,),
        "timezone": "Asia/Makassar",
        "valid_from": None,
        "valid_to": None,
        "decree": "Permendagri 56/2015",
    }
    return RegionVersionPublished(**(fields | changed))  # type: ignore[arg-type]


async def names_as_known(keeper: ServiceUnderTest) -> list[str]:
    """The region's name as believed at each moment something was recorded."""
    found = []
    async with keeper.database.snapshot(ORIGIN) as tx:
        for envelope in await keeper.ledger():
            region = await region_by_id(tx, REGION, on=date(2021, 1, 1), known_on=envelope.recordedtime)
            found.append(region.name)
    return found


@pytest.mark.parametrize("batches", [[3], [1, 2], [1, 1, 1]])
async def test_every_belief_stays_on_record_however_the_events_are_batched(
    keeper: ServiceUnderTest, batches: list[int]
) -> None:
    records = [(await keeper.announce(version(name)))[0] for name in ("BALI", "Bali", "Provinsi Bali")]
    for size in batches:
        await keeper.apply(records[:size])
        records = records[size:]
    assert await names_as_known(keeper) == ["BALI", "Bali", "Provinsi Bali"]
    assert (
        await keeper.database.pool.fetchval("select count(*) from region_version where superseded_at = 'infinity'") == 1
    )


async def test_a_code_names_a_region_on_a_day_only(keeper: ServiceUnderTest) -> None:
    await keeper.receive(version("Bali", valid_from=date(2015, 6, 29), valid_to=date(2025, 6, 23)))
    async with keeper.database.snapshot(ORIGIN) as tx:
        assert (await region_by_code(tx, RegionCode("51"), on=date(2025, 6, 22))).region_id == REGION
        for day in (date(2025, 6, 23), date(2015, 6, 28)):
            with pytest.raises(RegionUnknown):
                await region_by_code(tx, RegionCode("51"), on=day)


async def test_what_was_not_known_yet_is_not_answered(keeper: ServiceUnderTest) -> None:
    await keeper.receive(version("Bali"))
    (envelope,) = await keeper.ledger()
    before = datetime.fromtimestamp(envelope.recordedtime.timestamp() - 1, envelope.recordedtime.tzinfo)
    async with keeper.database.snapshot(ORIGIN) as tx:
        with pytest.raises(RegionUnknown):
            await region_by_id(tx, REGION, on=date(2021, 1, 1), known_on=before)


@pytest.mark.parametrize("apart", [False, True])
async def test_of_two_statements_of_one_moment_neither_is_lost_and_the_later_holds(
    keeper: ServiceUnderTest, apart: bool
) -> None:
    """Also when they come in batches of their own, where once the second could not be stored."""
    first, second = await keeper.announce(version("BALI"), version("Bali"))
    for batch in [[first], [second]] if apart else [[first, second]]:
        await keeper.apply(batch)
    assert await keeper.dead_letters() == []
    rows = await keeper.database.pool.fetch(
        "select name, superseded_at = recorded_at as never_believed from region_version order by aggregate_version"
    )
    assert [(row["name"], row["never_believed"]) for row in rows] == [("BALI", True), ("Bali", False)]


async def test_a_version_withdrawn_is_believed_no_more_and_stays_on_record(keeper: ServiceUnderTest) -> None:
    start = date(2027, 1, 15)
    await keeper.receive(version("Bali", valid_to=start), version("Bali Baru", code="52", valid_from=start))
    await keeper.receive(RegionVersionWithdrawn(region_id=REGION, valid_from=start, reason="Salah berkas"))
    await keeper.receive(version("Bali"))
    between = (await keeper.ledger())[1].recordedtime
    async with keeper.database.snapshot(ORIGIN) as tx:
        assert (await region_by_id(tx, REGION, on=start)).name == "Bali"
        assert (await region_by_id(tx, REGION, on=start, known_on=between)).name == "Bali Baru"
        with pytest.raises(RegionUnknown):
            await region_by_code(tx, RegionCode("52"), on=start)
    assert await keeper.dead_letters() == []
