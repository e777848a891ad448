"""A service under test: its real application over real Postgres, called through HTTP with real tokens."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from simpul_shared.access import Role
from simpul_shared.contracts.catalogue import SERVICES
from simpul_shared.contracts.envelope import Envelope, Event
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.auth import TokenVerifier
from simpul_shared.platform.consume import Applier, Record
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import Database, Origin, open_database
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.platform.service import Service, application

from tests.support.databases import Databases
from tests.support.published import SEEN, require_published
from tests.support.tokens import ISSUER, FixedKeys, token

ORIGIN = Origin("test", actor="test", channel="SYSTEM", correlation_id="test")


class Caller:
    """A client with a role in some regions; every write gets a new Idempotency-Key unless one is given.

    `colleague` is somebody else with the same role and regions: who puts a thing forward may not decide on it.
    """

    def __init__(self, http: httpx.AsyncClient, bearer: str, colleague: "Caller | None" = None) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {bearer}"}
        self.colleague = colleague or self

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self._http.get(path, params=params, headers=self._headers)

    async def send(self, path: str, content: bytes, *, key: str | None = None, **params: str) -> httpx.Response:
        """A file as the body of a POST."""
        sent = {**self._headers, "Idempotency-Key": key or uuid4().hex}
        return await self._http.post(path, content=content, params=params, headers=sent)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        version: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """`version` goes into If-Match."""
        sent = {**self._headers, "Idempotency-Key": key or uuid4().hex, **(headers or {})}
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        return await self._http.post(path, json={} if body is None else body, headers=sent)


@dataclass
class ServiceUnderTest:
    """One service with its database."""

    service: Service
    database: Database
    url: str
    http: httpx.AsyncClient
    store: PostgresStore
    applier: Applier
    _offset: int = 0

    def caller(self, role: Role = Role.NATIONAL_ADMIN, *regions: str, client: str = "test-client") -> Caller:
        colleague = Caller(self.http, token(role, *regions, client=client, sub=f"{client}-colleague"))
        return Caller(self.http, token(role, *regions, client=client), colleague)

    async def require_published(self) -> None:
        """Everything that the service itself recorded follows the published schemas. Errors: NotAsPublished."""
        query = "select value from ledger where event_type = any($1) order by xid, id"
        for row in await self.database.pool.fetch(query, [kind.type for kind in SERVICES.get(self.service.name, ())]):
            name = require_published(row["value"])
            if json.loads(row["value"])["source"] == f"/simpul/{self.service.name}":
                SEEN.add(name)

    async def ledger(self, *types: type[Event]) -> list[Envelope]:
        """The events recorded so far, in ledger order; of the given types, or all."""
        rows = await self.database.pool.fetch("select value from ledger order by xid, id")
        envelopes = [msgspec.json.decode(row["value"], type=Envelope) for row in rows]
        return [one for one in envelopes if not types or one.type in {t.type for t in types}]

    async def announce(self, *events: Event, occurred_at: datetime | None = None) -> list[Record]:
        """Record events of other services in this database's ledger and return them as their Kafka records would be."""
        async with self.database.transaction(ORIGIN) as tx:
            await tx.lock("announce")
            facts = [Fact(event, occurred_at or datetime.now(UTC)) for event in events]
            ids = [one.event_id for one in await append_all(tx, facts, under_lock="announce")]
            rows = await tx.fetch("select event_id, topic, key, value from ledger where event_id = any($1)", ids)
        by_id = {row["event_id"]: row for row in rows}
        return [self.record(by_id[i]["topic"], by_id[i]["key"], by_id[i]["value"]) for i in ids]

    def record(self, topic: str, key: bytes | None, value: bytes | None) -> Record:
        """A record at the next offset of partition 0 of no real topic: for what the Applier does, Kafka is not needed."""
        self._offset += 1
        return Record(topic, 0, self._offset - 1, key, value)

    async def receive(self, *events: Event, occurred_at: datetime | None = None) -> None:
        """Apply events of other services through the consumer's own code, as if they had come from Kafka."""
        await self.apply(await self.announce(*events, occurred_at=occurred_at))

    async def apply(self, records: Sequence[Record]) -> None:
        by_topic = {record.topic for record in records}
        await self.applier.apply(records, earliest={(topic, 0): self._offset for topic in by_topic})

    async def dead_letters(self) -> list[Any]:
        return await self.database.pool.fetch("select * from dead_letter order by dead_letter_id")


@asynccontextmanager
async def service_under_test(
    service: Service, databases: Databases, *, template: str | None = None, clock: Callable[[], datetime] | None = None
) -> AsyncIterator[ServiceUnderTest]:
    """`clock` is what its edge reads, where that is not to be this machine's."""
    async with (
        databases.database(service, template=template) as url,
        open_database(url, name="test", size=12) as database,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(served(service, database, clock=clock)),
            base_url="http://service.test",
            timeout=60,
        ) as http,
    ):
        store = PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)
        tested = ServiceUnderTest(service, database, url, http, store, Applier(store, service.handlers))
        yield tested
        await tested.require_published()


def served(
    service: Service,
    database: Database,
    archive: Archive | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Any:
    verifier = TokenVerifier(FixedKeys(), issuer=ISSUER, audience=f"simpul-{service.name}")
    app = application(service, database=database, verifier=verifier, archive=archive)
    app.state.clock = clock or app.state.clock
    return app


def ids_of(envelopes: Iterable[Envelope]) -> list[UUID]:
    return [envelope.id for envelope in envelopes]
