"""A CSV file as rows of texts: its encoding and its delimiter found out, or refused."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from simpul_shared.platform.imports.limits import Limits
from simpul_shared.platform.imports.refusals import EncodingUnknown, FileBroken

_DELIMITERS = (",", ";", "\t")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BLOCK = 1024 * 1024
_LINES_LOOKED_AT = 25


def encoding_of(path: Path) -> str:
    """By its byte order mark, else UTF-8, else what Excel writes on a Western Windows. Errors: EncodingUnknown."""
    with path.open("rb") as file:
        beginning = file.read(4)
    marked = next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), None)
    for name in (marked,) if marked else ("utf-8", "cp1252"):
        if _decodes(path, name):
            if name == "cp1252":
                _refuse_mixed(path)
            return name
    raise EncodingUnknown("The text is neither UTF-8 nor UTF-16 nor Windows-1252. Save the table as CSV UTF-8.")


_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _refuse_mixed(path: Path) -> None:
    """One byte that is not UTF-8 in a file that is would change all its letters with accents. Errors: EncodingUnknown."""
    content = path.read_bytes()
    if found := _UTF8_CHARACTER.search(content):
        line = content.count(b"\n", 0, found.start()) + 1
        raise EncodingUnknown(
            f"The text is not UTF-8 throughout, but line {line} looks like it. Save the table as CSV UTF-8 and look "
            "whether its letters with accents are right."
        )


def _decodes(path: Path, encoding: str) -> bool:
    """A NUL in it means another encoding, or no text at all."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if "\0" in decoder.decode(block):
                    return False
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def delimiter_of(path: Path, encoding: str, *, fits: Callable[[Sequence[str]], int], limits: Limits) -> str:
    """The one by which the first lines hold the best header. `fits` says how good a header a row is."""

    def best(sign: str) -> int:
        rows = read_rows(path, encoding=encoding, delimiter=sign, limits=limits)
        try:
            return max((fits(row) for _, row in islice(rows, _LINES_LOOKED_AT)), default=0)
        except FileBroken:
            return 0

    return max(_DELIMITERS, key=best)


def swallows(cell: str, delimiter: str) -> bool:
    """A line break and a delimiter in one cell: it may be the rest of its row and the next, between two stray quotation marks."""
    return delimiter in cell and ("\n" in cell or "\r" in cell)


def read_rows(
    path: Path, *, encoding: str, delimiter: str, limits: Limits, doubtful: set[int] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line, from 1. `doubtful` gets those in which a cell may have swallowed others.

    Errors: FileBroken.
    """
    csv.field_size_limit(limits.cell_characters)
    with path.open(encoding=encoding, newline="") as file:
        yield from _rows(file, delimiter, set() if doubtful is None else doubtful)


def _rows(file: TextIO, delimiter: str, doubtful: set[int]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if reader.line_num > line and any(swallows(cell, delimiter) for cell in row):
                doubtful.add(line)
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileBroken(
            f"The table cannot be read from line {line} on: {error}. Look for a quotation mark that is not closed there."
        ) from error
