"""The rows that were refused, as a file like the one that came in: with the reason in a column, to be mended and sent again."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import xlsxwriter

from simpul_shared.platform.imports.cells import protected
from simpul_shared.platform.imports.form import Form
from simpul_shared.platform.imports.guard import FileKind
from simpul_shared.platform.imports.table import REASON, ROW, Problem, problems_of
from simpul_shared.platform.imports.workbook import DATA_SHEET


class _Writer(Protocol):
    def write(self, rows: Sequence[Sequence[str]]) -> None: ...
    def close(self) -> None: ...


async def write_errors(path: Path, kind: FileKind, form: Form, pages: AsyncIterator[Sequence[Any]]) -> None:
    """`pages` are rows of bulk_import_row. Every text that Excel would calculate with is marked as a text."""
    writer: _Writer = _Sheet(path) if kind is FileKind.XLSX else _Csv(path)
    writer.write([[*(column.header for column in form.columns.columns), ROW, REASON]])
    async for page in pages:
        await asyncio.to_thread(writer.write, [_shown(row, form) for row in page])
    await asyncio.to_thread(writer.close)


def _shown(row: Any, form: Form) -> list[str]:
    cells = msgspec.json.decode(row["cells"], type=dict[str, str])
    headers = {column.key: column.header for column in form.columns.columns}
    given = [cells.get(key, "") for key in headers]
    return [protected(text) for text in (*given, str(row["row_no"]), _reasons(problems_of(row["problems"]), headers))]


def _reasons(problems: Sequence[Problem], headers: dict[str, str]) -> str:
    return " | ".join(_reason(one, headers.get(one.column or "")) for one in problems)


def _reason(problem: Problem, header: str | None) -> str:
    told = f"{header}: {problem.hint}" if header else problem.hint
    return f"{told} Pilihan: {'; '.join(problem.choices)}" if problem.choices else told


class _Csv:
    """UTF-8 with its mark and semicolons: what Excel opens with a double click where the comma is the decimal sign."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file, delimiter=";")

    def write(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows.writerows(rows)

    def close(self) -> None:
        self._file.close()


class _Sheet:
    """Row by row to the disk. Every cell is a text, so that Excel changes no code."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)})
        self._sheet = self._book.add_worksheet(DATA_SHEET)
        self._text = self._book.add_format({"num_format": "@"})
        self._next = 0

    def write(self, rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            for place, text in enumerate(row):
                if text:
                    self._sheet.write_string(self._next, place, text, self._text)
            self._next += 1

    def close(self) -> None:
        self._book.close()
