"""An empty form, made for a region: the header, what each column asks for, and the code lists. In Bahasa Indonesia."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from simpul_shared.platform.imports.columns import Column
from simpul_shared.platform.imports.form import CodeList, Form
from simpul_shared.platform.imports.guard import FileKind
from simpul_shared.platform.imports.workbook import DATA_SHEET

_CODES = "Kode"
_ROWS_WITH_LISTS = 5_000
"""As far down as cells offer their code list."""


def write_template(path: Path, kind: FileKind, form: Form, lists: Sequence[CodeList]) -> None:
    """As CSV it is the header alone: a text file has room for nothing else."""
    if kind is FileKind.CSV:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerow(column.header for column in form.columns.columns)
        return
    with xlsxwriter.Workbook(path) as book:
        data = book.add_worksheet(DATA_SHEET)
        _write_notes(book, form)
        places = _write_codes(book, form.columns.columns)
        for one in lists:
            _write_list(book, one)
        _write_data(book, data, form.columns.columns, places)


def _write_data(book: Any, sheet: Any, columns: Sequence[Column], places: dict[str, str]) -> None:
    """Cells are texts, so that Excel makes no number of a code and no date of a decree's."""
    text, head = book.add_format({"num_format": "@"}), _bold(book)
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, max(14, len(column.header) + 2), text)
        sheet.write_string(0, at, column.header, head)
        if column.key in places:
            offer = {"validate": "list", "source": places[column.key], "error_title": "Kode tidak dikenal"}
            sheet.data_validation(1, at, _ROWS_WITH_LISTS, at, {**offer, "error_type": "warning"})


def _write_notes(book: Any, form: Form) -> None:
    sheet, head, wrapped = book.add_worksheet("Petunjuk"), _bold(book), book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 2, 80, wrapped)
    sheet.set_column(3, 3, 28)
    lines = [form.title, *form.notes]
    for at, line in enumerate(lines):
        sheet.write_string(at, 0, line)
    start = len(lines) + 1
    for at, title in enumerate(("Kolom", "Wajib", "Isi", "Contoh")):
        sheet.write_string(start, at, title, head)
    for row, column in enumerate(form.columns.columns, start=start + 1):
        told = (column.header, "ya" if column.required else "", column.note, column.example)
        for at, shown in enumerate(told):
            sheet.write_string(row, at, shown)


def _write_codes(book: Any, columns: Sequence[Column]) -> dict[str, str]:
    """The codes of each column that has some; returns where they are, for the cells that offer them."""
    sheet, head, places = book.add_worksheet(_CODES), _bold(book), {}
    at = 0
    for column in columns:
        if not column.words:
            continue
        sheet.set_column(at, at, 22)
        sheet.set_column(at + 1, at + 1, 36)
        sheet.write_string(0, at, column.header, head)
        for row, (code, label) in enumerate(column.words.items(), start=1):
            sheet.write_string(row, at, code)
            sheet.write_string(row, at + 1, label)
        letter = chr(ord("A") + at)
        places[column.key] = f"={_CODES}!${letter}$2:${letter}${len(column.words) + 1}"
        at += 3
    return places


def _write_list(book: Any, one: CodeList) -> None:
    sheet, head, text = book.add_worksheet(one.name), _bold(book), book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    for at, title in enumerate(one.header):
        sheet.set_column(at, at, 22, text)
        sheet.write_string(0, at, title, head)
    for row, cells in enumerate(one.rows, start=1):
        for at, cell in enumerate(cells):
            sheet.write_string(row, at, cell, text)


def _bold(book: Any) -> Any:
    return book.add_format({"bold": True})
