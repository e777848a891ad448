"""Words that are spelt nearly like another (pure): all that are one slip away, found by the letters they are made of, and else
those two slips away that share its rarest letters in a row."""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from string import ascii_lowercase, digits

_LONG = 6
"""Letters from which on a word may hold two slips."""

_RARE, _LOOKED_AT = 5, 40


class Spelling:
    """Built once from all words, then only read."""

    def __init__(self, words: Iterable[str]) -> None:
        self._made_of: dict[str, list[str]] = defaultdict(list)
        self._with: dict[str, list[str]] = defaultdict(list)
        for word in words:
            self._made_of["".join(sorted(word))].append(word)
            for three in _threes(word):
                self._with[three].append(word)

    def nearest(self, word: str) -> list[str]:
        near = [other for other in self._letters_like(word) if distance(word, other, 1) <= 1]
        return near or (self._two_away(word) if len(word) >= _LONG else [])

    def _letters_like(self, word: str) -> Iterator[str]:
        """Words of the same letters, or with one left out, put in or replaced."""
        for letters in _near_letters(word):
            yield from self._made_of.get(letters, ())

    def _two_away(self, word: str) -> list[str]:
        rare = sorted((self._with[three] for three in _threes(word) if three in self._with), key=len)[:_RARE]
        shared = Counter(other for words in rare for other in words if abs(len(other) - len(word)) <= 2)
        return [other for other, _ in shared.most_common(_LOOKED_AT) if distance(word, other, 2) <= 2]


def _near_letters(word: str) -> set[str]:
    whole = "".join(sorted(word))
    fewer = {whole[:at] + whole[at + 1 :] for at in range(len(whole))}
    return {whole, *fewer} | {_put_in(letters, one) for letters in (whole, *fewer) for one in ascii_lowercase + digits}


def _put_in(letters: str, one: str) -> str:
    at = bisect(letters, one)
    return letters[:at] + one + letters[at:]


def _threes(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def distance(one: str, other: str, most: int) -> int:
    """Letters to insert, drop, replace or swap with the next; counted up to `most` + 1."""
    before, line = list[int](), list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        older, before, line = before, line, [i]
        for j, another in enumerate(other, start=1):
            steps = min(line[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                steps = min(steps, older[j - 2] + 1)
            line.append(steps)
        if min(line) > most:
            return most + 1
    return line[-1]
