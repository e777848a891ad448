"""What operators do about dead letters; each in one transaction with its row in the audit.

Every action takes the consumer's own locks first, so it never meets a batch in the middle: the running consumer waits
for it, or it waits for the consumer. Nothing is sent to Kafka; the shipped Applier applies the record where it lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from simpul_shared.contracts.topics import MAX_EVENT_BYTES, TOPICS
from simpul_shared.errors import Conflict, Invalid
from simpul_shared.platform.audit import note_action
from simpul_shared.platform.consume import Applier, Handlers, LetterState, Poison, Record, read_event
from simpul_shared.platform.consume_backends import PostgresStore, record_of
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.dead_letters.queries import (
    LetterFilter,
    awaited,
    find_letters,
    letter_row,
    subject_of,
)
from simpul_shared.platform.dead_letters.views import ChangedLetter, RedriveReport, bytes_view, letter_fields
from simpul_shared.platform.http.query import encode_cursor

MOST_AT_ONCE = 200
_PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}
_NOTED_BYTES = 16 * 1024


class LetterClosed(Conflict):
    slug = "dead-letter-closed"
    title = "Surat mati sudah selesai"


class LetterWaits(Conflict):
    slug = "dead-letter-waits"
    title = "Surat mati masih menunggu"


class EditRefused(Invalid):
    slug = "dead-letter-edit-refused"
    title = "Perubahan surat mati ditolak"


@dataclass(frozen=True)
class By:
    """Who does it, besides the transaction's actor, and why."""

    client_id: str
    reason: str


@dataclass(frozen=True)
class Workbench:
    """One consumer's letters with the handlers that it ships. `store` locks what the running consumer locks."""

    consumer: str
    store: PostgresStore
    handlers: Handlers

    @property
    def applier(self) -> Applier:
        """One try, without a pause: the transaction holds the partitions meanwhile."""
        return Applier(self.store, self.handlers, attempts=1)


async def redrive(tx: Transaction, bench: Workbench, letter_id: int, by: By) -> ChangedLetter:
    """Apply a letter's record, then what waits behind it. If it fails it stays poison, with one attempt more.

    Errors: LetterUnknown, LetterClosed, LetterWaits.
    """
    letter = await _take(tx, bench, letter_id)
    return await _redrive(tx, bench, letter, by)


async def redrive_many(
    tx: Transaction, bench: Workbench, wanted: LetterFilter, by: By, *, after: int, limit: int
) -> RedriveReport:
    """Redrive the poison letters behind `after`, the oldest first, at most `limit`; one that fails holds up no other."""
    found = await find_letters(tx, bench.consumer, wanted, after=after, limit=limit)
    await _lock(tx, bench, {(letter.topic, letter.partition) for letter in found})
    rows = [await letter_row(tx, bench.consumer, letter.dead_letter_id) for letter in found]
    # One of them may have been dealt with while we waited for the locks.
    done = [await _redrive(tx, bench, row, by) for row in rows if row["state"] == LetterState.POISON]
    return RedriveReport(
        items=done,
        applied=sum(one.applied for one in done),
        still_poison=sum(one.state is LetterState.POISON for one in done),
        next_cursor=encode_cursor(found[-1].dead_letter_id) if len(found) == limit else None,
    )


async def edit(tx: Transaction, bench: Workbench, letter_id: int, value: bytes, by: By) -> ChangedLetter:
    """Give a letter another value, then redrive it. What came from Kafka is kept beside it.

    Errors: EditRefused unless it reads well and stays the same event of the same aggregate; as of redrive.
    """
    letter = await _take(tx, bench, letter_id)
    applied = await _apply_instead(tx, bench, letter, value)
    facts = {"value_before": _noted(letter["value"]), "value_after": _noted(value)}
    return await _changed(tx, letter, by, action="edit", applied=applied, facts=facts)


