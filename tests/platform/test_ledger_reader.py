"""Reading the ledger again: every row once, in one order over all shards and days, only what has ended, only what is wanted."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from simpul_shared.contracts.activities import FollowUpPlanSubmitted
from simpul_shared.contracts.registry import LibraryDesignated, LibraryNominated
from simpul_shared.contracts.topics import LEDGER_SHARDS, LIBRARIES, PERSONS
from simpul_shared.platform.archive import LedgerRow
from simpul_shared.platform.ledger import START, LedgerReader, Wanted
from simpul_shared.platform.outbox import Fact, append_all, shard_of
from simpul_shared.platform.relay_backends import RELAY_SETTINGS, PostgresLedger
from simpul_shared.vocabulary import Basis, LibraryType, Scheme

from tests.benchmark.events import fill_ledger, numbered
from tests.support.ledgers import Written, make_partition, write
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed

DAY = date(2026, 3, 1)


@pytest.fixture
async def reader(tally: ServiceUnderTest) -> LedgerReader:
    return LedgerReader(tally.database.pool)


async def everything(reader: LedgerReader, *, limit: int = 3, wanted: Wanted | None = None) -> list[LedgerRow]:
    """All rows, page by page; a page that says that more follows must be right about it or move on."""
    place, more = START, True
    rows: list[LedgerRow] = []
    while more:
        page = await reader.page(place, limit=limit, wanted=wanted or Wanted())
        assert len(page.rows) <= limit
        assert not page.more or (page.reached.xid, page.reached.id) > (place.xid, place.id)
        place, more = page.reached, page.more
        rows += page.rows
    return rows


def ids(rows: Sequence[LedgerRow]) -> list[UUID]:
    return [row.event_id for row in rows]


async def test_all_shards_are_read_in_one_order(tally: ServiceUnderTest, reader: LedgerReader) -> None:
    libraries = [uuid4() for _ in range(8)]
    assert {shard_of(str(library).encode()) for library in libraries} == set(range(LEDGER_SHARDS))
    for round_ in range(4):
        await tally.announce(*(renamed(library, str(round_)) for library in libraries))
    recorded = await tally.database.pool.fetch("select event_id, value from ledger order by xid, id")
    rows = await everything(reader)
    assert ids(rows) == [row["event_id"] for row in recorded]
    assert [row.value for row in rows] == [row["value"] for row in recorded]


async def test_what_follows_an_open_transaction_waits_for_it(tally: ServiceUnderTest, reader: LedgerReader) -> None:
    (first,) = await write(tally, [Written(xid=5, day=DAY)])
    async with tally.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_current_xact_id()")
        await tally.announce(renamed(uuid4(), "recorded while another transaction is open"))
        assert ids(await everything(reader)) == [first]
    assert len(await everything(reader)) == 2


async def test_transactions_around_midnight_are_read_in_their_order(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    days = [DAY, DAY + timedelta(1), DAY, DAY + timedelta(1), DAY + timedelta(2), DAY + timedelta(1)]
    for day in sorted(set(days)):
        await make_partition(tally, day)
    written = await write(tally, [Written(xid=90 + n * 7, day=day, shard=n % 2) for n, day in enumerate(days)])
    for limit in (1, 2, 10):
        assert ids(await everything(reader, limit=limit)) == written


async def test_days_without_rows_and_the_default_partition_are_no_end(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    await make_partition(tally, DAY)
    days = [DAY, DAY + timedelta(40), DAY + timedelta(40), DAY + timedelta(100)]
    written = await write(tally, [Written(xid=9 * 10**n // 9, day=day) for n, day in enumerate(days[:3])])
    written += await write(tally, [Written(xid=500, day=days[3])])
    for limit in (1, 10):
        assert ids(await everything(reader, limit=limit)) == written


async def test_random_rows_come_once_and_in_order_for_every_size_of_page(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    day = DAY
    rows: list[Written] = []
    for xid in sorted(dice.sample(range(1, 600), 120)):
        day += timedelta(dice.choice([0, 0, 0, 0, 0, 0, 0, 1, 1, 9]))
        early = timedelta(dice.choice([0, 0, 1]))
        rows += [Written(xid=xid, day=day - early, shard=dice.randrange(2)) for _ in range(dice.randrange(1, 4))]
    written = await write(tally, rows)
    for limit in (1, 2, 7, 1000):
        assert ids(await everything(reader, limit=limit)) == written, f"seed {seed}, limit {limit}"


async def test_only_wanted_rows_come_and_the_page_moves_past_the_others(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    kinds = [("a", LIBRARIES.name), ("b", LIBRARIES.name), ("a", PERSONS.name)] * 4
    written = await write(tally, [Written(xid=n + 1, day=DAY, type=t, topic=p) for n, (t, p) in enumerate(kinds)])
    assert ids(await everything(reader, wanted=Wanted(types=["a"]))) == [
        i for i, kind in zip(written, kinds, strict=True) if kind[0] == "a"
    ]
    assert ids(await reader.read(None, limit=100, topics=[PERSONS.name])) == written[2::3]
    assert ids(await reader.read(None, limit=1, topics=[PERSONS.name], types=["a"])) == [written[2]]
    nothing = await reader.page(START, limit=5, wanted=Wanted(types=["c"]))
    assert (nothing.rows, nothing.reached.xid, nothing.more) == ([], len(kinds), False)
    assert await reader.read(None, limit=5, types=["c"]) == []


async def test_a_reader_of_some_regions_gets_their_events_and_no_others(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    bali, mengwi, papua = (uuid4() for _ in range(3))
    regions = [bali, mengwi, papua, None, bali]
    written = await write(tally, [Written(xid=n + 1, day=DAY, region_id=one) for n, one in enumerate(regions)])
    assert ids(await everything(reader, wanted=Wanted(regions={bali, mengwi}))) == [*written[:2], written[4]]
    assert ids(await everything(reader, wanted=Wanted(regions=[]))) == []


async def test_a_page_of_large_events_ends_before_it_grows_too_large(
    tally: ServiceUnderTest, reader: LedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = uuid4()
    await tally.announce(*(renamed(library, "x" * size) for size in (10, 40_000, 400_000, 40_000, 10)))
    monkeypatch.setattr("simpul_shared.platform.ledger._PAGE_BYTES", 100_000)
    pages = [await reader.page(START, limit=50)]
    while pages[-1].more:
        pages.append(await reader.page(pages[-1].reached, limit=50))
    assert [[row.version for row in page.rows] for page in pages] == [[1, 2], [3], [4, 5]]


class Counting:
    """Runs each query under explain analyze and counts the rows that Postgres took from the ledger's partitions."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.touched = 0.0

    async def fetch(self, query: str, *args: object) -> list[Any]:
        (row,) = await self._connection.fetch("explain (analyze, format json) " + query, *args)
        self.touched += sum(scanned(msgspec.json.decode(row[0])[0]["Plan"]))
        rows: list[Any] = await self._connection.fetch(query, *args)
        return rows


