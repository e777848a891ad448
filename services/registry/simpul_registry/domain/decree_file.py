"""The file of a decree (pure): CSV rows in, the places that it states out, or every reason why it cannot be read."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simpul_shared.access import NATION_CODE
from simpul_shared.errors import Invalid
from simpul_shared.texts import FORMULA_SIGNS, UNSEEN
from simpul_shared.vocabulary import RegionKind

_CODE = re.compile(r"\d{2}(?:\.\d{2}(?:\.\d{2}(?:\.\d{4})?)?)?", re.ASCII)
_LAST_CITY = 71
_VILLAGE_KINDS = {"1": RegionKind.URBAN_VILLAGE, "2": RegionKind.VILLAGE, "3": RegionKind.CUSTOMARY_VILLAGE}
_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
_TOLD_AT_MOST = 20


class DecreeFileBroken(Invalid):
    slug = "decree-file-broken"
    title = "Berkas keputusan wilayah tidak dapat dibaca"


@dataclass(frozen=True, slots=True)
class Stated:
    """A place as the file or the map has it. `timezone` of a file only where that names one."""

    code: str
    name: str
    timezone: str | None = None

    @property
    def parent_code(self) -> str:
        """Empty for a province."""
        return self.code.rpartition(".")[0]

    @property
    def depth(self) -> int:
        """0 for a province, 3 for a village."""
        return self.code.count(".")

    @property
    def kind(self) -> RegionKind:
        return kind_of(self.code)


def kind_of(code: str) -> RegionKind:
    """What a Kemendagri code says of its region's kind. Errors: KeyError for a village code that begins with none of 1, 2, 3."""
    match code.count("."):
        case 0:
            return RegionKind.PROVINCE
        case 1:
            return RegionKind.CITY if int(code[-2:]) >= _LAST_CITY else RegionKind.REGENCY
        case 2:
            return RegionKind.DISTRICT
        case _:
            return _VILLAGE_KINDS[code[-4]]


def read_decree_file(text: str, *, within: str = NATION_CODE) -> list[Stated]:
    """The whole map of `within` as the file states it, by code. Columns code and name; level, kind, parent_code and timezone
    may be there, and must then agree with the code. Errors: DecreeFileBroken, which lists what is wrong, row by row.
    """
    numbered = list(enumerate(_rows(text), start=2))
    wrong = [*_wrong_rows(numbered, within)] or [*_wrong_together([row for _, row in numbered], within)]
    if wrong:
        more = f" And {len(wrong) - _TOLD_AT_MOST} more." if len(wrong) > _TOLD_AT_MOST else ""
        raise DecreeFileBroken(" ".join(wrong[:_TOLD_AT_MOST]) + more, field="/file", facts={"wrong": len(wrong)})
    stated = (Stated(row["code"].strip(), " ".join(row["name"].split()), _zone(row) or None) for _, row in numbered)
    return sorted(stated, key=lambda one: (one.depth, one.code))


def _rows(text: str) -> list[dict[str | Any, str | Any]]:
    """By the columns of the first line. Errors: DecreeFileBroken."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        columns, found = rows.fieldnames or (), list(rows)
    except csv.Error as error:
        raise DecreeFileBroken(
            f"The file is no CSV: {error}. Save it as CSV with commas, in UTF-8.", field="/file"
        ) from error
    if missing := {"code", "name"} - set(columns):
        raise DecreeFileBroken(
            f"The file lacks the column {' and '.join(sorted(missing))}. Its first line names them.", field="/file"
        )
    if doubled := [column for column, count in Counter(columns).items() if column and count > 1]:
        raise DecreeFileBroken(f"The file has the column {doubled[0]} more than once. Leave one.", field="/file")
    return found


def _zone(row: Mapping[str, str]) -> str:
    return (row.get("timezone") or "").strip()


def _wrong_rows(numbered: Sequence[tuple[int, Mapping[str | Any, str | Any]]], within: str) -> Iterator[str]:
    for number, row in numbered:
        code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
        if any(cell.strip() for cell in row.get(None) or ()):
            yield f"Line {number} has more cells than the first line; put a name with a comma between quotes."
        elif not _CODE.fullmatch(code):
            yield f"Line {number}: {code!r} is no Kemendagri code; write it with dots."
        elif len(code) == 13 and code[-4] not in _VILLAGE_KINDS:
            yield f"Line {number}: the last part of {code} begins with 1 (kelurahan), 2 (desa) or 3 (desa adat)."
        elif said := _wrong_name(name):
            yield f"Line {number}: {code} {said}."
        elif _zone(row) and _zone(row) not in _ZONES:
            yield f"Line {number}: {_zone(row)!r} is no time zone of Indonesia, which are {', '.join(_ZONES)}."
        elif within != NATION_CODE and not (code == within or code.startswith(f"{within}.")):
            yield f"Line {number}: {code} lies outside {within}, which this file is said to describe."
        elif said := _disagreeing(row, code):
            yield f"Line {number}: {said} does not agree with the code {code}."


def _wrong_name(name: str) -> str | None:
    if not name or len(name) > 200:
        return "needs a name of at most 200 characters"
    if UNSEEN.search(name):
        return "has a name with a sign that nobody sees; type it anew"
    if name.startswith(FORMULA_SIGNS):
        return f"has a name that begins with {name[0]!r}; a spreadsheet would take it for a formula"
    return None


def _disagreeing(row: Mapping[str, str], code: str) -> str | None:
    expected = {"level": str(code.count(".") + 1), "kind": kind_of(code).value, "parent_code": code.rpartition(".")[0]}
    for column, value in expected.items():
        given = (row.get(column) or "").strip()
        if given and given != value:
            return f"{column} {given!r}"
    return None


def _wrong_together(rows: Sequence[Mapping[str, str]], within: str) -> Iterator[str]:
    codes = [row["code"].strip() for row in rows]
    there = set(codes)
    if not codes:
        yield "The file has no rows; it must state the whole map, not only what changes."
    if doubled := sorted(code for code, count in Counter(codes).items() if count > 1):
        yield f"Codes that occur more than once: {', '.join(doubled[:_TOLD_AT_MOST])}."
    if within != NATION_CODE and within not in there:
        yield f"The file lacks {within} itself."
    for code in codes:
        above = code.rpartition(".")[0]
        if above and above not in there and code != within:
            yield f"{code} has no row for {above}, which it lies in."
