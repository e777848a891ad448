"""One record in a hundred is poison, of eight kinds, and everything comes ten times: the totals are exact."""

import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.consume import Record
from simpul_shared.platform.settings import PlatformSettings

from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest
from tests.support.tally.service import renamed

KINDS = 8


async def send(settings: PlatformSettings, records: Sequence[Record]) -> None:
    """Straight into Kafka, as a broken producer would."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        sent = [
            await producer.send(settings.topic_prefix + r.topic, key=r.key, value=r.value, headers=list(r.headers))
            for r in records
        ]
        for future in sent:
            await future
    finally:
        await producer.stop()


async def poison(tally: ServiceUnderTest, kind: int) -> Record:
    """A record of one of eight kinds that can never be applied."""
    names = {5: "no parent", 6: "handler bug"}
    (record,) = await tally.announce(renamed(uuid4(), names.get(kind, "x")))
    value = record.value or b""
    changed = {
        0: b"{not json",
        1: value.replace(b'"new_name":"x"', b'"new_name":7'),
        2: value.replace(b'"new_name":"x"', b'"new_name":"\\u0000"'),
        3: b"x" * 900_000,
        4: value.replace(b"library-renamed.v1", b"library-painted.v1"),
        7: value.replace(b"library-renamed.v1", b"library-renamed.v2"),
    }
    return replace(record, value=changed.get(kind, value), headers=[("broken", None)] if kind == 0 else ())


async def test_one_percent_poison_of_eight_kinds_leaves_the_totals_exact(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(200)]
    good = await tally.announce(*(renamed(library, str(n)) for n in range(20) for library in libraries))
    bad = [await poison(tally, number % KINDS) for number in range(40)]
    mixed = list(good)
    for record in bad:
        mixed.insert(random.Random(5).randrange(len(mixed)), record)
    async with topics(kafka) as settings:
        await send(settings, mixed)
        async with working(settings, tally):
            await drain(tally, tally)
    rows = await tally.database.pool.fetch("select library_id, names from tally where library_id = any($1)", libraries)
    assert len(rows) == 200
    assert all(list(row["names"]) == [str(n) for n in range(20)] for row in rows)
    letters = await tally.dead_letters()
    kept = {bytes(letter["value"]) for letter in letters if letter["state"] == "poison"}
    assert {record.value for record in bad} <= kept
    assert {letter["reason"] for letter in letters} == {
        "envelope-unreadable",
        "data-unreadable",
        "handler-failed",
        "event-type-unknown",
    }


async def test_everything_ten_times_counts_once(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(100)]
    records = await tally.announce(*(renamed(library, str(n)) for n in range(10) for library in libraries))
    async with topics(kafka) as settings:
        for _ in range(10):
            await send(settings, records)
        async with working(settings, tally):
            await drain(tally, tally)
    rows = await tally.database.pool.fetch("select names from tally")
    assert [list(row["names"]) for row in rows] == [[str(n) for n in range(10)]] * 100
    assert await tally.dead_letters() == []


async def test_shuffled_in_kafka_they_are_applied_in_order(tally: ServiceUnderTest, kafka: str) -> None:
    libraries = [uuid4() for _ in range(50)]
    records = await tally.announce(*(renamed(library, str(n)) for n in range(20) for library in libraries))
    random.Random(11).shuffle(records)
    async with topics(kafka) as settings:
        await send(settings, records)
        async with working(settings, tally):
            await drain(tally, tally)
    rows = await tally.database.pool.fetch("select names from tally")
    assert [list(row["names"]) for row in rows] == [[str(n) for n in range(20)]] * 50
    assert {letter["state"] for letter in await tally.dead_letters()} <= {"resolved"}
    assert LIBRARIES in tally.service.topics
