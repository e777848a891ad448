"""Files as strangers send them, read by the bounded process: good ones row by row, bad ones refused at once and by name."""

import asyncio
import io
import resource
import signal
import struct
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from simpul_shared.errors import Refusal
from simpul_shared.platform.imports import reading
from simpul_shared.platform.imports.guard import inspect
from simpul_shared.platform.imports.limits import LIMITS, MIB, Limits
from simpul_shared.platform.imports.reading import ReaderBroken, ReaderStopped, read_file
from simpul_shared.platform.imports.refusals import FileEmpty, FileTooComplex
from simpul_shared.platform.imports.table import Head, ReadRow, Repeated, cells_of

from tests.support import form, sheets

ROOT = Path(__file__).parents[2]
HEADER = ["Nama", "Jenis", "Jumlah", "Sejak", "NPP"]
ROW = ["Taman", "Buka", "1.200", "17 Agustus 2021", "6372052C0000001"]


@pytest.fixture(autouse=True)
def tests_are_found_by_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


async def read(path: Path, limits: Limits = LIMITS) -> tuple[Head, list[ReadRow]]:
    head, rows = None, []
    async with aclosing(read_file(path, form.NAME, limits)) as parts:
        async for part in parts:
            if isinstance(part, Head):
                head = part
            else:
                rows += part
    assert head is not None
    return head, rows


async def read_bytes(tmp_path: Path, content: bytes, limits: Limits = LIMITS) -> tuple[Head, list[ReadRow]]:
    path = tmp_path / "file"
    path.write_bytes(content)
    return await read(path, limits)


async def refusal_of(tmp_path: Path, content: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Refusal) as refused:
        await read_bytes(tmp_path, content, limits)
    assert len(refused.value.detail) > 20
    return refused.value.slug


def csv(*rows: list[str], sign: str = ",") -> str:
    return "".join(sign.join(row) + "\r\n" for row in rows)


