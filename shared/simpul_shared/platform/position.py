"""Beside a consumer: notices what makes its position in Kafka wrong without any record telling it, and puts it right.

A record that comes at the wrong offset is noticed by consume.py; where none comes, nothing would be.
"""

import asyncio

import structlog

from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.follow import Follower
from simpul_shared.platform.subscription import KafkaMembership

log = structlog.get_logger()


class PositionWatch:
    """Looks every `seconds` whether the projection was replaced (rebuild): its rows then say where to read on."""

    def __init__(
        self, store: PostgresStore, follower: Follower, membership: KafkaMembership, *, seconds: float = 1.0
    ) -> None:
        self._store = store
        self._follower = follower
        self._membership = membership
        self._seconds = seconds
        self._identity: int | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_passing(error):
                    raise
                log.warning("position.not_seen", error=repr(error))
            await asyncio.sleep(self._seconds)

    async def look(self) -> None:
        identity = await self._store.identity()
        if self._identity is not None and identity != self._identity:
            log.info("position.projection_replaced")
            await self._follower.seek_to_stored(self._membership.assignment())
        self._identity = identity
