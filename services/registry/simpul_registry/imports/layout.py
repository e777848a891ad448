"""The form "libraries": what a row may say, and how its cells become one record. Read in a process of its own, without a database."""

import re
from datetime import date
from itertools import accumulate
from typing import Any

import msgspec
from simpul_shared.platform.imports.cells import Cell, CellRefused, Source, code, day, text, whole_number, word
from simpul_shared.platform.imports.columns import Column, Layout, RowRefused
from simpul_shared.vocabulary import FundSource, LibraryType, RegionCodeMalformed, Scheme

from simpul_registry.domain.region_code import parse_bps_code

_EARLIEST, _LATEST = date(1945, 8, 17), date(2100, 12, 31)

TYPES = {
    LibraryType.PROVINCE.value: "Perpustakaan provinsi",
    LibraryType.REGENCY.value: "Perpustakaan kabupaten/kota",
    LibraryType.DISTRICT.value: "Perpustakaan kecamatan",
    LibraryType.VILLAGE.value: "Perpustakaan desa/kelurahan",
    LibraryType.COMMUNITY.value: "Taman bacaan masyarakat",
    LibraryType.WORSHIP.value: "Perpustakaan rumah ibadah",
}
SCHEMES = {
    Scheme.STIMULUS.value: "Stimulan APBN",
    Scheme.SELF_REPLICATION.value: "Replikasi mandiri",
    Scheme.BOOK_AID.value: "Bantuan buku bermutu",
    Scheme.REGIONAL_PROPOSAL.value: "Usulan daerah",
}
FUND_SOURCES = {
    FundSource.NATIONAL.value: "Anggaran negara",
    FundSource.REGIONAL.value: "Anggaran daerah",
    FundSource.VILLAGE.value: "Anggaran desa",
    FundSource.SELF.value: "Swadaya masyarakat",
    FundSource.PRIVATE.value: "Perusahaan atau yayasan",
}
KEMENDAGRI, BPS = "KEMENDAGRI", "BPS"
CODE_SCHEMES = {KEMENDAGRI: "Kode Kemendagri", BPS: "Kode BPS"}


class LibraryRecord(msgspec.Struct, frozen=True, array_like=True):
    """A row that reads well. The place is named by `code`, by that of BPS, or by names from the province down."""

    type: LibraryType
    name: str
    code: str | None
    province: str | None
    regency: str | None
    district: str | None
    village: str | None
    programme_year: int
    scheme: Scheme
    nominated_on: date | None
    sk_no: str | None
    sk_date: date | None
    npp: str | None = None
    bps: str | None = None
    fund_source: FundSource | None = None


_DOTTED = re.compile(r"\d{2}(?:\.\d{2}(?:\.\d{2}(?:\.\d{4})?)?)?", re.ASCII)
_CUTS = {2: (2,), 4: (2, 2), 6: (2, 2, 2), 10: (2, 2, 2, 4)}


def compose(values: dict[str, Any]) -> LibraryRecord:
    """Errors: RowRefused."""
    values |= _codes(values["code"], values["bps"], values.pop("code_scheme"))
    named = any(values[name] for name in ("province", "regency", "district", "village"))
    if values["code"] is None and values["bps"] is None and not named:
        raise _refused("code", "place-missing", "Isi kode wilayah, atau nama wilayah dari provinsi sampai ke bawah.")
    if (values["sk_no"] is None) is not (values["sk_date"] is None):
        blamed = "sk_date" if values["sk_date"] is None else "sk_no"
        raise _refused(
            blamed, "decree-incomplete", "Nomor SK dan tanggal SK diisi keduanya, atau dikosongkan keduanya."
        )
    return LibraryRecord(**values)


def _codes(code: str | None, bps: str | None, scheme: str | None) -> dict[str, str | None]:
    """Whose code is whose. Errors: RowRefused."""
    if code is not None and scheme == BPS:
        if bps is not None:
            hint = "Kode BPS ada di dua kolom. Kosongkan salah satu, atau isi Kode Wilayah dengan kode Kemendagri."
            raise _refused("code", "region-code-doubled", hint)
        return {"code": None, "bps": bps_code(code, column="code")}
    return {
        "code": None if code is None else region_code(code, scheme),
        "bps": None if bps is None else bps_code(bps, column="bps"),
    }


