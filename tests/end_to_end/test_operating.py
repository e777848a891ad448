"""`simpul status` and `simpul lag` against the running platform."""

import asyncio
import json
import signal
import subprocess
import sys
from typing import Any

from tests.end_to_end.conftest import RunningPlatform


async def asked(platform: RunningPlatform, *command: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "simpul_operator.cli", *command, "--data-dir", str(platform.data_dir)]
    return await asyncio.to_thread(subprocess.run, whole, capture_output=True, text=True, timeout=60, check=False)


async def status_when(platform: RunningPlatform, code: int) -> subprocess.CompletedProcess[str]:
    """Asks until the exit code is the awaited one; the test's own timeout ends it."""
    while True:
        found = await asked(platform, "status", "--json")
        if found.returncode == code:
            return found


async def test_a_platform_that_is_well_says_so(platform: RunningPlatform) -> None:
    found: dict[str, Any] = json.loads((await status_when(platform, 0)).stdout)
    assert found["attention"] == []
    assert set(found["services"]) == {"registry", "activities", "reporting"}
    assert found["lag_events"]["reporting"] == 0
    told = await asked(platform, "status")
    assert "All is well." in told.stdout


async def test_lag_counts_what_each_consumer_has_applied(platform: RunningPlatform) -> None:
    await status_when(platform, 0)
    lags = json.loads((await asked(platform, "lag", "--json")).stdout)
    regions = [lag for lag in lags if lag["topic"] == "simpul.registry.regions.v1" and lag["consumer"] == "reporting"]
    assert len(regions) == 6
    assert sum(lag["end"] for lag in regions) > 100_000
    assert all(lag["applied"] == lag["end"] and lag["events"] == 0 for lag in regions)


async def test_a_stopped_broker_is_named_and_lags_are_not_invented(platform: RunningPlatform) -> None:
    await status_when(platform, 0)
    (kafka,) = [part for part in platform.stack.parts if part.name == "kafka"]
    kafka.child.tell(signal.SIGSTOP)
    try:
        found = await status_when(platform, 20)
    finally:
        kafka.child.tell(signal.SIGCONT)
    document = json.loads(found.stdout)
    assert "Kafka: is away" in " ".join(document["attention"])
    assert document["lag_events"]["reporting"] is None
    await status_when(platform, 0)


async def test_nothing_running_is_told_with_what_to_do(tmp_path: Any) -> None:
    whole = [sys.executable, "-m", "simpul_operator.cli", "status", "--data-dir", str(tmp_path), "--port-base", "64000"]
    found = await asyncio.to_thread(subprocess.run, whole, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 17
    assert "simpul up" in found.stderr
