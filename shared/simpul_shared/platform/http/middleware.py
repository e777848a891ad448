"""Around every request: an id, a trace, a time, a limit on the body, and an answer even to a fault of ours."""

import re
import time
from typing import Any

import msgspec
import structlog
import uuid6
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simpul_shared.platform.http.problems import problem, unexpected
from simpul_shared.platform.telemetry import HTTP_REQUESTS, HTTP_SECONDS, parent_of, traceparent_of, tracer

log = structlog.get_logger()

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 32
UPLOADS = frozenset({("POST", "/v1/imports")})
"""Routes that take a file, piece by piece and within a limit of their own (platform/http/imports.py)."""
_BODILESS = {"GET", "HEAD", "OPTIONS"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Observe:
    """Request id, trace span, metrics and one log line, without query string or body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get(b"x-request-id", "")
        scope["request_id"] = given if _REQUEST_ID.fullmatch(given) else uuid6.uuid7().hex
        with tracer().start_as_current_span(
            f"{scope['method']}", context=parent_of(headers.get(b"traceparent")), kind=SpanKind.SERVER
        ) as span:
            scope["traceparent"] = traceparent_of(span)
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500
        started = False

        async def note(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", scope["request_id"].encode())]
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception:
            log.exception("http.failed", request_id=scope["request_id"], method=scope["method"])
            if started:
                raise
            await unexpected(scope["request_id"])(scope, receive, note)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "unmatched")
            HTTP_REQUESTS.labels(scope["method"], route, str(status)).inc()
            HTTP_SECONDS.labels(scope["method"], route).observe(seconds)
            log.info(
                "http.answered",
                request_id=scope["request_id"],
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )


class LimitBody:
    """Reads the body up to 1 MiB and refuses JSON that Python would let pass but Postgres or a peer would not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _BODILESS or (scope["method"], scope["path"]) in UPLOADS:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        refusal = _refusal(scope, body)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None as soon as it is over the limit, without keeping more."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _refusal(scope: Scope, body: bytes | None) -> Any:
    request_id = scope["request_id"]
    if body is None:
        return problem(
            request_id,
            status=413,
            slug="body-too-large",
            title="Isi permintaan terlalu besar",
            detail=f"At most {MAX_BODY_BYTES} bytes are accepted. Send the data in several requests.",
        )
    reason = _unreadable(body) if body else None
    if reason is None:
        return None
    return problem(request_id, status=400, slug="json-unreadable", title="JSON tidak terbaca", detail=reason)


def _unreadable(body: bytes) -> str | None:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"The body is no valid JSON in UTF-8: {error}."
    if _ESCAPED_NUL.search(body):
        return "A text contains the character NUL (\\u0000), which cannot be stored. Remove it."
    # Fewer brackets than levels allowed settle it, without a walk through the document.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(document, 1) > MAX_DEPTH:
        return f"The JSON is nested deeper than {MAX_DEPTH} levels."
    return None


def _depth(node: object, level: int) -> int:
    if level > MAX_DEPTH or not isinstance(node, dict | list):
        return level
    children = node.values() if isinstance(node, dict) else node
    return max((_depth(child, level + 1) for child in children if isinstance(child, dict | list)), default=level)
