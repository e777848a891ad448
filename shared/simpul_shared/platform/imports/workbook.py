"""An XLSX file as rows of cells, by python-calamine, together with what that does not tell (inflate.py)."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from simpul_shared.platform.imports.cells import Cell, folded
from simpul_shared.platform.imports.columns import without_brackets
from simpul_shared.platform.imports.inflate import SheetMarks, look_through
from simpul_shared.platform.imports.limits import Limits
from simpul_shared.platform.imports.refusals import FileBroken, FileEmpty, SheetAmbiguous

DATA_SHEET = "Data"


@dataclass(frozen=True)
class Sheet:
    """The one sheet that is read. Numbers of rows and columns are Excel's own, from 1."""

    name: str
    marks: SheetMarks
    date_1904: bool
    others: tuple[str, ...]
    """Names of the other sheets that people see."""
    _sheet: CalamineSheet

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        before: list[Cell] = [None] * (self._sheet.start or (0, 0))[1]
        number = 0
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            yield number, self._told(number, [*before, *row])
        for further in sorted(row for row in self.marks.untold if row > number):
            yield further, self._told(further, [])

    def _told(self, number: int, cells: list[Cell]) -> list[Cell]:
        for column, shown in self.marks.untold.get(number, {}).items():
            cells += [None] * (column - len(cells))
            if cells[column - 1] in (None, ""):
                cells[column - 1] = shown
        return cells

    def merged(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """First and last cell of each merged range, as (row, column)."""
        ranges = self._sheet.merged_cell_ranges or []
        return [((a + 1, b + 1), (c + 1, d + 1)) for (a, b), (c, d) in ranges]


def open_sheet(path: Path, limits: Limits) -> Sheet:
    """Errors: all refusals of a workbook."""
    with path.open("rb") as file:
        marks = look_through(file, limits)
    index, sheet, others = _parsed(path)
    if sheet.end is None:
        raise FileEmpty(f"The sheet {sheet.name!r} is empty. {fill_in(others)}")
    part, date_1904 = _described(path, index)
    if part not in marks:
        raise FileBroken("The sheet is kept where no sheets are looked for. Open it in Excel and save it anew.")
    return Sheet(sheet.name, marks[part], date_1904, others, sheet)


def fill_in(others: Sequence[str]) -> str:
    """What to do about a table without rows; the rows may be in another sheet."""
    elsewhere = f"; other sheets are not read: {', '.join(others)}" if others else ""
    return f"Put the rows below the header and send the file again{elsewhere}."


def _parsed(path: Path) -> tuple[int, CalamineSheet, tuple[str, ...]]:
    try:
        book = CalamineWorkbook.from_path(path)
        visible = _visible_sheets(book)
        index = _data_sheet(visible)
        others = tuple(name for at, name in visible if at != index)
        return index, book.get_sheet_by_index(index), others
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what Rust gives up with; it has no class to import
            raise
        raise _broken(error) from error


def _broken(error: BaseException) -> FileBroken:
    return FileBroken(f"The workbook cannot be read: {error}. Open it in Excel and save it anew.")


def _visible_sheets(book: CalamineWorkbook) -> list[tuple[int, str]]:
    return [
        (index, one.name)
        for index, one in enumerate(book.sheets_metadata)
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]


def _data_sheet(visible: Sequence[tuple[int, str]]) -> int:
    """The sheet called Data, or the only visible one. Errors: SheetAmbiguous."""
    named = [index for index, name in visible if folded(without_brackets(name)) == folded(DATA_SHEET)]
    if len(named) == 1:
        return named[0]
    if len(visible) == 1:
        return visible[0][0]
    names = ", ".join(name for _, name in visible) or "none"
    raise SheetAmbiguous(f"The visible sheets are: {names}. Call the one to be read {DATA_SHEET}.")


_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*\b\w+:id=[\"']([^\"']+)[\"']")
_LINK = re.compile(rb"<(?:\w+:)?Relationship\s([^<>]*)>")
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^<>]*\bdate1904=[\"'](?:1|true)[\"']")


def _described(path: Path, index: int) -> tuple[str, bool]:
    """The part that holds the sheet of that index, and whether days are counted from 1904."""
    with zipfile.ZipFile(path) as parts:
        about, links = parts.read("xl/workbook.xml"), parts.read("xl/_rels/workbook.xml.rels")
    ids = [found[1] for found in _SHEET.finditer(about)]
    targets = {_attribute(found[1], b"Id"): _attribute(found[1], b"Target") for found in _LINK.finditer(links)}
    target = targets.get(ids[index], b"") if index < len(ids) else b""
    part = target.decode("utf-8", "replace").lstrip("/").lower()
    return part if part.startswith("xl/") else f"xl/{part}", _DATE_1904.search(about) is not None


def _attribute(tag: bytes, name: bytes) -> bytes:
    found = re.search(rb"\b" + name + rb"=[\"']([^\"']*)[\"']", tag)
    return found[1] if found else b""
