"""All topics are lost: the ledgers fill them again, and what is rebuilt from either is the same to the byte."""

import asyncio
import subprocess
import sys

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from simpul_operator.demo.load import load
from simpul_operator.demo.report import figures
from simpul_shared.contracts.topics import TOPICS

from tests.end_to_end.conftest import RunningPlatform
from tests.end_to_end.test_demo import EXPECTED, ledgers
from tests.end_to_end.test_operating import asked, status_when

pytestmark = pytest.mark.timeout(400)


async def simpul(platform: RunningPlatform, *command: str) -> subprocess.CompletedProcess[str]:
    """One that takes long."""
    whole = [sys.executable, "-m", "simpul_operator.cli", *command, "--data-dir", str(platform.data_dir)]
    return await asyncio.to_thread(subprocess.run, whole, capture_output=True, text=True, timeout=300, check=False)


async def delete_all_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic.name for topic in TOPICS])
    finally:
        await admin.close()


async def test_all_topics_lost_are_refilled_and_the_rebuilt_projection_is_the_same(platform: RunningPlatform) -> None:
    await load(platform.client, print)
    await status_when(platform, 0)
    recorded = await ledgers(platform)

    await delete_all_topics(platform.addresses.kafka_bootstrap)
    assert "simpul topics restore" in (await status_when(platform, 20)).stdout
    restored = await simpul(platform, "topics", "restore")
    assert restored.returncode == 0, restored.stderr

    await status_when(platform, 0)
    # The rebuilt one is swapped in only when its content equals the live one's, region by region and month by month.
    from_kafka = await simpul(platform, "rebuild", "reporting")
    assert from_kafka.returncode == 0, from_kafka.stderr
    from_ledger = await simpul(platform, "rebuild", "reporting", "--from-ledger")
    assert from_ledger.returncode == 0, from_ledger.stderr

    assert await figures(platform.client) == EXPECTED
    assert await ledgers(platform) == recorded
    lags = (await asked(platform, "lag")).stdout
    assert "unknown" not in lags
