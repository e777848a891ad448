"""Every part of a workbook inflated once, block by block, counted and looked through before a parser gets it.

What parsers do not tell is noted here: formulas, errors, hidden rows and columns, and what could make a parser fetch or expand things.
"""

import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from simpul_shared.platform.imports.guard import STORED, Entry, read_directory
from simpul_shared.platform.imports.limits import Limits
from simpul_shared.platform.imports.refusals import (
    FileBroken,
    FileHasMacros,
    FileInflates,
    FileUnsafe,
    TooManyColumns,
    TooManyRows,
)

_BLOCK = 256 * 1024
_LOCAL_HEADER = 30
_OVERLAP = 16 * 1024
"""Longer than any tag or formula looked for, so that none is missed where two blocks meet."""


@dataclass
class SheetMarks:
    """Of one sheet, by Excel's own numbers: cells with a formula as (row, column letters), hidden rows and columns.

    `untold` is what a person sees, or should, in cells that a parser gives as empty, by row and column: errors such as #N/A,
    and "=" for a formula that was never calculated. `spilled` are ranges, first and last cell as (row, column), into which one
    formula puts its values.
    """

    formulas: set[tuple[int, str]] = field(default_factory=set)
    spilled: set[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=set)
    untold: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[tuple[int, int]] = field(default_factory=set)


def look_through(file: BinaryIO, limits: Limits) -> dict[str, SheetMarks]:
    """Inflate and check all parts; the marks of each worksheet by its part's name.

    Errors: FileInflates when more comes out than allowed or declared, FileUnsafe, FileHasMacros, FileBroken, TooManyRows,
    TooManyColumns.
    """
    marks: dict[str, SheetMarks] = {}
    left = limits.inflated_bytes
    for entry in read_directory(file, limits):
        look = _look(entry.name.lower(), marks, limits)
        came = 0
        for window, block in _windows(file, entry):
            came += len(block)
            if came > left or came > entry.inflated_bytes:
                raise FileInflates(
                    "The workbook inflates to more than it declares or than is accepted. It was not read."
                )
            look.through(window)
        left -= came
    return marks


