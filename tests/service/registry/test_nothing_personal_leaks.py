"""The registry as a process of its own, with all it logs and all it tells of its traces: no planted value is anywhere."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import httpx
import msgspec
import pytest
from joserfc.jwk import KeySet
from simpul_operator.embedded.ports import free_port
from simpul_shared.access import Role

from tests.service.registry.people import BODY, NAME, NIK, NUMBER, PHONE, held, leaks
from tests.support.processes import ROOT
from tests.support.services import Caller, ServiceUnderTest
from tests.support.tokens import ISSUER, KEY, token


@dataclass
class Outside:
    """An issuer of keys that also takes in traces, and remembers every address it was asked for."""

    url: str = ""
    told: list[bytes] = field(default_factory=list)


@contextmanager
def outside() -> Iterator[Outside]:
    seen = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(msgspec.json.encode(KeySet([KEY]).as_dict(private=False)))

        def do_POST(self) -> None:
            seen.told.append(self.rfile.read(int(self.headers["content-length"])))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the default writes to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@asynccontextmanager
async def registry_process(url: str, seen: Outside, log: Path) -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    environment = os.environ | {
        "SIMPUL_REGISTRY_DATABASE_URL": url,
        "SIMPUL_REGISTRY_PORT": str(port),
        "SIMPUL_REGISTRY_ADMIN_PORT": str(free_port()),
        "SIMPUL_ISSUER": ISSUER,
        "SIMPUL_JWKS_URL": f"{seen.url}/jwks.json",
        "SIMPUL_OTLP_ENDPOINT": f"{seen.url}/v1/traces",
        "SIMPUL_LOG_LEVEL": "DEBUG",
    }
    command = (sys.executable, "-m", "simpul_registry", "api")
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=file, stderr=file, cwd=ROOT)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            await _until_alive(client, process)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _until_alive(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            await client.get("/health/live")
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError(f"the registry ended with {process.returncode}")


CERTIFICATION = {"kind": "FASDA", "valid_from": "2023-05-12"}


async def live(caller: Caller) -> list[httpx.Response]:
    """Everything that may be done with a person, refusals among it."""
    path = (await caller.post("/v1/people", BODY)).headers["location"]
    return [
        await caller.post("/v1/people", BODY | {"phone": "bukan nomor"}),
        await caller.get(path),
        await caller.get(f"{path}/name", purpose="KONTAK"),
        await caller.post("/v1/people/look-up", {"phone": PHONE}),
        await caller.post("/v1/people/look-up", {"nik": NIK}),
        await caller.post(f"{path}/correct", {"phone": PHONE, "email": "tanpa at"}, version=1),
        await caller.post(f"{path}/correct", {"phone": PHONE}, version=1),
        await caller.post(f"{path}/certifications", {**CERTIFICATION, "number": NUMBER}, version=2),
        await caller.get(f"{path}/personal"),
        await caller.get(f"{path}/export"),
        await caller.get(f"{path}/accesses"),
    ]


async def test_no_personal_value_is_in_the_database_a_log_a_trace_or_an_address(
    registry: ServiceUnderTest, tmp_path: Path, person_key: Path
) -> None:
    log = tmp_path / "registry.log"
    assert person_key.exists()  # noqa: ASYNC240 (a small file)
    with outside() as seen:
        async with registry_process(registry.url, seen, log) as http:
            answers = await live(Caller(http, token(Role.NATIONAL_ADMIN)))
    assert [one.status_code for one in answers] == [422, 200, 200, 200, 200, 422, 200, 200, 200, 200, 200]
    assert leaks(answers[2].text + answers[8].text) >= {NAME, NUMBER, PHONE}  # so that what is looked for can be found

    spans = b"".join(seen.told).decode("latin-1")
    told = log.read_text(encoding="utf-8")
    assert "http.answered" in told
    assert "simpul-registry" in spans
    for where in (await held(registry.database.pool), told, spans):
        assert leaks(where) == set()
    assert leaks(unquote("".join(str(one.request.url) for one in answers))) == set()


@pytest.mark.parametrize("planted", ["Ni Luh Contoh Kenari", "+6281299900017", "5103025507840017"])
def test_the_search_finds_a_planted_value_in_clear_and_in_hex(planted: str) -> None:
    assert planted in leaks(f"... {planted.upper()} ...")
    assert planted in leaks(f"... \\x{planted.encode().hex()} ...")
