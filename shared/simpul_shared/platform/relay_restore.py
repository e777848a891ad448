"""What operators see of a relay and ask of it: how its topics are, and to fill a lost one again from the ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.errors import Invalid
from simpul_shared.platform.audit import note_action
from simpul_shared.platform.database import Transaction


class TopicNotWritten(Invalid):
    slug = "topic-not-written"
    title = "Topik bukan milik layanan ini"


class RelayTopic(BaseModel):
    """One topic as one lane sees it."""

    topic: str
    shard: int
    topic_id: UUID | None = Field(description="Kafka's id; null while Kafka has no such topic")
    whole: bool = Field(
        description="Whether all that was published is there; while it is not, no low-water mark is given"
    )
    restoring: bool
    restored: int = Field(description="Events sent again since it was asked for")
    to_restore: int | None = Field(
        description="Events to send again that are still in the database; those of archived days come on top. Null before the lane has begun"
    )
    restored_at: datetime | None


class RelayStatus(BaseModel):
    items: list[RelayTopic]


async def read_relay(tx: Transaction) -> RelayStatus:
    rows = await tx.fetch(
        """
        select topic, shard, topic_id, whole, restore_asked_at is not null as restoring, restored, to_restore, restored_at
        from relay_topic order by topic, shard
        """
    )
    return RelayStatus(items=[RelayTopic(**row) for row in rows])


async def ask_restore(
    tx: Transaction, *, written: Sequence[str], topics: Sequence[str], client_id: str, reason: str
) -> RelayStatus:
    """Have the lanes send again what the ledger has of these topics; of all that the service writes when none is named.

    One that is being sent again already goes on. Errors: TopicNotWritten.
    """
    foreign = sorted(set(topics) - set(written))
    if foreign:
        raise TopicNotWritten(
            f"This service does not write {', '.join(foreign)}. It writes {', '.join(written)}.", field="/topics"
        )
    wanted = list(topics) or list(written)
    await _ask(tx, wanted)
    for topic in wanted:
        await note_action(
            tx, client_id=client_id, action="topic.restore", subject=f"topic/{topic}", reason=reason, facts={}
        )
    return await read_relay(tx)


async def _ask(tx: Transaction, topics: Sequence[str]) -> None:
    await tx.execute(
        """
        insert into relay_topic (shard, topic, whole, restore_asked_at)
        select shard, topic, false, now() from unnest($1::text[]) as topic, generate_series(0, $2 - 1) as shard
        on conflict (shard, topic) do update set restore_asked_at = now(), restored = 0, to_restore = null
        where relay_topic.restore_asked_at is null
        """,
        topics,
        LEDGER_SHARDS,
    )
