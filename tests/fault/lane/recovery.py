"""How long each fault was felt: until the next write went through, and until reporting had caught up."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from tests.fault.lane.oplog import Entry, Outcome
from tests.fault.lane.reader import Seen
from tests.fault.lane.scene import Hit


@dataclass(frozen=True)
class Recovery:
    """Seconds from the end of a fault's cause (for a kill: from the kill). None where the run ended before.

    `write` is the first operation acknowledged that was sent after the fault began, through a service it touched; None
    where the fault does not lie on the way of a write. `caught_up` is when a report covered everything until then.
    """

    fault: str
    write: float | None
    caught_up: float | None


def recoveries(hits: Sequence[Hit], history: Sequence[Entry], seen: Sequence[Seen]) -> list[Recovery]:
    answered = [entry for entry in history if entry.outcome is Outcome.OK and entry.result and not entry.result.late]
    return [Recovery(hit.fault, _write(hit, answered), _caught_up(hit, seen)) for hit in hits]


def _write(hit: Hit, answered: Sequence[Entry]) -> float | None:
    if not hit.writes:
        return None
    ends = [
        entry.result.ended
        for entry in answered
        if entry.result and entry.operation.service in hit.services and entry.operation.invoked >= hit.begun
    ]
    after = [end for end in ends if end >= hit.over]
    return min(after) - hit.over if after else None


def _caught_up(hit: Hit, seen: Sequence[Seen]) -> float | None:
    for one in seen:
        if one.answered >= hit.over and all(one.through.get(service, 0.0) >= hit.over for service in hit.services):
            return one.answered - hit.over
    return None


@dataclass(frozen=True)
class Spread:
    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p99:.1f} / {self.longest:.1f}"


def spread(seconds: Sequence[float]) -> Spread | None:
    if not seconds:
        return None
    if len(seconds) == 1:
        return Spread(seconds[0], seconds[0], seconds[0])
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Spread(cuts[49], cuts[98], max(seconds))
