"""Topics that Kafka loses and gets back: noticed, said, filled again from the ledger, and everything counted once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from simpul_operator.topics import ensure_topics
from simpul_shared.access import Role
from simpul_shared.contracts.topics import LIBRARIES, TOPICS
from simpul_shared.platform.archive import Archive
from simpul_shared.platform.archiving import archive_ledger
from simpul_shared.platform.marks import applied_through
from simpul_shared.platform.relay import Lane
from simpul_shared.platform.settings import PlatformSettings
from simpul_shared.platform.topic_ids import topic_ids
from simpul_shared.platform.worker import Worker

from tests.support.ledgers import as_owner, make_partition
from tests.support.pipeline import drain, topic_names, topics, working
from tests.support.services import ORIGIN, ServiceUnderTest
from tests.support.tally.service import renamed

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def admin(settings: PlatformSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def lose(settings: PlatformSettings) -> None:
    """Delete every topic; return when none is left."""
    names = [settings.topic_prefix + topic.name for topic in TOPICS]
    async with admin(settings) as client, topic_ids(settings.kafka_bootstrap, "") as ids:
        await client.delete_topics(names)
        await until(lambda: _none(ids.read(names)))


async def make_anew(settings: PlatformSettings) -> None:
    await ensure_topics(settings.kafka_bootstrap, prefix=settings.topic_prefix)


async def _none(found: Any) -> bool:
    return not await found


async def until(reached: Callable[[], Any], *, seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await reached():  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.1)


async def restore(tally: ServiceUnderTest, *names: str) -> None:
    """As an operator: ask, then wait until it is done."""
    operator = tally.caller(Role.OPERATOR, "ID")
    asked = await operator.post("/v1/relay/restore", {"topics": list(names), "reason": "the broker lost its disk"})
    assert asked.status_code == 202, asked.text

    async def done() -> bool:
        items = (await operator.get("/v1/relay")).json()["items"]
        return not any(one["restoring"] for one in items)

    await until(done)


async def counted(tally: ServiceUnderTest) -> dict[UUID, list[str]]:
    return {row["library_id"]: row["names"] for row in await tally.database.pool.fetch("select * from tally")}


async def test_all_topics_lost_while_running_are_filled_again_and_everything_is_counted_once(
    tally: ServiceUnderTest, kafka: str
) -> None:
    libraries = [uuid4() for _ in range(20)]
    async with topics(kafka) as settings, working(settings, tally) as (worker,):
        await tally.announce(*(renamed(library, f"before {n}") for n in range(5) for library in libraries))
        await drain(tally, tally)
        await lose(settings)
        await tally.announce(*(renamed(library, f"during {n}") for n in range(5) for library in libraries))
        await until(lambda: _troubled(worker))
        await make_anew(settings)
        await restore(tally)
        await tally.announce(*(renamed(library, "after") for library in libraries))
        await drain(tally, tally, seconds=90)
        await until(lambda: _at_ease(worker))
        told = [(one.key, one.value) for one in await _all_records(settings)]
    expected = [*(f"before {n}" for n in range(5)), *(f"during {n}" for n in range(5)), "after"]
    assert await counted(tally) == dict.fromkeys(libraries, expected)
    assert await tally.dead_letters() == []
    rows = await tally.database.pool.fetch("select key, value from ledger")
    assert {(row["key"], row["value"]) for row in rows} == set(told)
    actions = await tally.database.pool.fetch("select action, subject, reason from operator_action")
    assert {(row["action"], row["reason"]) for row in actions} == {("topic.restore", "the broker lost its disk")}


async def _troubled(worker: Worker) -> bool:
    troubles = await worker.troubles()
    return "simpul topics restore" in troubles.get("relay", "") and "simpul topics restore" in troubles.get(
        "consumer", ""
    )


async def _at_ease(worker: Worker) -> bool:
    return not await worker.troubles()


async def _all_records(settings: PlatformSettings) -> list[Any]:
    consumer = AIOKafkaConsumer(
        settings.topic_prefix + LIBRARIES.name,
        bootstrap_servers=settings.kafka_bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            fetched = await consumer.getmany(timeout_ms=500)
            records += [one for some in fetched.values() for one in some]
        return records
    finally:
        await consumer.stop()


async def test_events_lost_before_the_consumer_had_them_are_not_called_final_until_they_are_restored(
    tally: ServiceUnderTest, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer is down, the topic is made anew under it: what it stored of the old topic says nothing of the new one."""
    library = uuid4()
    consuming = tally.service.topics
    async with topics(kafka) as settings:
        async with working(settings, tally):
            await tally.announce(*(renamed(library, f"first {n}") for n in range(5)))
            await drain(tally, tally)
        object.__setattr__(tally.service, "topics", ())  # a relay without its consumer
        async with working(settings, tally):
            await tally.announce(*(renamed(library, f"unseen {n}") for n in range(5)))
            await until(lambda: _published(tally))
            lost_at = await tally.database.pool.fetchval("select clock_timestamp()")
            await lose(settings)
            await make_anew(settings)
            await tally.announce(*(renamed(library, f"new {n}") for n in range(12)))
            await until(lambda: _published(tally))
        object.__setattr__(tally.service, "topics", consuming)
        async with working(settings, tally):
            await until(lambda: _waiting(tally))
            assert await _final(tally) < lost_at
            await restore(tally)
            await drain(tally, tally, seconds=90)
    names = [*(f"first {n}" for n in range(5)), *(f"unseen {n}" for n in range(5)), *(f"new {n}" for n in range(12))]
    assert await counted(tally) == {library: names}


