"""What is typed into the region search, read as people write places (pure): "Punggul, Kec. Abiansemal, Kab. Badung", "51-03-02"."""

import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

_WORD = re.compile(r"[a-z0-9]+")
_CODE = re.compile(r"[0-9]{2}[0-9\W_]*")
_BETWEEN = re.compile(r"[\W_]+")
_CODE_AMONG_WORDS = re.compile(r"(?<!\w)[0-9]{2}(?:[.\-/][0-9]{2}){1,2}(?:[.\-/][0-9]{4})?(?!\w)")
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
    """`levels` are the depths that a word's name has to have, by the word's place. All lies under the code `within`.

    `last` is for when no other reading finds anything.
    """

    words: Sequence[str]
    levels: Mapping[int, int] = _OF_ANY
    within: str = ""
    last: bool = False


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def readings(text: str, known: Container[str]) -> Sequence[Reading]:
    """In the order in which they answer; `known` are the words of names. As written comes first, but where a level's word is
    in no name: "kec" would be taken for the beginning of "kecil"."""
    if _CODE.fullmatch(text.strip()):
        return [Reading((), within=_dotted(text.strip()))]
    words = words_of(text)
    written = Reading(words[:_WORDS_AT_MOST])
    code = _CODE_AMONG_WORDS.search(text)
    if code is None and _KINDS.isdisjoint(words):
        return [written]
    within, rest = _taken_out(code, text) if code is not None else ("", words)
    levelled = _levelled(rest, within)
    bare = Reading([word for word in rest if word not in _KINDS][:_OF_AN_ADDRESS], within=within, last=True)
    if any(word in _LEVELS and word not in known for word in rest[:-1]):
        return [levelled, written, bare]
    return [written, bare] if levelled == written else [written, levelled, bare]


def _dotted(code: str) -> str:
    return _BETWEEN.sub(".", code)


def _taken_out(code: re.Match[str], text: str) -> tuple[str, list[str]]:
    return _dotted(code[0]), words_of(f"{text[: code.start()]} {text[code.end() :]}")


def _levelled(words: Sequence[str], within: str) -> Reading:
    """A level's word says of what level the name is that follows."""
    kept, levels = list[str](), dict[int, int]()
    for following, word in enumerate(words, start=1):
        if word in _LEVELS and following < len(words):
            levels[len(kept)] = _LEVELS[word]
        else:
            kept.append(word)
    return Reading(kept[:_OF_AN_ADDRESS], levels, within)
