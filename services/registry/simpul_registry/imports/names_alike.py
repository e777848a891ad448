"""Names of places as people write them (pure): when one can be an official name, and which ones it may be a slip of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

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
_ADMINISTRATIVE = {"administrasi", "adm"}
"""Jakarta's cities and regency have it in their names; people leave it out."""

_SIGNS = re.compile(r"[^\w\s]+")


_OFFICIAL_KINDS = ("kab.", "kabupaten", "kota", "kab. adm.", "kabupaten administrasi", "kota adm.", "kota administrasi")


def parts(name: str) -> tuple[str, str]:
    """The kind, where one is told and it matters, and the bare name in small letters."""
    words = _SIGNS.sub(" ", name).casefold().split()
    kind = ""
    if len(words) > 1 and words[0] in _KINDS:
        kind = _KINDS[words.pop(0)]
    if len(words) > 1 and words[0] in _ADMINISTRATIVE:
        words.pop(0)
    return kind, " ".join("kepulauan" if word == "kep" else word for word in words)


def squeezed(name: str) -> str:
    """The bare name without blanks: equal for all ways of writing it."""
    return parts(name)[1].replace(" ", "")


def same_name(given: str, official: str) -> bool:
    """Whether a name as people write it can be the official one: "Badung" can be KAB. BADUNG, "Kota Badung" can not."""
    kind, bare = parts(given)
    own_kind, own_bare = parts(official)
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
