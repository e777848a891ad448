"""How near a slip is to a word, and which words are the nearest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpul_registry.domain.spelling import Spelling, distance

WORDS = ["arareni", "aranareni", "gandong", "mengwi", "pejeng", "punggul", "saronda", "sangeh", "tanjung"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


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


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and the same with one letter swapped with the next, left out, put in or replaced."""
    word = draw(st.sampled_from(WORDS))
    at, letter = draw(st.integers(0, len(word) - 1)), draw(st.sampled_from(LETTERS))
    before, here, after = word[:at], word[at], word[at + 1 :]
    return word, draw(
        st.sampled_from([before + after[:1] + here + after[1:], before + after, before + letter + word[at:]])
        | st.just(before + letter + after)
    )


@settings(max_examples=200, deadline=None)
@given(slips())
def test_every_word_with_one_slip_is_found_wherever_the_slip_is(slip: tuple[str, str]) -> None:
    meant, written = slip
    near = Spelling(WORDS).nearest(written)
    assert meant in near
    assert all(distance(written, one, 1) <= 1 for one in near)


def test_the_nearer_words_alone_are_meant_and_two_slips_are_forgiven_in_long_words_only() -> None:
    spelling = Spelling(["punggul", "pungal", "baha"])
    assert spelling.nearest("punggull") == ["punggul"]
    assert spelling.nearest("puggnul") == ["punggul"]
    assert spelling.nearest("pungggll") == ["punggul"]
    assert spelling.nearest("boho") == []


def test_nothing_is_like_nothing() -> None:
    assert Spelling(WORDS).nearest("qqqqwwww") == []
    assert Spelling([]).nearest("punggul") == []