async def dismiss(tx: Transaction, bench: Workbench, letter_id: int, by: By) -> ChangedLetter:
    """Give a letter up: its event is never counted, and what waits behind it follows.

    Errors: LetterUnknown, LetterClosed, LetterWaits.
    """
    letter = await _take(tx, bench, letter_id)
    applied = await _give_up(tx, bench, letter)
    return await _changed(tx, letter, by, action="dismiss", applied=applied)


async def assign(tx: Transaction, bench: Workbench, letter_id: int, owner: str, by: By) -> ChangedLetter:
    """Name who looks after a letter. Errors: LetterUnknown."""
    letter = await letter_row(tx, bench.consumer, letter_id)
    await tx.execute("update dead_letter set owner = $2 where dead_letter_id = $1", letter_id, owner)
    return await _changed(tx, letter, by, action="assign", applied=0)


async def decide_again(tx: Transaction, bench: Workbench, letter_id: int, value: bytes | None) -> None:
    """What was decided about the same record before, and is in the audit since: its edited value, or None to dismiss it.

    Errors: EditRefused, LetterUnknown, LetterClosed, LetterWaits.
    """
    letter = await _take(tx, bench, letter_id)
    if value is None:
        await _give_up(tx, bench, letter)
    else:
        await _apply_instead(tx, bench, letter, value)


async def _apply_instead(tx: Transaction, bench: Workbench, letter: asyncpg.Record, value: bytes) -> int:
    await _store_value(tx, letter, value)
    edited = await letter_row(tx, bench.consumer, letter["dead_letter_id"])
    return await bench.applier.redrive(tx, record_of(edited))


async def _give_up(tx: Transaction, bench: Workbench, letter: asyncpg.Record) -> int:
    await _require_turn(tx, letter)
    await tx.execute(
        "update dead_letter set state = 'dismissed', resolved_at = now() where dead_letter_id = $1",
        letter["dead_letter_id"],
    )
    if letter["aggregate_id"] is None:
        return 0
    return await bench.applier.pass_over(tx, letter["aggregate_id"], letter["aggregate_version"])


async def _take(tx: Transaction, bench: Workbench, letter_id: int) -> asyncpg.Record:
    """A poison letter that nobody else can touch until commit. Errors: LetterUnknown, LetterClosed, LetterWaits."""
    seen = await letter_row(tx, bench.consumer, letter_id)
    await _lock(tx, bench, {(seen["topic"], seen["partition"])})
    letter = await letter_row(tx, bench.consumer, letter_id)
    match LetterState(letter["state"]):
        case LetterState.POISON:
            return letter
        case LetterState.WAITING:
            raise LetterWaits(await _what_it_waits_for(tx, letter))
        case closed:
            raise LetterClosed(f"Letter {letter_id} is {closed} since {letter['resolved_at']:%Y-%m-%d %H:%M} UTC.")


async def _lock(tx: Transaction, bench: Workbench, places: set[tuple[str, int]]) -> None:
    """The offset rows of whole topics: an aggregate's next event may lie in any of the partitions.

    Always before a letter is locked or changed, as the consumer does, or the two may wait for each other.
    """
    topics = {topic for topic, _ in places}
    whole = {(topic, number) for topic in topics for number in range(_PARTITIONS.get(topic, 0))}
    await bench.store.lock_offsets(tx, whole | places)


async def _require_turn(tx: Transaction, letter: asyncpg.Record) -> None:
    """Errors: LetterWaits, when an earlier version is still missing; to pass that over would lose it unseen."""
    next_ = await awaited(tx, letter["consumer"], letter["aggregate_id"])
    if next_ is not None and letter["aggregate_version"] > next_.version:
        raise LetterWaits(await _what_it_waits_for(tx, letter))


