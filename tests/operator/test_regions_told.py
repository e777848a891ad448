"""`simpul up` says it when services still lack regions that the registry has loaded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
from simpul_activities.app import SERVICE as ACTIVITIES
from simpul_operator.embedded.regions import tell_of_regions
from simpul_registry.app import SERVICE as REGISTRY
from simpul_reporting.app import SERVICE as REPORTING

from tests.support.databases import Databases


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[dict[str, str]]:
    async with AsyncExitStack() as stack:
        yield {
            service.name: await stack.enter_async_context(databases.database(service))
            for service in (REGISTRY, ACTIVITIES, REPORTING)
        }


async def add_regions(url: str, *, count: int) -> None:
    connection = await asyncpg.connect(url, server_settings={"search_path": "projection, public"})
    await connection.executemany(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree, recorded_at, event_id, aggregate_version)
        values ($1, 'KEMENDAGRI', $2, 'X', 'PROVINCE', 'PROVINSI', null, array[$1::uuid], 'Asia/Jakarta', '2020-01-01',
            'infinity', 'x', now(), gen_random_uuid(), 1)
        """,
        [(uuid4(), str(uuid4())) for _ in range(count)],
    )
    await connection.close()


async def test_each_service_that_lacks_regions_is_named_until_it_has_them(urls: dict[str, str]) -> None:
    await add_regions(urls["registry"], count=3)
    await add_regions(urls["activities"], count=3)
    await add_regions(urls["reporting"], count=1)
    said: asyncio.Queue[str] = asyncio.Queue()
    telling = asyncio.create_task(tell_of_regions(urls, said.put_nowait, pause=0.01))
    first = await said.get()
    assert first == "Regions are still being taken in: reporting has 1 of 3. Until then region-unknown may be answered."
    await add_regions(urls["reporting"], count=2)
    await telling
    assert (said.get_nowait(), said.empty()) == ("All services know all regions.", True)


async def test_nothing_is_said_of_a_server_that_is_away_before_it_is_back(urls: dict[str, str]) -> None:
    hung_up = asyncio.Event()

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        known = urls | {"reporting": f"postgresql://nobody@127.0.0.1:{port}/reporting"}
        said: list[str] = []
        telling = asyncio.create_task(tell_of_regions(known, said.append, pause=0.01))
        await hung_up.wait()
        assert said == []
        known["reporting"] = urls["reporting"]
        await telling
    assert said == ["All services know all regions."]
