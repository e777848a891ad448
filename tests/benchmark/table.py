"""The one table of all suites."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One measure of one side: a value per round, in `unit`; `ratios` to the limit in the same rounds."""

    suite: str
    side: str
    measure: str
    unit: str
    values: Sequence[float]
    ratios: Sequence[float] = ()

    def cells(self) -> tuple[str, ...]:
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}"
        ratio = f"{median(self.ratios):.2f} ({min(self.ratios):.2f} to {max(self.ratios):.2f})" if self.ratios else "1"
        return (self.suite, self.side, self.measure, f"{median(self.values):.4g} {self.unit}", spread, ratio)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def printed(rows: Sequence[Row]) -> str:
    head = ("suite", "side", "measure", "median of rounds", "range", "ratio to the limit")
    cells = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
