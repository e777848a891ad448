"""A service whose clock is two hours off, by libfaketime; its servers' clocks are right."""

import asyncio
import signal
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

from simpul_operator.addresses import HOST
from simpul_operator.tokens import fetch_token

from tests.fault.lane.oplog import now
from tests.fault.lane.platform import Process
from tests.fault.lane.scene import Hit, Scene, hit

_HOURS = 2
_READS = {"registry": "/v1/libraries", "activities": "/v1/activities", "reporting": "/v1/reports/activities"}


@cache
def library() -> Path | None:
    """libfaketime, where it is installed (Debian: libfaketime)."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found[0] if found else None


async def ahead(scene: Scene) -> Hit | None:
    return await _off_by(scene, "clock +2 h", f"+{_HOURS}h")


async def behind(scene: Scene) -> Hit | None:
    return await _off_by(scene, "clock -2 h", f"-{_HOURS}h")


async def _off_by(scene: Scene, fault: str, offset: str) -> Hit | None:
    """None when the clock did not change. A token of the right time is refused then, and nothing else differs."""
    async with scene.some_process() as process:
        begun = now()
        # Monotonic time stays right: a program's timers would otherwise be what is tested.
        process.program.dress(LD_PRELOAD=str(library()), FAKETIME=offset, FAKETIME_DONT_FAKE_MONOTONIC="1")
        await _renew(scene, process)
        try:
            changed = abs(await _clock_error(scene, process)) > (_HOURS - 1) * 3600
            await _expect_refused_token(scene, process)
            await asyncio.sleep(scene.a_while(2.0))
        finally:
            process.program.dress()
            await _renew(scene, process)
        writes = process.part == "api"
        return hit(fault, process.name, process.service, begun=begun, writes=writes) if changed else None


async def _renew(scene: Scene, process: Process) -> None:
    starts = process.kept.starts
    process.kept.child.tell(signal.SIGTERM)
    await process.kept.started_again(starts)
    await scene.until_live(process)


async def _clock_error(scene: Scene, process: Process) -> float:
    """Seconds by which the process dates its answers wrongly."""
    answer = await scene.platform.http.get(f"http://{HOST}:{process.admin_port}/health/live")
    return (parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)).total_seconds()


async def _expect_refused_token(scene: Scene, process: Process) -> None:
    """Ten minutes of life and a minute of leeway are judged by the service's own clock."""
    if process.part != "api":
        return
    token = await asyncio.to_thread(
        fetch_token, scene.platform.issuer, client_id="clock", role="national-admin", regions=["ID"]
    )
    url = scene.platform.url(process.service) + _READS[process.service]
    answer = await scene.platform.http.get(url, headers={"Authorization": f"Bearer {token}"})
    if answer.status_code != 401:
        scene.complaints.append(f"{process.name} took a token two hours off: {answer.status_code}")
