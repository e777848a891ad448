"""Which dead letters there are, how they stand, and what waits behind them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from simpul_shared.errors import NotFound
from simpul_shared.platform.audit import list_actions
from simpul_shared.platform.consume import LetterState
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.dead_letters.views import (
    AwaitedView,
    LetterDetail,
    LetterView,
    WaitingView,
    bytes_view,
    letter_fields,
)
from simpul_shared.platform.http.query import Page, decode_id_cursor, page_of

OPEN = (LetterState.POISON, LetterState.WAITING)
_SHOWN = 100


class LetterUnknown(NotFound):
    slug = "dead-letter-unknown"
    title = "Surat mati tidak ditemukan"


@dataclass(frozen=True)
class LetterFilter:
    """What is None is not asked for."""

    states: tuple[LetterState, ...] = OPEN
    reason: str | None = None
    event_type: str | None = None
    topic: str | None = None
    aggregate_id: UUID | None = None


async def find_letters(
    tx: Transaction, consumer: str, wanted: LetterFilter, *, after: int, limit: int
) -> list[LetterView]:
    rows = await tx.fetch(
        """
        select letter.dead_letter_id, letter.state, letter.reason, letter.detail, letter.attempts, letter.owner, letter.topic,
            letter.partition, letter.record_offset, letter.event_type, letter.event_id, letter.aggregate_id,
            letter.aggregate_version, letter.recorded_at, letter.first_seen_at, letter.tried_at, letter.resolved_at,
            letter.original_value is not null as edited, (
                select count(*) from dead_letter as later
                where letter.state in ('poison', 'waiting') and later.consumer = letter.consumer and later.state = 'waiting'
                    and later.aggregate_id = letter.aggregate_id and later.aggregate_version > letter.aggregate_version
            ) as waiting_behind
        from dead_letter as letter
        where letter.consumer = $1 and letter.state = any($2) and ($3::text is null or letter.reason = $3)
            and ($4::text is null or letter.event_type = $4) and ($5::text is null or letter.topic = $5)
            and ($6::uuid is null or letter.aggregate_id = $6) and letter.dead_letter_id > $7
        order by letter.dead_letter_id limit $8
        """,
        consumer,
        list(wanted.states),
        wanted.reason,
        wanted.event_type,
        wanted.topic,
        wanted.aggregate_id,
        after,
        limit,
    )
    return [LetterView(**letter_fields(row)) for row in rows]


@dataclass(frozen=True)
class Depth:
    """How many letters are open, by state and reason, and how long the oldest has been."""

    counts: dict[tuple[str, str], int]
    oldest_seconds: float


async def depth(tx: Transaction, consumer: str) -> Depth:
    rows = await tx.fetch(
        """
        select state, reason, count(*) as count, extract(epoch from clock_timestamp() - min(first_seen_at))::float8 as age
        from dead_letter where consumer = $1 and state in ('poison', 'waiting') group by state, reason
        """,
        consumer,
    )
    counts = {(row["state"], row["reason"]): row["count"] for row in rows}
    return Depth(counts, max((row["age"] for row in rows), default=0.0))


async def list_letters(
    tx: Transaction, consumer: str, wanted: LetterFilter, *, cursor: str | None, limit: int
) -> Page[LetterView]:
    """The oldest first. Errors: CursorMalformed."""
    letters = await find_letters(tx, consumer, wanted, after=decode_id_cursor(cursor) or 0, limit=limit + 1)
    return page_of(letters, limit=limit, key=lambda letter: (letter.dead_letter_id,))


async def read_letter(tx: Transaction, consumer: str, letter_id: int) -> LetterDetail:
    """Errors: LetterUnknown."""
    row = await letter_row(tx, consumer, letter_id)
    waiting = await _waiting_behind(tx, row)
    actions = await list_actions(tx, subject=subject_of(row), action=None, cursor=None, limit=_SHOWN)
    return LetterDetail(
        **letter_fields(row)
        | {
            "key": bytes_view(row["key"]),
            "value": bytes_view(row["value"]),
            "original_value": bytes_view(row["original_value"]),
            "headers": {
                name: bytes_view(None if given is None else bytes.fromhex(given))
                for name, given in row["headers"].items()
            },
        },
        awaited=await awaited(tx, consumer, row["aggregate_id"]),
        waiting=waiting,
        actions=actions.items,
    )


async def letter_row(tx: Transaction, consumer: str, letter_id: int) -> asyncpg.Record:
    """All of a letter. Errors: LetterUnknown."""
    row = await tx.fetchrow(
        """
        select letter.*, letter.original_value is not null as edited, (
            select count(*) from dead_letter as later
            where letter.state in ('poison', 'waiting') and later.consumer = letter.consumer and later.state = 'waiting'
                and later.aggregate_id = letter.aggregate_id and later.aggregate_version > letter.aggregate_version
        ) as waiting_behind
        from dead_letter as letter where letter.consumer = $1 and letter.dead_letter_id = $2
        """,
        consumer,
        letter_id,
    )
    if row is None:
        raise LetterUnknown(f"There is no dead letter {letter_id} here. List them first; each service has its own.")
    return row


def subject_of(row: asyncpg.Record) -> str:
    """A letter's name in the audit: its record's place, which stays when projections are rebuilt."""
    return f"dead-letter/{row['topic']}/{row['partition']}/{row['record_offset']}"


async def _waiting_behind(tx: Transaction, row: asyncpg.Record) -> list[WaitingView]:
    rows = await tx.fetch(
        """
        select dead_letter_id, aggregate_version, event_type, first_seen_at from dead_letter
        where consumer = $1 and aggregate_id = $2 and aggregate_version > $3 and state = 'waiting'
        order by aggregate_version limit $4
        """,
        row["consumer"],
        row["aggregate_id"],
        row["aggregate_version"],
        _SHOWN,
    )
    return [WaitingView(**one) for one in rows]


async def awaited(tx: Transaction, consumer: str, aggregate_id: UUID | None) -> AwaitedView | None:
    """The version that an aggregate waits for here."""
    if aggregate_id is None:
        return None
    row: Any = await tx.fetchrow(
        """
        select next.version, letter.dead_letter_id, letter.state
        from (select coalesce(max(version), 0) + 1 as version from applied_version where consumer = $1 and aggregate_id = $2) as next
            left join dead_letter as letter on letter.consumer = $1 and letter.aggregate_id = $2
                and letter.aggregate_version = next.version and letter.state in ('poison', 'waiting')
        order by letter.dead_letter_id limit 1
        """,
        consumer,
        aggregate_id,
    )
    return AwaitedView(**row)
