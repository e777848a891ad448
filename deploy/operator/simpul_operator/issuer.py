"""The development token issuer: gives any client the role and regions it asks for. Never for production.

In production an OAuth 2 server takes its place; the services only read its keys (SIMPUL_JWKS_URL).
"""

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey
from simpul_shared.access import Role
from simpul_shared.errors import Invalid
from simpul_shared.vocabulary import parse_region_code

from simpul_operator.failures import Misconfigured
from simpul_operator.production import refuse_production

AUDIENCE = ("simpul-registry", "simpul-activities", "simpul-reporting")
TOKEN_SECONDS = 600
_ALGORITHM = "ES256"


@dataclass(frozen=True)
class IssuerSettings:
    """`issuer` is the exact `iss` of the tokens and the address under which clients reach it."""

    issuer: str
    key_file: Path


def load_key(path: Path) -> ECKey:
    """The signing key, made at the first call and readable for its owner only. Errors: Misconfigured."""
    if not path.exists():
        _make_key(path)
    try:
        key = ECKey.import_key(path.read_bytes())
    except ValueError as error:
        raise Misconfigured(
            f"{path} does not hold an EC private key in PEM. Delete it to have a new one made."
        ) from error
    return ECKey.import_key(key.as_pem(private=True), {"kid": key.thumbprint(), "use": "sig", "alg": _ALGORITHM})


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.touch(mode=0o600)
    half.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    try:
        # A link is refused where another process was first, so both sign with one key.
        path.hardlink_to(half)
    except FileExistsError:
        pass
    finally:
        half.unlink()


class TokenRefused(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class TokenRequest:
    client_id: str
    role: Role
    regions: list[str]


def parse_request(body: bytes) -> TokenRequest:
    """The form of a token request. Errors: TokenRefused."""
    form = parse_qs(body.decode("utf-8", errors="replace"))
    if form.get("grant_type") != ["client_credentials"]:
        raise TokenRefused("unsupported_grant_type", "Send grant_type=client_credentials.")
    client_id = "".join(form.get("client_id", []))
    if not client_id or len(client_id) > 100:
        raise TokenRefused("invalid_request", "Send one client_id of 1 to 100 characters.")
    return TokenRequest(client_id, _role(form.get("role", [])), _regions(form.get("region", [])))


def _role(given: list[str]) -> Role:
    try:
        (role,) = given
        return Role(role)
    except ValueError:
        raise TokenRefused("invalid_request", f"Send one role: {', '.join(Role)}.") from None


def _regions(given: list[str]) -> list[str]:
    if not given:
        raise TokenRefused("invalid_request", "Send at least one region: a code such as 51.03, or ID for the country.")
    try:
        return [parse_region_code(code) for code in given]
    except Invalid as refusal:
        raise TokenRefused("invalid_request", refusal.detail) from refusal


def access_token(request: TokenRequest, *, issuer: str, key: ECKey, now: int) -> str:
    """An access token of the profile of RFC 9068, for all three services. `now` is Unix time in seconds."""
    header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": key.kid}
    claims = {
        "iss": issuer,
        "sub": request.client_id,
        "client_id": request.client_id,
        "aud": list(AUDIENCE),
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": str(uuid.uuid4()),
        "roles": [request.role],
        "regions": request.regions,
    }
    return jwt.encode(header, claims, key, algorithms=[_ALGORITHM])


def build_app(settings: IssuerSettings) -> FastAPI:
    key = load_key(settings.key_file)
    app = FastAPI(title="Simpul Pustaka development issuer", docs_url=None, redoc_url=None)

    @app.get("/.well-known/openid-configuration")
    async def configuration() -> dict[str, object]:
        return {
            "issuer": settings.issuer,
            "jwks_uri": f"{settings.issuer}/jwks.json",
            "token_endpoint": f"{settings.issuer}/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
        }

    @app.get("/jwks.json")
    async def jwks() -> dict[str, object]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        wanted = parse_request(await request.body())
        signed = access_token(wanted, issuer=settings.issuer, key=key, now=int(time.time()))
        answer = {"access_token": signed, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @app.exception_handler(TokenRefused)
    async def refused(_: Request, error: TokenRefused) -> JSONResponse:
        return JSONResponse({"error": error.error, "error_description": error.description}, status_code=400)

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


def serve(settings: IssuerSettings, *, host: str, port: int) -> None:
    """Serves until it is told to end. Errors: NotInProduction, Misconfigured."""
    import uvicorn

    refuse_production()
    uvicorn.run(build_app(settings), host=host, port=port, log_level="warning", access_log=False)
