"""Access tokens: one function verifies them (RFC 9068 profile), one guard per route demands a permission."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from simpul_shared.access import GRANTS, NATION_CODE, Permission, Role
from simpul_shared.errors import Forbidden, Invalid, OutsideScope, Refusal, Unavailable
from simpul_shared.vocabulary import RegionCode, parse_region_code

log = structlog.get_logger()

_ALGORITHMS = ["ES256", "RS256"]
_LEEWAY_SECONDS = 60
_MAX_TOKEN_BYTES = 8192
_VERIFIED_SECONDS = 60.0
_VERIFIED_AT_MOST = 10_000

NATION = "nation"
"""What a route touches that concerns a service as a whole; only a scope of the whole country covers it."""


class Unauthenticated(Refusal):
    status = 401
    slug = "unauthenticated"
    title = "Token akses tidak sah"


class PermissionMissing(Forbidden):
    slug = "permission-missing"
    title = "Tidak berwenang"


@dataclass(frozen=True)
class Scope:
    """The regions a caller acts in, by today's code; each covers all below it."""

    codes: frozenset[RegionCode]

    @property
    def national(self) -> bool:
        return NATION_CODE in self.codes


@dataclass(frozen=True)
class Principal:
    """Whom a verified token speaks for."""

    subject: str
    client_id: str
    permissions: frozenset[Permission]
    scope: Scope
    expires_at: float = float("-inf")
    """Unix time after which the token itself must be verified again."""


def verify_access_token(token: str, keys: KeySet, *, issuer: str, audience: str, now: int) -> Principal:
    """Check signature, type, issuer, audience and times of a token (RFC 9068; RFC 8725) and read its roles and regions.

    `now` is Unix time in seconds; 60 s of clock difference are forgiven. Errors: Unauthenticated.
    """
    if len(token) > _MAX_TOKEN_BYTES:
        raise Unauthenticated("The access token is larger than 8 kB.")
    registry = JWTClaimsRegistry(
        now=now,
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        client_id={"essential": True},
        jti={"essential": True},
    )
    try:
        decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
        registry.validate(decoded.claims)
    except (JoseError, ValueError, TypeError, UnicodeError) as error:
        raise Unauthenticated(f"The access token was refused: {error}. Ask the issuer for a new one.") from error
    if str(decoded.header.get("typ", "")).lower() not in {"at+jwt", "application/at+jwt"}:
        raise Unauthenticated("The token is no access token: its header must say typ at+jwt.")
    return _principal(decoded.claims)


def _principal(claims: Mapping[str, Any]) -> Principal:
    roles, regions = claims.get("roles", []), claims.get("regions", [])
    if not isinstance(roles, list) or not isinstance(regions, list):
        raise Unauthenticated("The claims roles and regions must be lists.")
    try:
        granted = [GRANTS[Role(role)] for role in roles]
        codes = frozenset(parse_region_code(str(code)) for code in regions)
    except (ValueError, Invalid) as error:
        raise Unauthenticated(f"The access token names an unknown role or region: {error}.") from error
    permissions = frozenset[Permission]().union(*granted)
    subject, client_id = str(claims["sub"]), str(claims["client_id"])
    return Principal(subject, client_id, permissions, Scope(codes), float(claims["exp"]))


class KeySource:
    """The issuer's public keys, fetched when first needed, kept 10 minutes, and served stale for a day if it is down."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def keys(self, *, renew: bool = False) -> KeySet:
        """Errors: Unavailable, when there are none to be had. `renew` asks for newer ones, at most every 30 s."""
        age = time.monotonic() - self._fetched_at
        if self._keys is not None and age < (30 if renew else 600):
            return self._keys
        async with self._lock:
            if time.monotonic() - self._fetched_at >= age or self._keys is None:
                await self._fetch()
        if self._keys is None:
            raise Unavailable("The token issuer's keys cannot be fetched. Try again shortly.", retry_after=2)
        return self._keys

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                response = await client.get(self._url)
                response.raise_for_status()
                self._keys = KeySet.import_key_set(response.json())
                self._fetched_at = time.monotonic()
        except (httpx.HTTPError, JoseError, ValueError) as error:
            log.warning("auth.keys_unavailable", error=repr(error))
            if time.monotonic() - self._fetched_at > 24 * 3600:
                self._keys = None


class _Verified:
    """Principals of tokens verified a moment ago, by the SHA-256 of the whole token: no live token is kept in memory."""

    def __init__(self) -> None:
        self._keys: KeySet | None = None
        self._principals: dict[bytes, tuple[Principal, float]] = {}

    def find(self, token: str, keys: KeySet, *, now: float) -> Principal | None:
        """Only what these very keys have verified, less than 60 s ago, and never past the token's own end."""
        if keys is not self._keys:
            return None
        principal, until = self._principals.get(_digest(token), (None, 0.0))
        return principal if now < until else None

    def keep(self, token: str, keys: KeySet, principal: Principal, *, now: float) -> None:
        if keys is not self._keys or len(self._principals) >= _VERIFIED_AT_MOST:
            self._keys, self._principals = keys, {}
        self._principals[_digest(token)] = (principal, min(now + _VERIFIED_SECONDS, principal.expires_at))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class TokenVerifier:
    """Turns a request's bearer token into a Principal."""

    def __init__(self, keys: KeySource, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._verified = _Verified()

    async def principal(self, request: Request) -> Principal:
        """Errors: Unauthenticated, Unavailable."""
        values = request.headers.getlist("authorization")
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send one header: Authorization: Bearer <access token>.")
        keys = await self._keys.keys()
        try:
            return self._verify(token, keys)
        except Unauthenticated:
            renewed = await self._keys.keys(renew=True)
            if renewed is keys:
                raise
            return self._verify(token, renewed)

    def _verify(self, token: str, keys: KeySet) -> Principal:
        now = time.time()
        principal = self._verified.find(token, keys, now=now)
        if principal is None:
            principal = verify_access_token(token, keys, issuer=self._issuer, audience=self._audience, now=int(now))
            self._verified.keep(token, keys, principal, now=now)
        return principal


class Guard:
    """A route's declaration: the permission it demands and the place of the region it touches.

    `touches` says where the region comes from, such as 'body.region_id', 'library_id' or 'query.region'; the route's
    command or query applies the caller's scope to it. Of NATION the guard itself sees to that.
    """

    def __init__(self, permission: Permission, touches: str) -> None:
        self.permission = permission
        self.touches = touches

    async def __call__(self, request: Request) -> Principal:
        verifier: TokenVerifier = request.app.state.verifier
        principal = await verifier.principal(request)
        if self.permission not in principal.permissions:
            raise PermissionMissing(f"This needs the permission {self.permission}, which your roles do not grant.")
        if self.touches == NATION and not principal.scope.national:
            raise OutsideScope("This concerns the service as a whole. Ask for a token with the region ID.")
        return principal
