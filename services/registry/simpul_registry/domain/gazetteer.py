"""All names and codes that regions ever bore, in memory (pure): words to places, right or nearly right, homonyms with their way.

Every word of a question must be found in a place's own name or in that of a region above it, so that "punggul badung" is one
village out of three. A word that no name has is taken for two of them without their blank, or else for the names' words that
are spelt nearly like it. Two words that stand next to each other in a name are kept as one, too, with the blank in it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from heapq import merge
from itertools import chain, islice, pairwise
from typing import NamedTuple
from uuid import UUID

from simpul_registry.domain.assigned_codes import NONE_ASSIGNED, AssignedCodes
from simpul_registry.domain.question import Reading, readings, words_of
from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.domain.rewriting import other_ways, written_out
from simpul_registry.domain.spelling import Spelling
from simpul_registry.domain.statement import Statement

_PLACES_AT_MOST = 3000
"""That the beginning of a word stands for; of "a" nobody wants all."""

_VILLAGE = 4

_OF_REWRITTEN = 5
"""One in so many on a page: of "Suka Maju" there are more than a page, and of "Sukamaju", too."""


@dataclass(frozen=True, slots=True)
class Entry(Statement):
    """What a region was called and where it lay over an interval; `code` is Kemendagri's."""

    name: str
    path: tuple[UUID, ...]

    @property
    def depth(self) -> int:
        """0 for the country, 4 for a village."""
        return len(self.path) - 1


@dataclass(frozen=True)
class Wanted:
    """`depth` 0 for the country, 4 for villages; None for all. `scheme` says whose code one without dots is."""

    text: str
    today: date
    depth: int | None = None
    on: date | None = None
    known_on: datetime | None = None
    scheme: CodeScheme | None = None


class Hit(NamedTuple):
    """`near` is the number of words that were not found as they were written. `above` are the regions above, country first.
    `assigned` is the code of BPS that it was found by, if it was."""

    entry: Entry
    near: int
    above: tuple[Entry, ...]
    assigned: Statement | None = None


class _Meant(NamedTuple):
    """What a word of a question stands for: words of names; whether that is as it was written; of which depth, if that is said."""

    words: Sequence[str]
    exact: bool
    depth: int | None = None


