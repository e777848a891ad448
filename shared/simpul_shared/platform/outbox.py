"""The ledger's only way in: `append(tx, event)` in the command's own transaction. The relay takes it from there."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.topics import LEDGER_SHARDS, MAX_EVENT_BYTES
from simpul_shared.errors import Invalid
from simpul_shared.platform.database import Origin, Transaction, lock_key
from simpul_shared.platform.ids import new_ids
from simpul_shared.platform.telemetry import LEDGER_APPENDED

_STEP = 4000
"""Events in one statement: its arrays stay at a few megabytes."""


class EventTooLarge(Invalid):
    slug = "event-too-large"
    title = "Data terlalu besar"


class Fact(msgspec.Struct, frozen=True):
    """An event about to be recorded. `occurred_at` is when it happened, `source_tz` the IANA zone of the place.

    `region_id` says who may read it, where neither the event nor an earlier one of its aggregate names a region.
    """

    event: Event
    occurred_at: datetime
    source_tz: str | None = None
    region_id: UUID | None = None


class Encoded(NamedTuple):
    """A fact as the ledger takes it, but for version and time: made ready before the transaction that records it."""

    event_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID
    topic: str
    key: bytes
    shard: int
    body: bytes
    region_id: UUID | None


class Recorded(msgspec.Struct, frozen=True):
    """What the ledger made of a fact: its place among its aggregate's events, and when it was recorded."""

    event_id: UUID
    version: int
    recorded_at: datetime


