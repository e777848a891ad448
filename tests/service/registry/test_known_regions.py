"""What is answered of regions as known at an instant stays so, also where a change was being recorded in that instant."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from simpul_registry.store.region_changes import LOCK
from simpul_shared.platform.database import Origin

from tests.support.services import Caller, ServiceUnderTest

NEW = "51.03.02.2999"


async def test_an_instant_within_a_change_waits_for_its_commit_and_an_earlier_one_does_not(
    registry: ServiceUnderTest, national: Caller
) -> None:
    async with registry.database.transaction(Origin("registry", "test", "API", "test")) as tx:
        await tx.lock(LOCK)
        known = await tx.fetchval(
            """
            insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
                valid_to, decree, recorded_at, event_id, aggregate_version)
            select $1::uuid, scheme, $2, name, level, kind, parent_id, path[:4] || $1::uuid, timezone, valid_from, valid_to, decree,
                clock_timestamp(), gen_random_uuid(), 1
            from region_version where code = '51.03.02.2009'
            returning recorded_at
            """,
            uuid4(),
            NEW,
        )
        asked = asyncio.create_task(national.get("/v1/regions", code=NEW, known_on=known.isoformat()))
        async with asyncio.timeout(30):
            while not asked.done() and not await _somebody_waits(registry):  # noqa: ASYNC110 (Postgres tells nobody who waits)
                await asyncio.sleep(0.01)
        earlier = (known - timedelta(hours=2)).isoformat()
        assert (await national.get("/v1/regions", code=NEW, known_on=earlier)).status_code == 404
        assert not asked.done()
    assert (await asked).status_code == 200


async def _somebody_waits(registry: ServiceUnderTest) -> bool:
    waiting: bool = await registry.database.pool.fetchval(
        """
        select exists (select from pg_locks join pg_database on pg_database.oid = database
            where not granted and datname = current_database())
        """
    )
    return waiting