async def _published(tally: ServiceUnderTest) -> bool:
    return bool(
        await tally.database.pool.fetchval(
            """
            select not exists (select from ledger join relay_cursor as c using (shard) where (ledger.xid, ledger.id) > (c.xid, c.id))
            """
        )
    )


async def _waiting(tally: ServiceUnderTest) -> bool:
    return len(await tally.dead_letters()) == 12


async def _final(tally: ServiceUnderTest) -> datetime:
    async with tally.database.snapshot(ORIGIN) as tx:
        marks = await applied_through(tx, "tally", topic_names(tally))
    return marks.get("tally", datetime.min.replace(tzinfo=UTC))


async def test_a_restore_that_was_interrupted_goes_on_before_anything_newer(
    tally: ServiceUnderTest, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simpul_shared.platform.relay_topics._PAGE_ROWS", 10)
    libraries = [uuid4() for _ in range(20)]
    crashes = 0
    reach = Lane.__dict__["_send_again"]

    async def crash_in_the_middle(self: Lane, *args: Any) -> None:
        nonlocal crashes
        sent = self.topics.sent_again

        async def sent_then_crash(topic: str, rows: Any) -> None:
            nonlocal crashes
            await sent(topic, rows)
            if crashes < 4:
                crashes += 1
                raise ConnectionError("the machine went away")

        monkeypatch.setattr(self.topics, "sent_again", sent_then_crash)
        await reach(self, *args)

    monkeypatch.setattr(Lane, "_send_again", crash_in_the_middle)
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(*(renamed(library, str(n)) for n in range(5) for library in libraries))
        await drain(tally, tally)
        await lose(settings)
        await make_anew(settings)
        await restore(tally)
        await tally.announce(*(renamed(library, "after") for library in libraries))
        await drain(tally, tally, seconds=90)
        versions: dict[bytes, list[int]] = {}
        for one in await _all_records(settings):
            versions.setdefault(one.key, []).append(int(one.value.split(b":")[1].split(b",")[0]))
    assert crashes == 4
    assert await counted(tally) == {library: [*(str(n) for n in range(5)), "after"] for library in libraries}
    assert all(list(dict.fromkeys(seen)) == [1, 2, 3, 4, 5, 6] for seen in versions.values())


async def test_days_that_are_in_the_archive_by_now_are_sent_again_too(
    tally: ServiceUnderTest, kafka: str, tmp_path: Path
) -> None:
    libraries = [uuid4() for _ in range(20)]
    archive = Archive(tmp_path, tally.service.name)
    async with topics(kafka, archive_dir=tmp_path) as settings, working(settings, tally):
        await tally.announce(*(renamed(library, f"old {n}") for n in range(3) for library in libraries))
        await drain(tally, tally)
        await _as_of(tally, date(2025, 3, 1))
        await tally.announce(*(renamed(library, "recent") for library in libraries))
        await drain(tally, tally)
        published = {(one.key, one.value) for one in await _all_records(settings)}
        assert [day.events for day in await archive_ledger(tally.database, archive, keep_days=30)] == [60]
        assert await tally.database.pool.fetchval("select count(*) from ledger") == 20
        await lose(settings)
        await make_anew(settings)
        await restore(tally)
        sent_again = await _all_records(settings)
    assert {(one.key, one.value) for one in sent_again} == published
    versions: dict[bytes, list[int]] = {}
    for one in sent_again:
        versions.setdefault(one.key, []).append(int(one.value.split(b":")[1].split(b",")[0]))
    assert list(versions.values()) == [[1, 2, 3, 4]] * 20


async def _as_of(tally: ServiceUnderTest, day: date) -> None:
    """Have what the ledger holds been recorded on that day."""
    await make_partition(tally, day)
    await as_owner(tally, f"update ledger set recorded_on = '{day}'")  # noqa: S608 (a date)


async def test_only_topics_of_the_service_are_restored_and_only_by_operators(
    tally: ServiceUnderTest,
) -> None:
    body = {"topics": ["simpul.elsewhere.v1"], "reason": "why not"}
    refused = await tally.caller(Role.OPERATOR, "ID").post("/v1/relay/restore", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "topic-not-written")
    forbidden = await tally.caller(Role.PROVINCE_ADMIN, "51").post("/v1/relay/restore", {"reason": "why not"})
    assert forbidden.status_code == 403
