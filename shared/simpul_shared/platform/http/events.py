"""HTTP in, in every service: the ledger page by page, for systems that do not read Kafka. Same events, same order."""

import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Header, Request
from fastapi import Query as Parameter
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel

from simpul_shared.access import Permission
from simpul_shared.contracts.catalogue import EVENTS, SERVICES
from simpul_shared.errors import Invalid
from simpul_shared.known_on import JAKARTA
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.http.query import CursorMalformed, Query, decode_cursor, encode_cursor, query
from simpul_shared.platform.ledger import START, LedgerPage, LedgerReader, Wanted
from simpul_shared.platform.marks import recorded_through
from simpul_shared.platform.relay import Place
from simpul_shared.platform.watch import LedgerWatch
from simpul_shared.regions.store import covered_regions

log = structlog.get_logger()

router = APIRouter(tags=["events"])

HEARTBEAT_SECONDS = 15.0
_MAX_WAIT_SECONDS = 30
_STREAM_ROWS = 500


class EventTypeUnknown(Invalid):
    slug = "event-type-unknown"
    title = "Jenis peristiwa tidak dikenal"


class EventPage(BaseModel):
    """Events in the order of the ledger. Ask again with `after=next_cursor`, which is there also when nothing came.

    `more` says that further events can be read at once. `through`: all that was recorded up to then has been read; null
    as long as there is more, or before the relay gave its first mark.
    """

    items: list[dict[str, Any]]
    next_cursor: str
    more: bool
    through: AwareDatetime | None


@dataclass(frozen=True)
class Following:
    """One client's way through the ledger of this service."""

    edge: Query
    service: str
    archive: Archive
    wanted: Wanted
    limit: int

    async def page(self, after: Place) -> tuple[LedgerPage, datetime | None]:
        """The next page, and the moment up to which nothing is missing before its end, where that is known."""
        # One statement after the other, each with a view of its own: the moment first, then the rows.
        async with self.edge.database.transaction(self.edge.origin) as tx:
            through = await recorded_through(tx)
            page = await LedgerReader(tx, self.archive).page(after, limit=self.limit, wanted=self.wanted)
        return page, None if page.more else through

    def cursor(self, place: Place) -> str:
        return encode_cursor(self.service, place.xid, place.id, place.recorded_on.toordinal())


@router.get(
    "/v1/events",
    response_model=EventPage,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    summary="The events this service has recorded, in order",
)
async def follow_events(
    request: Request,
    after: Annotated[str | None, Parameter(max_length=200, description="`next_cursor` of the page before")] = None,
    types: Annotated[str | None, Parameter(max_length=2000, description="Event types, comma separated")] = None,
    limit: Annotated[int, Parameter(ge=1, le=1000, description="Events on a page at most")] = 200,
    wait: Annotated[
        float, Parameter(ge=0, le=_MAX_WAIT_SECONDS, description="Seconds to wait for the first event")
    ] = 0,
    last_event_id: Annotated[str | None, Header(max_length=200, description="As `after`, for a stream")] = None,
    edge: Query = query(Permission.EVENTS_READ, touches="the token's regions"),
) -> Response:
    """The CloudEvents exactly as on Kafka. With `Accept: text/event-stream` they come as a stream that goes on."""
    service: str = request.app.state.service
    following = Following(edge, service, request.app.state.archive, await _wanted(edge, service, types), limit)
    watch: LedgerWatch = request.app.state.watch
    place = _place(last_event_id or after, service)
    if "text/event-stream" in request.headers.get("accept", ""):
        following = replace(following, limit=min(limit, _STREAM_ROWS))
        return StreamingResponse(_stream(following, watch, place), media_type="text/event-stream", headers=_STREAM)
    page, through = await following.page(place)
    if not page.rows and not page.more and wait:
        page, through = await _wait(following, watch, page, seconds=wait)
    return Response(_document(following, page, through), media_type="application/json")


