"""The driver outside the system: sends each operation with its key until it knows what came of it, and logs both."""

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from tests.fault.lane.oplog import Entry, Kind, Operation, OperationLog, Outcome, Result, now
from tests.fault.lane.platform import Platform

_PATIENCE_SECONDS = 25.0
_TIMEOUT = httpx.Timeout(4.0, connect=2.0)
_PAUSES = (0.05, 0.1, 0.2, 0.4)
_NOT_YET = {"region-unknown", "library-unknown", "person-unknown", "request-in-progress"}
"""Refusals that pass by themselves: the events are on their way, or the same request is."""
_IDS = ("activity_id", "registration_id", "person_id", "bimtek_id", "library_id")
"""Where an answer names its resource; the first that is there."""


@dataclass(frozen=True)
class Told:
    """One answer of a service, whatever it was."""

    at: float
    service: str
    status: int
    retry_after: str | None


@dataclass
class Driver:
    """`entries` is the history so far, by op_id. `nominator` is the token of who puts forward and may not decide."""

    platform: Platform
    log: OperationLog
    token: str
    nominator: str
    entries: dict[str, Entry] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    unexpected: Counter[str] = field(default_factory=Counter)

    async def ask(self, operation: Operation, *, patience: float = _PATIENCE_SECONDS) -> Result:
        """Send it with retries under one key; the log has it before, and its outcome after."""
        await self.log.write(operation)
        self.entries[operation.op_id] = Entry(operation, None)
        result = await self._send_until_known(operation, patience)
        await self._keep(operation, result)
        return result

    async def ask_again(self, operation: Operation) -> Result:
        """Repeat one of earlier, with its key, when nothing of it is under way any more: now it becomes known."""
        result = msgspec.structs.replace(await self._send_until_known(operation, _PATIENCE_SECONDS), late=True)
        await self._keep(operation, result)
        return result

    async def repeat(self, operation: Operation) -> Entry:
        """Send one again whose outcome is known, and leave the log as it is."""
        return Entry(operation, await self._send_until_known(operation, _PATIENCE_SECONDS))

    async def _keep(self, operation: Operation, result: Result) -> None:
        await self.log.write(result)
        self.entries[operation.op_id] = Entry(operation, result)

    async def _send_until_known(self, operation: Operation, patience: float) -> Result:
        deadline, attempts, unsure = now() + patience, 0, False
        while now() < deadline:
            attempts += 1
            try:
                response = await self._post(operation)
            except httpx.ConnectError:
                response = None  # nothing was sent
            except httpx.TransportError:
                response, unsure = None, True
            if response is not None:
                if response.is_success:
                    return _done(operation, response, attempts)
                if _is_refusal(response):
                    # A request sent before may still be done: then only the key tells, later.
                    return _result(operation, Outcome.UNKNOWN if unsure else Outcome.REFUSED, attempts, response)
                unsure = unsure or response.status_code >= 500
            await asyncio.sleep(_PAUSES[min(attempts, len(_PAUSES)) - 1])
        return _result(operation, Outcome.UNKNOWN, attempts, None)

    async def _post(self, operation: Operation) -> httpx.Response:
        token = self.nominator if operation.kind is Kind.NOMINATE else self.token
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": operation.key,
            "X-Request-Id": operation.op_id,
        }
        if operation.if_match is not None:
            headers["If-Match"] = f'"{operation.if_match}"'
        url = self.platform.url(operation.service) + operation.path
        response = await self.platform.http.post(url, json=operation.body, headers=headers, timeout=_TIMEOUT)
        self._note(operation.service, response)
        return response

    async def read(self, service: str, path: str, **params: str) -> httpx.Response:
        """Errors: httpx.TransportError."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.platform.url(service) + path
        return await self.platform.http.get(url, params=params, headers=headers, timeout=_TIMEOUT)

    def _note(self, service: str, response: httpx.Response) -> None:
        self.told.append(Told(now(), service, response.status_code, response.headers.get("Retry-After")))
        if response.status_code in {401, 403, 500}:
            self.unexpected[f"{service} answered {response.status_code}: {response.text[:200]}"] += 1


def operation(
    kind: Kind,
    service: str,
    path: str,
    body: dict[str, Any],
    *,
    client: str,
    client_seq: int,
    library: str | None = None,
    region: str | None = None,
    about: str | None = None,
    if_match: int | None = None,
) -> Operation:
    return Operation(
        op_id=uuid4().hex,
        kind=kind,
        service=service,
        path=path,
        body=body,
        body_hash=hashlib.sha256(msgspec.json.encode(body)).hexdigest(),
        key=uuid4().hex,
        client=client,
        client_seq=client_seq,
        invoked=now(),
        library=library,
        region=region,
        about=about,
        if_match=if_match,
    )


def _is_refusal(response: httpx.Response) -> bool:
    if response.status_code in {401, 408, 429} or response.status_code >= 500:
        return False
    return _code(response) not in _NOT_YET


def _code(response: httpx.Response) -> str | None:
    is_problem = "json" in response.headers.get("content-type", "")
    return response.json().get("code") if is_problem else None


def _done(operation: Operation, response: httpx.Response, attempts: int) -> Result:
    answer = response.json()
    return Result(
        op_id=operation.op_id,
        outcome=Outcome.OK,
        ended=now(),
        attempts=attempts,
        status=response.status_code,
        resource=next((answer[name] for name in _IDS if name in answer), None),
        version=answer.get("version"),
    )


def _result(operation: Operation, outcome: Outcome, attempts: int, response: httpx.Response | None) -> Result:
    return Result(
        op_id=operation.op_id,
        outcome=outcome,
        ended=now(),
        attempts=attempts,
        status=None if response is None else response.status_code,
        code=None if response is None else _code(response),
    )
