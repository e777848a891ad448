"""The service makes an Idempotency-Key of its own for each request: a repeat is a new request."""

from uuid import uuid4

from fastapi import Request
from simpul_shared.platform.auth import Principal
from simpul_shared.platform.http.command import Command, _open

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.http.command:_open"
SHOWS = {Kind.DOUBLED, Kind.PHANTOM, Kind.REPEAT}


async def replacement(request: Request, principal: Principal, key: str | None, if_match: str | None) -> Command:
    return await _open(request, principal, key and uuid4().hex, if_match)
