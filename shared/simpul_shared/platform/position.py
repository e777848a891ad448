"""Beside a consumer: notices what makes its position in Kafka wrong without any record telling it, and puts it right.

A record that comes at the wrong offset is noticed by consume.py; where none comes, nothing would be.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka.errors import KafkaError

from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import is_passing
from simpul_shared.platform.follow import Follower
from simpul_shared.platform.subscription import KafkaMembership
from simpul_shared.platform.topic_ids import TopicIds

log = structlog.get_logger()


class PositionWatch:
    """Looks every `seconds` whether the projection was replaced (rebuild): its rows then say where to read on.

    And whether Kafka's topics are still those that the stored offsets count: one that was made anew is read from its beginning.
    """

    def __init__(
        self,
        store: PostgresStore,
        follower: Follower,
        membership: KafkaMembership,
        *,
        ids: TopicIds,
        topics: Sequence[str],
        seconds: float = 1.0,
    ) -> None:
        self._store = store
        self._follower = follower
        self._membership = membership
        self._ids = ids
        self._topics = topics
        self._missing: list[str] = []
        self._seconds = seconds
        self._identity: int | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_passing(error) and not isinstance(error, KafkaError):
                    raise
                log.warning("position.not_seen", error=repr(error))
            await asyncio.sleep(self._seconds)

    def trouble(self) -> str | None:
        """What Kafka lacks, or None."""
        return f"finds no topic {', '.join(self._missing)}: run `simpul topics restore`" if self._missing else None

    async def look(self) -> None:
        await self._look_at_projection()
        await self._look_at_topics()

    async def _look_at_topics(self) -> None:
        found = await self._ids.read(self._topics)
        self._missing = [topic for topic in self._topics if topic not in found]
        anew = await self._store.recognise(found)
        if anew:
            log.error("position.topics_made_anew", topics=anew)
            await self._follower.seek_to_stored([one for one in self._membership.assignment() if one[0] in anew])

    async def _look_at_projection(self) -> None:
        identity = await self._store.identity()
        if self._identity is not None and identity != self._identity:
            log.info("position.projection_replaced")
            await self._follower.seek_to_stored(self._membership.assignment())
        self._identity = identity
