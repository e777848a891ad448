"""The edge of a write: token, idempotency key, expected version, the one transaction, the stored answer.

A repeat with the same key waits for the first (an advisory lock, so nothing is written) and gets its stored answer.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from simpul_shared.access import Permission
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.errors import Conflict, Invalid, PreconditionFailed, PreconditionRequired, Refusal
from simpul_shared.platform.auth import Guard, Principal, Scope
from simpul_shared.platform.database import Database, Origin, Transaction, lock_key
from simpul_shared.platform.http.parameters import require_known_parameters


class IdempotencyKeyMissing(Refusal):
    status = 400
    slug = "idempotency-key-required"
    title = "Idempotency-Key wajib diisi"


class IdempotencyKeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = "Idempotency-Key sudah dipakai"


class RequestInProgress(Conflict):
    slug = "request-in-progress"
    title = "Permintaan yang sama sedang diproses"


@dataclass(frozen=True)
class Answer:
    """What a command returns to its caller: a model, its aggregate's version for the ETag, and the new thing's address."""

    body: BaseModel
    version: int | None = None
    location: str | None = None


Work = Callable[[Transaction], Awaitable[Answer]]


@dataclass(frozen=True)
class Command:
    """One write request at the edge. `now` is the service's clock; ids are made here, not in the rules."""

    database: Database
    principal: Principal
    now: datetime
    origin: Origin
    idempotency_key: str
    fingerprint: bytes
    if_match: str | None = None
    _headers: dict[str, str] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return self.principal.scope

    @property
    def expected_version(self) -> int:
        """The version in If-Match. Errors: PreconditionRequired when missing, PreconditionFailed when no version."""
        if self.if_match is None:
            raise PreconditionRequired('Send If-Match with the ETag of the version you saw, such as If-Match: "3".')
        text = self.if_match.strip().removeprefix("W/").strip('"')
        if not text.isascii() or not text.isdecimal():
            raise PreconditionFailed(f"If-Match {self.if_match!r} names no version; send the ETag you were given.")
        return int(text)

    async def execute(self, work: Work, *, locks: Sequence[str | UUID], status: int = 200) -> Response:
        """Run the work in one transaction under the locks of its aggregates, and store the answer with it.

        Errors: what the work refuses; IdempotencyKeyReused; RequestInProgress after 5 s of waiting for the first.
        """
        # Idempotency key first, then the aggregates in their one order, all in the transaction's first statement.
        mine = lock_key(f"idempotency/{self.principal.client_id}/{self.idempotency_key}")
        keys = [mine, *sorted({lock_key(name) for name in locks} - {mine})]
        try:
            async with self.database.transaction(self.origin) as tx:
                stored = await self._begin(tx, keys)
                if stored is not None:
                    return stored
                response = _respond(await work(tx), status)
                await self._store(tx, response)
        except asyncpg.LockNotAvailableError as error:
            # Asked outside the transaction: with its connection in hand, all waiting for a second one would be stuck.
            if await self._in_progress(mine):
                raise RequestInProgress(
                    "The first request with this Idempotency-Key is still under way. Repeat it shortly.", retry_after=2
                ) from error
            raise
        return response

    async def _in_progress(self, key: int) -> bool:
        async with self.database.transaction(self.origin) as tx:
            return not await tx.fetchval("select pg_try_advisory_xact_lock($1)", key)

    async def _begin(self, tx: Transaction, keys: Sequence[int]) -> Response | None:
        """Take the locks; the answer, if the request was answered before."""
        row = await tx.fetchrow(
            "select fingerprint, status, headers, body from open_command($1, $2, $3)",
            keys,
            self.principal.client_id,
            self.idempotency_key,
        )
        tx.locked.update(keys)
        if row is None:
            return None
        if row["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used for another request. Make a new key for each new request."
            )
        headers = {**row["headers"], "Idempotency-Replayed": "true"}
        return Response(row["body"], row["status"], headers, "application/json")

    async def _store(self, tx: Transaction, response: Response) -> None:
        headers = {name: response.headers[name] for name in ("etag", "location") if name in response.headers}
        await tx.execute(
            """
            insert into idempotency (client_id, key, fingerprint, status, headers, body) values ($1, $2, $3, $4, $5, $6)
            """,
            self.principal.client_id,
            self.idempotency_key,
            self.fingerprint,
            response.status_code,
            headers,
            bytes(response.body),
        )


