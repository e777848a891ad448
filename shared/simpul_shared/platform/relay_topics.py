"""Beside a lane: whether Kafka still has all that it published, and what it is asked to send again from its ledger."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import asyncpg
import structlog

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.ledger import START, LedgerReader, Wanted
from simpul_shared.platform.relay import Ledger, Place, Row, Topics, TopicState
from simpul_shared.platform.relay_backends import PostgresLedger
from simpul_shared.platform.topic_ids import TopicIds

log = structlog.get_logger()

_PAGE_ROWS = 2000


class PostgresTopics:
    """The rows of relay_topic for one shard, on the lane's own connection, beside Kafka's ids."""

    def __init__(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        shard: int,
        topics: Sequence[str],
        ids: TopicIds,
        archive: Archive,
    ) -> None:
        self._connection = connection
        self._shard = shard
        self._topics = topics
        self._ids = ids
        self._archive = archive

    async def look(self) -> TopicState:
        ids = await self._ids.read(self._topics)
        known = await self._known()
        anew = [topic for topic, row in known.items() if row["topic_id"] != ids.get(topic)]
        if anew:
            log.error("relay.topics_lost", shard=self._shard, topics=anew)
            await self._note_anew(anew, ids)
        await self._note_first({topic: topic_id for topic, topic_id in ids.items() if topic not in known})
        return TopicState(
            ids=ids,
            anew=anew,
            lost=[topic for topic in self._topics if topic not in ids or (topic in known and not known[topic]["whole"])]
            + [topic for topic in anew if topic in ids and known[topic]["whole"]],
            asked=[topic for topic, row in known.items() if row["asked"] and topic in ids],
        )

    async def _known(self) -> dict[str, Any]:
        rows = await self._connection.fetch(
            """
            select topic, topic_id, whole, restore_asked_at is not null as asked from relay_topic
            where shard = $1 and topic = any($2)
            """,
            self._shard,
            self._topics,
        )
        return {row["topic"]: row for row in rows}

    async def _note_first(self, ids: Mapping[str, UUID]) -> None:
        if not ids:
            return
        await self._connection.execute(
            """
            insert into relay_topic (shard, topic, topic_id, whole)
            select $1, topic, topic_id, true from unnest($2::text[], $3::uuid[]) as found (topic, topic_id)
            on conflict do nothing
            """,
            self._shard,
            list(ids),
            list(ids.values()),
        )

    async def _note_anew(self, topics: Sequence[str], ids: Mapping[str, UUID]) -> None:
        """What a restore had sent into the topic before is lost as well: it begins again."""
        await self._connection.execute(
            """
            update relay_topic set topic_id = found.topic_id, whole = false, restore_xid = '0', restore_id = 0,
                restore_recorded_on = '0001-01-01', restored = 0, to_restore = null
            from unnest($2::text[], $3::uuid[]) as found (topic, topic_id)
            where relay_topic.shard = $1 and relay_topic.topic = found.topic
            """,
            self._shard,
            topics,
            [ids.get(topic) for topic in topics],
        )

    async def begin(self, topic: str, *, until: Place) -> bool:
        """Whether nothing of it was sent again yet."""
        begun = await self._connection.fetchval(
            "select to_restore is not null from relay_topic where shard = $1 and topic = $2", self._shard, topic
        )
        if begun:
            return False
        await self._connection.execute(
            """
            update relay_topic set to_restore = (
                select count(*) from ledger
                where shard = $1 and topic = $2 and (xid, id) <= ($3::text::xid8, $4::bigint)
            ) where shard = $1 and topic = $2
            """,
            self._shard,
            topic,
            str(until.xid),
            until.id,
        )
        return True

    async def history(self, topic: str, *, until: Place) -> AsyncIterator[Sequence[Row]]:
        """What the lane has published on the topic up to `until`, page by page, from where it was interrupted."""
        reader, wanted = LedgerReader(self._connection, self._archive), Wanted(topics=[topic])
        place, more = await self._sent_up_to(topic), True
        while more:
            page = await reader.page(place, limit=_PAGE_ROWS, wanted=wanted)
            place, more = page.reached, page.more and page.reached[:2] < until[:2]
            rows = [row for row in page.rows if row.shard == self._shard and row.place[:2] <= until[:2]]
            if rows:
                yield [Row(row.place, row.topic, row.key, row.value, row.traceparent) for row in rows]

    async def _sent_up_to(self, topic: str) -> Place:
        row = await self._connection.fetchrow(
            """
            select restore_xid::text as xid, restore_id as id, restore_recorded_on as recorded_on from relay_topic
            where shard = $1 and topic = $2
            """,
            self._shard,
            topic,
        )
        return START if row is None else Place(int(row["xid"]), row["id"], row["recorded_on"])

    async def sent_again(self, topic: str, rows: Sequence[Row]) -> None:
        last = rows[-1].place
        await self._connection.execute(
            """
            update relay_topic set restore_xid = $3::text::xid8, restore_id = $4, restored = restored + $6,
                restore_recorded_on = greatest(restore_recorded_on, $5)
            where shard = $1 and topic = $2
            """,
            self._shard,
            topic,
            str(last.xid),
            last.id,
            last.recorded_on,
            len(rows),
        )

    async def restored(self, topic: str) -> None:
        await self._connection.execute(
            """
            update relay_topic set whole = topic_id is not null, restore_asked_at = null, restored_at = now(),
                restore_xid = '0', restore_id = 0, restore_recorded_on = '0001-01-01'
            where shard = $1 and topic = $2
            """,
            self._shard,
            topic,
        )
        log.info("relay.topic_restored", shard=self._shard, topic=topic)


def tending(topics: Sequence[str], ids: TopicIds, archive: Archive) -> Callable[[int, Ledger], Topics]:
    """For run_shard: the topics of a lane whose ledger is the real one."""
    return lambda shard, ledger: PostgresTopics(cast("PostgresLedger", ledger).connection, shard, topics, ids, archive)
