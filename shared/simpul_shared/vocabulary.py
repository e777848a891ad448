"""Words that all services share (pure). The Indonesian terms are in docs/reference/glossary.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType
from uuid import UUID

from simpul_shared.errors import Invalid

RegionId = NewType("RegionId", UUID)
LibraryId = NewType("LibraryId", UUID)
PersonId = NewType("PersonId", UUID)
OfficeId = NewType("OfficeId", UUID)
BimtekId = NewType("BimtekId", UUID)
RegistrationId = NewType("RegistrationId", UUID)
PlanId = NewType("PlanId", UUID)
ActivityId = NewType("ActivityId", UUID)
RegionCode = NewType("RegionCode", str)

_REGION_CODE = re.compile(r"(?:ID|\d{2}(?:\.\d{2}(?:\.\d{2}(?:\.\d{4})?)?)?)", re.ASCII)


def parse_region_code(text: str, *, field: str = "/region") -> RegionCode:
    """A dotted Kemendagri code ('51', '51.03', '51.03.02', '51.03.02.2009') or 'ID' for the country.

    Errors: Invalid `region-code-malformed`; an undotted code is refused, because BPS codes of ten digits cut elsewhere.
    """
    refuse_undotted(text, field=field)
    if not _REGION_CODE.fullmatch(text):
        raise RegionCodeMalformed(
            f"{text!r} is not a region code. Write the Kemendagri code with dots, such as 51.03.02.2009, or ID for the country.",
            field=field,
        )
    return RegionCode(text)


def refuse_undotted(text: str, *, field: str) -> None:
    """Errors: RegionCodeMalformed."""
    if text.isascii() and text.isdecimal() and len(text) > 2:
        raise RegionCodeMalformed(
            f"{text!r} has no dots, and BPS codes of as many digits are cut elsewhere. Write the Kemendagri code with dots,"
            " such as 51.03.02.2009; a BPS code is looked up at the registry's /v1/regions and /v1/regions/search with scheme=BPS.",
            field=field,
        )


class RegionCodeMalformed(Invalid):
    slug = "region-code-malformed"
    title = "Kode wilayah tidak sah"


class RegionLevel(StrEnum):
    NATION = "NASIONAL"
    PROVINCE = "PROVINSI"
    REGENCY = "KABKOTA"
    DISTRICT = "KECAMATAN"
    VILLAGE = "DESA"


class RegionKind(StrEnum):
    NATION = "NEGARA"
    PROVINCE = "PROVINSI"
    REGENCY = "KABUPATEN"
    CITY = "KOTA"
    DISTRICT = "KECAMATAN"
    URBAN_VILLAGE = "KELURAHAN"
    VILLAGE = "DESA"
    CUSTOMARY_VILLAGE = "DESA_ADAT"


class LineageKind(StrEnum):
    RECODED = "RECODED"
    RENAMED = "RENAMED"
    SPLIT = "SPLIT"
    REUSED = "REUSED"
    MERGED = "MERGED"
    MOVED = "MOVED"
    STATUS_CHANGED = "STATUS_CHANGED"


class Confidence(StrEnum):
    HIGH = "HIGH"
    LOW = "LOW"


class OfficeKind(StrEnum):
    """Who is in charge of libraries: of the country, a province, a regency or city."""

    NATIONAL = "PERPUSNAS"
    PROVINCE = "DINAS_PROVINSI"
    REGENCY = "DINAS_KABKOTA"


class LibraryType(StrEnum):
    PROVINCE = "PROVINSI"
    REGENCY = "KABKOTA"
    DISTRICT = "KECAMATAN"
    VILLAGE = "DESA"
    COMMUNITY = "TBM"
    WORSHIP = "RUMAH_IBADAH"


class LibraryStatus(StrEnum):
    NOMINATED = "DIUSULKAN"
    VERIFIED = "TERVERIFIKASI"
    RETURNED = "DIKEMBALIKAN"
    REJECTED = "DITOLAK"
    DESIGNATED = "DITETAPKAN"
    ACTIVE = "AKTIF"
    DORMANT = "NONAKTIF"
    CLOSED = "DITUTUP"


class LibraryStanding(StrEnum):
    """What a library is shown as: its status, or what another library makes of it: replicator, merged."""

    NOMINATED = "DIUSULKAN"
    VERIFIED = "TERVERIFIKASI"
    RETURNED = "DIKEMBALIKAN"
    REJECTED = "DITOLAK"
    DESIGNATED = "DITETAPKAN"
    ACTIVE = "AKTIF"
    REPLICATOR = "REPLIKATOR"
    DORMANT = "NONAKTIF"
    CLOSED = "DITUTUP"
    MERGED = "DIGABUNG"


class ExternalIdScheme(StrEnum):
    """Who numbers libraries besides us."""

    NPP = "NPP"
    SIM_TPBIS = "SIM_TPBIS"
    KEMENDESA = "KEMENDESA"
    OTHER = "OTHER"


class Scheme(StrEnum):
    """How a library is supported in a programme year (domain: skema)."""

    STIMULUS = "STIMULAN_APBN"
    SELF_REPLICATION = "REPLIKASI_MANDIRI"
    BOOK_AID = "BUKU_BERMUTU"
    REGIONAL_PROPOSAL = "USULAN_DAERAH"


class Basis(StrEnum):
    """What a record rests on: the source text says it, we infer it from the text, or it is invented sample data."""

    STATED = "stated"
    INFERRED = "inferred"
    SAMPLE = "sample"


class PersonalField(StrEnum):
    """What is known of a person and sealed; of the NIK only a keyed hash is kept."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    GENDER = "gender"
    BIRTH_YEAR = "birth_year"
    NIK = "nik"