class Gazetteer:
    """Built once from all statements, then only read. Entries are known by their number, the better ones first."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries, key=_rank)
        self._versions: dict[UUID, list[int]] = defaultdict(list)
        self._numbers: dict[str, list[int]] = defaultdict(list)
        self._regions: dict[str, set[int]] = defaultdict(set)
        self._small: dict[UUID, int] = {}
        """Regions by small numbers: sets of ids take three times as long to compare."""
        self._ways: list[tuple[int, ...]] = []
        """By an entry's number, the regions above it."""
        ways: dict[tuple[UUID, ...], tuple[int, ...]] = {}
        self._named: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(self._entries):
            self._add(number, entry)
            above = entry.path[:-1]
            self._ways.append(ways.get(above) or ways.setdefault(above, tuple(map(self._small_of, above))))
        self._sorted = sorted(word for word in self._numbers if " " not in word)
        self._codes = sorted((entry.code, number) for number, entry in enumerate(self._entries))
        self._spelling = Spelling(self._sorted)

    def _add(self, number: int, entry: Entry) -> None:
        words = words_of(entry.name)
        self._versions[entry.region_id].append(number)
        self._named[" ".join(words)].append(number)
        for word in {*words, *map(" ".join, pairwise(words))}:
            self._numbers[word].append(number)
            if entry.depth < _VILLAGE:
                self._regions[word].add(self._small_of(entry.region_id))

    def _small_of(self, region_id: UUID) -> int:
        return self._small.setdefault(region_id, len(self._small))

    def search(self, wanted: Wanted, assigned: AssignedCodes = NONE_ASSIGNED, *, limit: int) -> list[Hit]:
        """Those called just so first, then those with all the words in their name, then those with some of them above; then the
        same for other ways to write it, which have a place on a full page, too; and last with words that are no name's, unless
        another way makes names of them all.

        Errors: RegionCodeMalformed.
        """
        asked = readings(wanted.text, self._numbers, wanted.scheme)
        is_known = partial(self._is_known, wanted.known_on)
        strange = [reading for reading in asked if not all(map(is_known, reading.words))]
        otherwise = (way for reading in asked for way in other_ways(reading, self._numbers, is_known))
        first = partial(self._first, wanted, assigned, set[UUID]())
        written = first((reading for reading in asked if reading not in strange), limit)
        rewritten = first(otherwise, max(limit - len(written), limit // _OF_REWRITTEN))
        hits = written[: limit - len(rewritten)] + rewritten
        explained = any(one.near == 1 for one in rewritten)  # looking for words spelt alike is what costs most
        return hits if explained else hits + first(strange, limit - len(hits))

    def _is_known(self, known_on: datetime | None, word: str) -> bool:
        """Names have it or, as the last word may still be in the writing, one that begins so."""
        return self._is_borne(known_on, word) or any(self._begun(known_on, word))

    def _is_borne(self, known_on: datetime | None, word: str) -> bool:
        """A name that only came later, or was withdrawn before, is no word of that moment."""
        return any(self._entries[number].holds(None, known_on) for number in self._numbers.get(word, ()))

    def _begun(self, known_on: datetime | None, word: str) -> Iterator[str]:
        at = bisect_left(self._sorted, word)
        while at < len(self._sorted) and self._sorted[at].startswith(word):
            if self._is_borne(known_on, self._sorted[at]):
                yield self._sorted[at]
            at += 1

    def _first(
        self, wanted: Wanted, assigned: AssignedCodes, seen: set[UUID], asked: Iterable[Reading], most: int
    ) -> list[Hit]:
        hits = list[Hit]()
        for reading in asked:
            if len(hits) < most and not (reading.last and seen):
                hits += islice(self._hits(reading, wanted, assigned, seen), most - len(hits))
        return hits

    def _hits(self, reading: Reading, wanted: Wanted, assigned: AssignedCodes, seen: set[UUID]) -> Iterator[Hit]:
        """Each region once."""
        for number, near in self._found(reading, wanted, assigned):
            entry = self._entries[number]
            if entry.region_id in seen or not self._fits(entry, wanted):
                continue
            code = _code_within(entry, reading, wanted, assigned)
            if code is None:
                continue
            seen.add(entry.region_id)
            yield Hit(entry, near, self._above(entry, wanted), None if code is entry else code)

    def _found(self, reading: Reading, wanted: Wanted, assigned: AssignedCodes) -> Iterator[tuple[int, int]]:
        """Numbers of entries, the best first, each with the count of words that were not found as written."""
        words = reading.words
        if words:
            if not reading.levels:
                yield from ((number, reading.near) for number in self._named.get(" ".join(words), ()))
            meant = [self._meant(reading, at, wanted.known_on) for at in range(len(words))]
            near = reading.near + sum(not one.exact for one in meant)
            yield from ((number, near) for number in self._with_words(meant, wanted))
        elif reading.scheme is CodeScheme.BPS:
            bearers = assigned.bearers(reading.within, wanted.on, wanted.known_on)
            yield from ((number, 0) for region_id in bearers for number in self._versions.get(region_id, ()))
        elif reading.within:
            yield from ((number, 0) for number in self._with_code(reading.within))

    def _fits(self, entry: Entry, wanted: Wanted) -> bool:
        return (wanted.depth is None or wanted.depth == entry.depth) and entry.holds(wanted.on, wanted.known_on)

    def _with_code(self, prefix: str) -> Iterator[int]:
        for place in range(bisect_left(self._codes, (prefix, -1)), len(self._codes)):
            code, number = self._codes[place]
            if not code.startswith(prefix):
                return
            yield number

    def _with_words(self, meant: Sequence[_Meant], wanted: Wanted) -> Iterator[int]:
        if len(meant) == 1:
            numbers = merge(*(self._numbers[word] for word in meant[0].words))
            depth = meant[0].depth
            yield from numbers if depth is None else (one for one in numbers if self._entries[one].depth == depth)
            return
        own = [self._bearers(one) for one in meant]
        regions = [self._regions_of(one, numbers) for one, numbers in zip(meant, own, strict=True)]
        yield from (number for _, _, number in sorted(self._scored(own, regions, wanted)))

    def _bearers(self, meant: _Meant) -> set[int]:
        numbers = set[int]().union(*(self._numbers[word] for word in meant.words))
        if meant.depth is None:
            return numbers
        return {number for number in numbers if self._entries[number].depth == meant.depth}

    def _regions_of(self, meant: _Meant, bearers: Iterable[int]) -> set[int]:
        if meant.depth is None:
            return set[int]().union(*(self._regions.get(word, ()) for word in meant.words))
        if meant.depth == _VILLAGE:
            return set()
        return {self._small[self._entries[number].region_id] for number in bearers}

    def _scored(
        self, own: Sequence[set[int]], regions: Sequence[set[int]], wanted: Wanted
    ) -> Iterator[tuple[int, int, int]]:
        """Entries that bear some of the words, the rest being borne above them. The rarest word settles most of them."""
        rarest = min(range(len(own)), key=lambda one: len(own[one]))
        elsewhere = set[int]().union(*own) - own[rarest] if regions[rarest] else ()
        below = (number for number in elsewhere if not regions[rarest].isdisjoint(self._ways[number]))
        for number in chain(own[rarest], below):
            entry = self._entries[number]
            missing = [one for one, numbers in enumerate(own) if number not in numbers]
            way = self._ways[number]
            if self._fits(entry, wanted) and all(not regions[one].isdisjoint(way) for one in missing):
                yield len(missing), len(entry.name), number

    def _meant(self, reading: Reading, at: int, known_on: datetime | None) -> _Meant:
        """The last word of a question may still be in the writing, so it stands for all that it begins."""
        word, depth = reading.words[at], reading.levels.get(at)
        if self._is_borne(known_on, word) and (at + 1 < len(reading.words) or " " in word):
            return _Meant([word], exact=True, depth=depth)
        begun = self._beginning(known_on, word)
        if begun:
            return _Meant(begun, exact=True, depth=depth)
        nearly = written_out(word, self._numbers) or self._spelling.nearest(word)
        return _Meant([one for one in nearly if self._is_borne(known_on, one)], exact=False, depth=depth)

    def _beginning(self, known_on: datetime | None, word: str) -> list[str]:
        found, places = list[str](), 0
        for one in self._begun(known_on, word):
            found.append(one)
            places += len(self._numbers[one])
            if places >= _PLACES_AT_MOST:
                break
        return found

    def _above(self, entry: Entry, wanted: Wanted) -> tuple[Entry, ...]:
        """The regions above as they were on the day asked about, else as on the day of the entry nearest to today."""
        on = wanted.on or min(max(entry.valid_from, wanted.today), _last_day(entry))
        found = (self._version(region_id, on, wanted.known_on) for region_id in entry.path[:-1])
        return tuple(one for one in found if one is not None)

    def _version(self, region_id: UUID, on: date, known_on: datetime | None) -> Entry | None:
        versions = (self._entries[number] for number in self._versions[region_id])
        return next((one for one in versions if one.holds(on, known_on)), None)


def _code_within(entry: Entry, reading: Reading, wanted: Wanted, assigned: AssignedCodes) -> Statement | None:
    """What has the code that is asked for: the entry itself, or what assigned it one; None when it is another."""
    if reading.scheme is CodeScheme.BPS:
        return assigned.code_of(entry, reading.within, wanted.on, wanted.known_on)
    return entry if entry.code.startswith(reading.within) else None


def _rank(entry: Entry) -> tuple[bool, int, int, str, date, UUID]:
    """What lasts first, the larger regions first, short names first; nothing that is said later changes it."""
    ended = entry.valid_to != date.max
    return ended, entry.depth, len(entry.name), entry.code, entry.valid_from, entry.region_id


def _last_day(entry: Entry) -> date:
    return entry.valid_to if entry.valid_to == date.max else date.fromordinal(entry.valid_to.toordinal() - 1)
