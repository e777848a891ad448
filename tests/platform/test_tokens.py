"""Forged, stale and foreign tokens are refused; every one of them with the same kind of answer."""

import base64
import hmac
import json
import time

import pytest
from fastapi import Request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from simpul_shared.access import Permission, Role
from simpul_shared.platform.auth import Principal, TokenVerifier, Unauthenticated, verify_access_token

from tests.support.tokens import ISSUER, KEY, FixedKeys, token


def verify(text: str) -> Principal:
    return verify_access_token(text, KeySet([KEY]), issuer=ISSUER, audience="simpul-registry", now=now())


def now() -> int:
    return int(time.time())


def test_a_good_token_gives_its_roles_permissions_in_its_regions() -> None:
    principal = verify(token(Role.REGENCY_ADMIN, "51.03"))
    assert Permission.LIBRARY_NOMINATE in principal.permissions
    assert Permission.LIBRARY_DESIGNATE not in principal.permissions
    assert principal.scope.codes == {"51.03"}
    assert not principal.scope.national


def wrong_claims() -> dict[str, dict[str, object]]:
    """Made when a test runs: some are wrong by the clock alone."""
    return {
        "another issuer": {"iss": "https://elsewhere.test"},
        "no issuer": {"iss": None},
        "another audience": {"aud": ["simpul-reporting"]},
        "no audience": {"aud": None},
        "expired": {"exp": now() - 61},
        "no expiry": {"exp": None},
        "issued in the future": {"iat": now() + 600},
        "not before later": {"nbf": now() + 600},
        "no subject": {"sub": None},
        "no client": {"client_id": None},
        "no token id": {"jti": None},
        "no issue time": {"iat": None},
        "unknown role": {"roles": ["king"]},
        "roles as text": {"roles": "national-admin"},
        "undotted region": {"regions": ["5103"]},
        "expiry as text": {"exp": "tomorrow"},
    }


@pytest.mark.parametrize("name", wrong_claims())
def test_a_token_with_wrong_claims_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(token(Role.NATIONAL_ADMIN, **wrong_claims()[name]))  # type: ignore[arg-type]


def forged() -> dict[str, str]:
    good = token(Role.LIBRARY_STAFF)
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = ECKey.generate_key("P-256", {"kid": "test"})
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    raised = base64.urlsafe_b64encode(json.dumps(claims | {"roles": ["national-admin"]}).encode()).decode().rstrip("=")
    signed = f"{base64.urlsafe_b64encode(json.dumps({'alg': 'HS256', 'typ': 'at+jwt'}).encode()).decode().rstrip('=')}.{body}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return {
        "signed by another key": jwt.encode({"alg": "ES256", "kid": "test", "typ": "at+jwt"}, claims, other),
        "no algorithm": f"{none}.{body}.",
        "claims changed": f"{head}.{raised}.{signature}",
        "signature cut": f"{head}.{body}.{signature[:-4]}",
        "no signature": f"{head}.{body}.",
        "public key as hmac secret": f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}",
        "an id token": jwt.encode({"alg": "ES256", "kid": "test", "typ": "JWT"}, claims, KEY),
        "no type": jwt.encode({"alg": "ES256", "kid": "test"}, claims, KEY),
        "unknown critical header": jwt.encode({"alg": "ES256", "kid": "test", "typ": "at+jwt"}, claims, KEY).replace(
            head,
            base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"test","typ":"at+jwt","crit":["x"]}').decode().rstrip("="),
        ),
        "text": "not a token",
        "empty parts": "..",
        "too large": "a" * 9000,
        "not ascii": "ä.ö.ü",
    }


@pytest.mark.parametrize("name", forged().keys())
def test_a_forged_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(forged()[name])


def test_a_minute_of_clock_difference_is_forgiven() -> None:
    verify(token(Role.AUDITOR, exp=now() - 30))


class RotatingKeys(FixedKeys):
    """An issuer whose keys a test replaces."""

    def __init__(self) -> None:
        super().__init__()
        self.current = KeySet([KEY])

    async def keys(self, *, renew: bool = False) -> KeySet:
        return self.current


def bearing(text: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", f"Bearer {text}".encode())]})


async def test_a_token_verified_before_is_refused_once_its_key_is_gone() -> None:
    keys = RotatingKeys()
    verifier = TokenVerifier(keys, issuer=ISSUER, audience="simpul-registry")
    request = bearing(token(Role.AUDITOR))
    assert await verifier.principal(request) == await verifier.principal(request)
    keys.current = KeySet([ECKey.generate_key("P-256", {"kid": "test", "use": "sig", "alg": "ES256"})])
    with pytest.raises(Unauthenticated):
        await verifier.principal(request)


async def test_a_token_verified_before_is_refused_once_it_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = TokenVerifier(RotatingKeys(), issuer=ISSUER, audience="simpul-registry")
    request = bearing(token(Role.AUDITOR, exp=now() + 5))
    await verifier.principal(request)
    later = time.time() + 5 + 61
    monkeypatch.setattr("simpul_shared.platform.auth.time.time", lambda: later)
    with pytest.raises(Unauthenticated):
        await verifier.principal(request)


async def test_a_token_that_differs_in_its_last_letter_is_not_taken_for_the_verified_one() -> None:
    verifier = TokenVerifier(RotatingKeys(), issuer=ISSUER, audience="simpul-registry")
    good = token(Role.AUDITOR)
    await verifier.principal(bearing(good))
    with pytest.raises(Unauthenticated):
        await verifier.principal(bearing(good[:-2] + ("AA" if good[-2:] != "AA" else "BB")))
