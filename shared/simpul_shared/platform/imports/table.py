"""A file as a table of the form's columns: header found, rows read one by one, what is wrong noted beside each. No database.

Runs in the process that child.py bounds.
"""

import hashlib
from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice
from pathlib import Path

import msgspec

from simpul_shared.platform.imports.cells import (
    Cell,
    CellRefused,
    Source,
    is_dash,
    is_error,
    is_formula,
    is_personal,
    text_of,
    unprotected,
)
from simpul_shared.platform.imports.columns import (
    Column,
    Header,
    Layout,
    RowRefused,
    read_header,
    recognised,
    value_of,
)
from simpul_shared.platform.imports.guard import FileKind, inspect
from simpul_shared.platform.imports.limits import Limits
from simpul_shared.platform.imports.refusals import (
    ColumnHidden,
    FileEmpty,
    HeaderMerged,
    HeaderMissing,
    HeaderSplit,
    TooManyColumns,
    TooManyRows,
)
from simpul_shared.platform.imports.seen import Seen
from simpul_shared.platform.imports.text_file import delimiter_of, encoding_of, read_rows, swallows
from simpul_shared.platform.imports.workbook import Sheet, fill_in, open_sheet

REASON, ROW = "Alasan Penolakan", "Baris Asal"
"""What the errors file has besides; when it comes back they are no unknown columns."""

_HEADER_WITHIN = 25
"""Rows among which the header must be; titles may stand above it."""

_UNTITLED_WITHIN = 1_000
"""Rows in which columns without a title are looked for: what is unknown is told before the rows are read."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a row is refused. `column` is the key of the column to blame, `choices` what may be meant instead."""

    code: str
    hint: str
    column: str | None = None
    choices: tuple[str, ...] = ()


class Repeated(msgspec.Struct, frozen=True, array_like=True):
    """A value that may stand once in a file, and the first row with it: whether that one is refused is not known here."""

    column: str
    shown: str
    first: int


class ReadRow(msgspec.Struct, frozen=True, array_like=True):
    """`cells` (texts by column) and `record` are JSON; `record` is None where there are problems."""

    number: int
    hash: bytes
    cells: bytes
    record: bytes | None
    problems: tuple[Problem, ...] = ()
    repeated: tuple[Repeated, ...] = ()


