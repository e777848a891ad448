"""What has come before in a file is remembered exactly, however much of it there is."""

import hashlib

from simpul_shared.platform.imports.seen import Seen


def test_a_thing_that_came_before_is_told_with_its_first_row_and_others_are_new() -> None:
    seen, digests = Seen(1000), [hashlib.sha256(b"%d" % number).digest() for number in range(1, 1001)]
    assert [seen.first(digest, row) for row, digest in enumerate(digests, start=1)] == list(range(1, 1001))
    assert [seen.first(digest, 5000) for digest in digests] == list(range(1, 1001))


def test_things_that_want_one_place_are_told_apart() -> None:
    seen, digests = Seen(4), [letter.encode().ljust(32, b"\0") for letter in "abcd"]
    assert [seen.first(digest, row) for row, digest in enumerate(digests, start=1)] == [1, 2, 3, 4]
    assert [seen.first(digest, 9) for digest in reversed(digests)] == [4, 3, 2, 1]