def scanned(plan: dict[str, Any]) -> list[float]:
    """Rows that the scans of ledger partitions looked at, kept or not."""
    own = []
    if str(plan.get("Relation Name", "")).startswith("ledger"):
        own = [plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))]
    return own + [count for sub in plan.get("Plans", []) for count in scanned(sub)]


async def test_a_page_reads_a_page_and_not_the_table(tally: ServiceUnderTest) -> None:
    await make_partition(tally, DAY)
    await write(tally, [Written(xid=n // 20 + 1, day=DAY, shard=n % 2) for n in range(6000)])
    async with tally.database.transaction(ORIGIN) as tx:
        middle = (await LedgerReader(tx).page(START, limit=3000)).reached
        counting = Counting(tx)
        page = await LedgerReader(counting).page(middle, limit=50)
    assert len(page.rows) == 50
    assert counting.touched < 50 * LEDGER_SHARDS + 10


async def test_the_relays_page_reads_a_page_and_not_the_backlog(tally: ServiceUnderTest) -> None:
    """Of a day that was never analysed, as every new day is when much comes at once."""
    await fill_ledger(tally.url, list(numbered(1, 20_000)), shard=0)
    connection = await asyncpg.connect(tally.url, server_settings=RELAY_SETTINGS)
    try:
        counting = Counting(connection)
        rows = await PostgresLedger(cast("asyncpg.Connection[asyncpg.Record]", counting), 0).page(START, limit=50)
    finally:
        await connection.close()
    assert len(rows) == 50
    assert counting.touched < 60


async def test_an_event_belongs_to_the_region_it_names_or_that_its_aggregate_named_last(
    tally: ServiceUnderTest, reader: LedgerReader
) -> None:
    library, other, bali, papua = (uuid4() for _ in range(4))
    await tally.announce(renamed(library, "no region known yet"))
    await tally.announce(nominated(library, bali), renamed(library, "in Bali"), renamed(other, "unknown"))
    await tally.announce(renamed(library, "in Bali still"))
    await tally.announce(renamed(library, "before the move"), designated(library, papua), renamed(library, "after it"))
    rows = await everything(reader)
    assert [row.region_id for row in rows] == [None, bali, bali, None, bali, bali, papua, papua]


async def test_a_fact_may_say_its_region_where_the_event_cannot(tally: ServiceUnderTest, reader: LedgerReader) -> None:
    plan, region = uuid4(), uuid4()
    event = FollowUpPlanSubmitted(plan_id=plan, library_id=uuid4(), bimtek_id=uuid4(), items=(), basis=Basis.SAMPLE)
    async with tally.database.transaction(ORIGIN) as tx:
        await tx.lock(plan)
        await append_all(tx, [Fact(event, datetime.now(UTC), region_id=region)])
    (row,) = await everything(reader)
    assert row.region_id == region


def nominated(library: UUID, region: UUID) -> LibraryNominated:
    return LibraryNominated(
        library_id=library,
        name="Perpustakaan Desa Mengwi",
        library_type=LibraryType.VILLAGE,
        region_id=region,
        province_id=region,
        timezone="Asia/Makassar",
        programme_year=2021,
        scheme=Scheme.STIMULUS,
        basis=Basis.SAMPLE,
    )


def designated(library: UUID, region: UUID) -> LibraryDesignated:
    return LibraryDesignated(
        library_id=library,
        region_id=region,
        province_id=region,
        programme_year=2021,
        scheme=Scheme.STIMULUS,
        sk_no="1",
        sk_date=DAY,
        basis=Basis.SAMPLE,
    )