def require_version(current: int, expected: int) -> None:
    """Errors: PreconditionFailed, when somebody else has changed the thing meanwhile."""
    if current != expected:
        raise PreconditionFailed(
            f"The thing is at version {current}, you saw {expected}. Read it again and decide anew.",
            facts={"current_version": current},
        )


async def require_unchanged(tx: Transaction, aggregate_id: UUID, current: int, expected: int) -> None:
    """As require_version, and tells who changed it and when, where the ledger still has it. Errors: PreconditionFailed."""
    if current == expected:
        return
    row = await tx.fetchrow(
        "select value, recorded_at from ledger where aggregate_id = $1 and aggregate_version = $2",
        aggregate_id,
        current,
    )
    if row is None:
        require_version(current, expected)
        return
    actor, at = msgspec.json.decode(row["value"], type=Envelope).actorref, row["recorded_at"]
    raise PreconditionFailed(
        f"{actor} made version {current} on {at:%Y-%m-%d at %H:%M:%S} UTC; you saw {expected}. Read it again and decide anew.",
        facts={"current_version": current, "changed_by": actor, "changed_at": at},
    )


def _respond(answer: Answer, status: int) -> Response:
    headers = {}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
    if answer.location is not None:
        headers["Location"] = answer.location
    return Response(answer.body.model_dump_json(), status, headers, "application/json")


def command(permission: Permission, *, touches: str, existing: bool = False) -> Any:
    """Dependency of a write route: who may, which region it touches, and whether it changes something that exists.

    With `existing` the route documents If-Match and must call `expected_version`.
    """
    guard = Guard(permission, touches)
    key_header = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description=KEY_HELP)]

    async def open_new(
        request: Request, principal: Annotated[Principal, Depends(guard)], key: key_header = None
    ) -> Command:
        return await _open(request, principal, key, None)

    async def open_existing(
        request: Request,
        principal: Annotated[Principal, Depends(guard)],
        key: key_header = None,
        if_match: Annotated[str | None, Header(alias="If-Match", max_length=100, description=MATCH_HELP)] = None,
    ) -> Command:
        return await _open(request, principal, key, if_match)

    return Depends(open_existing if existing else open_new)


KEY_HELP = "Made by the client, new for each request and kept for its repeats; 1 to 200 characters. Required."
MATCH_HELP = "The ETag of the version you saw. Required."


async def _open(request: Request, principal: Principal, key: str | None, if_match: str | None) -> Command:
    return open_command(request, principal, key, if_match, body=await request.body())


def open_command(
    request: Request, principal: Principal, key: str | None, if_match: str | None, *, body: bytes
) -> Command:
    """`body` is what tells this request from another under the same key. Errors: IdempotencyKeyMissing, ParameterUnknown."""
    if not key:
        raise IdempotencyKeyMissing("Send the header Idempotency-Key with a new random value for each new request.")
    require_known_parameters(request)
    state = request.app.state
    # With who asks: a stored answer may tell what another of the same client's people must not see.
    told = f"{principal.subject}\n{request.method} {request.url.path}?{request.url.query}\n{if_match or ''}\n".encode()
    return Command(
        database=state.database,
        principal=principal,
        now=state.clock(),
        origin=Origin(
            service=state.service,
            actor=principal.subject,
            channel="API",
            correlation_id=request.scope["request_id"],
            traceparent=request.scope.get("traceparent"),
        ),
        idempotency_key=key,
        fingerprint=hashlib.sha256(told + body).digest(),
        if_match=if_match,
    )
