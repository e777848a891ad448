"""From a cell, as a file gives it, to a value: read without guessing, or refused with what to do and what there is to choose.

What users read here is Indonesian: it stands in receipts and in the errors file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from simpul_shared.texts import FORMULA_SIGNS, UNSEEN, as_seen

Cell = str | int | float | bool | date | datetime | time | timedelta | None


class CellRefused(Exception):
    """`code` is stable; `hint` says what is wrong and what to do; `choices` are values one of which may be meant."""

    def __init__(self, code: str, hint: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(hint)
        self.code = code
        self.hint = hint
        self.choices = choices


@dataclass(frozen=True)
class Source:
    """Where cells come from. `date_1904` says from which year a workbook counts days; a CSV file cannot tell (None).

    `delimiter` is what stands between the cells of a CSV file.
    """

    date_1904: bool | None = None
    delimiter: str | None = None


Reader = Callable[[Cell, Source], object]

# A telephone number has eight digits or more behind 08 or 62 8: BPS codes of province 62 go on with 0, 1 or 7, and a day
# on the 8th, such as 08-12-2021 10.00, is none. Without its 0 it has 11 digits or more: codes of province 81 have ten.
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+"
    r"|(?:\+62|\b62[ -]?8|\b08(?![ -]\d\d?[ -]\d{4}))(?:[ -]?\d){7,}"
    r"|\b08\d\d\.\d{3,4}\.\d{3,5}\b|\(0\d{2,3}\)(?:[ -]?\d){6,}|\b8[1-35-9]\d{9,10}\b"
    r"|\b\d{16}\b|\b[1-9]\d{3}[ .-]?\d\d[ .-]?[0-7]\d[ .-]?(?:0[1-9]|1[0-2])\d\d[ .-]?\d{4}\b"
    r"|\b(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d[ .-]?(?:19|20)\d\d(?:0[1-9]|1[0-2])[ .-]?[12][ .-]?\d{3}\b"
)
_DIGITS = re.compile(r"(?:\d\D{0,2}){9}")
_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|GETTING_DATA)|Err:\d{3}"
)
_PRECISE_DIGITS = 15
_CITED = 50
"""So much of a cell is told in a hint."""


def text_of(cell: Cell) -> str:
    """The cell as a person sees it, without blanks around it."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 10**_PRECISE_DIGITS:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case _:
            return str(cell).strip()


def unprotected(shown: str) -> str:
    """Without the apostrophe that protected() or a person has put before a sign that Excel would calculate with."""
    return shown[1:] if shown[:1] == "'" and shown[1:2] in FORMULA_SIGNS and shown[1:] else shown


def protected(shown: str) -> str:
    """For files that go out: a text that Excel would take for a formula is marked as a text."""
    return f"'{shown}" if shown.startswith(FORMULA_SIGNS) else shown


def is_formula(shown: str) -> bool:
    return shown.startswith(FORMULA_SIGNS) and not re.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?", shown)


def is_dash(shown: str) -> bool:
    """What people write where there is nothing."""
    return bool(shown) and not shown.strip("-\u2012\u2013\u2014 ")


def is_error(shown: str) -> bool:
    """What a spreadsheet shows where it could not calculate; in a CSV file, and in one that comes back, it is a text."""
    return shown.startswith(("#", "Err:")) and _ERROR.fullmatch(shown) is not None


def is_personal(shown: str) -> bool:
    """A NIK, a civil servant's NIP, an e-mail address or a telephone number: none of the forms asks for one."""
    return ("@" in shown or _DIGITS.search(shown) is not None) and _PERSONAL.search(shown) is not None


def text(*, at_most: int) -> Reader:
    def read(cell: Cell, _: Source) -> str:
        shown = as_seen(" ".join(text_of(cell).split()))
        if isinstance(cell, date | time | timedelta) or _ISO.fullmatch(shown):
            raise CellRefused(
                "cell-is-date",
                f"Excel telah mengubah isi sel menjadi tanggal ({shown}). Atur format sel menjadi Teks, lalu ketik lagi.",
            )
        if UNSEEN.search(shown):
            raise CellRefused("text-invalid", "Teks berisi karakter yang tidak terlihat. Ketik ulang teksnya.")
        if len(shown) > at_most:
            raise CellRefused("text-too-long", f"Paling banyak {at_most} karakter. Singkat teksnya.")
        return shown

    return read


def word(words: Mapping[str, str]) -> Reader:
    """One of a closed list. `words` are the codes, each with the label under which people know it; either is read."""
    known = {folded(name): code for code, label in words.items() for name in (code, label)}

    def read(cell: Cell, _: Source) -> str:
        code = known.get(folded(text_of(cell)))
        if code is None:
            raise CellRefused("word-unknown", "Pilih salah satu dari daftar kode.", tuple(words))
        return code

    return read


def folded(shown: str) -> str:
    """For comparing: small letters and digits only."""
    return re.sub(r"[\W_]+", "", shown).casefold()


_THOUSANDS = re.compile(r"[+]?\d{1,3}(?:\.\d{3})+(?:,0+)?")
_WHOLE = re.compile(r"[+]?\d{1,15}(?:,0+)?")


