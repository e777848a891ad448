"""Old days of the ledger leave for files and are read again as if they had stayed; nothing goes before it is safe."""

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from simpul_shared.access import Role
from simpul_shared.platform import archiving
from simpul_shared.platform.archive import Archive, ArchivedDay, ArchiveUnreadable, LedgerRow
from simpul_shared.platform.archiving import ArchiveBroken, archive_ledger
from simpul_shared.platform.housekeeping import tidy
from simpul_shared.platform.ledger import START, LedgerReader, Wanted
from simpul_shared.platform.settings import PlatformSettings

from tests.platform.test_events_api import all_pages
from tests.platform.test_http_edge import refused
from tests.support.ledgers import Written, make_partition, write
from tests.support.services import ServiceUnderTest
from tests.support.tally.service import renamed

DAY = date(2025, 3, 1)
KEEP_DAYS = 30


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path, "tally")


async def publish_all(service: ServiceUnderTest) -> None:
    """As if the relay had sent everything."""
    await service.database.pool.execute(
        """
        update relay_cursor set (xid, id) = (
            select coalesce(max(xid), '0'), coalesce(max(id), 0) from ledger where ledger.shard = relay_cursor.shard
        )
        """
    )


async def put_away(service: ServiceUnderTest, archive: Archive) -> list[ArchivedDay]:
    await publish_all(service)
    return await archive_ledger(service.database, archive, keep_days=KEEP_DAYS)


async def read_all(
    service: ServiceUnderTest, archive: Archive, *, limit: int = 4, wanted: Wanted | None = None
) -> list[LedgerRow]:
    reader, place, more = LedgerReader(service.database.pool, archive), START, True
    rows: list[LedgerRow] = []
    while more:
        page = await reader.page(place, limit=limit, wanted=wanted or Wanted())
        assert len(page.rows) <= limit
        assert not page.more or page.reached[:2] > place[:2]
        place, more = page.reached, page.more
        rows += page.rows
    return rows


def ids(rows: Sequence[LedgerRow]) -> list[UUID]:
    return [row.event_id for row in rows]


async def days_around_midnight(service: ServiceUnderTest) -> list[UUID]:
    """Three days whose transactions overlap, one in the default partition, and today."""
    for day in (DAY, DAY + timedelta(1)):
        await make_partition(service, day)
    offsets = [0, 0, 1, 0, 1, 1, 2, 1, 2, 2, 9]
    old = [Written(xid=90 + 5 * n, day=DAY + timedelta(offset), shard=n % 2) for n, offset in enumerate(offsets)]
    return await write(service, [*old, Written(xid=600, day=datetime.now(UTC).date())])


async def test_archived_days_and_the_table_are_read_as_one(tally: ServiceUnderTest, archive: Archive) -> None:
    written = await days_around_midnight(tally)
    before = await read_all(tally, archive)
    days = await put_away(tally, archive)
    assert [(day.day - DAY).days for day in days] == [0, 1, 2, 9]
    assert await tally.database.pool.fetchval("select count(*) from ledger") == 1
    for limit in (1, 2, 3, 7, 100):
        assert ids(await read_all(tally, archive, limit=limit)) == written
        assert await read_all(tally, Archive(archive.directory.parent, "tally"), limit=limit) == before  # type: ignore[union-attr]


