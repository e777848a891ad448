"""How one service stands, from its Postgres alone: so it can be told while Kafka is away. http/operating.py answers it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from pydantic import BaseModel, Field

from simpul_shared.contracts.topics import LEDGER_SHARDS, Topic
from simpul_shared.platform.database import Transaction, lock_key
from simpul_shared.platform.marks import applied_through

OUTBOX_SECONDS = 30.0
LAG_SECONDS = 60.0
HORIZON_SECONDS = 60.0
"""From these ages on something needs a person; deploy/alerts has the same figures."""

_COUNTED_AT_MOST = 10_000
"""A worker asks every few seconds, and of a long queue, when the database has enough to do, some tenths of a second went into counting."""


class Leader(BaseModel):
    """The Postgres session that publishes a shard."""

    pid: int
    application: str | None


class Shard(BaseModel):
    shard: int
    unpublished: int = Field(description=f"Events not yet acknowledged by Kafka; counted up to {_COUNTED_AT_MOST}")
    oldest_unpublished_seconds: float | None
    mark_age_seconds: float | None = Field(description="Age of the last low-water mark; null before the first")
    leader: Leader | None


class OpenTransaction(BaseModel):
    """The oldest transaction that writes: no event recorded after its start is published before it ends."""

    xid: int
    pid: int
    role: str | None
    application: str | None = Field(description="Null where Postgres does not tell this role")
    state: str | None
    age_seconds: float | None


class Position(BaseModel):
    topic: str
    partition: int
    next_offset: int


class ConsumerStatus(BaseModel):
    name: str
    topics: list[str]
    applied_through: dict[str, datetime | None] = Field(description="Per followed service; null before its first mark")
    lag_seconds: dict[str, float | None]
    positions: list[Position]
    last_applied_at: datetime | None
    dead_letters: int = Field(description="Poison and waiting ones")
    oldest_dead_letter_seconds: float | None


class ServiceStatus(BaseModel):
    service: str
    version: str
    at: datetime
    pending_migrations: list[str]
    last_recorded_at: datetime | None
    shards: list[Shard]
    open_transaction: OpenTransaction | None
    consumer: ConsumerStatus | None
    bytes_by_table: dict[str, int]
    attention: list[str] = Field(description="What needs a person, and what to do; empty when all is well")


@dataclass(frozen=True)
class Subject:
    """Whose status is asked: the service and the topics it follows."""

    service: str
    topics: Sequence[Topic] = ()


async def read_status(tx: Transaction, subject: Subject, *, pending_migrations: Sequence[str]) -> ServiceStatus:
    # As in the relay: else the whole ledger would be fetched and sorted, to find its end or to count the first that wait.
    await tx.execute("set local enable_bitmapscan = off")
    status = ServiceStatus(
        service=subject.service,
        version=version("simpul-shared"),  # all distributions are released together
        at=await tx.fetchval("select clock_timestamp()"),
        pending_migrations=list(pending_migrations),
        last_recorded_at=await _last_recorded(tx),
        shards=await _shards(tx),
        open_transaction=await _open_transaction(tx),
        consumer=await _consumer(tx, subject) if subject.topics else None,
        bytes_by_table=await _sizes(tx),
        attention=[],
    )
    return status.model_copy(update={"attention": list(_attention(status))})


async def _last_recorded(tx: Transaction) -> datetime | None:
    moment: datetime | None = await tx.fetchval(
        """
        select max(newest.recorded_at) from relay_cursor as c cross join lateral (
            select recorded_at from ledger where shard = c.shard order by xid desc, id desc limit 1
        ) as newest
        """
    )
    return moment


async def _shards(tx: Transaction) -> list[Shard]:
    leaders = await _leaders(tx)
    rows = await tx.fetch(
        """
        select c.shard, extract(epoch from clock_timestamp() - nullif(c.marked_through, '-infinity'))::float8 as mark_age,
            unpublished.count, extract(epoch from clock_timestamp() - unpublished.oldest)::float8 as oldest
        from relay_cursor as c cross join lateral (
            select count(*) as count, min(recorded_at) as oldest from (
                select recorded_at from ledger
                where shard = c.shard and (xid, id) > (c.xid, c.id) and (c.recorded_on = '-infinity' or recorded_on >= c.recorded_on - 1)
                order by xid, id limit $1
            ) as waiting
        ) as unpublished
        order by c.shard
        """,
        _COUNTED_AT_MOST,
    )
    return [
        Shard(
            shard=row["shard"],
            unpublished=row["count"],
            oldest_unpublished_seconds=row["oldest"],
            mark_age_seconds=row["mark_age"],
            leader=leaders.get(row["shard"]),
        )
        for row in rows
    ]


async def _leaders(tx: Transaction) -> dict[int, Leader]:
    """The holders of the leadership locks; a 64-bit key is shown in two halves."""
    keys = [lock_key(f"relay/{shard}") & 0xFFFF_FFFF_FFFF_FFFF for shard in range(LEDGER_SHARDS)]
    rows = await tx.fetch(
        """
        select asked.shard, held.pid, activity.application_name
        from unnest($1::bigint[], $2::bigint[]) with ordinality as asked (high, low, shard)
            join pg_locks as held on held.locktype = 'advisory' and held.granted and held.objsubid = 1
                and held.classid::bigint = asked.high and held.objid::bigint = asked.low
                and held.database = (select oid from pg_database where datname = current_database())
            left join pg_stat_activity as activity on activity.pid = held.pid
        """,
        [key >> 32 for key in keys],
        [key & 0xFFFF_FFFF for key in keys],
    )
    return {row["shard"] - 1: Leader(pid=row["pid"], application=row["application_name"]) for row in rows}


async def _open_transaction(tx: Transaction) -> OpenTransaction | None:
    """Who holds the horizon. pg_locks tells of every role's transactions, pg_stat_activity only of our own."""
    row = await tx.fetchrow(
        """
        select pg_snapshot_xmin(s)::text as xid, held.pid, activity.usename, activity.application_name, activity.state,
            extract(epoch from clock_timestamp() - activity.xact_start)::float8 as age
        from pg_current_snapshot() as s
            join pg_locks as held on held.locktype = 'transactionid' and held.granted
                and held.transactionid = pg_snapshot_xmin(s)::xid
            left join pg_stat_activity as activity on activity.pid = held.pid
        where pg_snapshot_xmin(s) < pg_snapshot_xmax(s)
        """
    )
    if row is None:
        return None
    return OpenTransaction(
        xid=int(row["xid"]),
        pid=row["pid"],
        role=row["usename"],
        application=row["application_name"],
        state=row["state"],
        age_seconds=row["age"],
    )