class ErasureReason(StrEnum):
    """Why a person's data are destroyed (UU 27/2022, art. 42 to 44)."""

    REQUESTED = "PERMINTAAN_SUBJEK"
    CONSENT_WITHDRAWN = "PERSETUJUAN_DITARIK"
    RETENTION_ENDED = "MASA_SIMPAN_HABIS"
    MISTAKEN = "KELIRU"


class AffiliationRole(StrEnum):
    """What a person is at a library or an office."""

    HEAD = "KEPALA_PERPUSTAKAAN"
    MANAGER = "PENGELOLA"
    VOLUNTEER = "RELAWAN"
    VILLAGE_HEAD = "KEPALA_DESA"
    VILLAGE_OFFICIAL = "PERANGKAT_DESA"
    FAMILY_WELFARE = "PKK"
    YOUTH = "KARANG_TARUNA"
    DATA_OPERATOR = "OPERATOR_SIM"
    VERIFIER = "VERIFIKATOR"
    CONSULTANT = "KONSULTAN_PENDAMPING"
    NATIONAL_STAFF = "ADMIN_PERPUSNAS"
    OTHER = "LAIN"


class CertificationKind(StrEnum):
    FACILITATOR = "FASDA"
    MASTER_TRAINER = "MASTER_TRAINER"


class ConsentPurpose(StrEnum):
    """What somebody's data may be used for."""

    CONTACT = "KONTAK"
    TRAINING = "BIMTEK"
    STORY = "CERITA_PERUBAHAN"
    PHOTO = "FOTO"
    RESEARCH = "PENELITIAN"


class LegalBasis(StrEnum):
    """On which ground data are used (UU 27/2022, art. 20)."""

    CONSENT = "PERSETUJUAN"
    CONTRACT = "PERJANJIAN"
    LEGAL_DUTY = "KEWAJIBAN_HUKUM"
    VITAL_INTEREST = "KEPENTINGAN_VITAL"
    PUBLIC_TASK = "TUGAS_PUBLIK"
    LEGITIMATE_INTEREST = "KEPENTINGAN_SAH"


class BimtekKind(StrEnum):
    SPP_TIK = "SPP_TIK"
    SIM = "SIM"
    REPLICATION = "REPLIKASI"
    PEER_LEARNING = "PLM"
    STAKEHOLDER = "SHM"
    FACILITATOR = "PEMBEKALAN_FASDA"
    OTHER = "LAIN"


