"""The servers of the lane: Kafka brokers and one Postgres per service, each behind links, some on disks small enough to fill."""

import asyncio
import base64
import errno
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from simpul_operator.addresses import HOST, SERVICES
from simpul_operator.embedded.jars import cache_dir, ensure_jars
from simpul_operator.embedded.kafka import KafkaBroker, Node
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.postgres import PostgresServer, PostgresTemplate

from tests.fault.lane.link import Link, linked
from tests.fault.lane.parts import Kept, keeping
from tests.support.databases import Databases

_DURABLE = {"max_wal_size": "96MB", "min_wal_size": "32MB", "max_connections": "150"}
_CLUSTER_ID = base64.urlsafe_b64encode(b"simpul-fault-run").rstrip(b"=").decode()
SMALL_DISK_SERVICE = "activities"
"""Whose Postgres lives on a disk of its own, where disks can be mounted."""


_LARGEST_STEP, _SMALLEST_STEP = 64 * 1024 * 1024, 4096


@dataclass(frozen=True)
class Layout:
    """`disk_mb` is the size of the disks that can be filled; 0 for none (mounting them takes root)."""

    brokers: int = 3
    disk_mb: int = 0


def may_mount() -> bool:
    """Whether a tmpfs can be mounted here."""
    if os.geteuid() != 0:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, order=True)
class Election:
    epoch: int
    leader: int


def _election(host: "BrokerHost") -> Election:
    file = host.broker.data_dir / "log" / "__cluster_metadata-0" / "quorum-state"
    state = json.loads(file.read_text())
    return Election(state["leaderEpoch"], state["leaderId"])


@dataclass
class Disk:
    """A small file system; `fill` takes all that is left of it."""

    path: Path

    @property
    def _filler(self) -> Path:
        return self.path / "filler"

    def fill(self) -> None:
        size, step = 0, _LARGEST_STEP
        with self._filler.open("wb") as file:
            while step >= _SMALLEST_STEP:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step //= 2

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@dataclass
class PostgresHost:
    """A server, the link its service reaches it by, and its disk where it has one of its own."""

    service: str
    server: PostgresServer
    kept: Kept
    link: Link
    databases: Databases
    disk: Disk | None

    def through_link(self, url: str) -> str:
        return url.replace(f":{self.server.port}/", f":{self.link.port}/")


@dataclass
class BrokerHost:
    """A broker and two links: `clients` for the services, `peers` for the other brokers."""

    broker: KafkaBroker
    kept: Kept
    clients: Link
    peers: Link
    disk: Disk | None


@dataclass
class Servers:
    """All that outlives one run of the services."""

    layout: Layout
    directory: Path
    brokers: list[BrokerHost] = field(default_factory=list)
    postgres: dict[str, PostgresHost] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """The brokers as the services reach them."""
        return ",".join(f"{HOST}:{one.clients.port}" for one in self.brokers)

    @property
    def links(self) -> list[Link]:
        of_brokers = [link for one in self.brokers for link in (one.clients, one.peers)]
        return [*of_brokers, *(one.link for one in self.postgres.values())]

    @property
    def kept(self) -> list[Kept]:
        return [*(one.kept for one in self.brokers), *(one.kept for one in self.postgres.values())]

    def controller(self) -> BrokerHost:
        """The broker that leads the cluster's own log, by what the brokers wrote down of the last election."""
        leader = max(map(_election, self.brokers)).leader
        return next(one for one in self.brokers if one.broker.node.id == leader)

    async def ready(self) -> None:
        await asyncio.gather(*(one.broker.ready() for one in self.brokers))
        await asyncio.gather(*(one.server.ready() for one in self.postgres.values()))


@asynccontextmanager
async def running_servers(directory: Path, layout: Layout) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        servers = Servers(layout, directory)
        disks = await _disks(stack, directory, layout)
        await _add_brokers(stack, servers, disks.get("kafka"))
        await _add_postgres(stack, servers, disks.get("postgres"))
        await stack.enter_async_context(keeping(*servers.kept))
        await asyncio.gather(*(one.started_again(0) for one in servers.kept))
        await servers.ready()
        yield servers


async def _disks(stack: AsyncExitStack, directory: Path, layout: Layout) -> dict[str, Disk]:
    if not layout.disk_mb:
        return {}
    return {
        name: stack.enter_context(_mounted(directory / f"disk-{name}", layout.disk_mb))
        for name in ("kafka", "postgres")
    }


@contextmanager
def _mounted(path: Path, megabytes: int) -> Iterator[Disk]:
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(path)], check=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


async def _add_brokers(stack: AsyncExitStack, servers: Servers, disk: Disk | None) -> None:
    """The last broker lives on the disk that can be filled, where there is one."""
    jars = await asyncio.to_thread(ensure_jars, cache_dir(servers.directory / "cache"))
    nodes = [Node(number, free_port(), free_port()) for number in range(1, servers.layout.brokers + 1)]
    for node in nodes:
        on = disk if node is nodes[-1] else None
        servers.brokers.append(await _broker(stack, servers.directory, node, nodes, jars, on))


async def _broker(
    stack: AsyncExitStack,
    directory: Path,
    node: Node,
    nodes: Sequence[Node],
    jars: Sequence[Path],
    disk: Disk | None,
) -> BrokerHost:
    between = free_port()
    clients = await stack.enter_async_context(linked(f"kafka-{node.id} clients", node.broker_port, free_port()))
    peers = await stack.enter_async_context(linked(f"kafka-{node.id} peers", between, free_port()))
    broker = KafkaBroker(
        (disk.path if disk else directory) / f"kafka-{node.id}",
        node=node,
        cluster=nodes,
        cluster_id=_CLUSTER_ID,
        jars=jars,
        log=directory / f"kafka-{node.id}.log",
        settings=_listeners(node, between, clients, peers),
    )
    broker.name = f"kafka-{node.id}"
    return BrokerHost(broker, Kept(broker), clients, peers, disk)


def _listeners(node: Node, between: int, clients: Link, peers: Link) -> dict[str, str]:
    """Whoever is told of the broker is told of its links: an address of its own would lead around them."""
    return {
        "listeners": f"PLAINTEXT://{HOST}:{node.broker_port},PEERS://{HOST}:{between},"
        f"CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{clients.port},PEERS://{HOST}:{peers.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PEERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PEERS",
    }


async def _add_postgres(stack: AsyncExitStack, servers: Servers, disk: Disk | None) -> None:
    template = PostgresTemplate(servers.directory / "postgres-template")
    await template.create(log=servers.directory / "initdb.log")
    for service in SERVICES:
        on = disk if service == SMALL_DISK_SERVICE else None
        servers.postgres[service] = await _postgres(stack, servers.directory, service, template, on)


async def _postgres(
    stack: AsyncExitStack, directory: Path, service: str, template: PostgresTemplate, disk: Disk | None
) -> PostgresHost:
    data_dir = (disk.path if disk else directory) / f"postgres-{service}"
    await template.copy_to(data_dir, log=directory / "initdb.log")
    server = PostgresServer(
        data_dir,
        port=free_port(),
        password=template.password,
        log=directory / f"postgres-{service}.log",
        name=f"postgres {service}",
        settings=_DURABLE,
    )
    link = await stack.enter_async_context(linked(f"postgres {service}", server.port, free_port()))
    return PostgresHost(service, server, Kept(server), link, Databases(server.admin_url), disk)
