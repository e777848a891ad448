"""The running platform as an operator's commands reach it: where its services are, and calls with an operator's token."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from simpul_operator.addresses import Addresses, Ports, addresses_of
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.failures import ChildFailed, Misconfigured, NotRunning, Refused
from simpul_operator.tokens import fetch_token

_SECONDS = 30.0
_VARIABLES = {
    "registry": "SIMPUL_REGISTRY_URL",
    "activities": "SIMPUL_ACTIVITIES_URL",
    "reporting": "SIMPUL_REPORTING_URL",
    "issuer": "SIMPUL_ISSUER",
    "kafka_bootstrap": "SIMPUL_KAFKA_BOOTSTRAP",
}


def find_platform(data_dir: Path, port_base: int) -> Addresses:
    """The stack that holds the data directory, else the ports of a stack; the environment goes before both."""
    live = DataDir(data_dir).running()
    known = live.addresses if live and live.addresses else addresses_of(Ports(port_base))
    given = {name: os.environ.get(variable) for name, variable in _VARIABLES.items()}
    return replace(known, **{name: value.rstrip("/") for name, value in given.items() if value})


@dataclass
class OperatorClient:
    """Calls the services' operator routes. SIMPUL_TOKEN holds a token where the development issuer is not."""

    addresses: Addresses
    _token: str | None = None

    def get(self, service: str, path: str, **params: Any) -> Any:
        """The answer's document. Errors: NotRunning, Misconfigured for a token refused, Refused, ChildFailed for a fault there."""
        return self._call(service, "GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(self, service: str, path: str, body: object, *, key: str) -> Any:
        """`key` is the Idempotency-Key. Errors: as of get."""
        return self._call(service, "POST", path, json=body, headers={"Idempotency-Key": key})

    def _call(self, service: str, method: str, path: str, **request: Any) -> Any:
        url = self.addresses.api(service) + path
        headers = {"Authorization": f"Bearer {self._bearer()}", **request.pop("headers", {})}
        try:
            response = httpx.request(method, url, headers=headers, timeout=_SECONDS, trust_env=False, **request)
        except httpx.TransportError as error:
            raise NotRunning(f"{service} does not answer at {self.addresses.api(service)} ({error}).") from error
        if response.status_code in {401, 403}:
            raise Misconfigured(f"{service} refused the token: {_told(response)}")
        if response.is_client_error:
            raise Refused(f"{service} refused: {_told(response)}")
        if not response.is_success:
            raise ChildFailed(f"{service} answered {response.status_code}: {_told(response)}")
        return response.json()

    def _bearer(self) -> str:
        if self._token is None:
            given = os.environ.get("SIMPUL_TOKEN")
            issuer = self.addresses.issuer
            self._token = given or fetch_token(issuer, client_id="simpul-cli", role="operator", regions=["ID"])
        return self._token


def _told(response: httpx.Response) -> str:
    if "json" not in response.headers.get("content-type", ""):
        return response.text[:500]
    problem = response.json()
    return f"{problem.get('detail')} ({problem.get('code')})"