_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def _wanted(edge: Query, service: str, types: str | None) -> Wanted:
    async with edge.snapshot() as tx:
        regions = await covered_regions(tx, edge.scope, on=edge.now.astimezone(JAKARTA).date())
    return Wanted(types=_types(service, types), regions=regions)


def _types(service: str, asked: str | None) -> Collection[str] | None:
    if asked is None:
        return None
    known = {event.type for event in SERVICES.get(service, EVENTS.values())}
    types = {name.strip() for name in asked.split(",") if name.strip()}
    if types - known or not types:
        raise EventTypeUnknown(
            f"{service} records no events of type {', '.join(sorted(types - known)) or asked!r}. "
            "Take types from `known_types`.",
            field="/query/types",
            facts={"known_types": sorted(known)},
        )
    return types


_Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Day = Annotated[int, msgspec.Meta(ge=1, le=date.max.toordinal())]


def _place(cursor: str | None, service: str) -> Place:
    """Errors: CursorMalformed."""
    try:
        keys = decode_cursor(cursor, tuple[str, _Natural, _Natural, _Day])
    except CursorMalformed as error:
        raise CursorMalformed(
            "Take `after` as it was given in `next_cursor`, or leave it out to begin with the first event.",
            field="/query/after",
        ) from error
    if keys is None:
        return START
    if keys[0] != service:
        raise CursorMalformed(f"This is a cursor of {keys[0]}; {service} has its own.", field="/query/after")
    return Place(keys[1], keys[2], date.fromordinal(keys[3]))


async def _wait(
    following: Following, watch: LedgerWatch, page: LedgerPage, *, seconds: float
) -> tuple[LedgerPage, datetime | None]:
    """The first page with an event, or the last that was looked at when the time is over."""
    deadline = time.monotonic() + seconds
    through = None
    while not page.rows and not watch.stopped and time.monotonic() < deadline:
        if not page.more:
            await watch.wait(page.reached, seconds=deadline - time.monotonic())
        page, through = await following.page(page.reached)
    return page, through


def _document(following: Following, page: LedgerPage, through: datetime | None) -> bytes:
    """The events' own bytes, put together without reading them."""
    rest = {"next_cursor": following.cursor(page.reached), "more": page.more, "through": through}
    return b'{"items":[' + b",".join(row.value for row in page.rows) + b"]," + msgspec.json.encode(rest)[1:]


async def _stream(following: Following, watch: LedgerWatch, place: Place) -> AsyncIterator[bytes]:
    """Server-sent events until the service stops or the token ends; the client comes back with Last-Event-ID."""
    yield b"retry: 1000\n\n"
    try:
        async for block in _blocks(following, watch, place):
            yield block
    except Exception as error:
        if not is_passing(error):
            raise
        log.warning("events.stream_ended", error=repr(error))


async def _blocks(following: Following, watch: LedgerWatch, place: Place) -> AsyncIterator[bytes]:
    said_at = time.monotonic()
    while not watch.stopped and time.time() < following.edge.principal.expires_at:
        page, _ = await following.page(place)
        place = page.reached
        if page.rows or time.monotonic() - said_at >= HEARTBEAT_SECONDS:
            # The next page is read when the client has taken this one: a slow reader costs a page and no more.
            yield _events(following, page) or _heartbeat(following, place)
            said_at = time.monotonic()
        if not page.more:
            await watch.wait(place, seconds=said_at + HEARTBEAT_SECONDS - time.monotonic())


def _events(following: Following, page: LedgerPage) -> bytes:
    return b"".join(b"id: %s\ndata: %s\n\n" % (following.cursor(row.place).encode(), row.value) for row in page.rows)


def _heartbeat(following: Following, place: Place) -> bytes:
    """A comment, and the place reached: a client that takes few types need not look at the others again."""
    return f": heartbeat\nid: {following.cursor(place)}\n\n".encode()