def problems(row: ReadRow) -> list[tuple[str, str | None]]:
    return [(one.code, one.column) for one in row.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
async def test_a_csv_file_is_read_in_every_encoding_and_delimiter_that_excel_writes(
    tmp_path: Path, encoding: str, sign: str
) -> None:
    content = csv(HEADER, ["Café", *ROW[1:]], sign=sign).encode(encoding)
    head, (row,) = await read_bytes(tmp_path, content)
    assert (head.kind, head.delimiter) == ("csv", sign)
    assert (row.number, row.problems) == (2, ())
    assert cells_of(row)["name"] == "Café"


async def test_columns_map_whatever_their_order_and_name_and_unknown_ones_are_told(tmp_path: Path) -> None:
    content = csv(
        ["Daftar tempat 2021"], ["QUANTITY", "NIK", "nama  tempat *", "jenis (wajib)"], ["5", "x", "Taman", "BUKA"]
    )
    head, (row,) = await read_bytes(tmp_path, content.encode())
    assert head.unknown_columns == ("NIK",)
    assert cells_of(row) == {"name": "Taman", "kind": "BUKA", "count": "5"}
    assert row.record == b'{"name":"Taman","kind":"BUKA","count":5,"since":null,"code":null}'


async def test_the_same_row_has_the_same_hash_in_csv_and_xlsx_and_under_other_headers(tmp_path: Path) -> None:
    _, (one,) = await read_bytes(tmp_path, csv(HEADER, ROW).encode())
    _, (other,) = await read_bytes(tmp_path, sheets.workbook(sheets.table([HEADER[::-1], ROW[::-1]])))
    assert one.hash == other.hash
    assert one.record == other.record


async def test_a_row_that_may_have_swallowed_the_next_one_is_refused_also_in_a_column_that_is_not_read(
    tmp_path: Path,
) -> None:
    lines = (
        "Nama;Jenis;Jumlah;Catatan",
        'Taman;BUKA;1;"bagus',
        'Kebun;BUKA;2;luas"',
        '"Pasar;BUKA;3;',
        'Lapangan";BUKA;4;',
        ';;;"a;b',
        'Ladang;BUKA;5;c"',
        '"Sawah',
        'Baru";BUKA;6;"dua',
        'baris"',
    )
    _, rows = await read_bytes(tmp_path, "\r\n".join(lines).encode())
    assert [(row.number, problems(row)) for row in rows] == [
        (2, [("quote-unbalanced", None)]),
        (4, [("quote-unbalanced", None)]),
        (6, [("cell-empty", "name"), ("cell-empty", "kind"), ("quote-unbalanced", None)]),
        (8, []),
    ]
    assert cells_of(rows[1])["name"] == "(dihapus)"


async def test_a_row_that_is_there_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    _, rows = await read_bytes(tmp_path, csv(HEADER, ROW, ["", "", "", "", ""], ROW).encode())
    assert [(row.number, problems(row)) for row in rows] == [(2, []), (4, [("row-repeated", None)])]


async def test_a_number_is_one_however_its_letters_are_typed(tmp_path: Path) -> None:
    _, rows = await read_bytes(tmp_path, csv(HEADER, ROW, ["Kebun", *ROW[1:4], ROW[4].lower()]).encode())
    assert [one.first for one in rows[1].repeated] == [2]


async def test_a_number_that_two_rows_claim_is_noted_the_second_time_however_far_apart_they_are(
    tmp_path: Path,
) -> None:
    others = ([f"Taman {number}", *ROW[1:4], ""] for number in range(2500))
    content = csv(HEADER, ROW, ["Kebun", *ROW[1:]], *others, ["Pasar", *ROW[1:]]).encode()
    _, rows = await read_bytes(tmp_path, content)
    assert [(row.number, row.repeated) for row in rows if row.repeated] == [
        (number, (Repeated("code", ROW[4], 2),)) for number in (3, 2504)
    ]
    assert not any(row.problems for row in rows)


async def test_personal_data_are_refused_and_not_kept(tmp_path: Path) -> None:
    _, (row,) = await read_bytes(tmp_path, csv(HEADER, ["Bu Ani 5103022009710001", *ROW[1:]]).encode())
    assert problems(row) == [("personal-data", "name")]
    assert b"5103022009710001" not in row.cells


async def test_what_stands_for_personal_data_in_the_errors_file_is_refused_until_it_is_mended(tmp_path: Path) -> None:
    _, (first,) = await read_bytes(
        tmp_path, csv(HEADER, ["Bu Ani 5103022009710001", *ROW[1:4], "081234567890"]).encode()
    )
    unmended = [cells_of(first)[key] for key in ("name", "kind", "count", "since", "code")]
    _, (again,) = await read_bytes(tmp_path, csv(HEADER, unmended).encode())
    assert problems(again) == [("cell-removed", "name"), ("cell-removed", "code")]


async def test_a_cell_of_a_workbook_that_is_too_long_is_refused_and_not_kept(tmp_path: Path) -> None:
    rows = [["x" * 4001, *ROW[1:3], "y" * 4000]]
    _, (row,) = await read_bytes(tmp_path, sheets.workbook(sheets.table([HEADER, *rows])))
    assert problems(row) == [("text-too-long", "name"), ("day-unreadable", "since")]
    assert [len(text) for text in cells_of(row).values()] == [len("(dihapus)"), 4, 5, 4000]
    assert all(len(one.hint) < 200 for one in row.problems)


@pytest.mark.parametrize("sign", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=1+1"])
async def test_a_text_that_excel_would_calculate_with_is_refused_in_csv(tmp_path: Path, sign: str) -> None:
    _, (row,) = await read_bytes(tmp_path, csv(HEADER, [sign, *ROW[1:]]).encode())
    assert problems(row) == [("cell-is-formula", "name")]


async def test_a_dash_is_no_text_and_no_formula(tmp_path: Path) -> None:
    _, (row,) = await read_bytes(tmp_path, csv(HEADER, ["-", *ROW[1:4], " -- "]).encode())
    assert problems(row) == [("cell-is-dash", "name"), ("cell-is-dash", "code")]


async def test_a_formula_is_refused_though_excel_left_its_value(tmp_path: Path) -> None:
    rows = (
        sheets.row(1, HEADER)
        + f'<row r="2">{sheets.cell("A2", "Taman", formula="B1")}{sheets.cell("B2", "Buka")}</row>'
    )
    _, (row,) = await read_bytes(tmp_path, sheets.workbook(sheets.sheet(rows)))
    assert problems(row) == [("cell-is-formula", "name")]


@pytest.mark.parametrize("kind", ["array", "dataTable"])
async def test_what_one_formula_puts_into_many_cells_is_refused_in_each_of_them(tmp_path: Path, kind: str) -> None:
    def rows(number: int) -> str:
        spilled = f'<f t="{kind}" ref="A2:B3">FILTER(X!A:B,1)</f>' if number == 2 else ""
        name = f'<c r="A{number}" t="str">{spilled}<v>Taman {number}</v></c>'
        return f'<row r="{number}">{name}{sheets.cell(f"B{number}", "Buka")}</row>'

    content = sheets.sheet(sheets.row(1, HEADER) + "".join(rows(number) for number in (2, 3, 4)))
    _, read_rows = await read_bytes(tmp_path, sheets.workbook(content))
    of_formula = [("cell-is-formula", "name"), ("cell-is-formula", "kind")]
    assert [problems(row) for row in read_rows] == [of_formula, of_formula, []]


async def test_a_formula_in_a_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    rows = sheets.row(1, [*HEADER[:2], "No"]) + (
        f'<row r="2">{sheets.cell("A2", "Taman")}{sheets.cell("B2", "Buka")}{sheets.cell("C2", 1, formula="ROW()-1")}</row>'
    )
    _, (row,) = await read_bytes(tmp_path, sheets.workbook(sheets.sheet(rows)))
    assert row.problems == ()


async def test_columns_without_a_title_that_have_content_are_told(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [
        [*HEADER[:2], None, *HEADER[2:], None],
        ["Taman", "Buka"],
        ["Kebun", "Buka", "Raya"],
    ]
    head, _ = await read_bytes(tmp_path, sheets.workbook(sheets.table(rows)))
    assert head.unknown_columns == ("Kolom C (tanpa judul)",)
    head, _ = await read_bytes(tmp_path, csv(HEADER, [*ROW, "", "Raya"]).encode())
    assert head.unknown_columns == ("Kolom G (tanpa judul)",)


async def test_a_row_of_a_csv_file_with_more_cells_than_titles_is_refused_for_its_text_may_be_cut(
    tmp_path: Path,
) -> None:
    content = csv([*HEADER[1:], "Nama", "", ""], [*ROW[1:], "Taman", "", ""], [*ROW[1:4], "", "Pasar", " Unit 2"])
    _, rows = await read_bytes(tmp_path, content.encode())
    assert [problems(row) for row in rows] == [[], [("cells-beyond-titles", None)]]


async def test_empty_titles_at_the_end_are_no_columns(tmp_path: Path) -> None:
    wide = [""] * 150
    head, (row,) = await read_bytes(tmp_path, csv([*HEADER, *wide], [*ROW, *wide]).encode())
    assert (head.unknown_columns, row.problems) == ((), ())


TWO_ROWS = (["Tempat", "", "", "Sejak", "NPP"], ["Nama", "Jenis", "Jumlah", "", ""], ROW)


async def test_titles_merged_down_to_the_header_count_among_its_titles(tmp_path: Path) -> None:
    content = sheets.sheet(
        "".join(sheets.row(number, [cell or None for cell in row]) for number, row in enumerate(TWO_ROWS, start=1)),
        after=sheets.merged("A1:C1", "D1:D2", "E1:E2"),
    )
    head, (row,) = await read_bytes(tmp_path, sheets.workbook(content))
    assert (head.unknown_columns, row.number, row.problems) == ((), 3, ())
    assert (cells_of(row)["since"], cells_of(row)["code"]) == ("2021-08-17", ROW[4])


async def test_brackets_in_a_title_may_say_what_changes_nothing(tmp_path: Path) -> None:
    titles = ["Nama (nama tempat)", "Jenis (wajib diisi)", "Jumlah", "Sejak (dd/mm/yyyy)", "NPP (15 digit)"]
    _, (row,) = await read_bytes(tmp_path, csv(titles, ROW).encode())
    assert row.problems == ()


async def test_titles_above_the_header_may_be_merged_over_columns(tmp_path: Path) -> None:
    content = sheets.sheet(
        sheets.row(1, ["Daftar"]) + sheets.row(2, HEADER) + sheets.row(3, ROW), after=sheets.merged("A1:E1")
    )
    _, (row,) = await read_bytes(tmp_path, sheets.workbook(content))
    assert row.problems == ()


async def test_rows_and_cells_far_away_do_no_harm_when_they_are_empty(tmp_path: Path) -> None:
    far = '<row r="200000"><c r="A200000" s="0"/><c r="B200000"></c></row><row r="1048576" hidden="false"/>'
    rows = sheets.row(1, HEADER) + sheets.row(2, ROW).replace("</row>", '<c r="AAA2" s="0"/></row>') + far
    _, (row,) = await read_bytes(tmp_path, sheets.workbook(sheets.sheet(rows)))
    assert (row.number, row.problems) == (2, ())


async def test_errors_and_formulas_never_calculated_are_refused_though_a_parser_gives_them_as_empty(
    tmp_path: Path,
) -> None:
    error = '<c r="{}" t="e"><v>#N/A</v></c>'
    blank = '<c r="{}" t="str"><f>IF(1,"",2)</f><v></v></c>'
    sick, never, calculated = error.format, '<c r="{}"><f>Lain!A2</f><v></v></c>'.format, blank.format
    rows = (
        sheets.row(1, HEADER)
        + f'<row r="2">{sheets.cell("A2", "Taman")}{sheets.cell("B2", "Buka")}{sick("D2")}{sick("E2")}</row>'
        + f'<row r="3">{never("A3")}{sick("B3")}</row>'
        + f'<row r="4">{sheets.cell("A4", "Kebun")}{sheets.cell("B4", "Buka")}</row>'
        + f'<row r="5">{calculated("A5")}{calculated("B5")}</row><row r="6">{never("E6")}</row>'
    )
    content = sheets.workbook(sheets.sheet(rows, after=sheets.merged("E2:E4")))
    _, read_rows = await read_bytes(tmp_path, content)
    assert [(row.number, problems(row)) for row in read_rows] == [
        (2, [("cell-is-error", "since"), ("cell-is-error", "code")]),
        (3, [("cell-is-formula", "name"), ("cell-is-error", "kind"), ("cell-is-error", "code")]),
        (4, [("cell-is-error", "code")]),
        (6, [("cell-empty", "name"), ("cell-empty", "kind"), ("cell-is-formula", "code")]),
    ]
    assert cells_of(read_rows[0])["since"] == "#N/A"


async def test_an_error_that_excel_has_written_to_a_csv_file_is_refused(tmp_path: Path) -> None:
    _, (row,) = await read_bytes(tmp_path, csv(HEADER, [*ROW[:4], "#REF!"]).encode())
    assert problems(row) == [("cell-is-error", "code")]


async def test_a_cell_merged_with_a_formula_above_it_is_refused_like_the_formula(tmp_path: Path) -> None:
    rows = (
        sheets.row(1, HEADER)
        + f'<row r="2">{sheets.cell("A2", "Taman")}{sheets.cell("B2", "Buka", formula="D1")}</row>'
        + sheets.row(3, ["Kebun"])
    )
    content = sheets.workbook(sheets.sheet(rows, after=sheets.merged("B2:B3")))
    _, read_rows = await read_bytes(tmp_path, content)
    assert [problems(row) for row in read_rows] == [[("cell-is-formula", "kind")]] * 2


async def test_hidden_rows_and_cells_merged_over_columns_are_refused(tmp_path: Path) -> None:
    rows = "".join(
        (
            sheets.row(1, HEADER),
            sheets.row(2, ROW, attributes='hidden="1"'),
            sheets.row(3, ["Kebun", None, 3]),
            sheets.row(4, ["Pasar", "Buka", 3]),
        )
    )
    _, read_rows = await read_bytes(tmp_path, sheets.workbook(sheets.sheet(rows, after=sheets.merged("A3:B3"))))
    assert [problems(row) for row in read_rows] == [
        [("row-hidden", None)],
        [("cell-empty", "kind"), ("cells-merged", None)],
        [],
    ]


async def test_a_cell_merged_over_rows_holds_for_each_of_them(tmp_path: Path) -> None:
    rows = (
        sheets.row(1, HEADER) + sheets.row(2, ["Taman", "Buka"]) + sheets.row(3, ["Kebun"]) + sheets.row(4, ["Pasar"])
    )
    _, read_rows = await read_bytes(tmp_path, sheets.workbook(sheets.sheet(rows, after=sheets.merged("B2:B3"))))
    assert [problems(row) for row in read_rows] == [[], [], [("cell-empty", "kind")]]


@pytest.mark.parametrize(("date_1904", "wanted"), [(False, "2021-08-17"), (True, "2025-08-18")])
async def test_a_serial_number_is_the_day_that_the_workbook_counts(
    tmp_path: Path, date_1904: bool, wanted: str
) -> None:
    content = sheets.workbook(sheets.table([HEADER, ["Taman", "Buka", 1200.0, 44425.0]]), date_1904=date_1904)
    _, (row,) = await read_bytes(tmp_path, content)
    assert row.record == f'{{"name":"Taman","kind":"BUKA","count":1200,"since":"{wanted}","code":null}}'.encode()


@pytest.mark.parametrize("date_1904", [False, True])
async def test_what_is_kept_of_a_row_for_the_errors_file_says_the_same_when_it_comes_back(
    tmp_path: Path, date_1904: bool
) -> None:
    rows: list[list[sheets.Value]] = [["Taman", "Buka", 12.0, 43000.0], ["Kebun", "Buka", 1.234, 99999.0]]
    _, first = await read_bytes(tmp_path, sheets.workbook(sheets.table([HEADER, *rows]), date_1904=date_1904))
    kept = [[cells_of(row).get(key, "") for key in ("name", "kind", "count", "since", "code")] for row in first]
    _, again = await read_bytes(tmp_path, sheets.workbook(sheets.table([HEADER, *kept])))
    assert (again[0].record, again[0].cells) == (first[0].record, first[0].cells)
    assert [problems(row) for row in first] == [[], [("number-has-fraction", "count"), ("day-out-of-range", "since")]]
    assert problems(again[1]) == [("number-unreadable", "count"), ("day-is-serial", "since")]


async def test_a_long_text_that_many_cells_share_counts_in_each_of_them(tmp_path: Path) -> None:
    rows = sheets.row(1, HEADER) + "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 1502))
    content = sheets.workbook(sheets.sheet(rows), shared=("x" * 3000,))
    assert len(content) < 20_000
    _, read_rows = await read_bytes(tmp_path, content)
    assert sum(len(row.cells) for row in read_rows) > 1500 * 3000
    assert await refusal_of(tmp_path, content, Limits(inflated_bytes=3 * MIB)) == "file-inflates"


async def test_the_sheet_called_data_is_read_or_the_only_visible_one(tmp_path: Path) -> None:
    notes, data = sheets.table([["Petunjuk"]]), sheets.table([HEADER, ROW])
    head, _ = await read_bytes(tmp_path, sheets.workbook(notes, data, names=("Petunjuk", "DATA")))
    assert head.sheet == "DATA"
    head, _ = await read_bytes(tmp_path, sheets.workbook(notes, data, names=("Lama", "Isi"), hidden=("Lama",)))
    assert head.sheet == "Isi"
    assert await refusal_of(tmp_path, sheets.workbook(notes, data, names=("Satu", "Dua"))) == "sheet-ambiguous"


async def test_what_power_query_keeps_in_a_workbook_does_no_harm(tmp_path: Path) -> None:
    mashup = '<?xml version="1.0" encoding="utf-16"?><DataMashup>AAAA</DataMashup>'.encode("utf-16")
    content = sheets.workbook(sheets.table([HEADER, ROW]), more={"customXml/item1.xml": mashup})
    _, (row,) = await read_bytes(tmp_path, content)
    assert row.problems == ()


def with_long_sizes(content: bytes, *, inflated: int | None = None) -> bytes:
    """The same file, its directory telling all sizes in eight bytes (zip64); `inflated` is a lie about each."""
    end = content.rindex(b"PK\x05\x06")
    count, _, start = struct.unpack_from("<HLL", content, end + 10)
    at, entries = start, b""
    for _ in range(count):
        fields = list(struct.unpack_from("<4s6H3L5H2L", content, at))
        name = content[at + 46 : at + 46 + fields[10]]
        at += 46 + sum(fields[10:13])
        extra = struct.pack("<HHHHQQ", 7, 0, 1, 16, fields[9] if inflated is None else inflated, fields[8])
        fields[8] = fields[9] = 0xFFFFFFFF
        fields[11], fields[12] = len(extra), 0
        entries += struct.pack("<4s6H3L5H2L", *fields) + name + extra
    told = list(struct.unpack_from("<4s4H2LH", content, end))
    told[5] = len(entries)
    return content[:start] + entries + struct.pack("<4s4H2LH", *told)


async def test_a_workbook_that_tells_its_sizes_in_eight_bytes_is_read(tmp_path: Path) -> None:
    _, (row,) = await read_bytes(tmp_path, with_long_sizes(sheets.workbook(sheets.table([HEADER, ROW]))))
    assert row.problems == ()


def bomb() -> bytes:
    """About half a megabyte that inflates to 131 MB."""
    head, tail = sheets.sheet("|").encode().split(b"|")
    one = sheets.row(1, ["x" * 60, "y" * 60]).encode()
    return sheets.workbook(more={"xl/worksheets/sheet1.xml": head + one * (131_000_000 // len(one)) + tail})


def lying(content: bytes, part: bytes, declared: int) -> bytes:
    """The same file, whose directory declares another size for a part."""
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(part))
    return content[: at + 24] + declared.to_bytes(4, "little") + content[at + 28 :]


def elsewhere(sheet: str) -> bytes:
    """A workbook whose sheet is not kept where others keep theirs."""
    with zipfile.ZipFile(io.BytesIO(sheets.workbook(sheet))) as parts:
        links = parts.read("xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1", b"sheets/sheet1")
    return sheets.workbook(sheet, more={"xl/_rels/workbook.xml.rels": links, "xl/sheets/sheet1.xml": sheet.encode()})


def bad_files() -> Iterator[tuple[str, bytes, str]]:
    good = sheets.workbook(sheets.table([HEADER, ROW]))
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000
    macros = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    yield "empty", b"", "file-empty"
    yield "blanks", b"\r\n\r\n,,\r\n", "file-empty"
    yield "empty sheet", sheets.workbook(sheets.table([])), "file-empty"
    yield "too large", b"a" * (20 * MIB + 1), "file-too-large"
    yield "bomb", bomb(), "file-inflates"
    yield "bomb that declares little", lying(bomb(), b"sheet1.xml", 1000), "file-inflates"
    yield "201 parts", sheets.workbook(sheets.table([ROW]), more={f"x{n}": b"" for n in range(200)}), "file-inflates"
    yield "nested zip by name", sheets.workbook(sheets.table([ROW]), more={"xl/in.zip": b"x"}), "file-inflates"
    yield "nested zip by content", sheets.workbook(sheets.table([ROW]), more={"xl/media/a.png": good}), "file-inflates"
    yield "another zip", sheets.zipped({"a.txt": b"a"}), "file-kind-unknown"
    yield "old xls", ole, "file-kind-unknown"
    yield "pdf", b"%PDF-1.7 ...", "file-kind-unknown"
    yield "web page", b"\xef\xbb\xbf\r\n<!DOCTYPE html><html><table>", "file-kind-unknown"
    yield "web page in utf-16", "\r\n<table border=1>".encode("utf-16"), "file-kind-unknown"
    yield "web archive", b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", "file-kind-unknown"
    yield (
        "as a web form sends it",
        b'--7d1\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n' + good,
        "file-kind-unknown",
    )
    yield "a bomb by sizes in eight bytes", with_long_sizes(good, inflated=200 * MIB), "file-inflates"
    yield "sizes in eight bytes that lie", with_long_sizes(good, inflated=10), "file-inflates"
    yield "password", ole + "EncryptedPackage".encode("utf-16-le"), "file-encrypted"
    yield (
        "xlsm by its project",
        sheets.workbook(sheets.table([ROW]), more={"xl/vbaProject.bin": b"x"}),
        "file-has-macros",
    )
    yield "xlsm by its kind", sheets.workbook(sheets.table([ROW]), book_kind=macros), "file-has-macros"
    yield "external entity", sheets.workbook(sheets.sheet("", prologue=entity)), "file-unsafe"
    yield "billion laughs", sheets.workbook(sheets.sheet("", prologue=laughs)), "file-unsafe"
    yield (
        "xml in utf-16",
        sheets.workbook(sheets.table([ROW]), more={"xl/styles.xml": "<a/>".encode("utf-16")}),
        "file-unsafe",
    )
    yield "cut off", good[:-40], "file-broken"
    yield "cut in the middle", good[: len(good) // 2], "file-broken"
    yield "a part cut off", good.replace(b"PK\x03\x04", b"PK\x03\x05"), "file-broken"
    yield "no xml", sheets.workbook("<worksheet><sheetData><row"), "file-broken"
    yield "a sheet outside its folder", elsewhere(sheets.table([HEADER, ROW])), "file-broken"
    yield (
        "a hidden row without a number",
        sheets.workbook(sheets.sheet(sheets.row(1, HEADER) + '<row hidden="1"><c t="str"><v>Taman</v></c></row>')),
        "file-broken",
    )
    yield "no encoding", csv(HEADER, ROW).encode() + b"\x81\x8d", "file-encoding-unknown"
    yield (
        "utf-8 with a byte of windows",
        csv(HEADER, ["Café", *ROW[1:]]).encode() + b"Rum\xe9,Buka\r\n",
        "file-encoding-unknown",
    )
    yield "utf-16 without mark", csv(HEADER, ROW).encode("utf-16-le"), "file-encoding-unknown"
    yield "unclosed quote", csv(HEADER, ROW).encode() + b'"never closed,\r\n' * 3, "file-broken"
    yield "no header", csv(ROW).encode(), "header-missing"
    yield "half a header", csv(HEADER[1:], ROW[1:]).encode(), "header-missing"
    yield "doubled header", csv([*HEADER, "nama tempat"], [*ROW, "x"]).encode(), "header-doubled"
    yield "months before days", csv([*HEADER[:3], "Sejak (mm/dd/yyyy)"], ROW[:4]).encode(), "header-unclear"
    yield "titles in two rows", csv(*TWO_ROWS).encode(), "header-split"
    yield "titles in the row below", csv(HEADER[:4], ["", "", "", "", "NPP"], ROW).encode(), "header-split"
    yield (
        "hidden column",
        sheets.workbook(sheets.sheet(sheets.row(1, HEADER), before='<cols><col min="2" max="3" hidden="1"/></cols>')),
        "column-hidden",
    )
    yield (
        "a header merged over columns",
        sheets.workbook(
            sheets.sheet(sheets.row(1, [*HEADER, "SK"]) + sheets.row(2, ROW), after=sheets.merged("F1:G1"))
        ),
        "header-merged",
    )
    yield "16,384 columns", csv([*HEADER, *(f"c{n}" for n in range(16_379))], ROW).encode(), "too-many-columns"
    yield (
        "a cell in the last column",
        sheets.workbook(sheets.sheet(sheets.row(1, HEADER) + f'<row r="2">{sheets.cell("XFD2", 1)}</row>')),
        "too-many-columns",
    )
    yield (
        "a cell in the last row",
        sheets.workbook(sheets.sheet(sheets.row(1, HEADER) + sheets.row(1_048_576, ROW))),
        "too-many-rows",
    )
    yield (
        "a cell without a place in the last row",
        sheets.workbook(sheets.sheet(sheets.row(1, HEADER) + '<row r="1048576"><c><v>1</v></c></row>')),
        "too-many-rows",
    )
    yield (
        "a million rows",
        csv(HEADER).encode() + b"".join(b"T%d,BUKA\n" % n for n in range(1_000_000)),
        "too-many-rows",
    )


BAD = {name: (content, slug) for name, content, slug in bad_files()}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    content, slug = BAD[name]
    assert await refusal_of(tmp_path, content) == slug


def test_a_bomb_is_refused_before_anything_of_it_is_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bomb()
    assert len(content) < 700_000

    def never(*_: Any) -> None:
        raise AssertionError("something was inflated")

    monkeypatch.setattr("zlib.decompressobj", never)
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(content)
    with pytest.raises(Refusal) as refused:
        inspect(path)
    assert refused.value.slug == "file-inflates"


async def test_a_header_alone_is_an_empty_file_and_the_sheets_that_are_not_read_are_told(tmp_path: Path) -> None:
    assert await refusal_of(tmp_path, csv(HEADER, ["", "", "", "", ""]).encode()) == "file-empty"
    header, filled = sheets.table([HEADER]), sheets.table([HEADER, ROW])
    with pytest.raises(FileEmpty, match="not read: Lembar1"):
        await read_bytes(tmp_path, sheets.workbook(header, filled, names=("Data", "Lembar1")))


async def test_a_reader_that_needs_too_much_memory_is_ended_and_the_file_refused(tmp_path: Path) -> None:
    corner = f'<row r="100000">{sheets.cell("ZZ100000", 1)}</row>'
    content = sheets.workbook(sheets.sheet(sheets.row(1, HEADER) + corner))
    assert len(content) < 3000
    assert await refusal_of(tmp_path, content) == "file-too-complex"


async def test_a_reader_that_needs_too_long_is_ended_and_the_file_refused(tmp_path: Path) -> None:
    content = csv(HEADER).encode() + b"".join(b"T%d,BUKA\n" % n for n in range(99_000))
    assert await refusal_of(tmp_path, content, Limits(wall_seconds=0.01)) == "file-too-complex"


async def test_a_hundred_thousand_rows_need_no_more_memory_here_than_a_frame(tmp_path: Path) -> None:
    content = csv(HEADER).encode() + b"".join(b"Taman %d,BUKA,7,17/8/2021,\n" % n for n in range(99_999))
    path = tmp_path / "many.csv"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 0
    async with aclosing(read_file(path, form.NAME)) as parts:
        async for part in parts:
            count += 0 if isinstance(part, Head) else len(part)
    assert count == 99_999
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


@asynccontextmanager
async def reader_in_mid_file(tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """One that has told so much that it can't go on before somebody takes it."""
    path = tmp_path / "file"
    path.write_text(csv(HEADER, *([f"Taman {number}", *ROW[1:4], ""] for number in range(10_000))))
    async with reading._reader(path, form.NAME, LIMITS) as process:
        assert process.stdout is not None
        while not vars(process.stdout)["_paused"]:  # noqa: ASYNC110 (asyncio tells nobody of it)
            await asyncio.sleep(0.01)
        yield process


async def test_a_reader_is_ended_though_it_has_more_to_tell_than_was_taken(tmp_path: Path) -> None:
    async with reader_in_mid_file(tmp_path) as process:
        assert process.returncode is None
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (signal.SIGXCPU, FileTooComplex),
        (signal.SIGABRT, FileTooComplex),
        (signal.SIGTERM, ReaderStopped),
        (signal.SIGINT, ReaderStopped),
        (signal.SIGKILL, ReaderBroken),
    ],
)
async def test_a_file_is_not_to_blame_for_a_reader_that_was_ended_from_outside(
    tmp_path: Path, by: signal.Signals, why: type[Exception]
) -> None:
    async with reader_in_mid_file(tmp_path) as process:
        process.send_signal(by)
        with pytest.raises(why):
            await all_frames(process)


async def test_a_reader_of_a_service_that_ignores_interrupts_is_ended_by_one(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        async with reader_in_mid_file(tmp_path) as process:
            process.send_signal(signal.SIGINT)
            with pytest.raises(ReaderStopped):
                await all_frames(process)
    finally:
        signal.signal(signal.SIGINT, before)


async def all_frames(process: asyncio.subprocess.Process) -> None:
    while True:
        await reading._next_frame(process, LIMITS)
