"""What relay and consumer lean on in Kafka."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from aiokafka.errors import IllegalStateError
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.relay import Ack

from tests.fault.conformance.brokers import Broker, Reader

ONLY: Partition = (MARKS.name, 0)
KEYS = (b"a", b"b", b"c", b"d")
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
