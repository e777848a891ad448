"""What a form asks for: its columns and code lists. And which columns of a file they are, whatever order and name they have."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simpul_shared.platform.imports.cells import Cell, CellRefused, Reader, Source, folded, text_of
from simpul_shared.platform.imports.refusals import HeaderDoubled, HeaderMissing
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
    """Where the columns of the form are in the file, by index; and what the file has besides. `row` is its number."""

    places: Mapping[str, int]
    unknown: tuple[str, ...]
    row: int


def recognised(layout: Layout, cells: Sequence[Cell]) -> int:
    """How many cells of a row name a column of the form: the header is the row with the most."""
    known = set[str]().union(*(names_of(column) for column in layout.columns))
    return sum(folded(text_of(cell)) in known for cell in cells)


def read_header(layout: Layout, row: int, cells: Sequence[Cell], *, besides: Sequence[str] = ()) -> Header:
    """`besides` are columns that are neither read nor unknown. Errors: HeaderDoubled, HeaderMissing."""
    passed_over = {folded(name) for name in besides}
    by_name = {name: column.key for column in layout.columns for name in names_of(column)}
    places: dict[str, int] = {}
    unknown = []
    for index, cell in enumerate(cells):
        shown = UNSEEN.sub("", text_of(cell))
        key = by_name.get(folded(shown))
        if key in places:
            raise HeaderDoubled(f"Two columns are called {shown!r} or mean the same. Delete one of them.")
        if key is not None:
            places[key] = index
        elif shown and folded(shown) not in passed_over:
            unknown.append(shown[:100])
    missing = [column.header for column in layout.columns if column.required and column.key not in places]
    if missing:
        raise HeaderMissing(f"The columns {', '.join(missing)} are missing. Take the header from the template.")
    return Header(places, tuple(unknown), row)


def value_of(column: Column, cell: Cell, source: Source) -> object:
    """Errors: CellRefused."""
    if cell is None or cell == "":
        if column.required:
            raise CellRefused("cell-empty", f"{column.header} wajib diisi.")
        return None
    return column.read(cell, source)