async def _what_it_waits_for(tx: Transaction, letter: asyncpg.Record) -> str:
    next_ = await awaited(tx, letter["consumer"], letter["aggregate_id"])
    waits = f"Letter {letter['dead_letter_id']} waits for version {next_.version if next_ else '?'} of {letter['aggregate_id']}"
    if next_ is not None and next_.dead_letter_id is not None:
        return f"{waits}, which is letter {next_.dead_letter_id}. Redrive, edit or dismiss that one; this one follows."
    return (
        f"{waits}, which has not come. Its event is in the ledger of the service that writes {letter['topic']}; "
        f"bring it back with `simpul topics restore`, then this one follows by itself."
    )


async def _redrive(tx: Transaction, bench: Workbench, letter: asyncpg.Record, by: By) -> ChangedLetter:
    applied = await bench.applier.redrive(tx, record_of(letter))
    return await _changed(tx, letter, by, action="redrive", applied=applied)


async def _changed(
    tx: Transaction,
    before: asyncpg.Record,
    by: By,
    *,
    action: str,
    applied: int,
    facts: Mapping[str, object] | None = None,
) -> ChangedLetter:
    after = await letter_row(tx, before["consumer"], before["dead_letter_id"])
    told = {"dead_letter_id": before["dead_letter_id"], "before": _standing(before), "after": _standing(after)}
    await note_action(
        tx,
        client_id=by.client_id,
        action=f"dead-letter.{action}",
        subject=subject_of(before),
        reason=by.reason,
        facts={**told, "applied": applied, **(facts or {})},
    )
    return ChangedLetter(**letter_fields(after), applied=applied)


def _standing(letter: asyncpg.Record) -> dict[str, Any]:
    fields = letter_fields(letter)
    return {name: fields[name] for name in ("state", "reason", "detail", "attempts", "owner")}


async def _store_value(tx: Transaction, letter: asyncpg.Record, value: bytes) -> None:
    """Errors: EditRefused."""
    record = Record(letter["topic"], letter["partition"], letter["record_offset"], letter["key"], value)
    try:
        envelope, received = read_event(record)
    except Poison as problem:
        raise EditRefused(f"The new value cannot be applied: {problem.detail} ({problem.reason}).") from problem
    _require_same(letter, received.event.topic.name, "its topic", letter["topic"])
    _require_same(letter, received.event.key, "its key", letter["key"])
    aggregate = UUID(envelope.subject)
    _require_same(letter, received.event.aggregate_id, "the aggregate in its data", aggregate)
    if letter["aggregate_id"] is not None:
        _require_same(letter, aggregate, "its aggregate (subject)", letter["aggregate_id"])
        _require_same(letter, envelope.aggregateversion, "its aggregateversion", letter["aggregate_version"])
        _require_same(letter, envelope.id, "its event id", letter["event_id"])
    if len(value) > MAX_EVENT_BYTES:
        raise EditRefused(f"The new value has {len(value)} bytes; an event has at most {MAX_EVENT_BYTES}.")
    await tx.execute(
        """
        update dead_letter set original_value = coalesce(original_value, value, ''::bytea), value = $2, aggregate_id = $3,
            aggregate_version = $4, event_id = $5, event_type = $6, recorded_at = $7
        where dead_letter_id = $1
        """,
        letter["dead_letter_id"],
        value,
        aggregate,
        envelope.aggregateversion,
        envelope.id,
        envelope.type,
        envelope.recordedtime,
    )


def _require_same(letter: asyncpg.Record, given: object, what: str, kept: object) -> None:
    if given != kept:
        raise EditRefused(
            f"An edit may not change {what}: letter {letter['dead_letter_id']} has {kept!r}, the new value {given!r}."
        )


def _noted(value: bytes | None) -> dict[str, Any] | None:
    """A value for the audit; a large one by size only, its bytes stay in the letter."""
    view = bytes_view(value)
    if view is None or view.size > _NOTED_BYTES:
        return None if view is None else {"size": view.size}
    return (
        {"size": view.size, "text": view.text} if view.text is not None else {"size": view.size, "base64": view.base64}
    )
