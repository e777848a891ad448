"""The embedded stack: starts three Postgres servers, Kafka, the issuer and the services, in order and in parallel."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NoReturn

from simpul_operator.addresses import DEFAULT_PORT_BASE, SERVICES, Addresses, Ports, addresses_of
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.embedded.jars import cache_dir, ensure_jars
from simpul_operator.embedded.kafka import KafkaCluster, Node, require_same_brokers
from simpul_operator.embedded.ports import require_free
from simpul_operator.embedded.postgres import PostgresServer, PostgresTemplate
from simpul_operator.embedded.prepared import fingerprint, note_prepared, prepared_by
from simpul_operator.embedded.process import Child, run_to_end
from simpul_operator.embedded.services import (
    issuer_part,
    migrate_environment,
    service_command,
    service_environment,
    service_part,
)
from simpul_operator.embedded.supervisor import Part, supervise
from simpul_operator.production import refuse_production
from simpul_operator.progress import Progress
from simpul_operator.roles import ensure_database, in_database
from simpul_operator.topics import ensure_topics

_FIRST_START_BYTES = 1024 * 1024 * 1024
_LATER_START_BYTES = 256 * 1024 * 1024


class Stack:
    """One stack on one data directory; `services` and `infrastructure_only` narrow it for tests.

    After `start` keep a task on `supervise`; always `stop`, also after a start that failed.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port_base: int = DEFAULT_PORT_BASE,
        brokers: int = 1,
        services: Sequence[str] = SERVICES,
        infrastructure_only: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.data = DataDir(data_dir)
        self.ports = Ports(port_base)
        self.addresses = addresses_of(self.ports, brokers=brokers)
        self.databases: dict[str, PostgresServer] = {}
        self._nodes = [
            Node(number, self.ports.kafka_broker(number), self.ports.kafka_controller(number))
            for number in range(1, brokers + 1)
        ]
        self._services = services
        self._infrastructure_only = infrastructure_only
        self._progress = progress or Progress()
        self._below: list[Part] = []
        self._above: list[Part] = []
        self._ready = False
        self._topics_made = self.data.path / "kafka" / "topics-made"
        self._topics_were_made = False
        self._held = ExitStack()

    @property
    def parts(self) -> list[Part]:
        return [*self._below, *self._above]

    @property
    def database_urls(self) -> dict[str, str]:
        """The services' databases, for the superuser."""
        return {service: in_database(server.admin_url, service) for service, server in self.databases.items()}

    async def start(self) -> Addresses:
        """Returns when all is ready; after a failure nothing is left running. Errors: Failure."""
        refuse_production()
        self._held.enter_context(self.data.held())
        self._held.callback(self.data.forget)
        started = False
        try:
            await self._prepare()
            await self._start_all()
            self._ready = True
            self._remember()
            started = True
        finally:
            if not started:
                await self.stop()
        return self.addresses

    async def supervise(self) -> NoReturn:
        """Starts again whatever ends, until it is cancelled."""
        await supervise(self.parts, spawned=self._remember, say=self._progress.say)

    async def stop(self) -> None:
        """Stops the services first and what they stand on last, each in time or by force; within 20 s."""
        for parts in (self._above, self._below):
            await asyncio.gather(*(part.stop() for part in parts))
            parts.clear()
        self._held.close()

    async def _prepare(self) -> None:
        left = await self.data.clear_leftovers()
        if left:
            self._progress.say(f"An earlier simpul was killed; ended what it left: {', '.join(map(str, left))}.")
        require_same_brokers(self.data.path / "kafka", len(self._nodes))
        self.data.rotate_logs()
        self.data.require_space(_LATER_START_BYTES if self.data.postgres_dirs() else _FIRST_START_BYTES)
        require_free(self._wanted_ports())

    def _wanted_ports(self) -> list[tuple[str, int]]:
        wanted = [("Postgres of " + service, self.ports.postgres(service)) for service in self._services]
        wanted += [("Kafka", port) for node in self._nodes for port in (node.broker_port, node.controller_port)]
        if not self._infrastructure_only:
            wanted += [("issuer", self.ports.issuer)]
            wanted += [(service, self.ports.api(service)) for service in self._services]
            wanted += [(f"{service}, admin", self.ports.admin(service)) for service in self._services]
        return wanted

    async def _start_all(self) -> None:
        try:
            with self._progress:
                async with asyncio.TaskGroup() as group:
                    self._start_in(group)
        except BaseExceptionGroup as failures:
            # The first is the cause; the other tasks only fell with it.
            raise failures.exceptions[0] from None

    def _start_in(self, group: asyncio.TaskGroup) -> None:
        self._topics_were_made = self._topics_made.exists()
        template = PostgresTemplate(self.data.path / "postgres" / "template")
        initialised = group.create_task(template.create(log=self.data.logs / "initdb.log"))
        kafka = group.create_task(self._start_kafka())
        for service in self._services:
            group.create_task(self._start_service(service, template, after=(initialised, kafka)))
        if not self._infrastructure_only:
            group.create_task(self._serve(issuer_part(self.data, self.addresses, self.ports)))

    async def _start_kafka(self) -> None:
        self._progress.doing("kafka", "looking at its jars")
        cache = cache_dir(self.data.path / "cache")
        jars = await asyncio.to_thread(ensure_jars, cache, progress=lambda text: self._progress.counting("kafka", text))
        cluster = KafkaCluster(self.data.path / "kafka", nodes=self._nodes, jars=jars, logs=self.data.logs)
        await asyncio.gather(*(self._start_part(broker, among=self._below) for broker in cluster.brokers))
        self._progress.doing("kafka", "creating topics")
        await ensure_topics(cluster.bootstrap, prefix=os.environ.get("SIMPUL_TOPIC_PREFIX", ""))
        self._topics_made.touch()
        self._progress.ready("kafka")

    async def _start_service(
        self, service: str, template: PostgresTemplate, *, after: tuple[asyncio.Task[None], asyncio.Task[None]]
    ) -> None:
        initialised, kafka = after
        await initialised
        database = await self._start_postgres(service, template)
        if self._infrastructure_only:
            return
        new = await self._prepare_database(service, database)
        if new or not self._topics_were_made:
            # A consumer of topics that are made only later would look for them again after minutes.
            self._progress.doing(service, "waiting for Kafka")
            await kafka
        await self._serve(service_part(service, self.data, self.addresses, self.ports, database))

    async def _start_postgres(self, service: str, template: PostgresTemplate) -> PostgresServer:
        name = f"postgres {service}"
        data_dir = self.data.path / "postgres" / service
        if not data_dir.exists():
            self._progress.doing(name, "making its data directory")
            await template.copy_to(data_dir, log=self.data.logs / "initdb.log")
        server = PostgresServer(
            data_dir,
            port=self.ports.postgres(service),
            password=template.password,
            log=self.data.logs / f"postgres-{service}.log",
            name=name,
        )
        self.databases[service] = server
        await self._start_part(server, among=self._below)
        owner, app = self.data.password(f"{service}-owner"), self.data.password(f"{service}-app")
        await ensure_database(server.admin_url, service, owner_password=owner, app_password=app)
        self._progress.ready(name)
        return server

    async def _prepare_database(self, service: str, database: PostgresServer) -> bool:
        """Whether there was anything to prepare: a first start, or one of other code."""
        code = await asyncio.to_thread(fingerprint, service)
        if await prepared_by(database.admin_url, service) == code:
            return False
        owner = migrate_environment(service, self.data, self.addresses, self.ports, database)
        await self._run(service, "migrate", owner)
        if service == "registry":
            app = service_environment(service, self.data, self.addresses, self.ports, database)
            await self._run(service, "load-regions", app)
            await self._run(service, "index-people", app)
        await note_prepared(database.admin_url, service, code)
        return True

    async def _run(self, service: str, subcommand: str, environment: dict[str, str]) -> None:
        self._progress.doing(service, subcommand)
        log = self.data.logs / f"{service}-{subcommand}.log"
        child = Child(f"{service} {subcommand}", service_command(service, subcommand), log=log, env=environment)
        await run_to_end(child, newest_line=lambda line: self._progress.counting(service, f"{subcommand}: {line}"))

    async def _serve(self, part: Part) -> None:
        await self._start_part(part, among=self._above)
        self._progress.ready(part.name)

    async def _start_part(self, part: Part, *, among: list[Part]) -> None:
        self._progress.doing(part.name, "starting")
        among.append(part)
        await part.begin()
        self._remember()
        await part.ready()

    def _remember(self) -> None:
        children = [(part.child.pid, part.child.command) for part in self.parts if part.child.pid is not None]
        self.data.remember(children, self.addresses if self._ready else None)


@asynccontextmanager
async def running_stack(
    data_dir: Path, *, port_base: int = DEFAULT_PORT_BASE, brokers: int = 1, progress: Progress | None = None
) -> AsyncIterator[Addresses]:
    """A supervised stack for the time of the block. Errors: Failure."""
    stack = Stack(data_dir, port_base=port_base, brokers=brokers, progress=progress)
    addresses = await stack.start()
    supervision = asyncio.create_task(stack.supervise())
    try:
        yield addresses
    finally:
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)
        await stack.stop()
