"""A client of the three APIs that does not give up while a service is away: every repeat carries the same key."""

import asyncio
import time
from typing import Any

import httpx

from simpul_operator.addresses import Addresses
from simpul_operator.failures import ChildFailed
from simpul_operator.tokens import fetch_token

_PATIENCE_SECONDS = 180.0
_TRY_AGAIN = {409, 429, 502, 503, 504}
_NOT_YET_KNOWN = {"region-unknown", "library-unknown", "person-unknown", "request-in-progress"}


class Platform:
    """Calls as a role within a region. Waits for what is not known yet: events take a moment to arrive."""

    def __init__(self, http: httpx.AsyncClient, addresses: Addresses) -> None:
        self._http = http
        self._addresses = addresses
        self._tokens: dict[tuple[str, str], str] = {}

    async def get(self, service: str, path: str, **params: object) -> Any:
        return await self._call("GET", service, path, role="national-admin", region="ID", params=params)

    async def post(
        self,
        service: str,
        path: str,
        body: object,
        *,
        key: str,
        role: str = "national-admin",
        region: str = "ID",
        version: int | None = None,
    ) -> Any:
        """The answer's document. `key` is the Idempotency-Key, the same in every run. Errors: ChildFailed."""
        headers = {"Idempotency-Key": f"demo/{key}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await self._call("POST", service, path, role=role, region=region, json=body, headers=headers)

    async def _call(self, method: str, service: str, path: str, *, role: str, region: str, **request: Any) -> Any:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        url = self._addresses.api(service) + path
        headers = request.pop("headers", {})
        while True:
            told = "no answer"
            try:
                bearer = {"Authorization": f"Bearer {await self._token(role, region)}"}
                response = await self._http.request(method, url, headers=headers | bearer, **request)
            except httpx.TransportError as error:
                told = repr(error)
            else:
                if response.is_success:
                    return response.json()
                told = response.text
                self._check(method, url, response)
            if time.monotonic() > deadline:
                raise ChildFailed(f"{method} {url} did not succeed within {_PATIENCE_SECONDS:.0f} s: {told}")
            await asyncio.sleep(0.3)

    def _check(self, method: str, url: str, response: httpx.Response) -> None:
        """Errors: ChildFailed, for an answer that will not change by waiting."""
        if response.status_code == 401:
            self._tokens.clear()
            return
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        code = problem.get("code")
        if code in _NOT_YET_KNOWN or (response.status_code in _TRY_AGAIN and response.status_code != 409):
            return
        raise ChildFailed(f"{method} {url} was refused ({response.status_code}): {response.text}")

    async def _token(self, role: str, region: str) -> str:
        if (role, region) not in self._tokens:
            self._tokens[role, region] = await asyncio.to_thread(
                fetch_token, self._addresses.issuer, client_id=f"demo-{role}", role=role, regions=[region]
            )
        return self._tokens[role, region]
