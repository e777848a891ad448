"""A small form for the tests of the import machine: a place, how many, since when, and a code."""

from datetime import date
from typing import Any

from simpul_shared.platform.imports.cells import CellRefused, code, day, text, whole_number, word
from simpul_shared.platform.imports.columns import Column, Layout, RowRefused


def compose(values: dict[str, Any]) -> dict[str, Any]:
    if values["kind"] == "TUTUP" and values["since"] is None:
        raise RowRefused(("since", CellRefused("since-missing", "Isi tanggal tutup.")))
    return values


LAYOUT = Layout(
    columns=(
        Column("name", "Nama", text(at_most=50), "Nama tempat", aliases=("nama tempat",), required=True),
        Column("kind", "Jenis", word({"BUKA": "Buka", "TUTUP": "Tutup"}), "Jenis", required=True),
        Column("count", "Jumlah", whole_number(at_least=0, at_most=100_000), "Berapa", aliases=("quantity",)),
        Column("since", "Sejak", day(at_least=date(1945, 8, 17), at_most=date(2100, 1, 1)), "Sejak kapan"),
        Column("code", "NPP", code(at_most=20), "Nomor pokok", unique=True),
    ),
    compose=compose,
)
NAME = "tests.support.form:LAYOUT"
