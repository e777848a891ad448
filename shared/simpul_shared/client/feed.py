"""A service's events in order, as pages or as a stream, for ever: what fails is tried again from the last cursor."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import msgspec

from simpul_shared.contracts.envelope import Envelope, Event
from simpul_shared.contracts.reading import Unreadable, read_data

Token = Callable[[], Awaitable[str]]
"""Gives an access token; asked at the start and whenever the service no longer takes the last one."""

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_SILENCE_SECONDS = 45.0


@dataclass(frozen=True)
class Arrived:
    """An event: its envelope, its data as a type of the contracts, and its bytes.

    `event` is None for a type that this version of the contracts does not know; the envelope and `raw` are there.
    """

    envelope: Envelope
    event: Event | None
    raw: bytes


@dataclass(frozen=True)
class Batch:
    """Events in order, and the cursor behind them: store it with what you made of them. `events` may be empty."""

    events: Sequence[Arrived]
    cursor: str
    more: bool = False
    through: datetime | None = None


class FeedRefused(Exception):
    """The service will not answer this request however often it is sent; `problem` says why."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


class _Passing(Exception):
    """Not now; after `pause` seconds, where the service says how long."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next_cursor: str
    more: bool
    through: datetime | None = None


class EventFeed:
    """Follows one service. `http` has the service's address as its base_url; it stays the caller's to close."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        token: Token,
        *,
        types: Collection[type[Event]] | None = None,
        limit: int = 500,
        wait_seconds: float = 25.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._ask_token = token
        self._types = None if types is None else ",".join(sorted(kind.type for kind in types))
        self._limit = limit
        self._wait = wait_seconds
        self._sleep = sleep
        self._token: str | None = None

    async def batches(self, after: str | None = None, *, until_caught_up: bool = False) -> AsyncGenerator[Batch, None]:
        """Page after page from a cursor, or from the first event. Waits at the end for more, unless told to stop there.

        Errors: FeedRefused. All else is tried again, for ever.
        """
        while True:
            batch = await self._persist(lambda after=after: self._page(after, wait=not until_caught_up))  # type: ignore[misc]
            yield batch
            after = batch.cursor
            if until_caught_up and not batch.more:
                return

    async def stream(self, after: str | None = None) -> AsyncGenerator[Batch, None]:
        """The same by server-sent events; connects again whenever the stream ends or is silent. Errors: FeedRefused."""
        failures = 0
        while True:
            try:
                async for batch in self._connected(after):
                    failures, after = 0, batch.cursor
                    yield batch
            except (httpx.TransportError, _Passing) as error:
                await self._pause(error, failures)
                failures += 1

    async def _persist(self, attempt: Callable[[], Awaitable[Batch]]) -> Batch:
        failures = 0
        while True:
            try:
                return await attempt()
            except (httpx.TransportError, _Passing) as error:
                await self._pause(error, failures)
                failures += 1

    async def _pause(self, error: Exception, failures: int) -> None:
        told = error.pause if isinstance(error, _Passing) else None
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures, 10))
        await self._sleep(told if told is not None else longest * (0.5 + random.random() / 2))  # noqa: S311 (not a secret)

    async def _page(self, after: str | None, *, wait: bool) -> Batch:
        asked = self._asked(after) | ({"wait": str(self._wait)} if wait else {})
        response = await self._http.get(
            "/v1/events", params=asked, headers=await self._headers(), timeout=self._wait + 30
        )
        self._require_good(response)
        page = msgspec.json.decode(response.content, type=_Page)
        return Batch([arrived(bytes(item)) for item in page.items], page.next_cursor, page.more, page.through)

    async def _connected(self, after: str | None) -> AsyncGenerator[Batch, None]:
        headers = await self._headers() | {"Accept": "text/event-stream"}
        timeout = httpx.Timeout(30, read=_SILENCE_SECONDS)
        async with self._http.stream(
            "GET", "/v1/events", params=self._asked(after), headers=headers, timeout=timeout
        ) as response:
            if response.status_code != 200:
                await response.aread()
            self._require_good(response)
            rest = b""
            async for piece in response.aiter_bytes():
                # Split by bytes: a text may hold characters that count as line ends elsewhere.
                *blocks, rest = (rest + piece).split(b"\n\n")
                batch = _batch(blocks)
                if batch is not None:
                    yield batch

    def _asked(self, after: str | None) -> dict[str, str]:
        asked = {"limit": str(self._limit), "after": after, "types": self._types}
        return {name: value for name, value in asked.items() if value is not None}

    async def _headers(self) -> dict[str, str]:
        if self._token is None:
            self._token = await self._ask_token()
        return {"Authorization": f"Bearer {self._token}"}

    def _require_good(self, response: httpx.Response) -> None:
        """Errors: _Passing for what may pass, FeedRefused for what will not."""
        if response.status_code == 200:
            self._renewed = False
            return
        if response.status_code == 401 and not self._renewed:
            self._token, self._renewed = None, True
            raise _Passing("the token is no longer taken", 0)
        if response.status_code == 429 or response.status_code >= 500:
            raise _Passing(f"status {response.status_code}", _retry_after(response))
        raise FeedRefused(response.status_code, _problem(response))

    _renewed = False


def arrived(raw: bytes) -> Arrived:
    """Errors: msgspec.DecodeError for what is no CloudEvent; Unreadable for data that do not fit their type."""
    envelope = msgspec.json.decode(raw, type=Envelope)
    try:
        event = read_data(envelope.type, envelope.data)
    except Unreadable as error:
        if error.reason != "event-type-unknown":
            raise
        event = None
    return Arrived(envelope, event, raw)


def _batch(blocks: Sequence[bytes]) -> Batch | None:
    events, cursor = [], None
    for block in blocks:
        for line in block.split(b"\n"):
            if line.startswith(b"id: "):
                cursor = line[4:].decode()
            if line.startswith(b"data: "):
                events.append(arrived(line[6:]))
    return None if cursor is None else Batch(events, cursor)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() else None


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"detail": response.text[:500]}
