"""What a text must not hold that people are to read and compare (pure)."""

import re
from unicodedata import normalize

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]"
)
"""Control signs, marks of direction, blanks without width, private signs: with one of them two names look like the same."""

_BREAK = re.compile("[\t\n\r]")

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes what begins with one of them for a formula."""

_HYPHENS = str.maketrans("\u2010\u2011", "--")


def as_seen(text: str) -> str:
    """The text with one spelling where two look the same: letters whole with their accents, hyphens as typed on a keyboard."""
    return text if text.isascii() else normalize("NFC", text).translate(_HYPHENS)


def require_seen(text: str) -> str:
    """The text. Errors: ValueError."""
    if UNSEEN.search(text):
        raise ValueError("the text holds a sign that nobody sees, such as a blank without width; type it anew")
    return text


def require_line(text: str) -> str:
    """The text, which is on one line. Errors: ValueError."""
    if _BREAK.search(text):
        raise ValueError("the text holds a tab or a line break; write it on one line")
    return require_seen(text)


def require_no_formula(text: str) -> str:
    """The text. Errors: ValueError."""
    if text.startswith(FORMULA_SIGNS):
        raise ValueError(
            f"a spreadsheet would take the text for a formula; begin it with something else than {text[0]!r}"
        )
    return text
