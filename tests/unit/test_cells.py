"""Cells read without guessing: what can be meant only in one way is taken, all else is refused with the choice."""

from datetime import date, datetime

import pytest
from simpul_shared.platform.imports.cells import (
    Cell,
    CellRefused,
    Source,
    code,
    day,
    is_personal,
    protected,
    text,
    unprotected,
    whole_number,
    word,
)

XLSX = Source(date_1904=False)
CSV = Source()
number = whole_number(at_least=0, at_most=1_000_000)
some_day = day(at_least=date(1945, 8, 17), at_most=date(2100, 12, 31))


@pytest.mark.parametrize("cell", [1200, 1200.0, "1200", "1.200", " 1.200 ", "1.200,00", "1200,0"])
def test_twelve_hundred_is_read_however_it_is_written(cell: Cell) -> None:
    assert number(cell, CSV) == 1200


@pytest.mark.parametrize(
    ("cell", "refused", "choices"),
    [
        (1.2, "number-has-fraction", ("1200",)),
        (1.23456, "number-has-fraction", ()),
        ("1,200", "number-unreadable", ()),
        ("1.20", "number-unreadable", ()),
        ("banyak", "number-unreadable", ()),
        (True, "number-unreadable", ()),
        (date(2021, 1, 1), "number-unreadable", ()),
        (2e9, "number-out-of-range", ()),
        ("1,2e3", "number-unreadable", ()),
    ],
)
def test_a_number_that_may_be_another_is_refused(cell: Cell, refused: str, choices: tuple[str, ...]) -> None:
    with pytest.raises(CellRefused) as error:
        number(cell, CSV)
    assert (error.value.code, error.value.choices) == (refused, choices)


@pytest.mark.parametrize(
    "cell",
    [
        date(2021, 8, 17),
        datetime(2021, 8, 17, 9, 30),  # noqa: DTZ001 (as parsers give them)
        "2021-08-17",
        "17/8/2021",
        "17-08-2021",
        "17.08.2021",
        "17 Agustus 2021",
        "17 agt 2021",
        "Selasa, 17 Agustus 2021",
        44425,
        44425.0,
    ],
)
def test_a_day_is_read_however_it_is_written(cell: Cell) -> None:
    assert some_day(cell, XLSX) == date(2021, 8, 17)


@pytest.mark.parametrize("cell", ["8/17/2021", "31/2/2021", "17 Augustus 2021", "2021", "kemarin", "17/8/21"])
def test_a_day_that_is_none_is_refused(cell: Cell) -> None:
    with pytest.raises(CellRefused) as error:
        some_day(cell, XLSX)
    assert error.value.code == "day-unreadable"


@pytest.mark.parametrize("source", [CSV, XLSX])
def test_a_serial_number_in_a_text_is_refused_with_both_days_it_may_be(source: Source) -> None:
    with pytest.raises(CellRefused) as error:
        some_day("44425", source)
    assert (error.value.code, error.value.choices) == ("day-is-serial", ("2021-08-17", "2025-08-18"))


def test_a_year_that_was_mistyped_is_refused() -> None:
    with pytest.raises(CellRefused) as error:
        some_day("17/8/1021", XLSX)
    assert error.value.code == "day-out-of-range"


@pytest.mark.parametrize("cell", ["6.37E+14", "6,37205E+14", 6.37e14, 637205000000000.0, "637000000000000"])
def test_a_code_that_excel_has_rounded_is_refused(cell: Cell) -> None:
    with pytest.raises(CellRefused) as error:
        code(at_most=20)(cell, XLSX)
    assert error.value.code == "code-rounded"


@pytest.mark.parametrize("cell", ["6372052E0000001", "637205E12345678"])
def test_a_letter_e_within_digits_makes_no_rounded_number_of_a_code(cell: str) -> None:
    assert code(at_most=20)(cell, CSV) == cell


def test_a_code_is_kept_as_it_was_typed() -> None:
    assert code(at_most=20)(" 0051 ", XLSX) == "0051"
    assert code(at_most=20)(5103022009.0, XLSX) == "5103022009"
    assert code(at_most=20)(51.1, XLSX) == "51.1"


@pytest.mark.parametrize("cell", [date(2021, 3, 12), "2021-03-12"])
def test_a_number_of_a_decree_that_became_a_date_is_refused(cell: Cell) -> None:
    with pytest.raises(CellRefused) as error:
        text(at_most=20)(cell, XLSX)
    assert error.value.code == "cell-is-date"


def test_a_word_is_taken_by_code_or_label_and_else_refused_with_the_list() -> None:
    read = word({"DESA": "Perpustakaan desa/kelurahan", "TBM": "Taman bacaan"})
    assert [read(cell, CSV) for cell in ("desa", "perpustakaan DESA / kelurahan", "Taman Bacaan")] == [
        "DESA",
        "DESA",
        "TBM",
    ]
    for other in ("Des", "DESA (tutup)", "(bukan) TBM"):
        with pytest.raises(CellRefused) as error:
            read(other, CSV)
        assert error.value.choices == ("DESA", "TBM")


def test_a_text_has_one_spelling_where_two_look_the_same() -> None:
    read = text(at_most=50)
    assert read("Cafe\u0301 Al\u2011Amin", CSV) == read("Caf\u00e9 Al-Amin", CSV) == "Caf\u00e9 Al-Amin"


@pytest.mark.parametrize("shown", ["=1+1", "+62", "-3", "@x", "\tx"])
def test_what_goes_out_is_a_text_to_excel_and_comes_back_as_it_was(shown: str) -> None:
    assert protected(shown) == f"'{shown}"
    assert unprotected(protected(shown)) == shown
    assert protected("Taman") == "Taman"
    assert unprotected("'Taman") == "'Taman"


@pytest.mark.parametrize(
    "shown",
    [
        "081234567890",
        "0812-3456-7890",
        "0812.3456.7890",
        "(0812) 3456789",
        "(0361)234567",
        "81234567890",
        "+62 361 234567",
        "62812345678",
        "a@desa.id",
        "5103021234560001",
        "5103 0212 0380 0001",
        "510302 520380 0001",
        "NIP. 19700101 199003 1 001",
        "197001011990031001",
    ],
)
def test_telephone_numbers_addresses_and_niks_are_personal(shown: str) -> None:
    assert is_personal(f"hubungi {shown}")


@pytest.mark.parametrize(
    "shown",
    [
        "6201022001",
        "6271010001",
        "08-12-2021",
        "08.12.2021 10.00",
        "08-12-2021 10:00",
        "2021-08-12",
        "62.01.02",
        "8101010001",
        "81.01.01.2001",
        "62.08.12.2001 62.08.12.2002",
        "2020 2021 2022 2023",
        "188.45/0812/2021",
        "6372052C0000001",
    ],
)
def test_codes_of_provinces_62_and_81_days_on_the_8th_years_and_decrees_are_not(shown: str) -> None:
    assert not is_personal(shown)


@pytest.mark.parametrize("cell", ["\u200b", "Taman \u202eniamreB", "Taman\x07", "Ta\u00adman", "\ufeffTaman"])
def test_a_text_with_signs_that_nobody_sees_is_refused(cell: str) -> None:
    with pytest.raises(CellRefused) as refused:
        text(at_most=200)(cell, CSV)
    assert refused.value.code == "text-invalid"
