"""Faults of the network between services and servers, by the links (link.py)."""

import asyncio
from collections.abc import Sequence

from simpul_operator.addresses import SERVICES

from tests.fault.lane.link import Link, Trouble
from tests.fault.lane.oplog import now
from tests.fault.lane.scene import Hit, Scene, hit


async def broker_cut_off(scene: Scene) -> Hit:
    """Neither services nor other brokers reach one broker; it keeps its place in the cluster, and its partitions stall."""
    broker = scene.rng.choice(scene.platform.servers.brokers)
    async with scene.alone_with("brokers"):
        return await _trouble(
            scene, "network split", [broker.clients, broker.peers], Trouble.CUT, SERVICES, writes=False
        )


async def postgres_cut_off(scene: Scene) -> Hit:
    service, link = _postgres(scene)
    async with scene.alone_with(link.name):
        return await _trouble(scene, "network cut", [link], Trouble.CUT, [service], writes=True)


async def half_open(scene: Scene) -> Hit:
    """The server forgets its connections and the clients are not told."""
    service, link = _any_link(scene)
    async with scene.alone_with(link.name):
        return await _trouble(
            scene, "half-open", [link], Trouble.HALF_OPEN, _touched(service), writes=service is not None
        )


async def slow(scene: Scene) -> Hit:
    """Each way takes 0.2 s longer."""
    service, link = _any_link(scene)
    async with scene.alone_with(link.name):
        return await _trouble(scene, "latency", [link], Trouble.SLOW, _touched(service), writes=service is not None)


async def reset(scene: Scene) -> Hit:
    """All connections of a link are broken at once."""
    service, link = _any_link(scene)
    begun = now()
    link.reset()
    return hit("reset", link.name, *_touched(service), begun=begun, writes=service is not None)


async def _trouble(
    scene: Scene, fault: str, links: Sequence[Link], kind: Trouble, services: Sequence[str], *, writes: bool
) -> Hit:
    begun = now()
    for link in links:
        link.trouble(kind)
    await asyncio.sleep(scene.a_while(2.0))
    for link in links:
        link.mend()
    return hit(fault, links[0].name, *services, begun=begun, writes=writes)


def _any_link(scene: Scene) -> tuple[str | None, Link]:
    """A link to a broker (no service in particular), or that of a service to its Postgres."""
    brokers = [(None, one.clients) for one in scene.platform.servers.brokers]
    return scene.rng.choice([*brokers, _postgres(scene), _postgres(scene)])


def _postgres(scene: Scene) -> tuple[str, Link]:
    service = scene.rng.choice(SERVICES)
    return service, scene.platform.servers.postgres[service].link


def _touched(service: str | None) -> Sequence[str]:
    return SERVICES if service is None else [service]
