"""The one table of `make fault`: what struck, what was acknowledged, what became of it, how long it was felt."""

from collections.abc import Mapping, Sequence

from tests.fault.lane.checker import Harm
from tests.fault.lane.lane import LaneReport
from tests.fault.lane.oplog import Outcome
from tests.fault.lane.recovery import Recovery, spread

_HEAD = (
    "| what | how many | next write, s: p50 / p99 / max | caught up, s: p50 / p99 / max |",
    "| --- | --- | --- | --- |",
)


def table(report: LaneReport, *, impossible: Mapping[str, str], besides: Mapping[str, str]) -> str:
    """`impossible` are fault classes with the reason; `besides` what the other layers found."""
    rows = [*_faults(report), *_impossible(impossible), *_operations(report)]
    rows += [_row(what, found) for what, found in besides.items()]
    return "\n".join([*_HEAD, *rows])


def _faults(report: LaneReport) -> list[str]:
    of_class = [
        _felt(name, times, [one for one in report.recovery if one.fault == name]) for name, times in report.hits.items()
    ]
    return [*of_class, _felt("**faults in all**", report.faults, report.recovery)]


def _felt(name: str, times: int, felt: Sequence[Recovery]) -> str:
    writes = spread([one.write for one in felt if one.write is not None])
    caught_up = spread([one.caught_up for one in felt if one.caught_up is not None])
    return _row(name, f"{times:,}", str(writes or ""), str(caught_up or ""))


def _impossible(reasons: Mapping[str, str]) -> list[str]:
    return [_row(name, f"not possible here: {reason}") for name, reason in reasons.items()]


def _operations(report: LaneReport) -> list[str]:
    counts = {
        "operations acknowledged": report.outcomes[Outcome.OK],
        "operations refused": report.outcomes[Outcome.REFUSED],
        "operations without an answer, asked again afterwards": report.outcomes[Outcome.UNKNOWN],
        **{str(harm): report.harm(harm) for harm in Harm if harm is not Harm.OTHER},
        "other promises broken": report.harm(Harm.OTHER),
    }
    return [_row(what, f"{count:,}") for what, count in counts.items()]


def _row(*cells: str) -> str:
    return f"| {' | '.join((*cells, '', '', '')[:4])} |"
