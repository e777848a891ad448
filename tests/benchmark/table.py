"""What suites hand in, and the one table of it: what was measured, and the ratios that performance is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Measure:
    """One figure of one side, a value per round, in `unit`."""

    side: str
    what: str
    unit: str
    values: Sequence[float]


@dataclass(frozen=True)
class Goal:
    """The ratio to reach: at least it, or at most."""

    value: float
    at_most: bool = False

    def reached(self, ratio: float) -> bool:
        return ratio <= self.value if self.at_most else ratio >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:g}"


@dataclass(frozen=True)
class Ratio:
    """Ours to another side's, in the same rounds."""

    what: str
    values: Sequence[float]
    goal: Goal | None = None


@dataclass
class Result:
    """What a suite found; printed only after it has checked the answers of all sides."""

    suite: str
    measures: list[Measure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, so that what slows a round slows both."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def printed(results: Sequence[Result]) -> str:
    """Two tables in Markdown and the notes below them."""
    measured = [_measured(result.suite, one) for result in results for one in result.measures]
    judged = [_judged(result.suite, one) for result in results for one in result.ratios]
    parts = [
        _table(("suite", "ratio", "median", "range", "goal", ""), judged),
        _table(("suite", "side", "measure", "median of rounds", "range"), measured),
        "\n\n".join(note for result in results for note in result.notes),
    ]
    return "\n\n".join(part for part in parts if part)


def _measured(suite: str, one: Measure) -> tuple[str, ...]:
    return (suite, one.side, one.what, f"{_short(median(one.values))} {one.unit}".strip(), _range(one.values))


def _judged(suite: str, one: Ratio) -> tuple[str, ...]:
    middle = median(one.values)
    verdict = "" if one.goal is None else "reached" if one.goal.reached(middle) else "missed"
    return (suite, one.what, _short(middle), _range(one.values), str(one.goal or ""), verdict)


def _range(values: Sequence[float]) -> str:
    return f"{_short(min(values))} to {_short(max(values))}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    ruled = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in ruled
    )
