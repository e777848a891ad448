"""Every refusal as an RFC 9457 problem document: one mapper for domain refusals, validation, constraints and Postgres."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from simpul_shared.errors import Invalid, Refusal, Unavailable
from simpul_shared.platform.auth import Unauthenticated
from simpul_shared.platform.database import is_passing

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class TimeWithoutZone(Invalid):
    slug = "time-without-zone"
    title = "Waktu tanpa zona"


class Busy(Unavailable):
    slug = "busy"
    title = "Sedang sibuk"


class DatabaseUnavailable(Unavailable):
    slug = "database-unavailable"
    title = "Basis data belum dapat dihubungi"


class InvalidText(Invalid):
    slug = "invalid-text"
    title = "Teks tidak sah"


def problem(
    request_id: str | None,
    *,
    status: int,
    slug: str,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """A problem document; members that are None are left out."""
    document = {"type": f"urn:simpul:problem:{slug}", "title": title, "status": status, "detail": detail, "code": slug}
    document |= {name: value for name, value in members.items() if value is not None}
    if request_id is not None:
        document["request_id"] = request_id
    return Response(msgspec.json.encode(document), status, dict(headers or {}), MEDIA_TYPE)


def refuse(request: Request, refusal: Refusal) -> Response:
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return problem(
        request.scope.get("request_id"),
        status=refusal.status,
        slug=refusal.slug,
        title=refusal.title,
        detail=refusal.detail,
        headers=headers,
        field=refusal.field,
        **refusal.facts,
    )


def install(app: FastAPI, constraints: Mapping[str, Refusal]) -> None:
    """Answer everything that goes wrong. `constraints` maps names of database constraints to refusals."""

    async def on_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)  # noqa: S101 (registered for it)
        return refuse(request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for it)
        return _invalid(request, error.errors())

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 (registered for it)
        return _http(request, error)

    async def on_database(request: Request, error: Exception) -> Response:
        return refuse(request, _database_refusal(error, constraints))

    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
        app.add_exception_handler(kind, on_database)


def _database_refusal(error: Exception, constraints: Mapping[str, Refusal]) -> Refusal:
    name = getattr(error, "constraint_name", None)
    if name is not None and name in constraints:
        return constraints[name]
    if isinstance(error, asyncpg.LockNotAvailableError):
        return Busy("Another change of the same thing is under way. Try again shortly.", retry_after=1)
    if isinstance(error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError):
        return InvalidText("A text contains a character that cannot be stored, such as NUL. Remove it.")
    if is_passing(error):
        log.warning("http.database_unavailable", error=repr(error))
        return DatabaseUnavailable("The database cannot be reached just now. Try again shortly.", retry_after=2)
    raise error


def _invalid(request: Request, errors: Sequence[Any]) -> Response:
    found = [{"field": _pointer(e["loc"]), "code": e["type"], "message": e["msg"]} for e in errors]
    naive = any(e["code"] == "timezone_aware" for e in found)
    kind = TimeWithoutZone if naive else Invalid
    hint = (
        "Write times with their zone, such as 2026-11-22T09:00:00+08:00." if naive else "Mend the fields in `errors`."
    )
    return problem(
        request.scope.get("request_id"),
        status=422,
        slug=kind.slug,
        title=kind.title,
        detail=f"The request has {len(found)} error(s). {hint}",
        field=found[0]["field"] if found else None,
        errors=found,
    )


def _pointer(location: Sequence[object]) -> str:
    """A JSON Pointer into the body (RFC 6901), or the parameter's place and name."""
    place, *rest = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    return "/" + "/".join(rest if place == "body" else (place, *rest))


_SLUGS = {404: "not-found", 405: "method-not-allowed", 400: "bad-request", 413: "body-too-large", 415: "media-type"}
_TITLES = {404: "Tidak ditemukan", 405: "Metode tidak didukung", 400: "Permintaan tidak sah"}


def _http(request: Request, error: HTTPException) -> Response:
    slug = _SLUGS.get(error.status_code, f"http-{error.status_code}")
    title = _TITLES.get(error.status_code, "Permintaan ditolak")
    detail = f"{error.detail}. The API is described at /openapi.json."
    return problem(
        request.scope.get("request_id"),
        status=error.status_code,
        slug=slug,
        title=title,
        detail=detail,
        headers=error.headers,
    )


def unexpected(request_id: str | None) -> Response:
    """The answer to a fault of ours; it tells nothing of the inside."""
    detail = "The service failed unexpectedly. Try again; if it stays, report the request_id."
    return problem(request_id, status=500, slug="internal-error", title="Kesalahan internal", detail=detail)
