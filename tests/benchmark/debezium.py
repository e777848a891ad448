"""The peer Debezium: its outbox event router on a standalone Kafka Connect, tuned as shared notes on it measured best."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from simpul_operator.embedded.jars import cache_dir, ensure_jars, locked_jars
from simpul_operator.embedded.kafka import java
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.process import Child, until
from simpul_operator.failures import child_failed

_HERE = Path(__file__).parent
_LOGGING = _HERE / "connect-log4j2.properties"
_READY_SECONDS = 120
_WORKER = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "io.debezium.converters.BinaryDataConverter",
    "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    "producer.enable.idempotence": "true",
    "producer.acks": "all",
    "producer.linger.ms": "5",
    "producer.batch.size": "262144",
    "plugin.discovery": "hybrid_warn",
}
_CONNECTOR = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "plugin.name": "pgoutput",
    "topic.prefix": "bench",
    "publication.name": "debezium_outbox",
    "publication.autocreate.mode": "disabled",
    "table.include.list": "public.outbox",
    "snapshot.mode": "no_data",
    "binary.handling.mode": "bytes",
    "tombstones.on.delete": "false",
    "extended.headers.enabled": "false",
    "max.batch.size": "8192",
    "max.queue.size": "32768",
    "poll.interval.ms": "10",
    "transforms": "outbox",
    "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
    "transforms.outbox.table.field.event.id": "event_id",
    "transforms.outbox.table.field.event.key": "key",
    "transforms.outbox.table.field.event.payload": "payload",
    "transforms.outbox.route.by.field": "topic",
    "transforms.outbox.route.topic.replacement": "${routedByValue}",
}
TABLE = """
create table outbox (event_id uuid constraint outbox_pkey primary key, topic text not null, key text not null, payload bytea not null);
create publication debezium_outbox for table outbox with (publish = 'insert');
"""


@dataclass
class Connect:
    """A worker of Kafka Connect with one connector on one database; `directory` keeps its offsets between starts."""

    directory: Path
    database_url: str
    bootstrap: str
    slot: str
    jars: list[Path]

    def __post_init__(self) -> None:
        self._port = free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        self._worker = self.directory / "worker.properties"
        arguments = self.directory / "java.args"
        self.child = Child(
            "connect",
            [str(java()), f"@{arguments}", "org.apache.kafka.connect.cli.ConnectStandalone", str(self._worker)],
            log=self.directory / "connect.log",
        )
        options = ("-Xms256m", "-Xmx1g", "-XX:-UsePerfData", f"-Dlog4j2.configurationFile={_LOGGING}")
        quiet = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
        class_path = ":".join(str(jar) for jar in self.jars)
        arguments.write_text("".join(f'"{one}"\n' for one in (*options, *quiet, "-cp", class_path)))

    @property
    def pids(self) -> list[int]:
        pid = self.child.pid
        return [pid] if pid is not None and self.child.running else []

    async def start(self) -> None:
        """Returns when the connector's task runs."""
        settings = {
            **_WORKER,
            "bootstrap.servers": self.bootstrap,
            "offset.storage.file.filename": str(self.directory / "offsets"),
            "offset.flush.interval.ms": "5000",
            "listeners": self._url,
            "plugin.path": str(self.directory / "plugins"),
        }
        self._worker.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.child.spawn()
        async with asyncio.timeout(_READY_SECONDS):
            await until(self._answers)
            await self._ask("PUT", "/connectors/outbox/config", _CONNECTOR | self._database())
            await until(self._runs)
            await until(self._streams)

    async def stop(self) -> None:
        await self.child.stop(within=20)

    async def hold(self) -> None:
        """Stop the connector but keep the warm process."""
        await self._ask("PUT", "/connectors/outbox/stop")
        async with asyncio.timeout(_READY_SECONDS):
            await until(lambda: self._state("STOPPED"))

    async def go_on(self) -> None:
        await self._ask("PUT", "/connectors/outbox/resume")

    async def drop_slot(self) -> None:
        await self._execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1")

    async def _execute(self, query: str) -> Any:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(query, self.slot)
        finally:
            await connection.close()

    def _database(self) -> dict[str, str]:
        parts = urlsplit(self.database_url)
        return {
            "database.hostname": parts.hostname or "",
            "database.port": str(parts.port),
            "database.user": parts.username or "",
            "database.password": parts.password or "",
            "database.dbname": parts.path.lstrip("/"),
            "slot.name": self.slot,
        }

    async def _answers(self) -> bool:
        if not self.child.running:
            raise child_failed(
                "connect", f"ended with status {self.child.returncode}", self.child.log, self.child.tail()
            )
        try:
            return bool(await self._ask("GET", "/"))
        except httpx.HTTPError:  # refused, or not all of its routes are there yet
            return False

    async def _runs(self) -> bool:
        return await self._state("RUNNING")

    async def _streams(self) -> bool:
        return bool(
            await self._execute(
                "select active from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn is not null"
            )
        )

    async def _state(self, wanted: str) -> bool:
        """Errors: RuntimeError with the trace of a task that failed."""
        try:
            status = await self._ask("GET", "/connectors/outbox/status")
        except httpx.HTTPStatusError:
            return False
        tasks = status["tasks"]
        if failed := [task for task in tasks if task["state"] == "FAILED"]:
            raise RuntimeError(failed[0]["trace"])
        ready = bool(tasks) or wanted == "STOPPED"
        return status["connector"]["state"] == wanted and ready and all(task["state"] == wanted for task in tasks)

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self._url, timeout=30, trust_env=False) as http:
            response = await http.request(method, path, json=body)
            response.raise_for_status()
            answer: dict[str, Any] = response.json() if response.content else {}
            return answer


def jars() -> tuple[list[Path], list[Path]]:
    """The class path of Connect and the connector's own jars, fetched at the first run. Errors: DownloadRefused."""
    cache = cache_dir(Path(".cache"))
    logging = [jar for jar in locked_jars() if "log4j" in jar.artifact]
    connect = ensure_jars(cache, jars=[*locked_jars(_HERE / "connect-jars.lock"), *logging])
    return connect, ensure_jars(cache, jars=locked_jars(_HERE / "debezium-jars.lock"))


async def connect_to(directory: Path, database_url: str, bootstrap: str, *, slot: str) -> Connect:
    """A worker that is not started yet, on a database that gets the outbox table."""
    class_path, plugin = await asyncio.to_thread(jars)
    plugins = directory / "plugins" / "debezium"
    plugins.mkdir(parents=True)
    for jar in plugin:
        (plugins / jar.name).symlink_to(jar)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TABLE)
    finally:
        await connection.close()
    return Connect(directory, database_url, bootstrap, slot, class_path)
