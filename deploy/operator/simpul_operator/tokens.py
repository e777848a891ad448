"""Asks a token issuer for an access token, as any client would."""

from collections.abc import Sequence

import httpx

from simpul_operator.failures import Misconfigured, NotRunning


def fetch_token(issuer: str, *, client_id: str, role: str, regions: Sequence[str]) -> str:
    """`issuer` is its URL. Errors: NotRunning, Misconfigured when it refuses."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "role": role, "region": list(regions)}
    try:
        response = httpx.post(f"{issuer.rstrip('/')}/token", data=form, timeout=10, trust_env=False)
    except httpx.TransportError as error:
        raise NotRunning(f"No issuer answers at {issuer} ({error}). Start the stack with `simpul up`.") from error
    if response.status_code != 200:
        raise Misconfigured(f"The issuer refused: {response.text}")
    token: str = response.json()["access_token"]
    return token
