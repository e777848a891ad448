"""What the clients were told, kept outside the system; the checker holds the system to it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from tests.fault.hunt.findings import Finding, Kind


@dataclass(frozen=True)
class Told:
    """An activity as its last accepted change left it. `held_on` is its date at the library, by the client's own zone."""

    village: str
    held_on: date
    total: int
    version: int
    withdrawn: bool = False


@dataclass
class Journal:
    """Accepted writes, records that were sent to be refused, and what was wrong with answers as they came."""

    names: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    activities: dict[UUID, Told] = field(default_factory=dict)
    changed_from: Counter[tuple[UUID, int]] = field(default_factory=Counter)
    poison: list[bytes] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    acknowledged: int = 0

    def changed(self, activity_id: UUID, seen: int, told: Told) -> None:
        """An accepted change of the version `seen`; a second one has overwritten what its author never saw."""
        self.changed_from[activity_id, seen] += 1
        if self.changed_from[activity_id, seen] > 1:
            self.wrong.append(Finding(Kind.STALE, f"two changes of version {seen} of activity {activity_id}"))
        if told.version > self.activities[activity_id].version:
            self.activities[activity_id] = told