class BimtekLevel(StrEnum):
    NATIONAL = "NASIONAL"
    PROVINCE = "PROVINSI"
    REGENCY = "KABKOTA"


class DeliveryMode(StrEnum):
    ON_SITE = "LURING"
    ONLINE = "DARING"
    HYBRID = "HIBRIDA"


class BimtekStatus(StrEnum):
    PLANNED = "DIRENCANAKAN"
    ANNOUNCED = "DIUMUMKAN"
    RUNNING = "BERLANGSUNG"
    CLOSED = "SELESAI"
    CANCELLED = "DIBATALKAN"


class AttendanceStatus(StrEnum):
    PRESENT = "HADIR"
    LATE = "TERLAMBAT"
    EXCUSED = "IZIN"
    SICK = "SAKIT"
    ABSENT = "ALPA"


class ActivityCategory(StrEnum):
    ECONOMY = "EKONOMI"
    EDUCATION = "PENDIDIKAN"
    HEALTH = "KESEHATAN"
    ICT = "TIK"
    CULTURE = "BUDAYA"
    ENVIRONMENT = "LINGKUNGAN"
    ADMINISTRATION = "ADMINISTRASI"
    OTHER = "LAIN"


class MeasureMethod(StrEnum):
    """How a count came about (ISO 2789:2022 asks for estimates and samples to be marked)."""

    COUNTED = "COUNTED"
    SAMPLED = "SAMPLED"
    ESTIMATED = "ESTIMATED"


class InternetKind(StrEnum):
    NONE = "TIDAK_ADA"
    FIBRE = "SERAT_OPTIK"
    MOBILE = "SELULER"
    RADIO = "RADIO"
    SATELLITE = "SATELIT"
    OTHER = "LAIN"


class FundSource(StrEnum):
    """Who pays."""

    NATIONAL = "APBN"
    REGIONAL = "APBD"
    VILLAGE = "APBDES"
    SELF = "SWADAYA"
    PRIVATE = "CSR"


class AidItem(StrEnum):
    COMPUTER = "KOMPUTER"
    SERVER = "SERVER"
    MODEM = "MODEM"
    PRINTER = "PENCETAK"
    COLLECTION = "KOLEKSI"
    SHELF = "RAK"
    OTHER = "LAIN"


class Schooling(StrEnum):
    """From the lowest to the highest."""

    PRIMARY = "SD"
    LOWER_SECONDARY = "SMP"
    UPPER_SECONDARY = "SLTA"
    DIPLOMA = "DIPLOMA"
    BACHELOR = "SARJANA"
    POSTGRADUATE = "PASCASARJANA"

    def reaches(self, needed: "Schooling") -> bool:
        order = list(Schooling)
        return order.index(self) >= order.index(needed)


class SnpThreshold(StrEnum):
    """What the national standard asks of a village library."""

    TITLES = "JUDUL"
    BUILDING = "GEDUNG"
    HOURS = "JAM_BUKA"
    STAFF = "TENAGA"
    HEAD = "KEPALA"


class AccreditationGrade(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Indicator(StrEnum):
    """What a target is set for."""

    LIBRARIES = "LIBRARIES"
    PROVINCES = "PROVINCES"


@dataclass(frozen=True, order=True)
class Period:
    """A calendar month in the place's own time zone, written YYYY-MM."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 2000 <= self.year <= 2100):
            raise Invalid(f"{self.year}-{self.month} is no month; write YYYY-MM, such as 2026-11.", field="/period")

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Errors: Invalid, when the text is not YYYY-MM."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if match is None:
            raise Invalid(f"{text!r} is no month; write YYYY-MM, such as 2026-11.", field="/period")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Period":
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def next(self) -> "Period":
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def until(self, last: "Period") -> Iterator["Period"]:
        current = self
        while current <= last:
            yield current
            current = current.next()

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
