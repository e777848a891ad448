"""What `simpul up` tells once it is ready: after the first load activities and reporting take half a minute to take in all regions."""

import asyncio
from collections.abc import Callable, Mapping

import asyncpg

_PAUSE_SECONDS = 5.0


async def tell_of_regions(
    urls: Mapping[str, str], say: Callable[[str], None], *, pause: float = _PAUSE_SECONDS
) -> None:
    """`urls` are the services' databases. Returns when all have what the registry has; every change until then is said."""
    said: dict[str, int] = {}
    while True:
        known = await _known(urls)
        if known is not None and len(set(known.values())) == 1:
            break
        if known is not None and known != said:
            say(_still(known))
            said = known
        await asyncio.sleep(pause)
    say("All services know all regions.")


async def _known(urls: Mapping[str, str]) -> dict[str, int] | None:
    """How many region versions each service has; None while a server is away, which the supervisor starts again."""
    try:
        return dict(zip(urls, await asyncio.gather(*map(_count, urls.values())), strict=True))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return None


async def _count(url: str) -> int:
    connection = await asyncpg.connect(url, server_settings={"search_path": "projection, public"})
    try:
        count: int = await connection.fetchval("select count(*) from region_version")
        return count
    finally:
        await connection.close()


def _still(known: Mapping[str, int]) -> str:
    """Who has not yet all, as the registry has them."""
    total = known["registry"]
    behind = [f"{service} has {count:,} of {total:,}" for service, count in known.items() if count != total]
    return f"Regions are still being taken in: {', '.join(behind)}. Until then region-unknown may be answered."
