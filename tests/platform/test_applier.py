"""Effect once, over real Postgres: duplicates, disorder and poison, fed record by record without Kafka between."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Applier, GapInPartition, Received, Record, TooManyDeadLetters, runs
from simpul_shared.platform.database import Transaction

from tests.support.services import ServiceUnderTest
from tests.support.tally.service import renamed


async def tallied(tally: ServiceUnderTest, library: UUID) -> list[str]:
    names = await tally.database.pool.fetchval("select names from tally where library_id = $1", library)
    return names or []


def at_new_offsets(tally: ServiceUnderTest, records: Sequence[Record]) -> list[Record]:
    return [tally.record(r.topic, r.key, r.value) for r in records]


async def test_records_sent_again_at_new_offsets_count_once(tally: ServiceUnderTest) -> None:
    library = uuid4()
    records = await tally.announce(*(renamed(library, str(n)) for n in range(5)))
    for _ in range(10):
        await tally.apply(records)
        records = at_new_offsets(tally, records)
    assert await tallied(tally, library) == ["0", "1", "2", "3", "4"]


async def test_the_same_offsets_delivered_again_count_once(tally: ServiceUnderTest) -> None:
    library = uuid4()
    records = await tally.announce(*(renamed(library, str(n)) for n in range(5)))
    await tally.apply(records[:3])
    await tally.apply(records)
    assert await tallied(tally, library) == ["0", "1", "2", "3", "4"]


async def test_shuffled_versions_are_applied_in_order(tally: ServiceUnderTest) -> None:
    libraries = [uuid4() for _ in range(20)]
    records = await tally.announce(*(renamed(library, str(n)) for n in range(15) for library in libraries))
    random.Random(7).shuffle(records)
    shuffled = at_new_offsets(tally, records)
    for start in range(0, len(shuffled), 40):
        await tally.apply(shuffled[start : start + 40])
    for library in libraries:
        assert await tallied(tally, library) == [str(n) for n in range(15)]
    assert {letter["state"] for letter in await tally.dead_letters()} == {"resolved"}


async def test_poison_blocks_its_own_aggregate_only(tally: ServiceUnderTest) -> None:
    sick, well = uuid4(), uuid4()
    names = ["0", "handler bug", "2", "3"]
    records = await tally.announce(
        *(
            renamed(library, name)
            for name in names
            for library in (sick, well)
            if (library, name) != (well, "handler bug")
        )
    )
    await tally.apply(records)
    assert await tallied(tally, sick) == ["0"]
    assert await tallied(tally, well) == ["0", "2", "3"]
    letters = [(row["state"], row["reason"], row["aggregate_version"]) for row in await tally.dead_letters()]
    assert letters == [
        ("poison", "handler-failed", 2),
        ("waiting", "behind-poison", 3),
        ("waiting", "behind-poison", 4),
    ]


async def test_events_that_come_with_poison_are_handled_a_few_times_at_most(tally: ServiceUnderTest) -> None:
    handled = 0

    async def count(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
        nonlocal handled
        handled += len(events)
        await tally.service.handlers[LibraryRenamed](tx, events)

    names = ["handler bug" if number % 100 == 50 else "x" for number in range(800)]
    records = await tally.announce(*(renamed(uuid4(), name) for name in names))
    applier = Applier(tally.store, {LibraryRenamed: count}, attempts=1)
    await applier.apply(records, earliest={})
    assert await tally.database.pool.fetchval("select count(*) from tally") == 792
    assert handled <= 3 * len(records)


async def test_later_events_of_a_poisoned_aggregate_wait_in_later_batches(tally: ServiceUnderTest) -> None:
    sick = uuid4()
    await tally.apply(await tally.announce(renamed(sick, "handler bug")))
    await tally.apply(await tally.announce(renamed(sick, "1"), renamed(sick, "2")))
    assert await tallied(tally, sick) == []
    assert [row["state"] for row in await tally.dead_letters()] == ["poison", "waiting", "waiting"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{not json", "envelope-unreadable"),
        (None, "envelope-unreadable"),
        (b'{"specversion":"1.0"}', "envelope-unreadable"),
        (b"\xff\xfe\x00", "envelope-unreadable"),
    ],
)
async def test_an_unreadable_record_is_kept_with_its_bytes(
    tally: ServiceUnderTest, value: bytes | None, reason: str
) -> None:
    library = uuid4()
    good = await tally.announce(renamed(library, "before"))
    bad = replace(tally.record(LIBRARIES.name, b"k", value), headers=[("x", None), ("y", b"\xff")])
    after = await tally.announce(renamed(library, "after"))
    await tally.apply([*good, bad, *after])
    (letter,) = await tally.dead_letters()
    assert (letter["state"], letter["reason"], letter["value"]) == ("poison", reason, value)
    assert await tallied(tally, library) == ["before", "after"]


async def test_a_record_is_kept_whatever_its_headers_are_called(tally: ServiceUnderTest) -> None:
    bad = replace(tally.record(LIBRARIES.name, b"k", b"{"), headers=[("a\x00b", b"1")])
    await tally.apply([bad])
    (letter,) = await tally.dead_letters()
    assert letter["headers"] == {"a\\u0000b": "31"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"library-renamed.v1", b"library-renamed.v9", "event-type-unknown"),
        (b'"new_name":"x"', b'"new_name":7', "data-unreadable"),
        (b'"new_name":"x"', b'"new_name":"\\u0000"', "handler-failed"),
    ],
)
async def test_an_unusable_event_is_kept_and_blocks_its_version(
    tally: ServiceUnderTest, old: bytes, new: bytes, reason: str
) -> None:
    library = uuid4()
    (record,) = await tally.announce(renamed(library, "x"))
    assert record.value is not None
    assert old in record.value
    await tally.apply([replace(record, value=record.value.replace(old, new))])
    await tally.apply(await tally.announce(renamed(library, "next")))
    letters = [(row["state"], row["reason"], row["aggregate_id"]) for row in await tally.dead_letters()]
    assert letters == [("poison", reason, library), ("waiting", "behind-poison", library)]


async def test_the_consumer_stops_when_nearly_everything_fails(tally: ServiceUnderTest) -> None:
    records = await tally.announce(*(renamed(uuid4(), "handler bug") for _ in range(30)))
    applier = Applier(tally.store, tally.service.handlers, poison_run=20, attempts=1)
    with pytest.raises(TooManyDeadLetters):
        await applier.apply(records, earliest={})
    assert await tally.dead_letters() == []
    assert await tally.store.stored_offsets() == {}


async def test_a_hole_in_the_delivery_is_refused_unless_retention_made_it(tally: ServiceUnderTest) -> None:
    library = uuid4()
    first, _, third = await tally.announce(*(renamed(library, str(n)) for n in range(3)))
    applier = Applier(tally.store, tally.service.handlers)
    await applier.apply([first], earliest={})
    with pytest.raises(GapInPartition):
        await applier.apply([third], earliest={})
    await applier.apply([third], earliest={(LIBRARIES.name, 0): third.offset})
    assert await tallied(tally, library) == ["0"]
    assert [row["reason"] for row in await tally.dead_letters()] == ["version-missing"]


def at_offsets_from(first: int, records: Sequence[Record]) -> list[Record]:
    """The same records as a topic made anew would have them."""
    return [replace(record, offset=first + place) for place, record in enumerate(records)]


async def test_below_the_stored_offset_the_version_decides(tally: ServiceUnderTest) -> None:
    library = uuid4()
    known = await tally.announce(*(renamed(library, str(n)) for n in range(5)))
    await tally.apply(known)
    unknown = await tally.announce(*(renamed(library, str(n)) for n in range(5, 8)))
    await tally.apply(at_offsets_from(0, [known[4], *unknown]))
    assert await tallied(tally, library) == [str(n) for n in range(8)]
    assert await tally.store.stored_offsets() == {(LIBRARIES.name, 0): 5}


async def test_below_the_stored_offset_a_version_too_early_waits_for_its_turn(tally: ServiceUnderTest) -> None:
    library = uuid4()
    await tally.apply(await tally.announce(*(renamed(uuid4(), "other") for _ in range(5))))
    first, second, third = at_offsets_from(0, await tally.announce(*(renamed(library, str(n)) for n in range(3))))
    await tally.apply([third])
    await tally.apply([second, first])
    assert await tallied(tally, library) == ["0", "1", "2"]
    assert {letter["state"] for letter in await tally.dead_letters()} == {"resolved"}


async def test_below_the_stored_offset_an_unreadable_record_makes_no_letter_twice(tally: ServiceUnderTest) -> None:
    bad = tally.record(LIBRARIES.name, b"k", b"{not json")
    await tally.apply([bad])
    await tally.database.pool.execute("update dead_letter set state = 'dismissed'")
    await tally.apply([bad])
    assert [letter["state"] for letter in await tally.dead_letters()] == ["dismissed"]


async def test_below_the_stored_offset_a_mark_says_nothing(tally: ServiceUnderTest) -> None:
    library = uuid4()
    early = LowWaterMark(service="tally", shard=0, through=datetime.now(UTC), offsets={})
    late = LowWaterMark(service="tally", shard=0, through=datetime.now(UTC), offsets={LIBRARIES.name: {"0": 3}})
    later = tally.record(MARKS.name, b"tally/0", msgspec.json.encode(late))
    await tally.apply([later])
    await tally.apply([replace(later, value=msgspec.json.encode(early)), *await tally.announce(renamed(library, "x"))])
    marks = await tally.database.pool.fetch("select through from low_water_mark")
    assert [mark["through"] for mark in marks] == [late.through]
    assert await tallied(tally, library) == ["x"]


async def test_another_record_at_the_offset_of_a_letter_makes_a_letter_of_its_own(tally: ServiceUnderTest) -> None:
    old, new = uuid4(), uuid4()
    _, waiting = await tally.announce(renamed(old, "0"), renamed(old, "1"))
    await tally.apply([replace(waiting, offset=0)])
    first, second = await tally.announce(renamed(new, "0"), renamed(new, "1"))
    await tally.apply([replace(second, offset=0)])
    await tally.apply([replace(first, offset=1)])
    assert await tallied(tally, new) == ["0", "1"]
    letters = [(one["aggregate_id"], one["state"], one["value"]) for one in await tally.dead_letters()]
    assert letters == [(old, "waiting", waiting.value), (new, "resolved", second.value)]


async def test_types_that_nobody_handles_still_move_the_version_on(tally: ServiceUnderTest) -> None:
    from datetime import date

    from simpul_shared.contracts.registry import LibraryActivated

    library = uuid4()
    await tally.receive(LibraryActivated(library_id=library, effective_on=date(2021, 1, 1)), renamed(library, "then"))
    assert await tallied(tally, library) == ["then"]


async def test_runs_keep_the_order_within_a_key(tally: ServiceUnderTest) -> None:
    from datetime import date

    from simpul_shared.contracts.registry import LibraryActivated
    from simpul_shared.platform.consume import _read

    rng = random.Random(3)
    libraries = [uuid4() for _ in range(4)]
    events = [
        renamed(rng.choice(libraries), str(n))
        if rng.random() < 0.5
        else LibraryActivated(library_id=rng.choice(libraries), effective_on=date(2021, 1, 1))
        for n in range(200)
    ]
    received = [_read(record).received for record in await tally.announce(*events)]
    grouped = [one for _, run in runs([r for r in received if r is not None]) for one in run]
    for library in libraries:
        versions = [one.version for one in grouped if one.event.library_id == library]
        assert versions == sorted(versions)
    assert len(grouped) == 200