class _Head(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The envelope but for the version and the recorded time, which only the insert knows."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    dataschema: str
    aggregatetype: str
    correlationid: str
    actorref: str
    channel: str
    data: Event
    causationid: str | None = None
    traceparent: str | None = None
    sourcetz: str | None = None


async def append(
    tx: Transaction,
    event: Event,
    *,
    occurred_at: datetime,
    source_tz: str | None = None,
    region_id: UUID | None = None,
) -> Recorded:
    """Record one event. The transaction must hold the lock of the event's aggregate.

    Errors: EventTooLarge over 512 KiB encoded.
    """
    return (await append_all(tx, [Fact(event, occurred_at, source_tz, region_id)]))[0]


async def append_all(tx: Transaction, facts: Sequence[Fact], *, under_lock: str | None = None) -> list[Recorded]:
    """Record events in their order, however many, at one recorded time: no `known_on` falls between two of them.

    `under_lock` names a coarser lock that stands in for those of the aggregates (a load of all regions).
    Errors: EventTooLarge; RuntimeError when a lock is missing, because then versions and ledger order may disagree.
    """
    recorded: list[Recorded] = []
    for start in range(0, len(facts), _STEP):
        step = encode(tx.origin, facts[start : start + _STEP])
        _require_locks(tx, step, under_lock)
        recorded += await _insert(tx, step, at=recorded[0].recorded_at if recorded else None)
    return recorded


def encode(origin: Origin, facts: Sequence[Fact]) -> list[Encoded]:
    """Errors: EventTooLarge."""
    return [
        _encoded(origin, fact, event_id, region_id)
        for fact, event_id, region_id in zip(facts, new_ids(len(facts)), _regions(facts), strict=True)
    ]


def _encoded(origin: Origin, fact: Fact, event_id: UUID, region_id: UUID | None) -> Encoded:
    event, key = fact.event, fact.event.key
    return Encoded(
        event_id,
        event.type,
        event.aggregate,
        event.aggregate_id,
        event.topic.name,
        key,
        shard_of(key),
        _body(origin, fact, event_id),
        region_id,
    )


async def append_encoded(
    tx: Transaction, encoded: Sequence[Encoded], *, under_lock: str | None = None
) -> list[Recorded]:
    """As append_all(), in one statement, in a transaction whose origin is the one that they were encoded for."""
    _require_locks(tx, encoded, under_lock)
    return await _insert(tx, encoded, at=None) if encoded else []


async def _insert(tx: Transaction, encoded: Sequence[Encoded], *, at: datetime | None) -> list[Recorded]:
    """`at` is when this transaction has recorded something before, if these are to bear the same time."""
    ids, types, aggregate_types, aggregate_ids, topics, keys, shards, bodies, regions = zip(*encoded, strict=True)
    rows = await tx.fetch(
        """
        with clock as materialized (
            -- The id of the transaction first, then the clock: a low-water mark relies on that order.
            -- One that is given was read so, and no mark passes it before this transaction ends.
            select coalesce($11::timestamptz, case when pg_current_xact_id() is not null then
                greatest(clock_timestamp(), (select max(observed_through) + interval '1 microsecond' from relay_cursor))
                end) as recorded_at
        ), moment as materialized (
            select recorded_at, (recorded_at at time zone 'UTC')::date as recorded_on,
                ',"recordedtime":"' || to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' as told
            from clock
        ), given as (
            select *, row_number() over (partition by aggregate_id order by place) as step,
                count(*) over (partition by aggregate_id) as steps
            from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::bytea[], $7::smallint[], $8::bytea[],
                $10::uuid[])
                with ordinality as given (event_id, event_type, aggregate_type, aggregate_id, topic, key, shard, body, region_id, place)
        ), versioned as (
            insert into aggregate_version as v (aggregate_id, aggregate_type, version, region_id)
            select aggregate_id, aggregate_type, steps, region_id from given where step = steps
            on conflict (aggregate_id) do update
                set version = v.version + excluded.version, region_id = coalesce(excluded.region_id, v.region_id)
            returning v.aggregate_id, v.version, old.region_id as known_region
        )
        insert into ledger (shard, recorded_at, recorded_on, event_id, event_type, aggregate_type, aggregate_id,
            aggregate_version, topic, key, region_id, traceparent, value)
        select given.shard, moment.recorded_at, moment.recorded_on, given.event_id,
            given.event_type, given.aggregate_type, given.aggregate_id, versioned.version - given.steps + given.step,
            given.topic, given.key, coalesce(given.region_id, versioned.known_region), $9::text,
            convert_to('{"aggregateversion":' || (versioned.version - given.steps + given.step)::text || moment.told, 'UTF8')
                || given.body
        from moment cross join given join versioned using (aggregate_id)
        order by given.place
        returning event_id, aggregate_version, recorded_at
        """,
        ids,
        types,
        aggregate_types,
        aggregate_ids,
        topics,
        keys,
        shards,
        bodies,
        tx.origin.traceparent,
        regions,
        at,
    )
    tx.appended = True
    for event_type, count in Counter(types).items():
        LEDGER_APPENDED.labels(type=event_type).inc(count)
    recorded = {event_id: Recorded(event_id, version, at) for event_id, version, at in rows}
    return [recorded[event_id] for event_id in ids]


def _regions(facts: Sequence[Fact]) -> list[UUID | None]:
    """Per fact the region it names, else the one named before it for its aggregate in the same batch."""
    named: dict[UUID, UUID | None] = {}
    regions = []
    for fact in facts:
        aggregate, region = fact.event.aggregate_id, getattr(fact.event, "region_id", None) or fact.region_id
        named[aggregate] = region or named.get(aggregate)
        regions.append(named[aggregate])
    return regions


def shard_of(key: bytes) -> int:
    """The relay lane of a Kafka key: all events of a key go through one."""
    return lock_key(key.decode()) % LEDGER_SHARDS


def _require_locks(tx: Transaction, encoded: Sequence[Encoded], under_lock: str | None) -> None:
    for name in [under_lock] if under_lock else {one.aggregate_id for one in encoded}:
        if lock_key(name) not in tx.locked:
            raise RuntimeError(f"append() without the lock of {name}: take it as the transaction's first statement")


def _body(origin: Origin, fact: Fact, event_id: UUID) -> bytes:
    event = fact.event
    head = _Head(
        specversion="1.0",
        id=event_id,
        source=f"/simpul/{origin.service}",
        type=event.type,
        subject=str(event.aggregate_id),
        time=fact.occurred_at,
        datacontenttype="application/json",
        dataschema=f"urn:simpul:schema:{event.type}",
        aggregatetype=event.aggregate,
        correlationid=origin.correlation_id,
        actorref=origin.actor,
        channel=origin.channel,
        data=event,
        causationid=origin.causation_id,
        traceparent=origin.traceparent,
        sourcetz=fact.source_tz,
    )
    body = msgspec.json.encode(head)[1:]
    if len(body) + _VERSION_ROOM > MAX_EVENT_BYTES:
        raise EventTooLarge(
            f"The event {event.type} would be {len(body)} bytes; at most {MAX_EVENT_BYTES} can be published. Shorten the texts."
        )
    return body


_VERSION_ROOM = 96
"""Bytes that the version and the recorded time add in front, at most."""


async def purge_idempotency(tx: Transaction, *, older_than_hours: int) -> int:
    """Delete stored answers past their time; returns how many. A repeat after that runs as a new request."""
    deleted: Any = await tx.fetchval(
        """
        with gone as (delete from idempotency where created_at < now() - make_interval(hours => $1) returning 1)
        select count(*) from gone
        """,
        older_than_hours,
    )
    return int(deleted)
