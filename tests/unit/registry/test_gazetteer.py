"""How near a slip is to a word."""

import pytest
from simpul_registry.domain.gazetteer import distance


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("punggul", "punggul", 0),
        ("pungul", "punggul", 1),
        ("punggull", "punggul", 1),
        ("pungguk", "punggul", 1),
        ("pugngul", "punggul", 1),
        ("pnugugl", "punggul", 2),
        ("", "ab", 2),
        ("mengwi", "sangeh", 3),
    ],
)
def test_slips_are_counted_up_to_the_most_allowed(one: str, other: str, steps: int) -> None:
    assert distance(one, other, 2) == steps
    assert distance(other, one, 2) == steps
