"""What the two source texts say of TPBIS in Bali, and what had to be inferred or invented to make it whole.

Stated: the programme year 2021 with its targets, the twelve libraries, both Bimteks with organisers, officials and
subjects. Inferred by us: the kelurahan of the Tuban hotel, the year 2022 and the cascade of the Badung Bimtek, the days
and hours of sessions. Sample (invented): decree numbers, dates of approval, delegates, marks, plans, activities.
Sources: report of the national Bimtek in Tuban (Perpusnas, 28 June to 2 July 2021); Metrobali / Humas Pemkab Klungkung
on the Bimtek SPP-TIK in Badung (Tuesday 19 July). Region codes: data/regions/bali-2021.csv, after the decrees.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

PROGRAMME_YEAR = 2021
SK_NO = "contoh/TPBIS/2021"
SK_DATE = "2021-03-15"
NOMINATED_ON = "2021-02-01"
ACTIVE_ON = "2021-07-05"
DELEGATES = ("pengelola", "kepala desa", "penggerak PKK")


@dataclass(frozen=True)
class Target:
    indicator: str
    region: str
    value: int


TARGETS = (
    Target("PROVINCES", "ID", 32),
    Target("LIBRARIES", "ID", 450),
    Target("LIBRARIES", "51", 12),
    Target("LIBRARIES", "51.03", 5),
    Target("LIBRARIES", "51.05", 4),
    Target("LIBRARIES", "51.02", 3),
)


@dataclass(frozen=True)
class Library:
    name: str
    village: str
    code: str

    @property
    def regency(self) -> str:
        return self.code[:5]


@cache
def libraries() -> tuple[Library, ...]:
    """The twelve village libraries of Bali of the programme year 2021."""
    with Path(__file__).with_name("bali-2021.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Library(row["library"], row["village"], row["village_code"]) for row in csv.DictReader(file))


@dataclass(frozen=True)
class Official:
    name: str
    role: str


@dataclass(frozen=True)
class Session:
    """One session a day; `method` as the text names it, where it does."""

    subject: str
    method: str


@dataclass(frozen=True)
class Bimtek:
    """`basis` marks what the text states of the event; `region_basis` of its place, `session_basis` of its hours."""

    slug: str
    title: str
    level: str
    kind: str
    region: str
    region_basis: str
    basis: str
    venue: str
    starts_on: date
    organisers: tuple[str, ...]
    officials: tuple[Official, ...]
    sessions: tuple[Session, ...]
    regencies: tuple[str, ...]

    @property
    def ends_on(self) -> date:
        return self.starts_on + timedelta(days=len(self.sessions) - 1)

    def delegations(self) -> Iterator[Library]:
        return (library for library in libraries() if library.regency in self.regencies)


NATIONAL = Bimtek(
    slug="nasional-2021",
    title="Bimbingan Teknis Strategi Pengembangan Perpustakaan dan Teknologi Informasi dan Komunikasi",
    level="NASIONAL",
    kind="SPP_TIK",
    region="51.03.01.1001",
    region_basis="inferred",
    basis="stated",
    venue="Hotel Swiss-Bell Tuban",
    starts_on=date(2021, 6, 28),
    organisers=("Perpustakaan Nasional Republik Indonesia",),
    officials=(
        Official("Luh Ayu Aryani", "Plt. Kepala Dinas Kearsipan dan Perpustakaan Provinsi Bali; membuka"),
        Official("Nurhadisaputra", "Koordinator Pengembangan Perpustakaan Umum; menutup, mewakili Kepala Perpusnas"),
        Official("Muhammad Syarif Bando", "Kepala Perpustakaan Nasional; diwakili"),
    ),
    sessions=(
        Session("Konsep perpustakaan berbasis inklusi sosial", "CERAMAH"),
        Session("Strategi pengembangan perpustakaan berbasis inklusi sosial", "CERAMAH"),
        Session("Dampak layanan perpustakaan di masa pandemi", "DISKUSI"),
        Session("Teknologi informasi perpustakaan", "PRAKTIK"),
        Session("Menyusun program dan strategi dengan memanfaatkan potensi desa", "PRAKTIK"),
    ),
    regencies=("51.03", "51.05", "51.02"),
)
BADUNG = Bimtek(
    slug="badung-2022",
    title="Bimtek SPP-TIK bagi Pengelola Perpustakaan Desa di Kabupaten Badung",
    level="KABKOTA",
    kind="SPP_TIK",
    region="51.03",
    region_basis="stated",
    basis="inferred",
    venue="Gedung Layanan Baca Sastra Mangutama, Puspem Badung",
    starts_on=date(2022, 7, 19),
    organisers=(
        "Biro Organisasi Sekretariat Daerah Provinsi Bali",
        "Dinas Kearsipan dan Perpustakaan Kabupaten Badung",
    ),
    officials=(
        Official("Luh Putu Haryani", "Pustakawan Ahli Utama; membuka, mewakili Kepala Biro Organisasi"),
        Official("Ni Wayan Kristiani", "Kepala Dinas Kearsipan dan Perpustakaan Kabupaten Badung"),
        Official("Ida Ayu Tantri Ardani", "Kepala Bagian Tata Laksana; ketua panitia"),
    ),
    sessions=(
        Session("Pengelolaan perpustakaan desa berbasis teknologi informasi dan komunikasi", "CERAMAH"),
        Session("Penerapan di desa dan kelurahan", "DISKUSI"),
        Session("Praktik perpustakaan digital", "PRAKTIK"),
    ),
    regencies=("51.03",),
)


@dataclass(frozen=True)
class Activity:
    category: str
    title: str
    starts_at: str
    female: int
    male: int


def activities(library: Library) -> tuple[Activity, ...]:
    """Two invented activities of each library but the last, so that coverage is not full. Attendances by gender."""
    place = libraries().index(library)
    if place == len(libraries()) - 1:
        return ()
    first = Activity("EKONOMI", "Pelatihan membuat canang", f"2021-08-{10 + place:02d}T09:00:00+08:00", 12 + place, 3)
    second = Activity("TIK", "Belajar komputer dasar", f"2021-10-{5 + place:02d}T15:00:00+08:00", 7, 6 + place)
    return (first, second)
