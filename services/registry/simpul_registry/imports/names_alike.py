"""Names of places as people write them (pure): when one can be an official name, and which ones it may be a slip of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from simpul_shared.vocabulary import RegionLevel

from simpul_registry.domain.spelling import distance

T = TypeVar("T")

_KINDS = {
    "kab": "kab",
    "kabupaten": "kab",
    "kota": "kota",
    "kec": "",
    "kecamatan": "",
    "desa": "",
    "ds": "",
    "kel": "",
    "kelurahan": "",
    "prov": "",
    "provinsi": "",
    "propinsi": "",
}
_BELOW_REGENCIES = {kind: "" for kind, told in _KINDS.items() if not told}
"""There "Kota" is part of a name: the village Kota Baru is not called Baru."""
_ADMINISTRATIVE = {"administrasi", "adm"}
"""Jakarta's cities and regency have it in their names; people leave it out."""

_SIGNS = re.compile(r"[^\w\s]+")


_OFFICIAL_KINDS = ("kab.", "kabupaten", "kota", "kab. adm.", "kabupaten administrasi", "kota adm.", "kota administrasi")


def parts(name: str, level: RegionLevel | None = None) -> tuple[str, str]:
    """The kind, where one is told and it matters, and the bare name in small letters. None is any level."""
    kinds = _BELOW_REGENCIES if level in {RegionLevel.DISTRICT, RegionLevel.VILLAGE} else _KINDS
    words = _SIGNS.sub(" ", name).casefold().split()
    kind = ""
    if len(words) > 1 and words[0] in kinds:
        kind = kinds[words.pop(0)]
    if len(words) > 1 and words[0] in _ADMINISTRATIVE:
        words.pop(0)
    return kind, " ".join("kepulauan" if word == "kep" else word for word in words)


def squeezed(name: str, level: RegionLevel | None = None) -> str:
    """The bare name without blanks: equal for all ways of writing it."""
    return parts(name, level)[1].replace(" ", "")


def same_name(given: str, official: str, level: RegionLevel) -> bool:
    """Whether a name as people write it can be the official one: "Badung" can be KAB. BADUNG, "Kota Badung" can not."""
    kind, bare = parts(given, level)
    own_kind, own_bare = parts(official, level)
    return bare.replace(" ", "") == own_bare.replace(" ", "") and kind in {"", own_kind}


def official_names(given: str) -> list[str]:
    """How the name may be written in the records, in small letters."""
    bare = parts(given)[1]
    return [given.casefold(), bare, *(f"{kind} {bare}" for kind in _OFFICIAL_KINDS)]


@dataclass(frozen=True)
class Likeness(Generic[T]):
    """A name ready to be compared with many, and what bears it."""

    bare: str
    letters: frozenset[str]
    of_what: T

    @classmethod
    def of(cls, name: str, bearer: T) -> Self:
        bare = squeezed(name)
        return cls(bare, frozenset(bare), bearer)


def most_alike(given: str, others: Sequence[Likeness[T]]) -> list[T]:
    """Those whose names are one or two slips away, the nearest first. Two only where the name is long enough to be told by the rest."""
    bare = squeezed(given)
    letters = frozenset(bare)
    allowed = 1 if len(bare) < 6 else 2
    steps = [
        (distance(bare, one.bare, allowed), at)
        for at, one in enumerate(others)
        if abs(len(one.bare) - len(bare)) <= allowed and len(one.letters ^ letters) <= 2 * allowed
    ]
    return [others[at].of_what for taken, at in sorted(steps) if taken <= allowed]
