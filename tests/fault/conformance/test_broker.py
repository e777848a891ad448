"""What relay and consumer lean on in Kafka."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from itertools import product

import pytest
from aiokafka.errors import IllegalStateError
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.relay import Ack, Place, Row

from tests.fault.conformance.brokers import Broker, Reader

ONLY: Partition = (MARKS.name, 0)
KEYS = (b"a", b"b", b"c", b"d")
TOPICS = (LIBRARIES.name, MARKS.name)
TRACED = [("content-type", b"application/cloudevents+json; charset=utf-8"), ("traceparent", b"00-1-2-01")]
HEADERS = [("traceparent", b"00-1-2-01"), ("content-type", b"application/json")]


async def test_records_of_a_key_come_once_in_the_order_they_were_sent_where_the_acks_said(broker: Broker) -> None:
    sent = [(KEYS[number % len(KEYS)], b"%d" % number) for number in range(40)]
    acks = await send(broker, LIBRARIES.name, sent)
    async with broker.member() as reader:
        await until(lambda: {value for _, value in sent} <= set(values(reader.records)))
    for key in KEYS:
        of_key = [record for record in reader.records if record.key == key]
        assert [(key, value) for value in values(of_key)] == [one for one in sent if one[0] == key]
        assert offsets(of_key) == sorted(set(offsets(of_key)))
        assert len({record.partition for record in of_key}) == 1
    places = {record.value: (record.partition, record.offset) for record in reader.records}
    assert [places[value] for _, value in sent] == [(ack.partition, ack.offset) for ack in acks]
    assert all(list(record.headers) == HEADERS for record in reader.records)


async def test_what_a_second_producer_sends_again_stands_twice_the_second_time_later(broker: Broker) -> None:
    page = [b"1", b"2", b"3"]
    first = await send_marks(broker, *page)
    second = await send_marks(broker, *page)
    async with broker.member() as reader:
        await until(lambda: len(reader.records) >= 6)
    assert values(reader.records) == page + page
    assert offsets(reader.records) == first + second == [0, 1, 2, 3, 4, 5]


async def test_a_member_begins_at_the_beginning_where_nothing_is_committed(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2")
    async with broker.member() as first:
        await until(lambda: len(first.records) >= 2)
    async with broker.member() as second:
        await until(lambda: len(second.records) >= 2)
    assert values(first.records) == values(second.records) == [b"1", b"2"]


async def test_after_a_seek_the_records_from_there_come_again_in_order(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2", b"3")
    async with broker.member() as reader:
        await until(lambda: len(reader.records) >= 3)
        reader.membership.seek(ONLY, 1)
        await until(lambda: len(reader.records) >= 5)
        await send_marks(broker, b"4")
        await until(lambda: len(reader.records) >= 6)
    assert offsets(reader.records) == [0, 1, 2, 1, 2, 3]


async def test_a_seek_on_assignment_goes_before_what_was_committed(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2", b"3", b"4")
    async with broker.member() as first:
        await until(lambda: len(first.records) >= 4)
        await first.membership.commit({ONLY: 3})
    async with broker.member() as at_the_commit:
        await until(lambda: len(at_the_commit.records) >= 1)
    async with broker.member(begin_at={ONLY: 1}) as elsewhere:
        await until(lambda: offsets(elsewhere.records)[-3:] == [1, 2, 3])
    assert offsets(at_the_commit.records) == [3]
    # What was fetched from the commit on may come before the seek (aiokafka #738).
    assert offsets(elsewhere.records)[:-3] in ([], [3])


async def test_two_members_share_the_partitions_and_who_stays_has_all_again(broker: Broker) -> None:
    async with broker.member() as first:
        await until(lambda: first.holds(broker.partitions))
        async with broker.member() as second:
            await until(lambda: shared(broker, first, second))
        await until(lambda: first.holds(broker.partitions))
        await send_marks(broker, b"1")
        await until(lambda: values(first.records) == [b"1"])


async def test_seeking_and_committing_what_another_member_has_changes_nothing(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2")
    async with broker.member() as one, broker.member() as two:
        await until(lambda: shared(broker, one, two) and bool(one.records or two.records))
        other = two if ONLY in one.membership.assignment() else one
        with pytest.raises(IllegalStateError):
            other.membership.seek(ONLY, 2)
        await other.membership.commit({ONLY: 2})
    async with broker.member() as later:
        await until(lambda: values(later.records) == [b"1", b"2"])


async def test_a_fresh_topic_begins_at_0_and_one_with_deleted_records_behind_them(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2", b"3")
    async with broker.member() as reader:
        await until(lambda: reader.holds(broker.partitions))
        assert await reader.membership.beginning_offset(ONLY) == 0
        await broker.delete_below(ONLY, 2)
        assert await reader.membership.beginning_offset(ONLY) == 2


@pytest.mark.parametrize("position", [0, 1, 4, 1000])
async def test_a_position_that_kafka_does_not_have_is_moved_to_the_earliest(broker: Broker, position: int) -> None:
    await send_marks(broker, b"1", b"2", b"3")
    async with broker.member() as reader:
        await until(lambda: len(reader.records) >= 3)
        await broker.delete_below(ONLY, 2)
        reader.membership.seek(ONLY, position)
        await until(lambda: len(reader.records) >= 4)
    assert offsets(reader.records) == [0, 1, 2, 2]


async def test_a_page_is_written_once_in_the_order_of_its_keys_where_the_acks_said(broker: Broker) -> None:
    before = await send(broker, LIBRARIES.name, [(key, b"before") for key in KEYS])
    # Those of one key are together more than a batch holds, so that several go to one partition.
    rows = [page_row(topic, KEYS[n % 4], b"%03d" % n + bytes(15_000)) for n in range(120) for topic in TOPICS]
    async with broker.producing() as producer:
        sent = await producer.send_all(rows)
        acks = [await one.ack for one in sent]
    async with broker.member() as reader:
        await until(lambda: len(reader.records) >= len(before) + len(rows))
    read = [record for record in reader.records if record.value != b"before"]
    for topic, key in product(TOPICS, KEYS):
        of_key = [record for record in read if (record.topic, record.key) == (topic, key)]
        assert values(of_key) == [row.value for row in rows if (row.topic, row.key) == (topic, key)]
        assert offsets(of_key) == sorted(set(offsets(of_key)))
    told = [
        (one.topic, ack.partition, offset)
        for one, ack in zip(sent, acks, strict=True)
        for offset in range(ack.offset, ack.offset + one.records)
    ]
    assert sorted(told) == sorted((record.topic, record.partition, record.offset) for record in read)
    places = {record.key: record.partition for record in read if record.topic == LIBRARIES.name}
    assert [places[key] for key in KEYS] == [ack.partition for ack in before], "as those that are sent one by one"
    assert all(list(record.headers) == TRACED for record in read)


def page_row(topic: str, key: bytes, value: bytes) -> Row:
    return Row(Place(1, 1, date(2026, 11, 22)), topic, key, value, "00-1-2-01")


async def test_at_the_end_a_member_waits_for_what_comes_next(broker: Broker) -> None:
    await send_marks(broker, b"1", b"2")
    async with broker.member() as reader:
        await until(lambda: len(reader.records) >= 2)
        reader.membership.seek(ONLY, 2)
        await send_marks(broker, b"3")
        await until(lambda: len(reader.records) >= 3)
    assert offsets(reader.records) == [0, 1, 2]


async def send(broker: Broker, topic: str, records: Sequence[tuple[bytes, bytes]]) -> list[Ack]:
    async with broker.producing() as producer:
        sent = [await producer.send(topic, key=key, value=value, headers=HEADERS) for key, value in records]
        return [await ack for ack in sent]


async def send_marks(broker: Broker, *payloads: bytes) -> list[int]:
    """Their offsets in the only partition."""
    return [ack.offset for ack in await send(broker, MARKS.name, [(b"key", payload) for payload in payloads])]


def shared(broker: Broker, one: Reader, two: Reader) -> bool:
    mine, others = set(one.membership.assignment()), set(two.membership.assignment())
    return bool(mine and others) and not mine & others and mine | others == broker.partitions


def values(records: Sequence[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def offsets(records: Sequence[Record]) -> list[int]:
    return [record.offset for record in records]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 (what it looks at has no event)
            await asyncio.sleep(0.02)
