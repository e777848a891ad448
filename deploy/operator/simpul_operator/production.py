"""Keeps what is for development out of production."""

import os

from simpul_operator.failures import NotInProduction


def refuse_production() -> None:
    """Errors: NotInProduction when SIMPUL_ENV=production."""
    if os.environ.get("SIMPUL_ENV", "").strip().lower() == "production":
        raise NotInProduction(
            "The development issuer gives every role to everyone, so neither it nor the embedded stack runs with "
            "SIMPUL_ENV=production. Set SIMPUL_ISSUER and SIMPUL_JWKS_URL of the services to your OAuth 2 server."
        )