def bps_code(given: str, *, column: str) -> str:
    """Errors: RowRefused."""
    try:
        return parse_bps_code(given, field=column)
    except RegionCodeMalformed:
        hint = (
            f"{given!r} bukan kode BPS. Kode BPS terdiri dari 2, 4, 7 atau 10 angka tanpa titik, misalnya 5103020009."
        )
        raise _refused(column, RegionCodeMalformed.slug, hint) from None


def region_code(given: str, scheme: str | None) -> str:
    """The dotted Kemendagri code. Errors: RowRefused, with the codes that may be meant."""
    if _DOTTED.fullmatch(given):
        return given
    if given.isascii() and given.isdecimal() and len(given) in {4, 6, 7, 10}:
        return _with_dots(given, scheme)
    raise _refused(
        "code",
        RegionCodeMalformed.slug,
        f"{given!r} bukan kode wilayah. Tulis dengan titik, misalnya 51.03.02.2009, dalam sel berformat Teks.",
        choices=_completed(given),
    )


def _with_dots(digits: str, scheme: str | None) -> str:
    """Errors: RowRefused where nobody says whose code it is: BPS cuts its codes elsewhere and counts other places."""
    dotted = _dotted(digits)
    if scheme == KEMENDAGRI and dotted is not None:
        return dotted
    meant = [dotted, f"BPS {digits}" if len(digits) in {4, 7, 10} else None]
    raise _refused(
        "code",
        "code-scheme-missing",
        "Kode tanpa titik dapat berarti kode Kemendagri atau BPS. Isi kolom Skema Kode, atau tulis kodenya dengan titik.",
        choices=tuple(one for one in meant if one is not None),
    )


def _dotted(digits: str) -> str | None:
    """None where Kemendagri has no codes so long."""
    if len(digits) not in _CUTS:
        return None
    ends = list(accumulate(_CUTS[len(digits)]))
    return ".".join(digits[start:end] for start, end in zip([0, *ends], ends, strict=False))


def _completed(given: str) -> tuple[str, ...]:
    """What a code may have been before a spreadsheet took its zeros: 51.1 was 51.10 or 51.01, 51.3.2.2009 was 51.03.02.2009."""
    parts = given.replace(",", ".").split(".")
    if not 2 <= len(parts) <= 4 or not all(part.isascii() and part.isdecimal() for part in parts):
        return ()
    ways = {
        ".".join(part.zfill(2) for part in parts),
        ".".join([*(p.zfill(2) for p in parts[:-1]), parts[-1].ljust(2, "0")]),
    }
    return tuple(sorted(way for way in ways if _DOTTED.fullmatch(way)))


def _refused(column: str, why: str, hint: str, choices: tuple[str, ...] = ()) -> RowRefused:
    return RowRefused((column, CellRefused(why, hint, choices)))


_code_of_decree = code(at_most=100)


def decree_number(cell: Cell, source: Source) -> str:
    """Errors: CellRefused, also where somebody wrote that there is none."""
    shown = str(_code_of_decree(cell, source))
    if re.search(r"[1-9]", shown) is None:
        hint = f"{shown!r} bukan nomor SK. Isi nomornya, atau kosongkan nomor dan tanggal SK kalau belum ditetapkan."
        raise CellRefused("decree-number-unreadable", hint)
    return shown


_name = text(at_most=200)