class Head(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What was found out about the file before its first row."""

    kind: str
    unknown_columns: tuple[str, ...]
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


Numbered = tuple[int, Sequence[Cell]]
Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell, as (row, column) from 1."""


@dataclass
class Table:
    """`head` is known at once, the rows come as they are asked for."""

    head: Head
    rows: Iterator[ReadRow]


def open_table(path: Path, layout: Layout, limits: Limits) -> Table:
    """Errors: the refusals of a file; those of a later row come while reading."""
    if inspect(path, limits) is FileKind.XLSX:
        return _of_sheet(open_sheet(path, limits), layout, limits)
    return _of_text(path, layout, limits)


def _of_text(path: Path, layout: Layout, limits: Limits) -> Table:
    encoding = encoding_of(path)
    delimiter = delimiter_of(path, encoding, fits=lambda row: recognised(layout, row), limits=limits)
    doubtful = set[int]()
    given = read_rows(path, encoding=encoding, delimiter=delimiter, limits=limits, doubtful=doubtful)
    header, rows = _begin(given, layout, limits)
    head = Head(FileKind.CSV, header.unknown, encoding=encoding, delimiter=delimiter)
    beyond = _Beyond(header)
    reading = _Reading(layout, header, Source(delimiter=delimiter), limits, marked=beyond.problems, doubtful=doubtful)
    return Table(head, reading.read(beyond.noted(rows)))


def _of_sheet(sheet: Sheet, layout: Layout, limits: Limits) -> Table:
    header, rows = _begin(sheet.rows(), layout, limits, sheet.merged())
    _refuse_merged_header(sheet, header)
    _refuse_hidden_columns(sheet, layout, header)
    head = Head(FileKind.XLSX, header.unknown, sheet=sheet.name)
    source, marked = Source(date_1904=sheet.date_1904), _Marked(sheet, header).problems
    reading = _Reading(layout, header, source, limits, marked=marked, others=sheet.others)
    merges = _Merges(sheet.merged(), set(header.places.values()))
    return Table(head, reading.read(merges.filled(rows)))


def _begin(
    rows: Iterator[Numbered], layout: Layout, limits: Limits, merged: Sequence[Range] = ()
) -> tuple[Header, Iterator[Numbered]]:
    """The header, and the rows below it. A title merged down to the header's row stands there, too."""
    first = list(islice(rows, _HEADER_WITHIN))
    if not any(text_of(cell) for _, row in first for cell in row):
        raise FileEmpty("The file has no content. Fill in the template and send it again.")
    seen = list(_Merges(merged, range(limits.columns)).filled(iter(first)))
    at = max(range(len(first)), key=lambda index: recognised(layout, seen[index][1]))
    number, titles = seen[at][0], _without_empty_end(seen[at][1])
    if recognised(layout, titles) == 0:
        raise HeaderMissing(
            f"No column of the form was found in the first {_HEADER_WITHIN} rows. Take the header from the template."
        )
    if len(titles) > limits.columns:
        raise TooManyColumns(
            f"The table has {len(titles)} columns; at most {limits.columns} are read. Delete the others."
        )
    header = read_header(layout, number, titles, besides=(REASON, ROW))
    below = [*first[at + 1 :], *islice(rows, _UNTITLED_WITHIN)]
    untitled = list(_untitled(titles, below, limits))
    _refuse_titles_beside([row for _, row in first[:at]], untitled, layout, number)
    _refuse_titles_beside([row for _, row in below[:1] if not _fills(header, row)], untitled, layout, number)
    told = tuple(f"Kolom {letters_of(place + 1)} (tanpa judul)" for place in untitled)
    return replace(header, unknown=header.unknown + told), chain(below, rows)


def _without_empty_end(titles: Sequence[Cell]) -> Sequence[Cell]:
    last = max((place for place, title in enumerate(titles, start=1) if text_of(title)), default=0)
    return titles[:last]


def _untitled(titles: Sequence[Cell], rows: Sequence[Numbered], limits: Limits) -> Iterator[int]:
    """Columns that have content and no title."""
    width = min(limits.columns, max((len(row) for _, row in rows), default=0))
    for place in range(width):
        titled = place < len(titles) and text_of(titles[place])
        if not titled and any(place < len(row) and text_of(row[place]) for _, row in rows):
            yield place


def _fills(header: Header, row: Sequence[Cell]) -> bool:
    return any(place < len(row) and text_of(row[place]) for place in header.places.values())


def _refuse_titles_beside(rows: Sequence[Sequence[Cell]], untitled: Sequence[int], layout: Layout, number: int) -> None:
    """A title in another row than the header's would leave its column unread."""
    for row in rows:
        for place in untitled:
            if place < len(row) and recognised(layout, [row[place]]):
                raise HeaderSplit(
                    f"{text_of(row[place])!r} in column {letters_of(place + 1)} stands in another row than the other titles, "
                    f"which are in row {number}. Write all titles into one row."
                )


def _refuse_merged_header(sheet: Sheet, header: Header) -> None:
    """Which of the columns below such a title is meant cannot be known."""
    for (top, left), (bottom, right) in sheet.merged():
        if left < right and top <= header.row <= bottom:
            raise HeaderMerged(
                f"In the header, row {header.row}, the columns {letters_of(left)} to {letters_of(right)} are merged. "
                "Unmerge them and give each column its own title, all of them in one row."
            )


def _refuse_hidden_columns(sheet: Sheet, layout: Layout, header: Header) -> None:
    for column in layout.columns:
        place = header.places.get(column.key, -1) + 1
        if any(first <= place <= last for first, last in sheet.marks.hidden_columns):
            raise ColumnHidden(f"The column {column.header} is hidden. Show it and look at it, or delete it.")


@dataclass
class _Reading:
    """Reads the rows of one file. Equal cells of a column are read once: most columns hold few different words."""

    layout: Layout
    header: Header
    source: Source
    limits: Limits
    marked: Callable[[int], Iterator[Problem]] = lambda _: iter(())
    doubtful: Collection[int] = ()
    others: Sequence[str] = ()
    nothing: dict[str, None] = field(init=False)
    rows_seen: Seen = field(init=False)
    values_seen: dict[str, Seen] = field(init=False)

    def __post_init__(self) -> None:
        self.rows_seen = Seen(self.limits.rows)
        numbered = (column.key for column in self.layout.columns if column.unique and column.key in self.header.places)
        self.values_seen = {key: Seen(self.limits.rows) for key in numbered}
        self.nothing = dict.fromkeys(column.key for column in self.layout.columns)

    def read(self, rows: Iterator[Numbered]) -> Iterator[ReadRow]:
        places = self.header.places
        columns = [
            _ColumnReader(column, places[column.key], self.source, self.limits.cell_characters)
            for column in self.layout.columns
            if column.key in places
        ]
        numbered = [(at, column.key) for at, column in enumerate(columns) if column.key in self.values_seen]
        found = 0
        for number, cells in rows:
            read = [column.read(cells) for column in columns]
            if not any(one.shown for one in read) and number not in self.doubtful:
                continue
            found += 1
            if found > self.limits.rows:
                raise TooManyRows(f"At most {self.limits.rows} rows are accepted in a file. Split it by region.")
            yield self._row(number, columns, read, self._values_repeated(number, numbered, read))
        if found == 0:
            raise FileEmpty(f"There is no row below the header. {fill_in(self.others)}")

    def _row(
        self,
        number: int,
        columns: Sequence["_ColumnReader"],
        read: Sequence["_ReadCell"],
        repeated: tuple[Repeated, ...],
    ) -> ReadRow:
        cells = msgspec.json.encode(
            {column.key: one.shown for column, one in zip(columns, read, strict=True) if one.shown}
        )
        row_hash = hashlib.sha256(cells).digest()
        problems = [one.problem for one in read if one.problem is not None]
        problems += [one for one in self.marked(number) if one not in problems]
        if number in self.doubtful:
            problems.append(Problem("quote-unbalanced", _QUOTE))
        problems += self._row_repeated(number, row_hash)
        record = None
        if not problems:
            try:
                values = {column.key: one.value for column, one in zip(columns, read, strict=True)}
                record = msgspec.json.encode(self.layout.compose({**self.nothing, **values}))
            except RowRefused as refused:
                problems = [problem_of(column, why) for column, why in refused.reasons]
        return ReadRow(number, row_hash, cells, record, tuple(problems), repeated)

    def _row_repeated(self, number: int, row_hash: bytes) -> list[Problem]:
        first = self.rows_seen.first(row_hash, number)
        if first == number:
            return []
        hint = f"Baris ini sama persis dengan baris {first}. Hapus salah satu, atau perbaiki kalau maksudnya lain."
        return [Problem("row-repeated", hint)]

    def _values_repeated(
        self, number: int, numbered: Sequence[tuple[int, str]], read: Sequence["_ReadCell"]
    ) -> tuple[Repeated, ...]:
        """`numbered` are the columns whose values may stand once in a file: their places in `read`, and their keys."""
        repeated: tuple[Repeated, ...] = ()
        for at, key in numbered:
            if shown := read[at].shown:
                first = self.values_seen[key].first(hashlib.sha256(shown.upper().encode()).digest(), number)
                if first != number:
                    repeated += (Repeated(key, shown, first),)
        return repeated


def problems_of(told: bytes) -> list[Problem]:
    return msgspec.json.decode(told, type=list[Problem])


def as_json(problems: Sequence[Problem]) -> bytes:
    return msgspec.json.encode(problems) if problems else b"[]"


def problem_of(column: str | None, refused: CellRefused) -> Problem:
    return Problem(refused.code, refused.hint, column, refused.choices)


class _ReadCell(msgspec.Struct, frozen=True):
    shown: str
    value: object = None
    problem: Problem | None = None


_REMEMBERED = 5_000


class _ColumnReader:
    def __init__(self, column: Column, place: int, source: Source, characters: int) -> None:
        self.key = column.key
        self._column = column
        self._place = place
        self._source = source
        self._characters = characters
        self._read: dict[object, _ReadCell] = {}

    def read(self, cells: Sequence[Cell]) -> _ReadCell:
        cell = cells[self._place] if self._place < len(cells) else None
        remembered = cell if isinstance(cell, str) else (type(cell), cell)  # 1, 1.0 and True are one key otherwise
        found = self._read.get(remembered)
        if found is None:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            found = self._read[remembered] = self._read_anew(cell)
        return found

    def _read_anew(self, cell: Cell) -> _ReadCell:
        if isinstance(cell, str):
            cell = unprotected(cell.strip())
        shown = text_of(cell)
        if self._source.delimiter and swallows(shown, self._source.delimiter):
            return _ReadCell(_REMOVED)  # the row is refused as doubtful
        if (why := self._why_not_kept(shown)) is not None:
            return _ReadCell(_REMOVED, problem=Problem(*why, self.key))
        if isinstance(cell, str) and (why := _why_no_value(cell)) is not None:
            return _ReadCell(shown, problem=Problem(*why, self.key))
        try:
            value = value_of(self._column, cell, self._source)
        except CellRefused as refused:
            return _ReadCell(_unmistakable(cell, shown), problem=problem_of(self.key, refused))
        return _ReadCell(_unmistakable(value, shown), value=value)

    def _why_not_kept(self, shown: str) -> tuple[str, str] | None:
        if len(shown) > self._characters:
            return "text-too-long", _TOO_LONG.format(self._characters)
        if shown == _REMOVED:
            return "cell-removed", _NOT_MENDED
        return ("personal-data", _PERSONAL) if is_personal(shown) else None


def _why_no_value(text: str) -> tuple[str, str] | None:
    """For what stands in cells of any column and says nothing of it."""
    if is_dash(text):
        return "cell-is-dash", _DASH
    if is_formula(text):
        return "cell-is-formula", _FORMULA
    return ("cell-is-error", _ERROR) if is_error(text) else None


def _unmistakable(held: object, shown: str) -> str:
    """What is kept comes back as a text: of a counted day the day, and "1,234" of a number that may be 1.234 or 1234."""
    if isinstance(held, date):
        return f"{held:%Y-%m-%d}"
    return shown.replace(".", ",") if isinstance(held, float) else shown


_REMOVED = "(dihapus)"
"""What is kept, and stands in the errors file, of a cell that may not be kept. It is refused until somebody mends it."""
_TOO_LONG = "Lebih dari {} karakter; isi sel tidak disimpan. Singkat teksnya."
_NOT_MENDED = "Isi sel ini dahulu ditolak dan tidak disimpan. Ganti dengan isi yang benar, atau kosongkan selnya."

_PERSONAL = "Isi sel menyerupai NIK, nomor telepon, atau alamat surel. Formulir ini tidak menerima data pribadi; isinya tidak disimpan."
_QUOTE = (
    "Ada sel yang berisi ganti baris dan tanda pemisah kolom; mungkin tanda kutipnya keliru dan baris berikutnya ikut terbaca. "
    "Periksa baris ini dan baris sesudahnya di berkas asal, lalu kirim lagi."
)
_BEYOND = (
    "Baris ini berisi lebih banyak sel daripada judul kolom; mungkin ada tanda pemisah di dalam teks. Apit teksnya dengan tanda "
    "kutip, atau beri judul pada kolom yang berlebih."
)
_FORMULA = "Sel berisi rumus. Salin lalu tempel sebagai nilai (Paste Special, Values), atau hapus tanda di depannya."
_DASH = "Tanda hubung bukan isi. Isi selnya, atau kosongkan kalau memang tidak ada."
_ERROR = "Sel berisi galat Excel, bukan isi. Perbaiki, atau kosongkan kalau isinya memang tidak ada."
_HIDDEN = "Baris ini tersembunyi di Excel. Tampilkan dan periksa, atau hapus barisnya."
_MERGED = "Baris ini berisi sel yang digabung dengan kolom lain. Pisahkan selnya (Unmerge Cells) dan isi masing-masing."


class _Beyond:
    """Rows of a CSV file with more cells than titles: a delimiter within a text has pushed its cells aside."""

    def __init__(self, header: Header) -> None:
        self._width = header.width
        self._rows = set[int]()

    def noted(self, rows: Iterator[Numbered]) -> Iterator[Numbered]:
        for number, cells in rows:
            if len(cells) > self._width and any(text_of(cell) for cell in cells[self._width :]):
                self._rows.add(number)
            yield number, cells

    def problems(self, row: int) -> Iterator[Problem]:
        if row in self._rows:
            yield Problem("cells-beyond-titles", _BEYOND)


class _Marked:
    """What a sheet says of its rows besides their values."""

    def __init__(self, sheet: Sheet, header: Header) -> None:
        self._hidden = sheet.marks.hidden_rows
        self._formulas = sheet.marks.formulas | set(_below_formulas(sheet))
        self._columns = [(key, letters_of(place + 1)) for key, place in header.places.items()]
        places = {place + 1 for place in header.places.values()}
        self._spilled = {key: _Rows(sheet.marks.spilled, place + 1) for key, place in header.places.items()}
        self._wide = [
            (top, bottom)
            for (top, left), (bottom, right) in sheet.merged()
            if left < right and any(left <= place <= right for place in places)
        ]

    def problems(self, row: int) -> Iterator[Problem]:
        if row in self._hidden:
            yield Problem("row-hidden", _HIDDEN)
        if self._formulas:
            for key, letters in self._columns:
                if (row, letters) in self._formulas or row in self._spilled[key]:
                    yield Problem("cell-is-formula", _FORMULA, key)
        if any(top <= row <= bottom for top, bottom in self._wide):
            yield Problem("cells-merged", _MERGED)


class _Rows:
    """The rows in which ranges cover a column."""

    def __init__(self, ranges: Collection[Range], column: int) -> None:
        self._first, self._last = list[int](), list[int]()
        for (top, left), (bottom, right) in sorted(ranges):
            if not left <= column <= right:
                continue
            if self._last and top <= self._last[-1]:
                self._last[-1] = max(self._last[-1], bottom)
            else:
                self._first.append(top)
                self._last.append(bottom)

    def __contains__(self, row: int) -> bool:
        at = bisect(self._first, row)
        return at > 0 and row <= self._last[at - 1]


def _below_formulas(sheet: Sheet) -> Iterator[tuple[int, str]]:
    """Cells that take the value of a formula with which they are merged."""
    for (top, left), (bottom, right) in sheet.merged():
        letters = letters_of(left)
        if left == right and (top, letters) in sheet.marks.formulas:
            yield from ((row, letters) for row in range(top + 1, bottom + 1))


def letters_of(column: int) -> str:
    """Excel's name of a column, counted from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class _Merges:
    """Cells merged over several rows of one column hold for all of them, as people see it."""

    def __init__(self, merged: Sequence[Range], places: Collection[int]) -> None:
        self._last = {
            (top, left - 1): bottom
            for (top, left), (bottom, right) in merged
            if left == right and top < bottom and left - 1 in places
        }

    def filled(self, rows: Iterator[Numbered]) -> Iterator[Numbered]:
        if not self._last:
            yield from rows
            return
        held: dict[int, tuple[int, Cell]] = {}
        for number, given in rows:
            cells = list(given)
            for place in range(len(cells)):
                if (number, place) in self._last:
                    held[place] = (self._last[number, place], cells[place])
                elif place in held and number <= held[place][0]:
                    cells[place] = held[place][1]
            yield number, cells


def cells_of(row: ReadRow) -> Mapping[str, str]:
    return msgspec.json.decode(row.cells, type=dict[str, str])
