"""Which of several rows with one number has it: the first that is not refused for something else."""

import pytest
from simpul_shared.platform.imports.claims import Claims
from simpul_shared.platform.imports.form import Accepted, Verdict
from simpul_shared.platform.imports.table import Problem, ReadRow, Repeated

GOOD, BAD = Accepted(b"statement", None), (Problem("place-unknown", "Tidak ada."),)
VERDICTS: dict[str, Verdict] = {"g": GOOD, "b": BAD}


def row(number: int, *repeated: Repeated) -> ReadRow:
    return ReadRow(number, b"", b"{}", b"{}", (), repeated)


def settled(*rows: tuple[ReadRow, Verdict]) -> list[str]:
    """g: accepted, b: refused as it was, and else the row that has the number."""
    claims, found = Claims(), []
    for one, verdict in rows:
        kept, said = claims.settle(one, verdict)
        if said is verdict:
            assert kept is one
            found.append("g" if said is GOOD else "b")
            continue
        assert kept.record is None
        assert isinstance(said, tuple)
        found.append(" ".join(f"{problem.column}:{problem.hint.split('baris ')[1].split('.')[0]}" for problem in said))
    return found


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        ("gg", ["g", "npp:1"]),
        ("bg", ["b", "g"]),
        ("bbgbg", ["b", "b", "g", "b", "npp:3"]),
        ("gbg", ["g", "b", "npp:1"]),
        ("bggg", ["b", "g", "npp:2", "npp:2"]),
    ],
)
def test_a_number_belongs_to_the_first_row_that_is_not_refused(judged: str, said: list[str]) -> None:
    first, *later = (VERDICTS[one] for one in judged)
    again = (Repeated("npp", "1", 1),)
    rows = [(row(1), first), *((row(number, *again), one) for number, one in enumerate(later, start=2))]
    assert settled(*rows) == said


def test_a_row_that_one_number_refuses_leaves_its_other_number_to_the_next() -> None:
    one, other = Repeated("npp", "1", 1), Repeated("code", "2", 2)
    assert settled((row(1), GOOD), (row(2, one), GOOD), (row(3, other), GOOD)) == ["g", "npp:1", "g"]
    assert settled((row(1), GOOD), (row(2), GOOD), (row(3, one, other), GOOD)) == ["g", "g", "npp:1 code:2"]
