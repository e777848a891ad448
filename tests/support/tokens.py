"""Real access tokens, signed by a key of the test run's own."""

import time
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from simpul_shared.access import Role
from simpul_shared.platform.auth import KeySource

ISSUER = "https://issuer.test"
KEY = ECKey.generate_key("P-256", {"kid": "test", "use": "sig", "alg": "ES256"})


class FixedKeys(KeySource):
    """The test run's public key, without an issuer to ask."""

    def __init__(self) -> None:
        super().__init__("unused:")

    async def keys(self, *, renew: bool = False) -> KeySet:
        return KeySet([KEY])


def token(role: Role, *regions: str, client: str = "test-client", **changed: object) -> str:
    """An access token as the issuer would give it; `changed` replaces claims, None removes one."""
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": client,
        "client_id": client,
        "aud": ["simpul-registry", "simpul-activities", "simpul-reporting", "simpul-tally"],
        "iat": now,
        "exp": now + 600,
        "jti": uuid4().hex,
        "roles": [role.value],
        "regions": list(regions or ["ID"]),
    }
    claims = {name: value for name, value in (claims | changed).items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "test", "typ": "at+jwt"}, claims, KEY)