async def test_only_part_of_the_days_archived_is_merged_with_the_rest(
    tally: ServiceUnderTest, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await days_around_midnight(tally)
    archive_day = archiving._archive_day

    async def only_the_second(connection: Any, directory: Path, day: date) -> Any:
        return await archive_day(connection, directory, day) if day == DAY + timedelta(1) else None

    monkeypatch.setattr(archiving, "_archive_day", only_the_second)
    await put_away(tally, archive)
    assert await tally.database.pool.fetchval("select count(*) from ledger_archive") == 1
    for limit in (1, 2, 3, 100):
        assert ids(await read_all(tally, archive, limit=limit)) == written


async def test_conditions_hold_in_the_archive_too(tally: ServiceUnderTest, archive: Archive) -> None:
    region = uuid4()
    rows = [Written(xid=n + 1, day=DAY, type="ab"[n % 2], region_id=region if n < 6 else None) for n in range(12)]
    written = await write(tally, rows)
    await put_away(tally, archive)
    assert ids(await read_all(tally, archive, wanted=Wanted(types=["a"]))) == written[::2]
    assert ids(await read_all(tally, archive, wanted=Wanted(regions=[region], types=["b"]))) == written[1:6:2]
    assert await LedgerReader(tally.database.pool, archive).read(None, limit=3, types=["c"]) == []


async def test_a_file_is_lines_of_json_with_a_manifest_that_has_its_sum(
    tally: ServiceUnderTest, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "CHUNK_EVENTS", 3)
    written = await write(tally, [Written(xid=n + 1, day=DAY, shard=n % 2) for n in range(8)])
    (day,) = await put_away(tally, archive)
    assert archive.directory is not None
    content = (archive.directory / day.file).read_bytes()
    manifest = msgspec.json.decode((archive.directory / f"ledger-{DAY}.manifest.json").read_bytes(), type=ArchivedDay)
    lines = [msgspec.json.decode(line) for line in gzip.decompress(content).splitlines()]
    assert [line["event_id"] for line in lines] == [str(one) for one in written]
    assert (manifest, manifest.events, len(manifest.chunks)) == (day, 8, 3)
    assert manifest.sha256 == hashlib.sha256(content).hexdigest()
    assert ids(await read_all(tally, archive, limit=2)) == written


async def test_events_come_back_byte_for_byte(tally: ServiceUnderTest, archive: Archive) -> None:
    await tally.announce(renamed(uuid4(), 'Désa "Mengwi"\n\u2028 \\ 𝄞'))
    await tally.database.pool.execute(
        """
        insert into ledger (xid, shard, recorded_at, recorded_on, event_id, event_type, aggregate_type, aggregate_id,
            aggregate_version, topic, key, traceparent, value)
        select '3', shard, $1, $2, event_id, event_type, aggregate_type, aggregate_id, aggregate_version, topic, key,
            'trace', value
        from ledger
        """,
        datetime(DAY.year, DAY.month, DAY.day, 7, 8, 9, 123456, tzinfo=UTC),
        DAY,
    )
    before = await read_all(tally, archive)
    await put_away(tally, archive)
    assert await read_all(tally, archive) == before
    assert len(before) == 2


@pytest.mark.parametrize("step", ["_pack", "checksum", "_compare", "_write_durably", "_sync_directory"])
async def test_a_run_that_breaks_off_loses_nothing_and_the_next_one_goes_on(
    tally: ServiceUnderTest, archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    written = await days_around_midnight(tally)
    done, original = 0, getattr(archiving, step)

    def break_off(*given: Any) -> Any:
        nonlocal done
        done += 1
        if done == 2:
            raise OSError(28, "No space left on device")
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(archiving, step, break_off)
        with pytest.raises(OSError, match="No space left"):
            await put_away(tally, archive)
    assert ids(await read_all(tally, archive)) == written
    assert await tally.database.pool.fetchval("select count(*) from ledger_archive") < 4
    await put_away(tally, archive)
    assert ids(await read_all(tally, archive)) == written
    assert await tally.database.pool.fetchval("select count(*) from ledger_archive") == 4


async def test_a_file_that_came_out_wrong_drops_nothing(
    tally: ServiceUnderTest, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await days_around_midnight(tally)
    pack = archiving._pack
    monkeypatch.setattr(archiving, "_pack", lambda rows: pack([*rows[:-1], rows[0]]))
    with pytest.raises(ArchiveBroken, match="does not hold"):
        await put_away(tally, archive)
    assert await tally.database.pool.fetchval("select count(*) from ledger") == len(written)


async def test_what_is_not_published_stays(tally: ServiceUnderTest, archive: Archive) -> None:
    written = await write(tally, [Written(xid=5, day=DAY, shard=0), Written(xid=6, day=DAY + timedelta(1), shard=1)])
    await tally.database.pool.execute("update relay_cursor set xid = '5', id = 1000 where shard = 0")
    days = await archive_ledger(tally.database, archive, keep_days=KEEP_DAYS)
    assert [day.day for day in days] == [DAY]
    with pytest.raises(asyncpg.RaiseError, match="not wholly published"):
        await let_go(tally, DAY + timedelta(1), events=1, last=(6, 2))
    assert ids(await read_all(tally, archive)) == written


async def let_go(service: ServiceUnderTest, day: date, *, events: int, last: tuple[int, int]) -> None:
    await service.database.pool.execute(
        "select archive_ledger_day($1, 'file', 'sum', $2, '[]', $3::text::xid8, $4)", day, events, str(last[0]), last[1]
    )


async def test_the_database_itself_refuses_to_let_a_day_go_too_soon(tally: ServiceUnderTest) -> None:
    young = datetime.now(UTC).date() - timedelta(6)
    await write(tally, [Written(xid=5, day=young), Written(xid=6, day=DAY)])
    await publish_all(tally)
    for day, events, last, why in [
        (young, 1, (5, 1), "too young"),
        (DAY, 2, (6, 2), "has 1 events, not 2"),
        (DAY, 1, (6, 1), "does not end where"),
        (DAY - timedelta(1), 0, (0, 0), "has 0 events"),
    ]:
        with pytest.raises(asyncpg.RaiseError, match=why):
            await let_go(tally, day, events=events, last=last)
    assert await tally.database.pool.fetchval("select count(*) from ledger") == 2


async def test_without_a_folder_for_it_nothing_ever_leaves(tally: ServiceUnderTest) -> None:
    written = await days_around_midnight(tally)
    await publish_all(tally)
    await tidy("tally", tally.database, PlatformSettings(archive_dir=None, ledger_keep_days=7))
    assert await tally.database.pool.fetchval("select count(*) from ledger") == len(written)


async def test_the_housekeeping_archives_and_purges_old_answers(tally: ServiceUnderTest, tmp_path: Path) -> None:
    written = await days_around_midnight(tally)
    await publish_all(tally)
    body = {"library_id": str(uuid4()), "name": "a"}
    for key in ("old", "new"):
        await tally.caller().post("/v1/names", body, key=key)
    await tally.database.pool.execute(
        """
        insert into idempotency (client_id, key, fingerprint, status, headers, body, created_at)
        select client_id, 'older', fingerprint, status, headers, body, now() - interval '73 hours' from idempotency
        where key = 'old'
        """
    )
    await tidy("tally", tally.database, PlatformSettings(archive_dir=tmp_path, ledger_keep_days=KEEP_DAYS))
    keys = await tally.database.pool.fetch("select key from idempotency order by key")
    assert [row["key"] for row in keys] == ["new", "old"]
    rows = await read_all(tally, Archive(tmp_path, "tally"))
    assert ids(rows)[: len(written)] == written
    assert len(list((tmp_path / "tally").glob("*.jsonl.gz"))) == 4


async def test_partitions_of_days_without_events_go_too(tally: ServiceUnderTest, archive: Archive) -> None:
    await make_partition(tally, DAY)
    await make_partition(tally, datetime.now(UTC).date() - timedelta(KEEP_DAYS - 1))
    await put_away(tally, archive)
    partitions = await tally.database.pool.fetch(
        "select relname from pg_class where relname ~ '^ledger_2025' and relkind = 'r'"
    )
    assert partitions == []
    young = f"ledger_{datetime.now(UTC).date() - timedelta(KEEP_DAYS - 1):%Y%m%d}"
    assert await tally.database.pool.fetchval("select to_regclass($1) is not null", young)


async def test_a_changed_file_is_refused_and_so_is_a_missing_one(tally: ServiceUnderTest, archive: Archive) -> None:
    await days_around_midnight(tally)
    first, second, *_ = await put_away(tally, archive)
    assert archive.directory is not None
    path = archive.directory / first.file
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"x" + content[-8:])
    with pytest.raises(ArchiveUnreadable, match="SHA-256 differs"):
        await read_all(tally, archive)
    path.write_bytes(content)
    assert len(await read_all(tally, archive)) == 12
    (archive.directory / second.file).unlink()
    with pytest.raises(ArchiveUnreadable, match=second.file):
        await read_all(tally, archive)
    with pytest.raises(ArchiveUnreadable, match="SIMPUL_ARCHIVE_DIR"):
        await read_all(tally, Archive(None))


async def test_the_api_says_that_its_archive_is_missing_where_it_is_needed(
    tally: ServiceUnderTest, archive: Archive
) -> None:
    await days_around_midnight(tally)
    _, last = await all_pages(tally)
    await put_away(tally, archive)
    refused(await tally.caller(Role.SYSTEM).get("/v1/events"), 503, "archive-unreadable")
    assert (await tally.caller(Role.SYSTEM).get("/v1/events", after=last["next_cursor"])).json()["items"] == []


async def test_readers_see_every_row_once_while_days_are_put_away(tally: ServiceUnderTest, archive: Archive) -> None:
    days = [DAY + timedelta(n // 40) for n in range(400)]
    for day in sorted(set(days)):
        await make_partition(tally, day)
    written = await write(tally, [Written(xid=n + 1, day=day, shard=n % 2) for n, day in enumerate(days)])
    await publish_all(tally)
    working = asyncio.create_task(archive_ledger(tally.database, archive, keep_days=KEEP_DAYS))
    rounds = 0
    while not working.done() or rounds == 0:
        assert ids(await read_all(tally, Archive(archive.directory.parent, "tally"), limit=23)) == written  # type: ignore[union-attr]
        rounds += 1
    assert len(await working) == 10
    assert ids(await read_all(tally, archive, limit=23)) == written


async def test_of_two_who_would_archive_one_does(tally: ServiceUnderTest, archive: Archive) -> None:
    await days_around_midnight(tally)
    await publish_all(tally)
    done = await asyncio.gather(*(archive_ledger(tally.database, archive, keep_days=KEEP_DAYS) for _ in range(4)))
    assert sorted(day.day for days in done for day in days) == [DAY + timedelta(n) for n in (0, 1, 2, 9)]
