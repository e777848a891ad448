"""The golden stream of the conformance kit: one small history of activities, told undisturbed and in all the ways it may arrive."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from simpul_shared.contracts.activities import (
    ActivityCorrected,
    ActivityEvent,
    ActivityRecorded,
    ActivityWithdrawn,
    Age,
    Counts,
    Gender,
)
from simpul_shared.vocabulary import ActivityCategory, Basis, MeasureMethod

_EPOCH = datetime(2026, 1, 5, 2, tzinfo=UTC)
_SEED = 2026
Totals = dict[str, int]
"""Attendances by '<region_id>/<YYYY-MM>', the month in which the activity was held; no entry for 0."""


@dataclass(frozen=True)
class Told:
    """An event of the history: its place among its activity's, and when it was recorded."""

    event: ActivityEvent
    version: int
    recorded_at: datetime


@dataclass(frozen=True)
class Case:
    """One way in which the history arrives, and what a naive consumer gets wrong there."""

    name: str
    catches: str
    deliveries: Sequence[bytes]


def expected() -> Totals:
    """What every consumer must have counted after each case."""
    latest = {one.event.activity_id: one.event for one in history()}
    totals: Totals = {}
    for event in latest.values():
        if isinstance(event, ActivityRecorded | ActivityCorrected):
            key = total_key(event.region_id, event.held_on)
            totals[key] = totals.get(key, 0) + event.counts.total
    return totals


def total_key(region_id: UUID, held_on: date) -> str:
    return f"{region_id}/{held_on:%Y-%m}"


def cases() -> list[Case]:
    """Every disturbance by itself, then all at once."""
    plain = [encode(one) for one in history()]
    return [
        Case("delays and corrections", "adding up corrections, or counting by the month of arrival", plain),
        Case("duplicates", "counting every event that comes", _duplicated(plain)),
        Case("repeats", "taking what came last for what is newest", _repeated(plain)),
        Case("reordering", "relying on an order between different activities", _reordered(history(), encode)),
        Case("unknown fields and types", "refusing what a newer producer adds", _grown(history())),
        Case("all at once", "each of these", _repeated(_duplicated(_reordered(history(), _newer)))),
    ]


def history() -> list[Told]:
    """60 activities in six regions over three months; some recorded months late, corrected (once, twice) or withdrawn."""
    dice = random.Random(_SEED)  # noqa: S311 (the same history every time)
    regions = [UUID(int=dice.getrandbits(128), version=4) for _ in range(6)]
    told: list[Told] = []
    for number in range(60):
        activity, library, region = (UUID(int=dice.getrandbits(128), version=4), UUID(int=number), dice.choice(regions))
        held = _EPOCH + timedelta(days=dice.randrange(90))
        when = held + timedelta(days=dice.choice([0, 1, 2, 45]))
        told.append(Told(_recorded(activity, library, region, held, dice.randrange(5, 60)), 1, when))
        for version in range(2, 2 + dice.choice([0, 0, 0, 1, 1, 2])):
            when += timedelta(days=dice.choice([1, 31]))
            moved = held + timedelta(days=dice.choice([0, 0, 30]))
            told.append(Told(_corrected(activity, library, region, moved, dice.randrange(5, 60)), version, when))
        if dice.random() < 0.15:
            version, when = told[-1].version + 1, when + timedelta(days=3)
            told.append(
                Told(ActivityWithdrawn(activity_id=activity, library_id=library, reason="sample"), version, when)
            )
    return sorted(told, key=lambda one: (one.recorded_at, one.version))


def _recorded(activity: UUID, library: UUID, region: UUID, held: datetime, total: int) -> ActivityRecorded:
    return ActivityRecorded(
        activity_id=activity,
        library_id=library,
        region_id=region,
        category=next(iter(ActivityCategory)),
        starts_at=held,
        held_on=held.date(),
        timezone="Asia/Jakarta",
        counts=_counts(total),
        method=next(iter(MeasureMethod)),
        basis=Basis.SAMPLE,
    )