LAYOUT = Layout(
    columns=(
        Column(
            "type",
            "Jenis Perpustakaan",
            word(TYPES),
            "Kode dari lembar Kode.",
            aliases=("Jenis", "Tipe", "Tipe Perpustakaan", "Library Type"),
            required=True,
            example="DESA",
            words=TYPES,
        ),
        Column(
            "name",
            "Nama Perpustakaan",
            _name,
            "Nama resmi, tanpa nama orang.",
            aliases=("Nama", "Perpustakaan", "Library Name", "Library"),
            required=True,
            example="Perpustakaan Desa Mengwi",
        ),
        Column(
            "code",
            "Kode Wilayah",
            code(at_most=20),
            "Kode Kemendagri dengan titik, dari lembar Wilayah. Boleh kosong kalau nama wilayah diisi lengkap.",
            aliases=(
                "Kode",
                "Kode Desa",
                "Kode Kelurahan",
                "Kode Kemendagri",
                "Kode Wilayah Kemendagri",
                "Kode Desa/Kelurahan",
                "Region Code",
            ),
            example="51.03.02.2009",
        ),
        Column(
            "code_scheme",
            "Skema Kode",
            word(CODE_SCHEMES),
            "Hanya untuk kode tanpa titik: KEMENDAGRI atau BPS.",
            aliases=("Jenis Kode", "Code Scheme"),
            words=CODE_SCHEMES,
        ),
        Column(
            "bps",
            "Kode BPS",
            code(at_most=20),
            "Kode BPS tanpa titik, sebagai pengganti Kode Wilayah. Berlaku kalau tercatat untuk wilayahnya pada tanggal usulan.",
            aliases=("Kode Wilayah BPS", "Kode Desa BPS", "Kode Kelurahan BPS", "BPS Code"),
        ),
        Column("province", "Provinsi", _name, "Nama provinsi.", aliases=("Propinsi", "Province"), example="Bali"),
        Column(
            "regency",
            "Kabupaten/Kota",
            _name,
            "Nama dengan Kab. atau Kota di depannya.",
            aliases=("Kabupaten", "Kab/Kota", "Kab", "Regency"),
            example="Kab. Badung",
        ),
        Column("district", "Kecamatan", _name, "Nama kecamatan.", aliases=("Kec", "District"), example="Mengwi"),
        Column(
            "village",
            "Desa/Kelurahan",
            _name,
            "Nama desa atau kelurahan.",
            aliases=("Desa", "Kelurahan", "Desa/Kel", "Nama Desa", "Village"),
            example="Mengwi",
        ),
        Column(
            "programme_year",
            "Tahun Program",
            whole_number(at_least=2000, at_most=2100),
            "Tahun dukungan TPBIS.",
            aliases=("Tahun", "Tahun Anggaran", "Programme Year", "Year"),
            required=True,
            example="2021",
        ),
        Column(
            "scheme",
            "Skema Dukungan",
            word(SCHEMES),
            "Kode dari lembar Kode.",
            aliases=("Skema", "Scheme"),
            required=True,
            example="STIMULAN_APBN",
            words=SCHEMES,
        ),
        Column(
            "fund_source",
            "Sumber Dana",
            word(FUND_SOURCES),
            "Kode dari lembar Kode: anggaran siapa yang membiayai. Boleh kosong.",
            aliases=("Dana", "Sumber Anggaran", "Sumber Pendanaan", "Funding Source"),
            example="APBDES",
            words=FUND_SOURCES,
        ),
        Column(
            "nominated_on",
            "Tanggal Usulan",
            day(at_least=_EARLIEST, at_most=_LATEST),
            "Hari, bulan, tahun. Kosong berarti tanggal SK, atau hari ini kalau tanpa SK.",
            aliases=("Tgl Usulan", "Diusulkan Tanggal", "Nominated On"),
            example="1/2/2021",
        ),
        Column(
            "sk_no",
            "Nomor SK",
            decree_number,
            "Kalau sudah ditetapkan: nomor surat keputusan. Hanya untuk yang berwenang menetapkan.",
            aliases=("No SK", "SK", "Decree Number"),
            example="12/SK/2021",
        ),
        Column(
            "sk_date",
            "Tanggal SK",
            day(at_least=_EARLIEST, at_most=_LATEST),
            "Tanggal surat keputusan.",
            aliases=("Tgl SK", "Decree Date"),
            example="15/3/2021",
        ),
        Column(
            "npp",
            "NPP",
            code(at_most=20),
            "Nomor Pokok Perpustakaan, 15 angka dan huruf, dalam sel berformat Teks.",
            aliases=("Nomor Pokok Perpustakaan", "No NPP", "Nomor NPP"),
            example="6372052C0000001",
            unique=True,
        ),
    ),
    compose=compose,
)