def whole_number(*, at_least: int, at_most: int) -> Reader:
    """Reads 1200, "1200", "1.200" and "1.200,00" as twelve hundred. A number with a fraction is refused with the choice."""

    def read(cell: Cell, _: Source) -> int:
        number = _whole(cell)
        if not at_least <= number <= at_most:
            raise CellRefused("number-out-of-range", f"Isi dengan angka dari {at_least} sampai {at_most}.")
        return number

    return read


def _whole(cell: Cell) -> int:
    if isinstance(cell, float) and not cell.is_integer():
        raise _fraction(cell)
    shown = text_of(cell).replace("\u00a0", "").replace(" ", "")
    if isinstance(cell, bool | date | time | timedelta) or not (_THOUSANDS.fullmatch(shown) or _WHOLE.fullmatch(shown)):
        raise CellRefused(
            "number-unreadable", f"{shown[:_CITED]!r} bukan bilangan bulat. Tulis angkanya saja, misalnya 1200."
        )
    return int(shown.partition(",")[0].replace(".", ""))


def _fraction(cell: float) -> CellRefused:
    thousandfold = cell * 1000
    choices = (str(round(thousandfold)),) if abs(thousandfold - round(thousandfold)) < 1e-6 else ()
    return CellRefused(
        "number-has-fraction",
        f"Excel membaca {cell}. Kalau maksudnya ribuan, tulis angkanya tanpa titik.",
        choices,
    )


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "jan", "january"),
            ("februari", "pebruari", "feb", "peb", "february"),
            ("maret", "mar", "march"),
            ("april", "apr"),
            ("mei", "may"),
            ("juni", "jun", "june"),
            ("juli", "jul", "july"),
            ("agustus", "agu", "agt", "ags", "august", "aug"),
            ("september", "sep", "sept"),
            ("oktober", "okt", "october", "oct"),
            ("november", "nopember", "nov", "nop"),
            ("desember", "des", "december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_NAMED = re.compile(r"(?:[a-z']+,\s*)?(\d{1,2})[\s-]+([a-z]+)[\s-]+(\d{4})", re.IGNORECASE)
_SERIAL = re.compile(r"\d{5}")


def day(*, at_least: date, at_most: date) -> Reader:
    """Reads dates, "2021-08-17", "17/8/2021" (day first, as everywhere in Indonesia), "17 Agustus 2021" and numbers that a workbook counts days by."""

    def read(cell: Cell, source: Source) -> date:
        found = _day(cell, source)
        if not at_least <= found <= at_most:
            raise CellRefused("day-out-of-range", f"{found} di luar {at_least} sampai {at_most}. Periksa tahunnya.")
        return found

    return read


def _day(cell: Cell, source: Source) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    shown = text_of(cell)
    if _SERIAL.fullmatch(shown):
        return _from_serial(int(shown), None if isinstance(cell, str) else source.date_1904)
    try:
        return _written_day(shown)
    except (ValueError, KeyError):
        raise CellRefused(
            "day-unreadable",
            f"{shown[:_CITED]!r} bukan tanggal. Tulis hari, bulan, tahun, misalnya 17/8/2021 atau 17 Agustus 2021.",
        ) from None


def _written_day(shown: str) -> date:
    """Errors: ValueError, KeyError."""
    if found := _ISO.fullmatch(shown):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(shown):
        return date(int(found[3]), int(found[2]), int(found[1]))
    if found := _NAMED.fullmatch(shown):
        return date(int(found[3]), _MONTHS[found[2].casefold()], int(found[1]))
    raise ValueError(shown)


_EPOCH_1900 = date(1899, 12, 30)
_EPOCH_1904 = date(1904, 1, 1)


def _from_serial(serial: int, date_1904: bool | None) -> date:
    """A workbook says from when it counts its numbers; of a text nobody knows. Errors: CellRefused."""
    counted = {False: _EPOCH_1900 + timedelta(serial), True: _EPOCH_1904 + timedelta(serial)}
    if date_1904 is None:
        raise CellRefused(
            "day-is-serial",
            f"{serial} adalah nomor urut hari Excel dan tidak pasti dihitung dari tahun mana. Tulis tanggalnya.",
            tuple(str(one) for one in counted.values()),
        )
    return counted[date_1904]


_ROUNDED = re.compile(r"\d+[.,]?\d*[eE]\+\d+|\d[.,]\d*[eE]\d+|\d{6,}0{6,}")
"""A letter E alone makes no number of a code: 6372052E0000001 is an NPP."""


def code(*, at_most: int) -> Reader:
    """A code of digits and signs, kept as it was typed. Refused where Excel has made a number of it and lost something."""
    plain = text(at_most=at_most)

    def read(cell: Cell, source: Source) -> str:
        if isinstance(cell, float) and not cell.is_integer():
            return repr(cell)
        shown = str(plain(cell, source))
        if _ROUNDED.fullmatch(shown):
            raise CellRefused(
                "code-rounded",
                f"Excel telah membulatkan kode ini menjadi {shown}. Atur format kolom menjadi Teks, lalu ketik lagi kodenya.",
            )
        return shown

    return read
