"""What is typed into the region search, read as people write places (pure): "Punggul, Kec. Abiansemal, Kab. Badung", "51-03-02"."""

import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from simpul_shared.vocabulary import refuse_undotted

from simpul_registry.domain.region_code import CodeScheme, parse_bps_beginning

_WORD = re.compile(r"[a-z0-9]+")
_CODE = re.compile(r"[0-9]{2}[0-9\W_]*")
_BETWEEN = re.compile(r"[\W_]+")
_CODE_AMONG_WORDS = re.compile(r"(?<!\w)[0-9]{2}(?:[.\-/][0-9]{2}){1,2}(?:[.\-/][0-9]{4})?(?!\w)")
_UNDOTTED_AMONG_WORDS = re.compile(r"[0-9]{4}|[0-9]{7}|[0-9]{10}")
"""As long as a code of BPS. Numbers of two digits are words of names, as in "20 Ilir"."""

_POST_CODE = re.compile(r"[0-9]{5}")

_FIELD = "/query/q"
_WORDS_AT_MOST, _OF_AN_ADDRESS = 8, 12

_LEVELS = {
    **dict.fromkeys(("provinsi", "propinsi", "prov", "prop"), 1),
    **dict.fromkeys(("kabupaten", "kab"), 2),
    **dict.fromkeys(("kecamatan", "kec", "distrik"), 3),
    **dict.fromkeys(("desa", "ds", "kelurahan", "kel"), 4),
}
_KINDS = {*_LEVELS, "kota", "kotamadya", "gampong", "kampung", "nagari", "pekon"}
"""What a place may be called by beside its name. Many a name begins with one of the latter, so these say no level."""


_OF_ANY: Mapping[int, int] = MappingProxyType({})


class Reading(NamedTuple):
    """`levels` are the depths that a word's name has to have, by the word's place. All codes begin with `within`, of `scheme`.

    `last` is for when no other reading finds anything. `near` is the number of words that were written otherwise.
    """

    words: Sequence[str]
    levels: Mapping[int, int] = _OF_ANY
    within: str = ""
    scheme: CodeScheme = CodeScheme.KEMENDAGRI
    last: bool = False
    near: int = 0


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def readings(text: str, known: Container[str], scheme: CodeScheme | None = None) -> Sequence[Reading]:
    """In the order in which they answer; `known` are the words of names. Errors: RegionCodeMalformed, for a code that has
    no dots and may be one of BPS, unless `scheme` says so, and for one that has dots if it does."""
    if scheme is CodeScheme.BPS:
        code, rest = _bps_code(text.strip())
        beside = _of_words(rest, known)
        return [one._replace(within=code, scheme=scheme) for one in beside] if code else beside
    code, rest = _dotted_code(text.strip(), known)
    within = [one._replace(within=code) for one in _of_words(rest, known)]
    return [Reading(words_of(text)[:_WORDS_AT_MOST]), *within] if code and rest else within


def _bps_code(text: str) -> tuple[str, list[str]]:
    """The code or its beginning, or else a whole one among words; and the words beside it. One with signs is refused."""
    said = _CODE.fullmatch(text) or _CODE_AMONG_WORDS.search(text)
    if said is not None:
        return parse_bps_beginning(said[0], field=_FIELD), []
    words = words_of(text)
    code = next(filter(_UNDOTTED_AMONG_WORDS.fullmatch, words), "")
    return code, [word for word in words if word != code]


def _dotted_code(text: str, known: Container[str]) -> tuple[str, list[str]]:
    """The code or its beginning, or else a whole one among words, written with dots; and the words beside it."""
    if _CODE.fullmatch(text):
        refuse_undotted(_BETWEEN.split(text)[0], field=_FIELD)
        return _BETWEEN.sub(".", text), []
    code = _CODE_AMONG_WORDS.search(text)
    rest = words_of(text) if code is None else words_of(f"{text[: code.start()]} {text[code.end() :]}")
    for word in rest:
        if _UNDOTTED_AMONG_WORDS.fullmatch(word) and word not in known:
            refuse_undotted(word, field=_FIELD)
    return "" if code is None else _BETWEEN.sub(".", code[0]), rest


def _of_words(words: Sequence[str], known: Container[str]) -> list[Reading]:
    """As written comes first, but where a level's word is in no name: "kec" would be taken for the beginning of "kecil"."""
    words = [word for word in words if word in known or not _POST_CODE.fullmatch(word)]
    written = Reading(words[:_WORDS_AT_MOST])
    if _KINDS.isdisjoint(words):
        return [written]
    levelled = _levelled(words)
    bare = Reading([word for word in words if word not in _KINDS][:_OF_AN_ADDRESS], last=True)
    if any(word in _LEVELS and word not in known for word in words[:-1]):
        return [levelled, written, bare]
    return [written, bare] if levelled == written else [written, levelled, bare]


def _levelled(words: Sequence[str]) -> Reading:
    """A level's word says of what level the name is that follows."""
    kept, levels = list[str](), dict[int, int]()
    for following, word in enumerate(words, start=1):
        if word in _LEVELS and following < len(words):
            levels[len(kept)] = _LEVELS[word]
        else:
            kept.append(word)
    return Reading(kept[:_OF_AN_ADDRESS], levels)
