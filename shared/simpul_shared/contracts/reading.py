"""From a type's name and its bytes to an event that handlers know: every version ever released reads, as its latest.

An event of an older version is decoded as what it was, then brought forward, version by version, by its upcasters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import RegionLineageRecorded, RegionLineageRecordedV1
from simpul_shared.vocabulary import LineageKind


@dataclass(frozen=True)
class Upcaster:
    """Brings an event of a superseded version to the next one. `convert` keeps aggregate and key as they are."""

    to: type[Event]
    convert: Callable[[Any], Event]


def _lineage_of_more_kinds(old: RegionLineageRecordedV1) -> RegionLineageRecorded:
    return RegionLineageRecorded(
        region_id=old.region_id,
        kind=LineageKind(old.kind.value),
        from_region_id=old.from_region_id,
        from_code=old.from_code,
        to_code=old.to_code,
        effective_on=old.effective_on,
        basis=old.basis,
        confidence=old.confidence,
    )


UPCASTERS: dict[type[Event], Upcaster] = {
    RegionLineageRecordedV1: Upcaster(RegionLineageRecorded, _lineage_of_more_kinds),
}
"""By the version superseded. How to add one: docs/how-to/change-an-event.md."""


class Unreadable(Exception):
    """Bytes that this build cannot make an event of. `reason` is a stable word, as dead letters give it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_data(name: str, data: msgspec.Raw) -> Event:
    """Errors: Unreadable, with the reasons event-type-unknown, data-unreadable and upcast-failed."""
    kind = EVENTS.get(name)
    if kind is None:
        # Perhaps a newer producer's. Kept aside rather than passed over, so that an upgrade can still apply it.
        raise Unreadable("event-type-unknown", f"{name} is not in the catalogue of this version")
    try:
        event = _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("data-unreadable", str(error)) from error
    return upcast(event)


def upcast(event: Event) -> Event:
    """The event as the latest version of its type would have said it. Errors: Unreadable `upcast-failed`."""
    while (upcaster := UPCASTERS.get(type(event))) is not None:
        event = _step(event, upcaster)
    return event


def latest(kind: type[Event]) -> type[Event]:
    """The version that handlers get for events of this one."""
    while kind in UPCASTERS:
        kind = UPCASTERS[kind].to
    return kind


def _step(event: Event, upcaster: Upcaster) -> Event:
    try:
        newer = upcaster.convert(event)
    except Exception as error:
        raise Unreadable("upcast-failed", f"{event.type}: {type(error).__name__}: {error}"[:2000]) from error
    if (newer.aggregate_id, newer.key) != (event.aggregate_id, event.key):
        raise Unreadable(
            "upcast-failed", f"{event.type}: the upcaster to {newer.type} changed the aggregate or its key"
        )
    return newer


@cache
def _decoder(kind: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(kind)
