"""What has come before in a file is remembered exactly, however much of it there is."""

from simpul_shared.platform.imports.seen import Seen


def test_a_thing_that_came_before_is_told_with_its_first_row_and_others_are_new() -> None:
    seen = Seen(1000)
    assert [seen.first(b"%d" % number, number) for number in range(1, 1001)] == list(range(1, 1001))
    assert [seen.first(b"%d" % number, 5000) for number in range(1, 1001)] == list(range(1, 1001))


def test_things_that_want_one_place_are_told_apart() -> None:
    seen = Seen(4)
    assert [seen.first(letter.encode(), row) for row, letter in enumerate("abcd", start=1)] == [1, 2, 3, 4]
    assert [seen.first(letter.encode(), 9) for letter in "dcba"] == [4, 3, 2, 1]
