"""The main job: from a village library to the national figure, on real Kafka and Postgres, while parts are killed."""

import asyncio
import json
import sys

import asyncpg
import pytest
from simpul_operator.demo.load import load
from simpul_operator.demo.report import figures

from tests.end_to_end.conftest import RunningPlatform

pytestmark = pytest.mark.timeout(400)

EXPECTED = {
    "programme_year": 2021,
    "target": 450,
    "realised": 12,
    "provinces_target": 32,
    "provinces_realised": 1,
    "regions": [
        {"code": "51", "name": "Bali", "target": 12, "realised": 12},
        {"code": "51.02", "name": "Kabupaten Tabanan", "target": 3, "realised": 3},
        {"code": "51.03", "name": "Kabupaten Badung", "target": 5, "realised": 5},
        {"code": "51.05", "name": "Kabupaten Klungkung", "target": 4, "realised": 4},
    ],
}
VICTIMS = (
    "registry",
    "activities",
    "postgres activities",
    "reporting",
    "kafka",
    "postgres registry",
    "postgres reporting",
)


async def kill_in_turn(platform: RunningPlatform) -> None:
    for victim in VICTIMS:
        await asyncio.sleep(1.5)
        platform.kill(victim)
        await asyncio.sleep(3)


async def ledgers(platform: RunningPlatform) -> dict[str, int]:
    """How many events each service has recorded."""
    counts = {}
    for service, server in platform.stack.databases.items():
        connection = await asyncpg.connect(server.admin_url.rpartition("/")[0] + f"/{service}")
        try:
            counts[service] = await connection.fetchval("select count(*) from ledger")
        finally:
            await connection.close()
    return counts


async def test_the_figures_are_right_though_every_part_is_killed_meanwhile(platform: RunningPlatform) -> None:
    killer = asyncio.create_task(kill_in_turn(platform))
    await load(platform.client, print)
    await killer
    assert await figures(platform.client) == EXPECTED


async def test_loading_the_sample_again_changes_nothing(platform: RunningPlatform) -> None:
    before = await ledgers(platform)
    await load(platform.client, print)
    assert await figures(platform.client) == EXPECTED
    assert await ledgers(platform) == before


async def test_the_command_prints_one_json_object_and_nothing_else(platform: RunningPlatform) -> None:
    command = [
        sys.executable,
        "-m",
        "simpul_operator.cli",
        "demo",
        "--exit",
        "--json",
        "--data-dir",
        str(platform.data_dir),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert json.loads(out) == {name: value for name, value in EXPECTED.items() if name != "provinces_realised"}


async def test_nothing_was_put_aside_and_every_library_but_one_is_active(platform: RunningPlatform) -> None:
    for service in ("activities", "reporting"):
        server = platform.stack.databases[service]
        connection = await asyncpg.connect(
            server.admin_url.rpartition("/")[0] + f"/{service}", server_settings={"search_path": "projection, public"}
        )
        try:
            open_letters = await connection.fetch("select * from dead_letter where state in ('poison', 'waiting')")
        finally:
            await connection.close()
        assert open_letters == []
    bali = await platform.client.get("reporting", "/v1/reports/realisation", programme_year=2021, region="51")
    assert (bali["coverage"]["designated"], bali["coverage"]["with_activity"]) == (12, 11)


async def test_the_page_shows_the_same_figures(platform: RunningPlatform) -> None:
    page = await platform.http.get(f"{platform.addresses.reporting}/", params={"region": "51", "year": 2021})
    assert page.status_code == 200
    assert 'lang="id"' in page.text
    for name in ("Kabupaten Badung", "Kabupaten Klungkung", "Kabupaten Tabanan"):
        assert name in page.text
