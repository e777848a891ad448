"""The curve of growth as a picture for the documents."""

from collections.abc import Mapping, Sequence
from pathlib import Path

PICTURE = Path(__file__).parent.parent.parent / "docs" / "reference" / "growth.png"


def draw(costs: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """One line per stage: microseconds of processor time per event, by the events there are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for stage, points in costs.items():
        axes.plot([events for events, _ in points], [cost for _, cost in points], marker="o", label=stage)
    axes.set(xscale="log", xlabel="events", ylabel="processor time per event, us", ylim=(0, None))
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(PICTURE, dpi=120, metadata={"Software": None})
