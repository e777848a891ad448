"""Full disks. They need disks that can be filled, and mounting those needs root."""

import asyncio

from simpul_operator.addresses import SERVICES
from simpul_operator.embedded.process import until

from tests.fault.lane.oplog import now
from tests.fault.lane.platform import PARTS
from tests.fault.lane.scene import Hit, Scene, hit
from tests.fault.lane.servers import SMALL_DISK_SERVICE, BrokerHost, PostgresHost

_NOTICED_SECONDS = 30.0


async def postgres_disk_full(scene: Scene) -> Hit:
    """Writes are answered 503 with Retry-After, reads 200, and the processes live; given space, all goes on by itself.

    A Postgres that was started not long ago takes no new connection while its disk is full ("could not write init file"):
    then a read that needs one is told to come again as well.
    """
    host = scene.platform.servers.postgres[SMALL_DISK_SERVICE]
    names = [f"{SMALL_DISK_SERVICE} {part}" for part in PARTS]
    async with scene.alone_with(host.kept.name, host.link.name, *names):
        processes = [scene.platform.process(SMALL_DISK_SERVICE, part) for part in PARTS]
        await asyncio.gather(*(scene.until_live(process) for process in processes))
        starts, begun = [one.kept.starts for one in processes], now()
        await _fill_until_refused(scene, host, begun)
        over = now()
        if [one.kept.starts for one in processes] != starts:
            scene.complaints.append("a process of the service ended because the disk of its Postgres was full")
        return hit("Postgres disk full", host.server.name, SMALL_DISK_SERVICE, begun=begun, over=over, writes=True)


async def _fill_until_refused(scene: Scene, host: PostgresHost, begun: float) -> None:
    assert host.disk is not None, "planned only where there is one"
    host.disk.fill()
    try:
        async with asyncio.timeout(_NOTICED_SECONDS):
            await until(lambda: _refused_since(scene, begun))
        reading = await scene.driver.read(SMALL_DISK_SERVICE, "/v1/activities", limit="1")
        if reading.status_code != 200 and "Retry-After" not in reading.headers:
            scene.complaints.append(f"a read was answered {reading.status_code} while the disk was full")
    finally:
        host.disk.free()


async def _refused_since(scene: Scene, begun: float) -> bool:
    """Whether a write was told to come again later."""
    told = [one for one in scene.driver.told[-200:] if one.service == SMALL_DISK_SERVICE and one.at > begun]
    return any(one.status == 503 and one.retry_after is not None for one in told)


async def broker_disk_full(scene: Scene) -> Hit:
    """A broker that cannot write ends; the two others go on, and it comes back once there is space."""
    host = next(one for one in scene.platform.servers.brokers if one.disk is not None)
    async with scene.alone_with("brokers"):
        starts, begun = host.kept.starts, now()
        await _fill_until_ended(host)
        over = now()
        await host.kept.started_again(starts)
        await host.broker.ready()
        return hit("broker disk full", host.broker.name, *SERVICES, begun=begun, over=over, writes=False)


async def _fill_until_ended(host: BrokerHost) -> None:
    assert host.disk is not None, "planned only where there is one"
    starts = host.kept.starts

    async def ended() -> bool:
        return not host.broker.child.running or host.kept.starts > starts

    host.disk.fill()
    try:
        async with asyncio.timeout(_NOTICED_SECONDS):
            await until(ended)
    finally:
        host.disk.free()
