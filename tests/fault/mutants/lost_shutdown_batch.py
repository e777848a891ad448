"""At a graceful stop the page that is next in line is written off as sent."""

import asyncio

from simpul_shared.platform.relay import Lane

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.relay:Lane.run"
SHOWS = {Kind.LOST}

_run = Lane.run


async def replacement(self: Lane, stopping: asyncio.Event) -> None:
    await _run(self, stopping)
    place, offsets = await self.ledger.start()
    rows = await self.ledger.page(place, limit=self.page_rows)
    if rows:
        await self.ledger.advance(rows[-1].place, offsets)
