"""What two ways of writing one person's name have in common (pure): order and accents aside, in sound, in initials."""

import re
import unicodedata
from itertools import groupby

_TITLES = {
    *(
        "amd",
        "bapak",
        "bpk",
        "dra",
        "drg",
        "drs",
        "haji",
        "hajah",
        "hajjah",
        "hum",
        "ibu",
        "kep",
        "kiai",
        "kom",
        "kyai",
    ),
    *(
        "mpd",
        "msi",
        "ners",
        "pak",
        "prof",
        "psi",
        "sag",
        "sdr",
        "sdri",
        "skep",
        "skm",
        "skom",
        "sos",
        "spd",
        "spdi",
        "ssos",
    ),
    *("ustad", "ustadz", "ustazah"),
}
_SHORTENED = {
    *("moch", "mochamad", "mochammad", "moh", "mohamad", "mohammad", "mohd", "much", "muchamad", "muchammad", "muh"),
    *("muhamad", "muhammad"),
}
"""Written in full, shortened or as M., as people like."""

_SAME_SOUND = (
    *(("oe", "u"), ("dj", "j"), ("tj", "c"), ("nj", "ny"), ("sj", "s"), ("sy", "s"), ("kh", "k"), ("ch", "k")),
    *(("th", "t"), ("dh", "d"), ("v", "p"), ("f", "p"), ("q", "k"), ("z", "j"), ("y", "i")),
)
"""Old spelling and new, and letters that many do not tell apart. In this order."""


def normal_name(name: str) -> str:
    """Words in one case and order, without accents and punctuation: what two spellings of a name have in common."""
    return " ".join(sorted(_words(name)))


def sound_of(name: str) -> str:
    """The consonants of the words that tell people apart: "Hj. Siti Fatimah, S.Pd." sounds as "Siti Patima"."""
    return " ".join(sorted(_sound(word) for word in _telling(name)))


def initials_of(name: str) -> str:
    return "".join(sorted(_sound(word)[0] for word in _telling(name)))


def _telling(name: str) -> list[str]:
    """Without titles, degrees and whatever is shortened; all words where nothing else is left."""
    words = _words(name)
    return [word for word in words if len(word) > 2 and word not in _TITLES | _SHORTENED] or words


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain.casefold())


def _sound(word: str) -> str:
    for written, spoken in _SAME_SOUND:
        word = word.replace(written, spoken)
    consonants = word[0] + re.sub(r"[aeiouh]", "", word[1:])
    return "".join(letter for letter, _ in groupby(consonants))
