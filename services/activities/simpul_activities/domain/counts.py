"""Disaggregated counts: every dimension adds up to the total, overlapping subsets stay within it."""

from collections.abc import Iterator

import msgspec
from simpul_shared.contracts.activities import Counts
from simpul_shared.errors import Invalid

MAX_COUNT = 1_000_000
"""No one activity has had more visitors; a larger figure is a slip of the keyboard."""


class CountsDoNotAddUp(Invalid):
    slug = "counts-do-not-add-up"
    title = "Jumlah tidak cocok"


def require_adding_up(counts: Counts) -> None:
    """Errors: CountsDoNotAddUp, naming each dimension that is off, with its sum."""
    wrong = list(_wrong(counts))
    if wrong:
        told = "; ".join(str(one["message"]) for one in wrong)
        raise CountsDoNotAddUp(
            f"{told}. Correct the counts; those of unknown gender or age belong under `unknown`.",
            field=str(wrong[0]["field"]),
            facts={"errors": wrong},
        )


def _wrong(counts: Counts) -> Iterator[dict[str, object]]:
    for name in ("gender", "age"):
        found = sum(msgspec.structs.astuple(getattr(counts, name)))
        if found != counts.total:
            yield _finding(name, found, counts.total, f"{name} adds up to {found}, not to the total of {counts.total}")
    for name in ("disability", "low_income"):
        found = getattr(counts, name)
        if found > counts.total:
            yield _finding(name, found, counts.total, f"{name} is {found}, more than the total of {counts.total}")


def _finding(name: str, found: int, total: int, message: str) -> dict[str, object]:
    return {
        "field": f"/counts/{name}",
        "code": "counts-do-not-add-up",
        "sum": found,
        "total": total,
        "message": message,
    }
