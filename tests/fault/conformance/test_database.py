"""What relay and consumer lean on in Postgres."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.consume import Partition
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.relay import Place

from tests.fault.conformance.databases import SERVICE, SHARDS, Database, page

PARTITION: Partition = (LIBRARIES.name, 0)


async def test_an_open_transaction_holds_back_what_came_after_it(database: Database) -> None:
    slow, quick = uuid4(), uuid4()
    async with database.writing(slow) as first:
        await first.append(slow, "slow")
        async with database.writing(quick) as second:
            await second.append(quick, "quick")
        assert await page(database) == []
    places = await page(database)
    assert len(places) == 2
    assert places == sorted(places)


async def test_what_is_rolled_back_is_never_seen_and_holds_nothing_back(database: Database) -> None:
    gone, kept = uuid4(), uuid4()

    async def refused() -> None:
        async with database.writing(gone) as writing:
            await writing.append(gone, "gone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await refused()
    async with database.writing(kept) as writing:
        await writing.append(kept, "kept")
    assert len(await page(database)) == 1


async def test_the_horizon_is_closed_when_nobody_writes(database: Database) -> None:
    library = uuid4()
    async with database.ledger(0) as ledger:
        idle = await ledger.observe()
        async with database.writing(library) as writing:
            await writing.append(library, "x")
            busy = await ledger.observe()
        after = await ledger.observe()
    assert idle.low >= idle.high
    assert busy.low < busy.high
    assert after.low >= busy.high
    assert idle.clock < busy.clock < after.clock


async def test_what_is_recorded_after_an_observation_is_later_than_its_moment(database: Database) -> None:
    library = uuid4()
    for shard in SHARDS:
        async with database.ledger(shard) as ledger:
            observed = await ledger.observe()
        async with database.writing(library) as writing:
            assert await writing.append(library, "x") > observed.clock


async def test_the_cursor_is_where_the_last_connection_left_it(database: Database) -> None:
    library = uuid4()
    async with database.writing(library) as writing:
        await writing.append(library, "x")
    offsets = {LIBRARIES.name: {"0": 7}}
    ((xid, id_),) = await page(database)
    for shard in SHARDS:
        async with database.ledger(shard) as ledger:
            await ledger.advance(Place(xid, id_, datetime.now(UTC).date()), offsets)
    for shard in SHARDS:
        async with database.ledger(shard) as ledger:
            place, kept = await ledger.start()
            assert ((place.xid, place.id), kept) == ((xid, id_), offsets)
            assert list(await ledger.page(place, limit=10)) == []


async def test_one_leads_at_a_time_and_the_lead_passes_on_with_the_connection(database: Database) -> None:
    async with database.leading(0) as first, database.leading(1) as other:
        assert (first, other) == (True, True)
        async with database.leading(0) as second:
            assert not second
    while True:  # Postgres frees the lock when it has noticed that the connection is gone
        async with database.leading(0) as again:
            if again:
                return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("known", [True, False], ids=["a row", "no row yet"])
async def test_two_appliers_of_a_partition_take_turns(database: Database, known: bool) -> None:
    store = database.store
    if known:
        async with store.transaction() as tx:
            await store.store_offsets(tx, {PARTITION: 1})
    began = asyncio.Event()

    async def second() -> dict[Partition, int]:
        async with store.transaction() as tx:
            began.set()
            return await store.lock_offsets(tx, [PARTITION])

    async with store.transaction() as tx:
        await store.lock_offsets(tx, [PARTITION])
        waiting = asyncio.create_task(second())
        await began.wait()
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await store.store_offsets(tx, {PARTITION: 5})
    assert await waiting == {PARTITION: 5}


async def test_a_savepoint_takes_back_its_own_writes_only(database: Database) -> None:
    before, inside, after = uuid4(), uuid4(), uuid4()
    async with database.store.transaction() as tx:
        await database.count(tx, before)
        with pytest.raises(ZeroDivisionError):
            await count_and_fail(database, tx, inside)
        await database.count(tx, after)
    assert [await database.counted(one) for one in (before, inside, after)] == [1, 0, 1]


async def count_and_fail(database: Database, tx: Transaction, library: UUID) -> None:
    async with tx.savepoint():
        await database.count(tx, library)
        raise ZeroDivisionError


async def test_two_transactions_that_count_the_same_take_turns(database: Database) -> None:
    library = uuid4()

    async def count() -> None:
        async with database.store.transaction() as tx:
            await database.count(tx, library)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(count() for _ in range(4)))
    assert await database.counted(library) == 4


async def test_nothing_of_a_failed_batch_is_stored(database: Database) -> None:
    store, library = database.store, uuid4()

    async def fail() -> None:
        async with store.transaction() as tx:
            await database.count(tx, library)
            await store.store_versions(tx, {library: 1})
            await store.store_offsets(tx, {PARTITION: 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await store.stored_offsets() == {}
    assert await database.counted(library) == 0
    async with store.transaction() as tx:
        assert (await store.standings(tx, [library]))[library].version == 0


async def test_a_mark_counts_once_its_offsets_are_reached(database: Database) -> None:
    store, moment = database.store, datetime(2026, 3, 2, tzinfo=UTC)
    marks = [
        LowWaterMark(
            service=SERVICE, shard=shard, through=moment, offsets={LIBRARIES.name: {"0": 3}, "another": {"0": 9}}
        )
        for shard in SHARDS
    ]
    async with store.transaction() as tx:
        await store.store_offsets(tx, {PARTITION: 2})
        await store.store_marks(tx, marks[:1])
    assert await database.applied_through() is None
    async with store.transaction() as tx:
        await store.store_offsets(tx, {PARTITION: 3})
        await store.store_marks(tx, marks[1:])
    assert await database.applied_through() == moment
