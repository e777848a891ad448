"""`simpul up` over data that an earlier version of the registry left."""

import asyncio
import signal
from typing import Any

import asyncpg
import pytest
from simpul_operator.demo.load import load
from simpul_operator.embedded.prepared import note_prepared

from tests.end_to_end.conftest import RunningPlatform
from tests.operator.processes import live

pytestmark = pytest.mark.timeout(400)


async def in_registry(platform: RunningPlatform, query: str) -> list[Any]:
    connection = await asyncpg.connect(platform.stack.database_urls["registry"])
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_up_makes_the_terms_that_people_of_an_earlier_version_lack(platform: RunningPlatform) -> None:
    await load(platform.client, print)
    terms = "select person_id, kind, digest from person_term order by person_id, kind"
    made = await in_registry(platform, terms)
    assert made
    await in_registry(platform, "delete from person_term")
    await in_registry(platform, "update person set terms_version = 0")
    await note_prepared(platform.stack.databases["registry"].admin_url, "registry", "an earlier version")

    options = ["--data-dir", str(platform.data_dir), "--port-base", str(platform.stack.ports.base)]
    async with platform.away():
        with live("up", *options) as up:
            assert await in_registry(platform, terms) == made
            await asyncio.to_thread(up.wait_for, "All services know all regions.")
            assert "Regions are still being taken in" not in up.told
            assert up.end(signal.SIGTERM) == 0
