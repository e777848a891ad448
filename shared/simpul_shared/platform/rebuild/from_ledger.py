"""The services' ledgers over HTTP (GET /v1/events), up to what the live projection has applied: for when Kafka lacks it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.topics import Topic
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.database import Database
from simpul_shared.platform.rebuild.schemas import RebuildFailed

_PAGE = 1000
_BATCH_RECORDS = 5000
_NO_PARTITION = -1
"""Of records that come from a ledger; their offsets only count them."""

_TOPICS = {event.aggregate: event.topic.name for event in EVENTS.values()}


class LedgerSettings(BaseSettings):
    """Environment variables SIMPUL_*: where the services are, and the token to read their events with."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_", extra="ignore")

    registry_url: str = Field("http://127.0.0.1:8101", description="The registry's API, for a rebuild from the ledgers")
    activities_url: str = Field(
        "http://127.0.0.1:8102", description="The activities API, for a rebuild from the ledgers"
    )
    token: str | None = Field(None, description="An access token with events:read; else the issuer is asked for one")

    def url(self, service: str) -> str:
        return {"registry": self.registry_url, "activities": self.activities_url}[service].rstrip("/")


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next_cursor: str
    more: bool


class _Head(msgspec.Struct):
    subject: UUID
    aggregatetype: str
    aggregateversion: int


_page = msgspec.json.Decoder(_Page)
_head = msgspec.json.Decoder(_Head)


class EventReader:
    """One service's ledger from its beginning. The next page is asked for while the one before is applied."""

    def __init__(self, http: httpx.AsyncClient, url: str, bearer: "Bearer") -> None:
        self._http = http
        self._url = url
        self._bearer = bearer
        self._cursor: str | None = None
        self._coming: asyncio.Task[_Page] | None = None

    async def page(self) -> Sequence[bytes]:
        """The next events; none once all that is recorded by now is read. Errors: RebuildFailed."""
        coming, self._coming = self._coming or asyncio.create_task(self._ask()), None
        page = await coming
        self._cursor = page.next_cursor
        if page.more:
            self._coming = asyncio.create_task(self._ask())
        if page.more and not page.items:
            return await self.page()
        return [bytes(item) for item in page.items]

    async def close(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    async def _ask(self) -> _Page:
        params = {"limit": str(_PAGE)} | ({"after": self._cursor} if self._cursor else {})
        response = await self._get(params)
        if response.status_code == 401:
            self._bearer.forget()
            response = await self._get(params)
        if response.status_code != 200:
            raise RebuildFailed(f"{self._url} answered {response.status_code}: {response.text[:300]}")
        return _page.decode(response.content)

    async def _get(self, params: Mapping[str, str]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._bearer.token()}"}
        try:
            return await self._http.get(f"{self._url}/v1/events", params=params, headers=headers)
        except httpx.TransportError as error:
            raise RebuildFailed(
                f"{self._url} does not answer ({error!r}). Start it and run the rebuild again."
            ) from error


class Bearer:
    """The token given, or one from the issuer's token endpoint, asked for anew when it is refused."""

    def __init__(self, http: httpx.AsyncClient, issuer: str, given: str | None) -> None:
        self._http = http
        self._issuer = issuer
        self._given = given
        self._token: str | None = None

    async def token(self) -> str:
        """Errors: RebuildFailed."""
        if self._given is not None:
            return self._given
        if self._token is None:
            self._token = await self._fetch()
        return self._token

    def forget(self) -> None:
        self._token = None

    async def _fetch(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "simpul-rebuild", "role": "system", "region": "ID"}
        try:
            response = await self._http.post(f"{self._issuer}/token", data=form)
        except httpx.TransportError as error:
            raise RebuildFailed(f"No issuer answers at {self._issuer} ({error!r}). Set SIMPUL_TOKEN.") from error
        if response.status_code != 200:
            raise RebuildFailed(
                f"The issuer gave no token: {response.text[:300]}. Set SIMPUL_TOKEN to one with events:read."
            )
        token: str = response.json()["access_token"]
        return token


class LedgerSource:
    """What the live projection has not applied yet is held back until it has: so that both hold the same."""

    def __init__(self, readers: Sequence[EventReader], topics: Iterable[str], live: Database, consumer: str) -> None:
        self._readers = readers
        self._topics = set(topics)
        self._live = live
        self._consumer = consumer
        self._held: list[tuple[_Head, bytes]] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._reading: list[EventReader] = []
        self._again: list[tuple[_Head, bytes]] = []
        self.earliest: dict[Partition, int] = {}

    async def aim(self) -> int:
        self._reading = list(self._readers)
        self._again, self._held = self._held, []
        total: int = await self._live.pool.fetchval(
            "select coalesce(sum(version), 0)::bigint from applied_version where consumer = $1", self._consumer
        )
        return max(0, total - sum(self._counts.values()))

    async def batch(self) -> Sequence[Record]:
        while self._again or self._reading:
            ready = await self._known(await self._next())
            if ready:
                return [self._record(head, value) for head, value in ready]
        return []

    async def _next(self) -> list[tuple[_Head, bytes]]:
        if self._again:
            again, self._again = self._again, []
            return again
        events: list[tuple[_Head, bytes]] = []
        while self._reading and len(events) < _BATCH_RECORDS:
            page = await self._reading[0].page()
            if not page:
                self._reading.pop(0)
            events += [(head, value) for value in page if self._is_followed(head := _head.decode(value))]
        return events

    def _is_followed(self, head: _Head) -> bool:
        return _TOPICS.get(head.aggregatetype) in self._topics

    async def _known(self, events: Sequence[tuple[_Head, bytes]]) -> list[tuple[_Head, bytes]]:
        """Those that the live projection has applied, or keeps aside; the others are held back, in order."""
        reached = await self._reached({head.subject for head, _ in events})
        ready = []
        behind = {head.subject for head, _ in self._held}
        for head, value in events:
            if head.subject in behind or head.aggregateversion > reached.get(head.subject, 0):
                behind.add(head.subject)
                self._held.append((head, value))
            else:
                ready.append((head, value))
        return ready

    async def _reached(self, aggregates: Iterable[UUID]) -> dict[UUID, int]:
        rows = await self._live.pool.fetch(
            """
            select aggregate_id, max(version) as version from (
                select aggregate_id, version from applied_version where consumer = $1 and aggregate_id = any($2)
                union all
                select aggregate_id, aggregate_version from dead_letter
                where consumer = $1 and aggregate_id = any($2) and state in ('poison', 'waiting')
            ) as seen group by aggregate_id
            """,
            self._consumer,
            list(aggregates),
        )
        return {row["aggregate_id"]: row["version"] for row in rows}

    def _record(self, head: _Head, value: bytes) -> Record:
        topic = _TOPICS[head.aggregatetype]
        self._counts[topic] += 1
        return Record(topic, _NO_PARTITION, self._counts[topic] - 1, None, value)


@asynccontextmanager
async def reading_ledgers(
    settings: LedgerSettings, issuer: str, topics: Sequence[Topic], live: Database, consumer: str
) -> AsyncIterator[LedgerSource]:
    services = list(dict.fromkeys(topic.service for topic in topics))
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        bearer = Bearer(http, issuer, settings.token)
        readers = [EventReader(http, settings.url(service), bearer) for service in services]
        try:
            yield LedgerSource(readers, [topic.name for topic in topics], live, consumer)
        finally:
            for reader in readers:
                await reader.close()
