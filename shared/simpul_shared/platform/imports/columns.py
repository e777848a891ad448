"""What a form asks for: its columns and code lists. And which columns of a file they are, whatever order and name they have."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simpul_shared.platform.imports.cells import Cell, CellRefused, Reader, Source, folded, text_of
from simpul_shared.platform.imports.refusals import HeaderDoubled, HeaderMissing, HeaderUnclear
from simpul_shared.texts import UNSEEN


@dataclass(frozen=True)
class Column:
    """`header` is what the template says, `aliases` what else files say. `words` are the codes it takes, with labels.

    What stands in a `unique` column may stand there in one row of a file that is applied.
    """

    key: str
    header: str
    read: Reader
    note: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    example: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    unique: bool = False


@dataclass(frozen=True)
class Layout:
    """The columns of a form, and how the values of a row become one record of it.

    `compose` gets the values by key, None where nothing was given, and returns what msgspec can encode. Errors of it:
    RowRefused.
    """

    columns: tuple[Column, ...]
    compose: Callable[[dict[str, Any]], object]

    def __post_init__(self) -> None:
        names = Counter(name for column in self.columns for name in names_of(column))
        if doubled := [name for name, times in names.items() if times > 1]:
            raise ValueError(f"two columns are called {', '.join(doubled)}")


class RowRefused(Exception):
    """A row that cannot be right, with the columns to blame (None: the row as a whole)."""

    def __init__(self, *reasons: tuple[str | None, CellRefused]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


def names_of(column: Column) -> set[str]:
    return {folded(name) for name in (column.key, column.header, *column.aliases)}


@dataclass(frozen=True)
class Header:
    """Where the columns of the form are in the file, by index; and what the file has besides.

    `row` is its number, `width` how many columns there are up to the last title.
    """

    places: Mapping[str, int]
    unknown: tuple[str, ...]
    row: int
    width: int


def recognised(layout: Layout, cells: Sequence[Cell]) -> int:
    """How many cells of a row name a column of the form: the header is the row with the most."""
    known = _keys(layout)
    return sum(_key_of(text_of(cell), known) is not None for cell in cells)


def _keys(layout: Layout) -> dict[str, str]:
    return {name: column.key for column in layout.columns for name in names_of(column)}


def _key_of(title: str, known: Mapping[str, str]) -> str | None:
    return known.get(folded(title)) or known.get(folded(without_brackets(title)))


_BRACKETS = re.compile(r"\(([^()]*)\)")
_REMARK = re.compile(
    r"(?:[\W\d_]|\b(?:wajib|required|diisi|harus|opsional|optional|tidak|boleh|kosong|kosongkan|jika|bila|kalau|ada|isi|pilih|lihat"
    r"|lembar|sesuai|sk|contoh|misalnya|mis|format|teks|text|angka|huruf|digit|karakter|lengkap|singkat|dengan|tanpa|titik|dan|atau"
    r"|di|dari|pada|nama|kode|nomor|no|tanggal|tgl|tahun|thn)\b)*"
)
"""In brackets these tell how to fill in a column, not what it holds."""
_DAY_FIRST = re.compile(
    r"(?:d{1,2}|h{1,2}|hari|tgl|tanggal)\W*(?:m{1,4}|b{1,4}|bln|bulan)\W*(?:[yt]{1,4}|thn|tahun)|y{4}\W*mm\W*dd"
)


def without_brackets(title: str) -> str:
    return _BRACKETS.sub("", title)


def _require_clear(title: str, key: str, known: Mapping[str, str]) -> None:
    """What brackets say may change what the column holds, such as (mm/dd/yyyy). Errors: HeaderUnclear."""
    if known.get(folded(title)) == key:
        return
    for said in _BRACKETS.findall(title.casefold()):
        if not (_REMARK.fullmatch(said) or _DAY_FIRST.fullmatch(said.strip()) or known.get(folded(said)) == key):
            raise HeaderUnclear(
                f"What ({said}) says of the column {title!r} is not known here: days are read as day, month, year, and codes "
                "as the form says. Take the brackets away if it is the column of the form, or give it another title."
            )


def read_header(layout: Layout, row: int, cells: Sequence[Cell], *, besides: Sequence[str] = ()) -> Header:
    """`besides` are columns that are neither read nor unknown. Errors: HeaderDoubled, HeaderMissing, HeaderUnclear."""
    passed_over = {folded(name) for name in besides}
    known = _keys(layout)
    places: dict[str, int] = {}
    unknown = []
    for index, cell in enumerate(cells):
        shown = UNSEEN.sub("", text_of(cell))
        key = _key_of(shown, known)
        if key in places:
            raise HeaderDoubled(f"Two columns are called {shown!r} or mean the same. Delete one of them.")
        if key is not None:
            _require_clear(shown, key, known)
            places[key] = index
        elif shown and folded(shown) not in passed_over:
            unknown.append(shown[:100])
    missing = [column.header for column in layout.columns if column.required and column.key not in places]
    if missing:
        raise HeaderMissing(f"The columns {', '.join(missing)} are missing. Take the header from the template.")
    return Header(places, tuple(unknown), row, len(cells))


def value_of(column: Column, cell: Cell, source: Source) -> object:
    """Errors: CellRefused."""
    if cell is None or cell == "":
        if column.required:
            raise CellRefused("cell-empty", f"{column.header} wajib diisi.")
        return None
    return column.read(cell, source)
