"""`simpul import`: sends a file of many rows in, tells the verdicts, commits when asked to, and keeps what was refused beside it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from simpul_operator.addresses import Addresses
from simpul_operator.bar import Bar
from simpul_operator.failures import ChildFailed, Misconfigured, NeedsAttention, NotRunning, Refused
from simpul_operator.tokens import fetch_token

_SECONDS = 60.0
_POLL_SECONDS = 0.3
_TOLD_ROWS = 5


@dataclass(frozen=True)
class Wanted:
    """`region` bounds the rows; `role` is what the development issuer is asked for where no token is given."""

    form: str
    file: Path
    region: str
    role: str
    commit: bool


@dataclass
class ImportClient:
    """Calls the registry in the caller's name. SIMPUL_TOKEN holds a token where the development issuer is not."""

    addresses: Addresses
    role: str
    region: str
    _token: str | None = field(default=None, repr=False)

    def send(self, form: str, content: bytes) -> Any:
        """Errors: as of call."""
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/octet-stream"}
        params = {"form": form, "region": self.region}
        return self.call("POST", "/v1/imports", content=content, params=params, headers=headers).json()

    def commit(self, one: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": f'"{one["version"]}"'}
        return self.call("POST", f"/v1/imports/{one['import_id']}/commit", headers=headers).json()

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.call("GET", f"/v1/imports/{path}", params=params)

    def call(self, method: str, path: str, *, again: bool = True, **request: Any) -> httpx.Response:
        """Errors: NotRunning, Misconfigured for a token refused, Refused, ChildFailed for a fault there."""
        headers = {"Authorization": f"Bearer {self._bearer()}", **request.get("headers", {})}
        try:
            response = httpx.request(
                method,
                self.addresses.registry + path,
                timeout=_SECONDS,
                trust_env=False,
                **{**request, "headers": headers},
            )
        except httpx.TransportError as error:
            raise NotRunning(f"registry does not answer at {self.addresses.registry} ({error}).") from error
        if response.status_code == 401 and again:
            self._token = None  # a long import outlives a token
            return self.call(method, path, again=False, **request)
        if response.is_success:
            return response
        raise _failure(response)

    def _bearer(self) -> str:
        if self._token is None:
            given = os.environ.get("SIMPUL_TOKEN")
            issuer = self.addresses.issuer
            self._token = given or fetch_token(issuer, client_id="simpul-cli", role=self.role, regions=[self.region])
        return self._token


def _failure(response: httpx.Response) -> Exception:
    problem = response.json() if "json" in response.headers.get("content-type", "") else {}
    told = f"{problem.get('title', response.status_code)}: {problem.get('detail', response.text[:500])} ({problem.get('code')})"
    if response.status_code in {401, 403}:
        return Misconfigured(told)
    return Refused(told) if response.is_client_error else ChildFailed(told)


def run_import(wanted: Wanted, addresses: Addresses) -> None:
    """Errors: Refused for the file as a whole, NeedsAttention where rows were refused, and those of ImportClient.call."""
    client = ImportClient(addresses, wanted.role, wanted.region)
    sent = client.send(wanted.form, _content(wanted.file))
    with Bar() as bar:
        one = _follow(client, sent, "RECEIVED", lambda now: bar.show("reading", now["rows_read"], 0))
    _require_readable(sent, one)
    if one["state"] == "CHECKED":
        print(_told_verdicts(one))
    if one["state"] == "HALTED" and not wanted.commit:
        raise ChildFailed(f"{_told_problem(one)} Add --commit for that.")
    if one["state"] == "COMMITTING" or (wanted.commit and one["state"] in {"CHECKED", "HALTED"}):
        one = _committed(client, one)
    if one["state"] == "COMPLETED":
        print(
            f"{one['rows_applied']:,} applied, {one['rows_known']:,} known from before, {one['rows_refused']:,} refused."
        )
    _conclude(client, wanted, one)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}.") from error


def _follow(client: ImportClient, one: Any, while_in: str, show: Callable[[Any], None]) -> Any:
    """Ask until the import leaves the state; show what changed."""
    shown = None
    while one["state"] == while_in:
        if (one["rows_read"], one["rows_done"]) != shown:
            shown = (one["rows_read"], one["rows_done"])
            show(one)
        time.sleep(_POLL_SECONDS)
        one = client.get(one["import_id"]).json()
    return one


def _require_readable(sent: Any, one: Any) -> None:
    """What halts behind RECEIVED halted at the reading; sending the file has begun that anew."""
    if one["state"] == "REFUSED":
        raise Refused(f"{_told_problem(one)} ({one['problem']['code']})")
    if one["state"] == "HALTED" and sent["state"] == "RECEIVED":
        raise ChildFailed(_told_problem(one))


def _told_problem(one: Any) -> str:
    return f"{one['problem']['title']}: {one['problem']['detail']}"


def _told_verdicts(one: Any) -> str:
    counted = (
        f"{one['rows_read']:,} rows: {one['rows_accepted']:,} can be applied, {one['rows_known']:,} known from before,"
        f" {one['rows_refused']:,} refused."
    )
    unknown = ", ".join(one["unknown_columns"])
    return f"{counted}\nColumns that are not read: {unknown}." if unknown else counted


def _committed(client: ImportClient, one: Any) -> Any:
    if one["state"] != "COMMITTING":
        one = client.commit(one)
    with Bar() as bar:
        one = _follow(client, one, "COMMITTING", lambda now: bar.show("applying", now["rows_done"], now["rows_read"]))
    if one["state"] == "HALTED":
        raise ChildFailed(_told_problem(one))
    return one


def _conclude(client: ImportClient, wanted: Wanted, one: Any) -> None:
    if one["state"] == "CHECKED" and not wanted.commit:
        print("Nothing was applied; add --commit.")
    if not one["rows_refused"]:
        return
    for row in client.get(f"{one['import_id']}/rows", verdict="REFUSED", limit=_TOLD_ROWS).json()["items"]:
        print(_told_row(row))
    kind = "csv" if wanted.file.suffix.lower() == ".csv" else "xlsx"
    beside = _free_name(wanted.file, kind)
    beside.write_bytes(client.get(f"{one['import_id']}/errors", format=kind).content)
    raise NeedsAttention(
        f"{one['rows_refused']:,} row(s) were refused. They are in {beside} with the reasons: mend them and send that file."
    )


def _free_name(file: Path, kind: str) -> Path:
    """Beside the file, and of no file that is there: somebody may be mending the last one."""
    names = (f"{file.stem}-salah{'' if n == 1 else f'-{n}'}.{kind}" for n in count(1))
    return next(path for name in names if not (path := file.with_name(name)).exists())


def _told_row(row: Any) -> str:
    problem = row["problems"][0]
    choices = f" ({'; '.join(problem['choices'])})" if problem["choices"] else ""
    return f"row {row['row']}: {problem['hint']}{choices}"
