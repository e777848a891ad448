"""HTTP in, in every service: the dead letters of its consumer, for operators of the whole country."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from simpul_shared.access import Permission
from simpul_shared.contracts.topics import Topic
from simpul_shared.errors import Invalid
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.consume import Handlers, LetterState
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.dead_letters import actions
from simpul_shared.platform.dead_letters.actions import MOST_AT_ONCE, By, Workbench
from simpul_shared.platform.dead_letters.queries import OPEN, LetterFilter, list_letters, read_letter
from simpul_shared.platform.dead_letters.views import ChangedLetter, LetterDetail, LetterView, RedriveReport
from simpul_shared.platform.http.command import Answer, Command, command
from simpul_shared.platform.http.query import Page, Query, answer, decode_id_cursor, query

Word = Annotated[str, Field(min_length=1, max_length=200)]
Cursor = Annotated[str, Field(max_length=1000, description="`next_cursor` of the page before")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReasonBody(_Body):
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
        Field(description="Why; it is kept in the audit"),
    ]


class RedriveManyBody(ReasonBody):
    """Which poison letters; what is left out is not asked for."""

    with_reason: Annotated[Word | None, Field(description="Such as event-type-unknown, after a deploy")] = None
    event_type: Word | None = None
    topic: Word | None = None
    aggregate_id: UUID | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 50


class EditBody(ReasonBody):
    """The whole new value, as `text` or as `base64`."""

    text: str | None = None
    base64: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("send either text or base64")
        return self

    def value(self) -> bytes:
        """Errors: Invalid."""
        try:
            return (
                base64.b64decode(self.base64, validate=True) if self.base64 is not None else (self.text or "").encode()
            )
        except (binascii.Error, UnicodeEncodeError) as error:
            raise Invalid(f"The new value cannot be read: {error}.", field="/base64") from error


class AssignBody(ReasonBody):
    owner: Word


Act = Callable[[Transaction, Workbench, By], Awaitable[BaseModel]]
Carry = Callable[[Command, ReasonBody, Act], Awaitable[Response]]
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def dead_letter_router(service: str, topics: Sequence[Topic], handlers: Handlers) -> APIRouter:
    """Routes of one consumer's letters; redriving runs the handlers it ships, in the process of the API."""

    async def act(edge: Command, body: ReasonBody, work: Act) -> Response:
        store = PostgresStore(edge.database, service=service, consumer=service, topics=topics)
        bench, by = Workbench(service, store, handlers), By(edge.principal.client_id, body.reason)

        async def run(tx: Transaction) -> Answer:
            return Answer(await work(tx, bench, by))

        return await edge.execute(run, locks=[])

    router = APIRouter(tags=["dead letters"])
    _add_reads(router, service)
    _add_redrives(router, act)
    _add_changes(router, act)
    return router


def _add_reads(router: APIRouter, consumer: str) -> None:
    @router.get("/v1/dead-letters", response_model=Page[LetterView], summary="Dead letters, the oldest first")
    async def list_dead_letters(
        state: Annotated[
            list[LetterState] | None, Parameter(description="Open ones if left out; may be repeated")
        ] = None,
        reason: Annotated[str | None, Parameter(max_length=200)] = None,
        event_type: Annotated[str | None, Parameter(max_length=200)] = None,
        topic: Annotated[str | None, Parameter(max_length=200)] = None,
        aggregate_id: Annotated[UUID | None, Parameter()] = None,
        cursor: Annotated[
            str | None, Parameter(max_length=1000, description="`next_cursor` of the page before")
        ] = None,
        limit: Annotated[int, Parameter(ge=1, le=200, description="Items on a page")] = 50,
        edge: Query = query(Permission.OPERATE, touches=NATION),
    ) -> Response:
        wanted = LetterFilter(tuple(state or OPEN), reason, event_type, topic, aggregate_id)
        async with edge.snapshot() as tx:
            return answer(await list_letters(tx, consumer, wanted, cursor=cursor, limit=limit))

    @router.get(
        "/v1/dead-letters/{dead_letter_id}", response_model=LetterDetail, summary="One dead letter with its bytes"
    )
    async def read_dead_letter(
        dead_letter_id: LetterId, edge: Query = query(Permission.OPERATE, touches=NATION)
    ) -> Response:
        async with edge.snapshot() as tx:
            return answer(await read_letter(tx, consumer, dead_letter_id))


def _add_redrives(router: APIRouter, act: Carry) -> None:
    @router.post("/v1/dead-letters/redrive", response_model=RedriveReport, summary="Apply many dead letters again")
    async def redrive_dead_letters(
        body: RedriveManyBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        wanted = LetterFilter((LetterState.POISON,), body.with_reason, body.event_type, body.topic, body.aggregate_id)
        after = decode_id_cursor(body.cursor) or 0

        async def work(tx: Transaction, bench: Workbench, by: By) -> RedriveReport:
            return await actions.redrive_many(tx, bench, wanted, by, after=after, limit=body.limit)

        return await act(edge, body, work)

    @router.post("/v1/dead-letters/{dead_letter_id}/redrive", response_model=ChangedLetter, summary="Apply it again")
    async def redrive_dead_letter(
        dead_letter_id: LetterId, body: ReasonBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        return await act(edge, body, lambda tx, bench, by: actions.redrive(tx, bench, dead_letter_id, by))


def _add_changes(router: APIRouter, act: Carry) -> None:
    @router.post(
        "/v1/dead-letters/{dead_letter_id}/edit", response_model=ChangedLetter, summary="Mend its value and apply it"
    )
    async def edit_dead_letter(
        dead_letter_id: LetterId, body: EditBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        value = body.value()
        return await act(edge, body, lambda tx, bench, by: actions.edit(tx, bench, dead_letter_id, value, by))

    @router.post(
        "/v1/dead-letters/{dead_letter_id}/dismiss", response_model=ChangedLetter, summary="Give it up for good"
    )
    async def dismiss_dead_letter(
        dead_letter_id: LetterId, body: ReasonBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        return await act(edge, body, lambda tx, bench, by: actions.dismiss(tx, bench, dead_letter_id, by))

    @router.post(
        "/v1/dead-letters/{dead_letter_id}/assign", response_model=ChangedLetter, summary="Name who looks after it"
    )
    async def assign_dead_letter(
        dead_letter_id: LetterId, body: AssignBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        return await act(edge, body, lambda tx, bench, by: actions.assign(tx, bench, dead_letter_id, body.owner, by))
