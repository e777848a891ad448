"""Workbooks written part by part, so that a test can make them as wrong as files can be."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KINDS = "http://schemas.openxmlformats.org/package/2006/content-types"
_BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"

Value = str | float | None


def cell(place: str, value: Value, *, formula: str | None = None) -> str:
    """A cell by its place, such as B2; numbers as numbers, texts inline."""
    told = f"<f>{formula}</f>" if formula is not None else ""
    if value is None and not told:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr">{told}<is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}">{told}<v>{value}</v></c>'


def row(number: int, values: Sequence[Value], *, attributes: str = "") -> str:
    cells = "".join(cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(values))
    return f'<row r="{number}" {attributes}>{cells}</row>'


def sheet(rows: str, *, before: str = "", after: str = "", prologue: str = "") -> str:
    """`before` and `after` stand beside the rows, such as columns and merged ranges."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{prologue}<worksheet xmlns="{_MAIN}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def table(rows: Sequence[Sequence[Value]]) -> str:
    return sheet("".join(row(number, values) for number, values in enumerate(rows, start=1)))


def merged(*ranges: str) -> str:
    told = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    return f'<mergeCells count="{len(ranges)}">{told}</mergeCells>'


def workbook(
    *sheets: str,
    names: Sequence[str] = ("Data", "Lain", "Lagi"),
    hidden: Sequence[str] = (),
    date_1904: bool = False,
    more: Mapping[str, bytes] | None = None,
    book_kind: str = _BOOK,
    shared: Sequence[str] = (),
) -> bytes:
    """`more` are further parts, or others in the place of those made here; `shared` the texts that cells name by number."""
    numbered = list(enumerate(zip(names, sheets, strict=False), start=1))
    told = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for n, (name, _) in numbered
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    if shared:
        links += f'<Relationship Id="rIdTexts" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    kinds = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_SHEET}"/>' for n, _ in numbered)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_KINDS}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{book_kind}"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{int(date_1904)}"/><sheets>{told}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">{links}</Relationships>',
        **{f"xl/worksheets/sheet{n}.xml": text for n, (_, text) in numbered},
    }
    if shared:
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{texts}</sst>'
    return zipped({name: text.encode() for name, text in parts.items()} | dict(more or {}))


def zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()
