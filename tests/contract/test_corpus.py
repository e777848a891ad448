"""The golden corpus: every event version ever released is read by this build, and says what it said then."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import LowWaterMark
from simpul_shared.contracts.reading import UPCASTERS, latest, read_data
from simpul_shared.contracts.schemas import MARK
from simpul_shared.contracts.topics import MARKS
from simpul_shared.platform import consume
from simpul_shared.platform.consume import Received, Record

from tests.contract.released import Revision, Whole, revisions, said_of
from tests.support.published import checked_by, require_published
from tests.support.reference import ALL

REVISIONS = [one for ones in revisions().values() for one in ones]
OF_EVENTS = [one for one in REVISIONS if one.type != MARK]
OF_MARKS = [one for one in REVISIONS if one.type == MARK]


def name_of(revision: Revision) -> str:
    return f"{revision.type}/{revision.number}"


def read(value: bytes) -> Received[Any]:
    """As the consumer reads it. Errors: the Poison it would be kept aside for."""
    item = consume._read(Record("topic", 0, 0, b"", value))
    if item.problem is not None:
        raise item.problem
    assert item.received is not None
    return item.received


def told(one: Received[Any]) -> dict[str, Any]:
    envelope = {
        "event_id": str(one.event_id),
        "version": one.version,
        "occurred_at": one.occurred_at,
        "recorded_at": one.recorded_at,
        "correlation_id": one.correlation_id,
        "traceparent": one.traceparent,
    }
    return {**msgspec.to_builtins(envelope), **said_of(one.event)}


def holds(expected: Any, found: Any) -> bool:
    """Whether all that is expected is found; later builds may find more fields."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and holds(value, found[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list | tuple)
            and len(expected) == len(found)
            and all(holds(one, other) for one, other in zip(expected, found, strict=True))
        )
    return bool(expected == found)


@pytest.mark.parametrize("revision", OF_EVENTS, ids=name_of)
def test_every_event_ever_released_says_what_it_said(revision: Revision) -> None:
    kind = EVENTS[revision.type]
    for value, said in zip(revision.events(), revision.said(), strict=True):
        data = msgspec.json.decode(value, type=Whole).data
        assert holds(said, {**told(read(value)), **said_of(msgspec.json.decode(data, type=kind))})


@pytest.mark.parametrize("revision", OF_EVENTS, ids=name_of)
def test_every_event_ever_released_reaches_handlers_as_its_latest_version(revision: Revision) -> None:
    expected = revision.said() if EVENTS[revision.type] not in UPCASTERS else revision.upcast()
    assert expected is not None
    for value, said in zip(revision.events(), expected, strict=True):
        received = read(value)
        assert type(received.event) is latest(EVENTS[revision.type])
        assert (str(received.event.aggregate_id), received.event.key.decode()) == (said["aggregate_id"], said["key"])
        if said["type"] == received.event.type:
            assert holds(said, told(received))


@pytest.mark.parametrize("revision", OF_EVENTS, ids=name_of)
def test_the_corpus_follows_the_schema_released_with_it_and_the_one_published_now(revision: Revision) -> None:
    then = checked_by(revision.schema)
    for value in revision.events():
        assert then.is_valid(json.loads(value))
        assert require_published(value) == revision.type


@pytest.mark.parametrize("revision", OF_MARKS, ids=name_of)
def test_every_mark_ever_released_says_what_it_said(revision: Revision) -> None:
    for value, said in zip(revision.events(), revision.said(), strict=True):
        require_published(value, name=MARK)
        mark = consume._decode_mark(Record(MARKS.name, 0, 0, b"", value))
        assert isinstance(mark, LowWaterMark)
        assert holds(said, msgspec.to_builtins(mark))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(one)


@pytest.mark.parametrize("revision", OF_EVENTS, ids=name_of)
def test_fields_of_a_newer_producer_are_passed_over_at_every_level(revision: Revision) -> None:
    for value in revision.events():
        document = json.loads(value)
        for place in list(objects(document)):
            place["from_the_future"] = {"deep": [1, None, "x"]}
        grown = json.dumps(document, ensure_ascii=False).encode()
        assert told(read(grown)) == told(read(value))
        require_published(grown)


@pytest.mark.parametrize("revision", OF_MARKS, ids=name_of)
def test_fields_of_a_newer_relay_are_passed_over_in_marks(revision: Revision) -> None:
    for value in revision.events():
        grown = json.dumps({**json.loads(value), "from_the_future": {"deep": [1]}}).encode()
        record = Record(MARKS.name, 0, 0, b"", value)
        assert consume._decode_mark(replace(record, value=grown)) == consume._decode_mark(record)


@pytest.mark.parametrize("revision", OF_EVENTS, ids=name_of)
def test_an_older_producer_may_leave_out_what_is_optional(revision: Revision) -> None:
    required = revision.schema["properties"]["data"]["required"]
    for value in revision.events():
        document = json.loads(value)
        document["data"] = {name: one for name, one in document["data"].items() if name in required}
        event = read_data(revision.type, msgspec.Raw(json.dumps(document["data"]).encode()))
        assert holds(document["data"], msgspec.to_builtins(event)) or type(event) is not EVENTS[revision.type]


def test_the_corpus_has_every_released_version_with_odd_texts_and_both_ends() -> None:
    assert {one.type for one in REVISIONS} == {*EVENTS, MARK}
    for one in REVISIONS:
        assert len(one.events()) >= 5
    texts = b"".join(value for one in REVISIONS for value in one.events())
    for sign in ("עברית", "👩🏽\u200d🏫", "\u2028", "0001-01-01", "9999-12-31", "9223372036854775807"):
        assert sign.encode() in texts


def test_every_superseded_version_leads_to_a_current_one() -> None:
    for name in revisions():
        if name != MARK:
            assert EVENTS[latest(EVENTS[name]).type] not in UPCASTERS


def test_no_handler_waits_for_a_version_that_is_superseded() -> None:
    for service in ALL:
        assert not set(service.handlers) & set(UPCASTERS)
