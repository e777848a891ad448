"""Libraries that may be registered twice (pure): near each other, and called alike. Somebody decides; nothing merges by itself."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from uuid import UUID

from simpul_shared.vocabulary import LibraryType

from simpul_registry.domain.succession import OneLibraryOnly

_GENERIC = frozenset(
    [
        "perpustakaan",
        "perpus",
        "perpust",
        "perpusdes",
        "perpusdesa",
        "pustaka",
        "taman",
        "bacaan",
        "baca",
        "masyarakat",
        "tbm",
        "rumah",
        "umum",
        "desa",
        "ds",
        "kelurahan",
        "kel",
        "kalurahan",
        "nagari",
        "gampong",
        "kampung",
    ]
)
"""Words that say what kind of thing it is, not which one."""

_ALIKE_HERE = 0.75
_ALIKE_NEARBY = 0.9
_ALIKE_OF_OTHER_TYPE = 0.9


@dataclass(frozen=True)
class Registered:
    """A library as it is compared: `district_id` is the region that holds its village and those around it."""

    library_id: UUID
    name: str
    type: LibraryType
    region_id: UUID
    region_name: str
    district_id: UUID


@dataclass(frozen=True)
class Candidate:
    one: Registered
    other: Registered
    alike: float


@dataclass(frozen=True)
class Pair:
    """The lower id first."""

    one_id: UUID
    other_id: UUID

    @classmethod
    def of(cls, one_id: UUID, other_id: UUID) -> "Pair":
        """Errors: OneLibraryOnly."""
        if one_id == other_id:
            raise OneLibraryOnly("Both ids are the same library. Name two.", field="/library_ids")
        return cls(min(one_id, other_id), max(one_id, other_id))


def proper_name(name: str) -> str:
    """What is left of a name without its generic words: lower case, no marks, words in order of the alphabet."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return " ".join(sorted(word for word in words if word not in _GENERIC))


def candidates(libraries: Sequence[Registered]) -> Iterator[Candidate]:
    """Pairs in one district that may be one library, each once."""
    for one, other in combinations(libraries, 2):
        if one.district_id != other.district_id:
            continue
        alike = _likeness(one, other)
        if alike >= _threshold(one, other):
            yield Candidate(one, other, round(alike, 2))


def _likeness(one: Registered, other: Registered) -> float:
    first, second = sorted((_known_as(one), _known_as(other)))
    if first == second:
        return 1.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _known_as(library: Registered) -> str:
    """A library without a name of its own goes by its village's."""
    return proper_name(library.name) or proper_name(library.region_name)


def _threshold(one: Registered, other: Registered) -> float:
    if one.region_id != other.region_id:
        return _NEVER if _by_village(one) and _by_village(other) else _ALIKE_NEARBY
    if one.type is not other.type:
        return _NEVER if _by_village(one) or _by_village(other) else _ALIKE_OF_OTHER_TYPE
    return _ALIKE_HERE


_NEVER = 2.0


def _by_village(library: Registered) -> bool:
    """Two kinds of libraries of one village, or libraries of two villages, are often called by the village's name alone."""
    return _known_as(library) == proper_name(library.region_name)
