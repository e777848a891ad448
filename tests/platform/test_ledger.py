"""What the ledger promises: nothing lost, versions gap-free, ledger order equal to version order."""

import asyncio
import random
from collections import defaultdict
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from simpul_shared.platform import outbox
from simpul_shared.platform.database import Database, open_database
from simpul_shared.platform.outbox import EventTooLarge, Fact, append, append_all, shard_of
from simpul_shared.platform.relay import Place
from simpul_shared.platform.relay_backends import PostgresLedger

from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed


async def test_64_writers_lose_nothing_and_invert_nothing(tally: ServiceUnderTest) -> None:
    libraries = [uuid4() for _ in range(8)]

    async with open_database(tally.url, name="writers", size=64, lock_seconds=60) as database:
        await asyncio.gather(*(_write(database, libraries, writer) for writer in range(64)))

    rows = await tally.database.pool.fetch("select aggregate_id, aggregate_version from ledger order by xid, id")
    in_order = defaultdict(list)
    for row in rows:
        in_order[row["aggregate_id"]].append(row["aggregate_version"])
    assert len(rows) == 64 * 12
    assert set(in_order) == set(libraries)
    for versions in in_order.values():
        assert versions == list(range(1, len(versions) + 1))


async def _write(database: Database, libraries: list[UUID], writer: int) -> None:
    for number in range(12):
        library = random.choice(libraries)
        async with database.transaction(ORIGIN) as tx:
            await tx.lock(library)
            # The idempotency row is written first, as the command's edge could: it assigns the transaction's id.
            await tx.execute(
                "insert into idempotency (client_id, key, fingerprint, status, headers, body) values ($1, $2, '', 201, '{}', '')",
                f"writer-{writer}",
                str(number),
            )
            await asyncio.sleep(random.random() * 0.003)
            await append(tx, renamed(library, f"{writer}-{number}"), occurred_at=_now())


def _now() -> datetime:

    return datetime.now(UTC)


async def test_append_without_the_aggregates_lock_is_refused(tally: ServiceUnderTest) -> None:
    async with tally.database.transaction(ORIGIN) as tx:
        with pytest.raises(RuntimeError, match="without the lock"):
            await append(tx, renamed(uuid4(), "x"), occurred_at=_now())


async def test_an_event_over_512_kib_is_refused_at_append(tally: ServiceUnderTest) -> None:
    library = uuid4()
    async with tally.database.transaction(ORIGIN) as tx:
        await tx.lock(library)
        with pytest.raises(EventTooLarge, match="at most 524288"):
            await append(tx, renamed(library, "x" * 600_000), occurred_at=_now())


async def test_events_told_at_once_share_a_recorded_time_however_many_statements_they_take(
    tally: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_STEP", 3)
    libraries = [uuid4() for _ in range(3)]
    async with tally.database.transaction(ORIGIN) as tx:
        await tx.lock("all of them")
        facts = [Fact(renamed(libraries[number % 3], str(number)), _now()) for number in range(8)]
        recorded = await append_all(tx, facts, under_lock="all of them")
    rows = await tally.database.pool.fetch("select event_id, recorded_at from ledger order by xid, id")
    assert [row["event_id"] for row in rows] == [one.event_id for one in recorded]
    assert [one.version for one in recorded] == [1, 1, 1, 2, 2, 2, 3, 3]
    told = {envelope.recordedtime for envelope in await tally.ledger()}
    assert told == {row["recorded_at"] for row in rows} == {recorded[0].recorded_at}


async def test_the_recorded_envelope_is_a_complete_cloudevent(tally: ServiceUnderTest) -> None:
    library = uuid4()
    await tally.announce(renamed(library, "Perpustakaan Desa Mengwi"))
    (envelope,) = await tally.ledger()
    assert (envelope.specversion, envelope.aggregateversion, envelope.subject) == ("1.0", 1, str(library))
    assert envelope.type == "id.simpul.registry.library-renamed.v1"
    assert b"Perpustakaan Desa Mengwi" in bytes(envelope.data)


async def test_rows_fall_into_the_partition_of_their_day(tally: ServiceUnderTest) -> None:
    await tally.announce(renamed(uuid4(), "x"))
    row = await tally.database.pool.fetchrow("select tableoid::regclass::text as part, recorded_on from ledger")
    assert row is not None
    assert row["part"] == f"ledger_{row['recorded_on']:%Y%m%d}"


def test_a_key_always_has_the_same_shard() -> None:
    shards = {shard_of(str(uuid4()).encode()) for _ in range(200)}
    assert shards == {0, 1}


async def test_the_relay_reads_in_numeric_order_of_transactions(tally: ServiceUnderTest) -> None:
    for xid in ("99", "100", "9", "10"):
        await tally.database.pool.execute(
            """
            insert into ledger (xid, shard, recorded_at, recorded_on, event_id, event_type, aggregate_type, aggregate_id,
                aggregate_version, topic, key, value)
            values ($1::text::xid8, 0, now(), current_date, gen_random_uuid(), 't', 'library', gen_random_uuid(), 1, 'topic',
                'key', 'value')
            """,
            xid,
        )
    connection = await asyncpg.connect(tally.url)
    rows = await PostgresLedger(connection, 0).page(Place(0, 0, date.min), limit=10)
    await connection.close()
    assert [row.place.xid for row in rows] == [9, 10, 99, 100]
