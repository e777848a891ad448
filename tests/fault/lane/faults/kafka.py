"""Faults of the brokers and of the consumers' group."""

import asyncio
import signal
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer
from simpul_operator.addresses import SERVICES
from simpul_shared.contracts.topics import MARKS

from tests.fault.lane.oplog import now
from tests.fault.lane.platform import ALL
from tests.fault.lane.scene import Hit, Scene, hit
from tests.fault.lane.servers import BrokerHost

_FENCED_AFTER_SECONDS = 4.0
"""The brokers' session timeout: a broker silent for longer loses its partitions."""


async def broker_kill(scene: Scene) -> Hit:
    """kill -9 of any broker."""
    broker = scene.rng.choice(scene.platform.servers.brokers)
    return await _down(scene, "broker kill -9", [broker])


async def controller_kill(scene: Scene) -> Hit:
    """kill -9 of the broker that leads the cluster."""
    return await _down(scene, "controller kill -9", [scene.platform.servers.controller()])


async def two_brokers_down(scene: Scene) -> Hit:
    """Two of three are gone for a while: nothing can be published, everything can be written."""
    pair = scene.rng.sample(scene.platform.servers.brokers, 2)
    return await _down(scene, "two of three brokers down", pair, seconds=scene.a_while(3.0))


async def broker_stop(scene: Scene) -> Hit:
    """SIGSTOP of a broker for longer than its session lasts."""
    broker = scene.rng.choice(scene.platform.servers.brokers)
    async with scene.alone_with("brokers"):
        begun = now()
        broker.broker.child.tell(signal.SIGSTOP)
        await asyncio.sleep(_FENCED_AFTER_SECONDS + scene.a_while())
        broker.broker.child.tell(signal.SIGCONT)
        over = now()
        await broker.broker.ready()
        return hit("broker SIGSTOP", broker.broker.name, *SERVICES, begun=begun, over=over, writes=False)


async def rebalance_storm(scene: Scene) -> Hit | None:
    """Members that do nothing join and leave the groups again and again; None when they were given no partition."""
    service = scene.rng.choice(("activities", "reporting"))
    async with scene.alone_with("brokers"):
        begun = now()
        assigned = await asyncio.gather(*(_join_and_leave(scene, service) for _ in range(3)))
        return hit("rebalance storm", service, service, begun=begun, writes=False) if any(assigned) else None


async def _down(scene: Scene, fault: str, brokers: Sequence[BrokerHost], *, seconds: float = 0.0) -> Hit:
    async with scene.alone_with("brokers"):
        starts, begun = [one.kept.starts for one in brokers], now()
        for one in brokers:
            one.kept.hold()
        await asyncio.gather(*(one.broker.kill() for one in brokers))
        await asyncio.sleep(seconds)
        over = now() if seconds else begun
        for one in brokers:
            one.kept.release()
        await asyncio.gather(*(one.kept.started_again(before) for one, before in zip(brokers, starts, strict=True)))
        await asyncio.gather(*(one.broker.ready() for one in brokers))
        names = " and ".join(one.broker.name for one in brokers)
        return hit(fault, names, *SERVICES, begun=begun, over=over, writes=False)


async def _join_and_leave(scene: Scene, service: str) -> bool:
    prefix = scene.platform.prefix
    consumer = AIOKafkaConsumer(
        *(prefix + topic.name for topic in (*ALL[service].topics, MARKS)),
        bootstrap_servers=scene.platform.servers.bootstrap,
        group_id=f"{prefix}simpul-{service}",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        await asyncio.sleep(scene.a_while(0.5))
        return bool(consumer.assignment())
    finally:
        await consumer.stop()
