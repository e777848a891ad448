"""The page's words in both languages, and numbers and times as each writes them. A missing text is a type error."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from simpul_shared.vocabulary import LibraryStatus, RegionKind

Language = Literal["id", "en"]

ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
"""What people call their zone; libraries of locales print +0700 in English."""


@dataclass(frozen=True)
class Words:
    language: Language
    title: str
    subtitle: str
    skip: str
    other_language: str
    breadcrumbs: str
    country: str
    programme_year: str
    region_code: str
    show: str
    filters: str
    data_as_of: str
    nothing_applied: str
    provisional: str
    provisional_why: str
    withheld: str
    final: str
    final_why: str
    permanent_link: str
    no_data: str
    target: str
    no_target: str
    realised: str
    reached: str
    coverage: str
    coverage_help: str
    provinces: str
    of: str
    summary: str
    summary_without_target: str
    by_region: str
    region: str
    own: str
    all_regions: str
    only_with_figures: str
    no_regions: str
    activities_by_month: str
    activities: str
    attendances: str
    women: str
    men: str
    unknown: str
    reporting_libraries: str
    month: str
    total: str
    no_activities: str
    attendance_by_month: str
    attendance_help: str
    registered: str
    present: str
    late: str
    excused: str
    absent: str
    attendance_rate: str
    no_attendance: str
    sample: str
    libraries: str
    library: str
    status: str
    since: str
    about: str
    about_realised: str
    about_null: str
    about_api: str
    not_found: str
    not_found_why: str
    not_yet: str
    not_yet_why: str
    go_home: str
    months: tuple[str, ...]
    kinds: dict[RegionKind, str]
    statuses: dict[LibraryStatus, str]
    thousands: str
    decimal: str
    clock: str

    def number(self, value: float | None) -> str:
        """Digits in groups; '' for None, which the page words as no data."""
        if value is None:
            return ""
        whole, _, part = f"{value:,.2f}".partition(".")
        part = part.rstrip("0")
        return whole.replace(",", self.thousands) + (self.decimal + part if part else "")

    def percent(self, value: float | None) -> str:
        return "" if value is None else f"{self.number(value)}%"

    def day(self, moment: date) -> str:
        return f"{moment.day} {self.months[moment.month - 1]} {moment.year}"

    def time(self, moment: datetime, timezone: str) -> str:
        """22 Nov 2026 10.05 WIB, in the zone of the place."""
        local = moment.astimezone(ZoneInfo(timezone))
        return f"{self.day(local)} {local:%H}{self.clock}{local:%M} {ZONES.get(timezone, timezone)}"

    def month_name(self, month: str) -> str:
        """'2021-07' as 'Jul 2021'."""
        year, number = month.split("-")
        return f"{self.months[int(number) - 1]} {year}"


INDONESIAN = Words(
    language="id",
    title="TPBIS",
    subtitle="Pemantauan Perpustakaan Desa",
    skip="Lewati ke isi",
    other_language="English",
    breadcrumbs="Lokasi",
    country="Nasional",
    programme_year="Tahun program",
    region_code="Kode wilayah",
    show="Tampilkan",
    filters="Saringan",
    data_as_of="Data per",
    nothing_applied="Belum ada data yang diterima dari semua layanan",
    provisional="sementara",
    provisional_why="Angka masih dapat berubah bila ada laporan baru.",
    withheld="Catatan yang belum dapat dihitung dan sedang ditangani:",
    final="final",
    final_why="Angka pada saat ini tidak akan berubah lagi.",
    permanent_link="Tautan tetap ke angka ini",
    no_data="Belum ada data",
    target="Target",
    no_target="Belum ada target",
    realised="Realisasi",
    reached="Capaian",
    coverage="Cakupan kegiatan",
    coverage_help="perpustakaan ditetapkan yang sudah mencatat kegiatan",
    provinces="Provinsi",
    of="dari",
    summary="{realised} dari {target} perpustakaan sasaran sudah ditetapkan ({reached}).",
    summary_without_target="{realised} perpustakaan sudah ditetapkan; target belum ada.",
    by_region="Target dan realisasi per wilayah",
    region="Wilayah",
    own="Langsung di wilayah ini",
    all_regions="Tampilkan semua wilayah",
    only_with_figures="Tampilkan hanya wilayah yang ada datanya",
    no_regions="Belum ada target atau realisasi di wilayah bawahannya.",
    activities_by_month="Kegiatan pelibatan masyarakat per bulan",
    activities="Kegiatan",
    attendances="Kehadiran",
    women="Perempuan",
    men="Laki-laki",
    unknown="Tidak diketahui",
    reporting_libraries="Perpustakaan melapor",
    month="Bulan",
    total="Jumlah",
    no_activities="Belum ada data kegiatan pada tahun ini.",
    attendance_by_month="Kehadiran Bimtek per bulan",
    attendance_help="Dihitung di wilayah perpustakaan yang diwakili peserta.",
    registered="Terdaftar (Bimtek mulai)",
    present="Hadir",
    late="Terlambat",
    excused="Izin/sakit",
    absent="Alpa",
    attendance_rate="Tingkat kehadiran",
    no_attendance="Belum ada data kehadiran pada tahun ini.",
    sample="Termasuk data contoh yang direka, bukan laporan sebenarnya.",
    libraries="Perpustakaan di wilayah ini",
    library="Perpustakaan",
    status="Status",
    since="Sejak",
    about="Tentang angka ini",
    about_realised="Realisasi adalah perpustakaan yang ditetapkan dengan SK untuk tahun program, masing-masing dihitung satu kali.",
    about_null="“Belum ada data” berarti belum ada yang tercatat; itu bukan nol.",
    about_api="Angka yang sama tersedia sebagai JSON; lihat",
    not_found="Halaman tidak ditemukan",
    not_found_why="Tidak ada wilayah, tahun, atau saat seperti itu. Periksa alamatnya; kode wilayah ditulis dengan titik, misalnya 51.03.",
    not_yet="Belum ada data",
    not_yet_why="Data wilayah sedang dimuat. Muat ulang halaman ini sebentar lagi.",
    go_home="Ke halaman nasional",
    months=("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    kinds={
        RegionKind.PROVINCE: "Provinsi",
        RegionKind.DISTRICT: "Kecamatan",
        RegionKind.URBAN_VILLAGE: "Kelurahan",
        RegionKind.VILLAGE: "Desa",
        RegionKind.CUSTOMARY_VILLAGE: "Desa adat",
    },
    statuses={
        LibraryStatus.NOMINATED: "Diusulkan",
        LibraryStatus.VERIFIED: "Terverifikasi",
        LibraryStatus.RETURNED: "Dikembalikan",
        LibraryStatus.REJECTED: "Ditolak",
        LibraryStatus.DESIGNATED: "Ditetapkan",
        LibraryStatus.ACTIVE: "Aktif",
        LibraryStatus.DORMANT: "Nonaktif",
        LibraryStatus.CLOSED: "Ditutup",
    },
    thousands=".",
    decimal=",",
    clock=".",
)

ENGLISH = Words(
    language="en",
    title="TPBIS",
    subtitle="Village libraries of Indonesia, monitored",
    skip="Skip to content",
    other_language="Bahasa Indonesia",
    breadcrumbs="Location",
    country="National",
    programme_year="Programme year",
    region_code="Region code",
    show="Show",
    filters="Filters",
    data_as_of="Data as of",
    nothing_applied="No data received from all services yet",
    provisional="provisional",
    provisional_why="Figures may still change when new reports come in.",
    withheld="Records that could not be counted yet and are being looked into:",
    final="final",
    final_why="Figures as of this moment will not change any more.",
    permanent_link="Permanent link to these figures",
    no_data="No data yet",
    target="Target",
    no_target="No target yet",
    realised="Realised",
    reached="Reached",
    coverage="Activity coverage",
    coverage_help="designated libraries that have recorded an activity",
    provinces="Provinces",
    of="of",
    summary="{realised} of {target} targeted libraries are designated ({reached}).",
    summary_without_target="{realised} libraries are designated; no target is set.",
    by_region="Target and realisation by region",
    region="Region",
    own="At this level itself",
    all_regions="Show all regions",
    only_with_figures="Show only regions with figures",
    no_regions="No target or realisation in the regions below yet.",
    activities_by_month="Community activities by month",
    activities="Activities",
    attendances="Attendances",
    women="Women",
    men="Men",
    unknown="Unknown",
    reporting_libraries="Libraries reporting",
    month="Month",
    total="Total",
    no_activities="No activity data in this year yet.",
    attendance_by_month="Bimtek (training) attendance by month",
    attendance_help="Counted in the region of the library that a participant represents.",
    registered="Registered (Bimtek starting)",
    present="Present",
    late="Late",
    excused="Excused/sick",
    absent="Absent",
    attendance_rate="Attendance rate",
    no_attendance="No attendance data in this year yet.",
    sample="Includes invented sample data, not real reports.",
    libraries="Libraries in this region",
    library="Library",
    status="Status",
    since="Since",
    about="About these figures",
    about_realised="Realised are the libraries designated by decree for the programme year, each counted once.",
    about_null="“No data yet” means that nothing is recorded; that is not zero.",
    about_api="The same figures are available as JSON; see",
    not_found="Page not found",
    not_found_why="There is no such region, year or moment. Check the address; region codes are written with dots, such as 51.03.",
    not_yet="No data yet",
    not_yet_why="The regions are being loaded. Reload this page in a moment.",
    go_home="To the national page",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    kinds={
        RegionKind.PROVINCE: "Province",
        RegionKind.DISTRICT: "District",
        RegionKind.URBAN_VILLAGE: "Urban village",
        RegionKind.VILLAGE: "Village",
        RegionKind.CUSTOMARY_VILLAGE: "Customary village",
    },
    statuses={
        LibraryStatus.NOMINATED: "Nominated",
        LibraryStatus.VERIFIED: "Verified",
        LibraryStatus.RETURNED: "Returned",
        LibraryStatus.REJECTED: "Rejected",
        LibraryStatus.DESIGNATED: "Designated",
        LibraryStatus.ACTIVE: "Active",
        LibraryStatus.DORMANT: "Dormant",
        LibraryStatus.CLOSED: "Closed",
    },
    thousands=",",
    decimal=".",
    clock=":",
)

LANGUAGES: dict[str, Words] = {"id": INDONESIAN, "en": ENGLISH}
