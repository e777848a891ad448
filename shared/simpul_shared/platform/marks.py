"""How far a consumer has applied each service's events: the low-water marks whose offsets it has reached."""

from collections.abc import Sequence
from datetime import datetime

from simpul_shared.contracts.topics import LEDGER_SHARDS
from simpul_shared.platform.database import Transaction


async def applied_through(tx: Transaction, consumer: str, topics: Sequence[str]) -> dict[str, datetime]:
    """Per service the moment up to which all it recorded is applied here. A service is missing until a mark of each shard is applied.

    `topics` are those the consumer reads; a mark's offsets in other topics are not waited for.
    """
    rows = await tx.fetch(
        """
        select service, min(through) as through from (
            select service, shard, max(through) as through from low_water_mark as mark
            where consumer = $1 and mark_is_reached($1, mark.offsets, mark.topic_ids, $2)
            group by service, shard
        ) as shards group by service
        having count(*) = $3
        """,
        consumer,
        topics,
        LEDGER_SHARDS,
    )
    return {row["service"]: row["through"] for row in rows}


async def count_withheld(tx: Transaction, consumer: str, topics: Sequence[str], *, until: datetime) -> int:
    """How many records that came are not applied and may have been recorded up to `until`.

    Behind a version that stays missing lies one of unknown age; for a moment that is only disorder.
    """
    count: int = await tx.fetchval(
        """
        select count(*) from dead_letter
        where consumer = $1 and topic = any($2) and state in ('poison', 'waiting') and (recorded_at is null or recorded_at <= $3
            or reason = 'version-missing' and first_seen_at < now() - interval '1 minute')
        """,
        consumer,
        topics,
        until,
    )
    return count


async def drop_passed_marks(tx: Transaction, consumer: str, topics: Sequence[str]) -> None:
    """Keep, of the marks that are applied, only the latest of each service and shard."""
    await tx.execute(
        """
        delete from low_water_mark as old where old.consumer = $1 and old.through < (
            select max(through) from low_water_mark as mark
            where mark.consumer = $1 and mark.service = old.service and mark.shard = old.shard
                and mark_is_reached($1, mark.offsets, mark.topic_ids, $2)
        )
        """,
        consumer,
        topics,
    )


async def recorded_through(tx: Transaction) -> datetime | None:
    """The moment up to which this service's own ledger is complete below its horizon; None before the first mark."""
    through: datetime | None = await tx.fetchval("select nullif(min(marked_through), '-infinity') from relay_cursor")
    return through


async def forget_offsets(tx: Transaction, consumer: str, topics: Sequence[str], *, anew: Sequence[str]) -> None:
    """The topics `anew` are other ones than the stored offsets count: begin them at 0.

    What was reached stays reached; what was not can't be told by those offsets any more, and other marks will come.
    """
    await tx.execute(
        """
        delete from low_water_mark as mark
        where consumer = $1 and offsets ?| $3::text[] and not mark_is_reached($1, mark.offsets, mark.topic_ids, $2)
        """,
        consumer,
        topics,
        anew,
    )
    await tx.execute("update low_water_mark set offsets = offsets - $2::text[] where consumer = $1", consumer, anew)
    await tx.execute(
        "update consumer_offset set next_offset = 0, updated_at = now() where consumer = $1 and topic = any($2)",
        consumer,
        anew,
    )