async def _consumer(tx: Transaction, subject: Subject) -> ConsumerStatus:
    names = [topic.name for topic in subject.topics]
    now = await tx.fetchval("select clock_timestamp()")
    marks = await applied_through(tx, subject.service, names)
    through = {service: marks.get(service) for service in sorted({topic.service for topic in subject.topics})}
    positions = await tx.fetch(
        """
        select topic, partition, next_offset, updated_at from consumer_offset
        where consumer = $1 and topic = any($2) order by topic, partition
        """,
        subject.service,
        names,
    )
    letters = await tx.fetchrow(
        """
        select count(*) as open, extract(epoch from clock_timestamp() - min(first_seen_at))::float8 as oldest from dead_letter
        where consumer = $1 and state in ('poison', 'waiting')
        """,
        subject.service,
    )
    assert letters is not None, "an aggregate always answers one row"  # noqa: S101 (narrows the type)
    return ConsumerStatus(
        name=subject.service,
        topics=names,
        applied_through=dict(through),
        lag_seconds={
            service: None if at is None else max(0.0, (now - at).total_seconds()) for service, at in through.items()
        },
        positions=[
            Position(topic=row["topic"], partition=row["partition"], next_offset=row["next_offset"])
            for row in positions
        ],
        last_applied_at=max((row["updated_at"] for row in positions), default=None),
        dead_letters=letters["open"],
        oldest_dead_letter_seconds=letters["oldest"],
    )


async def _sizes(tx: Transaction) -> dict[str, int]:
    rows = await tx.fetch(
        """
        select 'ledger' as name, sum(pg_total_relation_size(relid))::bigint as bytes from pg_partition_tree('ledger')
        union all
        select name, pg_total_relation_size(to_regclass(name)) from unnest(array['aggregate_version', 'idempotency',
            'applied_version', 'dead_letter', 'low_water_mark']) as name
        """
    )
    return {row["name"]: row["bytes"] for row in rows}


def _attention(status: ServiceStatus) -> Iterator[str]:
    if status.pending_migrations:
        yield f"{len(status.pending_migrations)} migration(s) are missing: run `python -m simpul_{status.service} migrate`."
    yield from _relay_attention(status.shards)
    if status.open_transaction is not None and (status.open_transaction.age_seconds or 0) > HORIZON_SECONDS:
        yield _horizon(status.open_transaction)
    if status.consumer is not None:
        yield from _consumer_attention(status.consumer)


def _relay_attention(shards: Iterable[Shard]) -> Iterator[str]:
    for shard in shards:
        if shard.leader is None:
            yield f"Nobody publishes shard {shard.shard}: is a worker running?"
        elif (shard.oldest_unpublished_seconds or 0) > OUTBOX_SECONDS:
            yield (
                f"{shard.unpublished} event(s) of shard {shard.shard} wait to be published, the oldest for "
                f"{shard.oldest_unpublished_seconds:.0f} s: is Kafka up, or is a transaction open?"
            )
        elif shard.mark_age_seconds is None or shard.mark_age_seconds > LAG_SECONDS:
            yield f"Shard {shard.shard} has given no low-water mark for long: is Kafka up, or is a transaction open?"


def _horizon(held: OpenTransaction) -> str:
    who = f"process {held.pid} ({held.application or 'unnamed'}, role {held.role}, {held.state})"
    return f"A transaction of {who} has been open for {held.age_seconds:.0f} s and holds back all later events: end it."


def _consumer_attention(consumer: ConsumerStatus) -> Iterator[str]:
    for service, lag in consumer.lag_seconds.items():
        if lag is None:
            yield f"No low-water mark of {service} is applied yet: does its worker run, and does this one's?"
        elif lag > LAG_SECONDS:
            yield f"Events of {service} are applied only up to {lag:.0f} s ago: look at the workers of both and at Kafka."
    if consumer.dead_letters:
        yield f"{consumer.dead_letters} dead letter(s) are open: see `simpul dead-letters list`."
