"""Consumers for the conformance kit: a right one by our client, and naive ones that are wrong each in its own way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from simpul_shared.client import Versions
from simpul_shared.client.feed import Arrived, arrived
from simpul_shared.contracts.activities import ActivityCorrected, ActivityRecorded, ActivityWithdrawn
from simpul_shared.contracts.envelope import Envelope


class Right:
    """Knows versions, replaces what is corrected, forgets what is withdrawn."""

    def __init__(self) -> None:
        self._versions = Versions()
        self._activities: dict[UUID, tuple[str, int]] = {}

    async def receive(self, events: Sequence[bytes]) -> None:
        for one in self.fresh([arrived(raw) for raw in events]):
            match one.event:
                case ActivityRecorded() | ActivityCorrected() as event:
                    key = f"{event.region_id}/{self.month(one)}"
                    self._activities[event.activity_id] = (key, event.counts.total)
                case ActivityWithdrawn() as event:
                    self._activities.pop(event.activity_id, None)

    def fresh(self, events: Sequence[Arrived]) -> Sequence[Arrived]:
        return self._versions.fresh(events)

    def month(self, one: Arrived) -> str:
        assert isinstance(one.event, ActivityRecorded | ActivityCorrected)
        return f"{one.event.held_on:%Y-%m}"

    async def totals(self) -> Mapping[str, int]:
        totals: Counter[str] = Counter()
        for key, attendances in self._activities.values():
            totals[key] += attendances
        return totals


class CountsEveryEvent(Right):
    def __init__(self) -> None:
        super().__init__()
        self._counted: Counter[str] = Counter()

    async def receive(self, events: Sequence[bytes]) -> None:
        for raw in events:
            event = arrived(raw).event
            if isinstance(event, ActivityRecorded):
                self._counted[f"{event.region_id}/{event.held_on:%Y-%m}"] += event.counts.total

    async def totals(self) -> Mapping[str, int]:
        return self._counted


class LastWriteWins(Right):
    def fresh(self, events: Sequence[Arrived]) -> Sequence[Arrived]:
        return events


class CountsByArrival(Right):
    def month(self, one: Arrived) -> str:
        return f"{one.envelope.recordedtime:%Y-%m}"


class OneNumberForAll(Right):
    """Takes versions as if they were counted over all activities, in one order."""

    _last = ""

    def fresh(self, events: Sequence[Arrived]) -> Sequence[Arrived]:
        new = []
        for one in events:
            at = one.envelope.recordedtime.isoformat()
            if at >= self._last:
                self._last = at
                new.append(one)
        return new


class Strict(Right):
    async def receive(self, events: Sequence[bytes]) -> None:
        for raw in events:
            unknown = msgspec.json.decode(raw).keys() - set(Envelope.__struct_fields__)
            if unknown:
                raise ValueError(f"unknown fields {sorted(unknown)}")
        await super().receive(events)


async def make_right() -> Right:
    return Right()


async def make_last_write_wins() -> LastWriteWins:
    return LastWriteWins()
