"""The development issuer: its tokens are what the services accept; in production it does not run."""

import stat
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from simpul_operator.embedded.ports import free_port
from simpul_operator.issuer import IssuerSettings, build_app, load_key
from simpul_shared.access import GRANTS, Role
from simpul_shared.platform.auth import verify_access_token

from tests.operator.processes import live, simpul

URL = "http://issuer.test"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "issuer-key.pem"


def client(key_file: Path) -> httpx.AsyncClient:
    app = build_app(IssuerSettings(URL, key_file))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)


def form(**changes: object) -> bytes:
    fields = {"grant_type": "client_credentials", "client_id": "me", "role": "library-staff", "region": ["51.03"]}
    return urlencode(
        {key: value for key, value in (fields | changes).items() if value is not None}, doseq=True
    ).encode()


@pytest.mark.parametrize("service", ["registry", "activities", "reporting"])
@pytest.mark.parametrize("role", Role)
async def test_every_service_accepts_the_token_for_every_role(key_file: Path, service: str, role: Role) -> None:
    async with client(key_file) as http:
        keys = KeySet.import_key_set((await http.get("/jwks.json")).json())
        answer = await http.post("/token", content=form(role=role, region=["51.03", "ID"]))
    assert answer.headers["cache-control"] == "no-store"
    principal = verify_access_token(
        answer.json()["access_token"], keys, issuer=URL, audience=f"simpul-{service}", now=int(time.time())
    )
    assert principal.client_id == principal.subject == "me"
    assert principal.permissions == GRANTS[role]
    assert principal.scope.codes == {"51.03", "ID"}


async def test_a_token_follows_rfc_9068_and_lives_ten_minutes(key_file: Path) -> None:
    async with client(key_file) as http:
        token = (await http.post("/token", content=form())).json()["access_token"]
    decoded = jwt.decode(token, load_key(key_file), algorithms=["ES256"])
    assert decoded.header == {"alg": "ES256", "typ": "at+jwt", "kid": load_key(key_file).kid}
    assert decoded.claims["exp"] - decoded.claims["iat"] == 600
    assert decoded.claims["jti"]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", "client_credentials"),
        ({"client_id": None}, "invalid_request", "client_id"),
        ({"role": "king"}, "invalid_request", "national-admin"),
        ({"role": ["auditor", "operator"]}, "invalid_request", "one role"),
        ({"region": None}, "invalid_request", "at least one region"),
        ({"region": "5103"}, "invalid_request", "with dots"),
    ],
)
async def test_a_wrong_request_is_refused_in_oauth_terms(
    key_file: Path, changes: dict[str, object], error: str, says: str
) -> None:
    async with client(key_file) as http:
        answer = await http.post("/token", content=form(**changes))
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert says in answer.json()["error_description"]


async def test_the_metadata_names_the_addresses(key_file: Path) -> None:
    async with client(key_file) as http:
        metadata = (await http.get("/.well-known/openid-configuration")).json()
        keys = (await http.get("/jwks.json")).json()["keys"]
    assert (metadata["issuer"], metadata["jwks_uri"]) == (URL, f"{URL}/jwks.json")
    assert [set(key) & {"d"} for key in keys] == [set()], "the private part stays here"


def test_the_key_is_made_once_and_only_its_owner_may_read_it(key_file: Path) -> None:
    assert load_key(key_file).kid == load_key(key_file).kid
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_the_issuer_refuses_production(key_file: Path) -> None:
    ended = simpul("issuer", "--key-file", str(key_file), environment={"SIMPUL_ENV": "production"})
    assert ended.returncode == 18
    assert "SIMPUL_ENV=production" in ended.stderr
    assert not key_file.exists()


def test_up_refuses_production(tmp_path: Path) -> None:
    ended = simpul("up", "--data-dir", str(tmp_path / "data"), environment={"SIMPUL_ENV": "production"})
    assert ended.returncode == 18
    assert not (tmp_path / "data").exists()


def test_token_prints_the_token_and_nothing_else(key_file: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with live("issuer", "--port", str(port), "--key-file", str(key_file), until=""):
        wait_until_ready(url)
        asked = simpul("token", "--role", "regency-admin", "--region", "51.03", "--issuer", url)
    assert (asked.returncode, asked.stderr) == (0, "")
    claims = jwt.decode(asked.stdout.strip(), load_key(key_file), algorithms=["ES256"]).claims
    assert (claims["iss"], claims["roles"], claims["regions"]) == (url, ["regency-admin"], ["51.03"])


def test_token_without_an_issuer_says_what_to_start() -> None:
    asked = simpul("token", "--role", "auditor", "--region", "ID", "--issuer", "http://127.0.0.1:1")
    assert asked.returncode == 17
    assert "simpul up" in asked.stderr


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{url}/health/ready", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
