"""The edge of a read: token, scope, one consistent snapshot; and the page of a list."""

import base64
import binascii
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from simpul_shared.access import Permission
from simpul_shared.errors import Invalid
from simpul_shared.platform.auth import Guard, Principal, Scope
from simpul_shared.platform.database import Database, Origin, Transaction
from simpul_shared.platform.http.parameters import require_known_parameters

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """One read request at the edge."""

    database: Database
    principal: Principal
    now: datetime
    origin: Origin

    @property
    def scope(self) -> Scope:
        return self.principal.scope

    def snapshot(self) -> AbstractAsyncContextManager[Transaction]:
        return self.database.snapshot(self.origin)

    def noted(self) -> AbstractAsyncContextManager[Transaction]:
        """For a read that is itself written down."""
        return self.database.transaction(self.origin)


def query(permission: Permission, *, touches: str) -> Any:
    """Dependency of a read route: who may, and which region it touches."""
    guard = Guard(permission, touches)

    async def open_query(request: Request, principal: Annotated[Principal, Depends(guard)]) -> Query:
        require_known_parameters(request)
        state = request.app.state
        origin = Origin(state.service, principal.subject, "API", request.scope["request_id"])
        return Query(state.database, principal, state.clock(), origin)

    return Depends(open_query)


def answer(body: BaseModel, *, version: int | None = None) -> Response:
    """A model as JSON, with its version as ETag."""
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return Response(body.model_dump_json(), 200, headers, "application/json")


class Page(BaseModel, Generic[T]):
    """Part of a list; ask again with `cursor=next_cursor` until it is null."""

    items: list[T]
    next_cursor: str | None = None


class CursorMalformed(Invalid):
    slug = "cursor-malformed"
    title = "Kursor tidak sah"


def encode_cursor(*keys: str | int) -> str:
    """The sort keys of a page's last row as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kinds: type[T]) -> T | None:
    """The sort keys in a cursor, as the tuple type `kinds`, such as tuple[str, UUID]. Errors: CursorMalformed."""
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kinds)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise CursorMalformed("Take `cursor` as it was given in `next_cursor`.", field="/query/cursor") from error


class _LastId(msgspec.Struct, array_like=True):
    value: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def decode_id_cursor(cursor: str | None) -> int | None:
    """The cursor of a list that is sorted by one bigint. Errors: CursorMalformed."""
    last = decode_cursor(cursor, _LastId)
    return None if last is None else last.value


def page_of(rows: Sequence[T], *, limit: int, key: Any) -> Page[T]:
    """A page from up to `limit` + 1 rows; `key` gives a row's sort keys as a tuple."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page[Any](items=shown, next_cursor=encode_cursor(*key(shown[-1])) if more else None)