def _corrected(activity: UUID, library: UUID, region: UUID, held: datetime, total: int) -> ActivityCorrected:
    return ActivityCorrected(
        activity_id=activity,
        library_id=library,
        region_id=region,
        category=next(iter(ActivityCategory)),
        starts_at=held,
        held_on=held.date(),
        timezone="Asia/Jakarta",
        counts=_counts(total),
        method=next(iter(MeasureMethod)),
        reason="sample",
    )


def _counts(total: int) -> Counts:
    age = Age(
        from_0_to_6=0, from_7_to_12=0, from_13_to_17=0, from_18_to_35=0, from_36_to_59=0, from_60=0, unknown=total
    )
    return Counts(total=total, gender=Gender(male=0, female=0, unknown=total), age=age, disability=0, low_income=0)


def encode(one: Told) -> bytes:
    return msgspec.json.encode(_document(one))


def _newer(one: Told) -> bytes:
    """As a later version would send it: more attributes, more fields, also inside."""
    document = _document(one)
    data = document["data"] | {"venue": {"kind": "balai desa", "rooms": [1, 2]}}
    if "counts" in data:
        data["counts"] = data["counts"] | {"visitors_online": 7}
    return msgspec.json.encode(document | {"partitionhint": "x", "data": data})


def _document(one: Told) -> dict[str, Any]:
    activity = one.event.activity_id
    return {
        "aggregateversion": one.version,
        "recordedtime": one.recorded_at,
        "specversion": "1.0",
        "id": UUID(int=activity.int ^ one.version),
        "source": "/simpul/activities",
        "type": one.event.type,
        "subject": str(activity),
        "time": one.recorded_at,
        "datacontenttype": "application/json",
        "dataschema": f"urn:simpul:schema:{one.event.type}",
        "aggregatetype": one.event.aggregate,
        "correlationid": "golden",
        "actorref": "golden",
        "channel": "SYSTEM",
        "data": msgspec.to_builtins(one.event),
    }


def _duplicated(stream: Sequence[bytes]) -> list[bytes]:
    """Every record up to three times, at once and a little later."""
    dice = random.Random(_SEED)  # noqa: S311
    placed = [
        (number + copy * dice.choice([0, 7]), number, one) for number, one in enumerate(stream) for copy in range(3)
    ]
    return [one for *_, one in sorted(placed, key=lambda entry: entry[:2])]


def _repeated(stream: Sequence[bytes]) -> list[bytes]:
    """As after a crash of the relay: the last stretch comes once more, older versions behind newer ones."""
    repeated: list[bytes] = []
    for begin in range(0, len(stream), 20):
        repeated += stream[begin : begin + 20]
        repeated += stream[max(0, begin - 15) : begin + 20]
    return [*repeated, *stream[: len(stream) // 2]]


def _reordered(told: Sequence[Told], encoded: Callable[[Told], bytes]) -> list[bytes]:
    """Another order between activities; within each the versions keep theirs."""
    dice = random.Random(_SEED)  # noqa: S311
    waiting: dict[UUID, list[Told]] = {}
    for one in told:
        waiting.setdefault(one.event.activity_id, []).append(one)
    stream = []
    while waiting:
        activity = dice.choice(list(waiting))
        stream.append(encoded(waiting[activity].pop(0)))
        if not waiting[activity]:
            del waiting[activity]
    return stream


def _grown(told: Sequence[Told]) -> list[bytes]:
    """Newer fields everywhere, and now and then a type that nobody knows yet, of an aggregate of its own."""
    stream = []
    for number, one in enumerate(told):
        stream.append(_newer(one))
        if number % 10 == 0:
            unknown = _document(one) | {
                "type": "id.simpul.activities.activity-applauded.v1",
                "subject": str(UUID(int=number + 1)),
                "aggregateversion": 1,
            }
            stream.append(msgspec.json.encode(unknown))
    return stream