def _windows(file: BinaryIO, entry: Entry) -> Iterator[tuple[bytes, bytes]]:
    """The inflated blocks, and each with the end of the one before it in front."""
    before = b""
    for block in _inflated(file, entry):
        if not before and block.startswith((b"PK\x03\x04", b"\x1f\x8b\x08")):
            raise FileInflates("The workbook holds another packed file. Remove embedded files and send it again.")
        window = before + block
        yield window, block
        before = window[-_OVERLAP:]


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Never more than a block at a time, whatever the data say."""
    file.seek(entry.header_at)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        raise FileBroken("The workbook cannot be read: a part is missing. Open it in Excel and save it anew.")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left = entry.packed_bytes
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0 and (packed := file.read(min(_BLOCK, left))):
        left -= len(packed)
        if entry.method == STORED:
            yield packed
        else:
            yield from _blocks(inflater, packed)
    if left > 0 or (entry.method != STORED and not inflater.eof):
        raise FileBroken("The workbook cannot be read: a part was cut off. Open it in Excel and save it anew.")


def _blocks(inflater: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    try:
        while packed and not inflater.eof:
            yield inflater.decompress(packed, _BLOCK)
            packed = inflater.unconsumed_tail
    except zlib.error as error:
        raise FileBroken(f"The workbook cannot be read: {error}. Open it in Excel and save it anew.") from error


def _look(name: str, marks: dict[str, SheetMarks], limits: Limits) -> "_Look":
    if re.fullmatch(r"/?xl/worksheets/[^/]+\.xml", name):
        return _SheetLook(marks.setdefault(name.lstrip("/"), SheetMarks()), limits)
    if name.endswith(".rels") or name == "[content_types].xml":
        return _LinkLook()
    return _XmlLook() if name.endswith((".xml", ".vml")) and not name.startswith("customxml/") else _Look()


class _Look:
    """A part that nobody parses: a picture, or what Power Query and others keep for themselves in customXml."""

    def through(self, window: bytes) -> None:
        """Errors: the refusals of a file."""


class _XmlLook(_Look):
    def through(self, window: bytes) -> None:
        if b"\0" in window or window.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FileUnsafe("A part of the workbook is not in UTF-8. Open it in Excel and save it anew.")
        if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
            raise FileUnsafe(
                "The workbook declares a document type or entities, which no spreadsheet does. It was not read."
            )


class _LinkLook(_XmlLook):
    """What names the kinds of all parts, and where they are."""

    def through(self, window: bytes) -> None:
        super().through(window)
        if b"macroEnabled" in window or b"vbaProject" in window:
            raise FileHasMacros("The workbook holds macros. Save it as an Excel workbook without macros (.xlsx).")


_FORMULA = re.compile(rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f[\s/>]")
_SPILL = re.compile(rb"<(?:\w+:)?f\b([^<>]*\bt=[\"'](?:array|dataTable)[\"'][^<>]*)>")
_RANGE = re.compile(rb"\bref=[\"']([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?[\"']")
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c\b((?![^<>]*\bt=[\"']str[\"'])[^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*<|</)"
)
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*\bt=[\"']e[\"'][^<>]*)>(?:\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>))?"
    rb"\s*(?:<(?:\w+:)?v>([^<]+)<)?"
)
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b([^<>]*\bhidden=[\"'](?:1|true)[\"'][^<>]*)>")
_HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^<>]*\bhidden=[\"'](?:1|true)[\"'][^<>]*)>")
_FAR_COLUMN = re.compile(rb' r="[A-Z]{3}')
_CONTENT = rb"[^<>]*(?<!/)>\s*<(?:\w+:)?(?:v\b[^<>]*>[^<]|f\b|is\b)"
_CELL_WITHOUT_PLACE = rb"[^<>]*>\s*<(?:\w+:)?c\b(?![^<>]* r=)[^<>]*>"
_FAR_COLUMN_FILLED = re.compile(rb'<(?:\w+:)?c\b[^<>]* r="[A-Z]{3}' + _CONTENT)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]*)(\d+)[\"']")
_HEADROOM = 100
"""Rows that may stand above the data: titles, remarks, the header."""


class _SheetLook(_XmlLook):
    def __init__(self, marks: SheetMarks, limits: Limits) -> None:
        self._marks = marks
        self._limits = limits
        self._last_row = limits.rows + _HEADROOM
        far = rb' r="[A-Z]*(\d{%d,})"' % len(str(self._last_row))
        self._far_row = re.compile(far)
        self._far_row_filled = re.compile(
            rb"<(?:\w+:)?(?:c|row)\b[^<>]*" + far + rb"(?:" + _CONTENT + rb"|" + _CELL_WITHOUT_PLACE + rb")"
        )

    def through(self, window: bytes) -> None:
        super().through(window)
        self._refuse_far_cells(window)
        if b"<f" in window or b":f" in window:
            self._note_formulas(window)
        if b't="e"' in window or b"t='e'" in window:
            self._note_errors(window)
        if b"hidden=" in window:
            self._note_hidden(window)

    def _refuse_far_cells(self, window: bytes) -> None:
        """A lone cell in the last corner of a sheet would make a parser fill the whole sheet, until its memory ends.

        Empty ones, which LibreOffice writes, do no harm. Windows without far cells are searched by the cheap patterns alone.
        """
        if _FAR_COLUMN.search(window) and _FAR_COLUMN_FILLED.search(window):
            raise TooManyColumns(
                f"The sheet has cells beyond column ZZ; at most {self._limits.columns} columns are read. Delete the others."
            )
        if self._beyond(self._far_row, window) and self._beyond(self._far_row_filled, window):
            raise TooManyRows(f"At most {self._limits.rows} rows are accepted in a file. Split it by region.")

    def _beyond(self, place: re.Pattern[bytes], window: bytes) -> bool:
        return any(int(found[1]) > self._last_row for found in place.finditer(window))

    def _note_formulas(self, window: bytes) -> None:
        for found in _FORMULA.finditer(window):
            row, letters = _place(found[1])
            self._marks.formulas.add((row, sys.intern(letters)))
        for found in _SPILL.finditer(window):
            self._note_spill(found[1])
        for found in _UNCALCULATED.finditer(window):
            self._note_untold(found[1], "=")

    def _note_spill(self, attributes: bytes) -> None:
        found = _RANGE.search(attributes)
        if found is None:
            raise FileBroken("The sheet has a formula for many cells without their place. Replace it by its values.")
        left, top, right, bottom = found.groups()
        if right is not None:
            last = int(bottom), column_of(right.decode())
            self._marks.spilled.add(((int(top), column_of(left.decode())), last))

    def _note_errors(self, window: bytes) -> None:
        for found in _ERROR.finditer(window):
            self._note_untold(found[1], sys.intern((found[2] or b"#N/A").decode("utf-8", "replace").strip()))

    def _note_untold(self, attributes: bytes, shown: str) -> None:
        row, letters = _place(attributes)
        self._marks.untold.setdefault(row, {})[column_of(letters)] = shown

    def _note_hidden(self, window: bytes) -> None:
        for found in _HIDDEN_ROW.finditer(window):
            place = _REFERENCE.search(found[1])
            if place is None:
                raise FileBroken("The sheet has hidden rows without a number. Show them, or delete them.")
            self._marks.hidden_rows.add(int(place[2]))
        for found in _HIDDEN_COLUMN.finditer(window):
            self._marks.hidden_columns.add((_number(found[1], b"min"), _number(found[1], b"max")))


def _place(attributes: bytes) -> tuple[int, str]:
    place = _REFERENCE.search(attributes)
    if place is None or not place[1]:
        raise FileBroken("The sheet has formulas or errors in cells without a place. Replace them by their values.")
    return int(place[2]), place[1].decode()


def column_of(letters: str) -> int:
    """The number of a column by Excel's name of it, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _number(attributes: bytes, name: bytes) -> int:
    found = re.search(rb"\b" + name + rb"=[\"'](\d+)[\"']", attributes)
    return int(found[1]) if found else 0
