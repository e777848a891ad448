"""A small map and the events that fill it, as the other services would tell them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import uuid6
from simpul_shared.contracts.activities import ActivityCorrected, ActivityRecorded, Age, Counts, Gender
from simpul_shared.contracts.registry import LibraryDesignated, LibraryNominated, RegionVersionPublished
from simpul_shared.vocabulary import (
    ActivityCategory,
    Basis,
    LibraryType,
    MeasureMethod,
    RegionKind,
    RegionLevel,
    Scheme,
)

_SPACE = UUID("0d1c7a4e-6f0a-4d62-9d1c-6a3c5d0f3b11")

_LEVELS = {
    0: (RegionLevel.NATION, RegionKind.NATION),
    1: (RegionLevel.PROVINCE, RegionKind.PROVINCE),
    2: (RegionLevel.REGENCY, RegionKind.REGENCY),
    3: (RegionLevel.DISTRICT, RegionKind.DISTRICT),
    4: (RegionLevel.VILLAGE, RegionKind.VILLAGE),
}


@dataclass(frozen=True)
class Spot:
    """A region over one interval; its parent is that of the given path of codes."""

    code: str
    name: str
    path: tuple[UUID, ...]
    timezone: str = "Asia/Makassar"
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def id(self) -> UUID:
        return self.path[-1]

    def published(self) -> RegionVersionPublished:
        level, kind = _LEVELS[len(self.path) - 1]
        return RegionVersionPublished(
            region_id=self.id,
            scheme="KEMENDAGRI",
            code=self.code,
            name=self.name,
            level=level,
            kind=kind,
            parent_id=self.path[-2] if len(self.path) > 1 else None,
            path=self.path,
            timezone=self.timezone,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            decree="Permendagri 56/2015",
        )


def region_id(word: str) -> UUID:
    return uuid5(_SPACE, word)


@dataclass
class Map:
    """Regions by their first code, as they are while nothing changes."""

    spots: dict[str, Spot] = field(default_factory=dict)

    def add(self, code: str, name: str, *, timezone: str = "Asia/Makassar") -> Spot:
        above = () if code == "ID" else self.spots[code.rpartition(".")[0] or "ID"].path
        spot = Spot(code, name, (*above, region_id(code)), timezone)
        self.spots[code] = spot
        return spot

    def __getitem__(self, code: str) -> Spot:
        return self.spots[code]

    def published(self) -> Iterator[RegionVersionPublished]:
        for spot in self.spots.values():
            yield spot.published()


def bali() -> Map:
    """The country, Bali and what of it the 2021 libraries need; and Jakarta, where there is none."""
    map_ = Map()
    map_.add("ID", "Indonesia", timezone="Asia/Jakarta")
    map_.add("31", "DKI Jakarta", timezone="Asia/Jakarta")
    for code, name in _BALI.items():
        map_.add(code, name)
    return map_


_BALI = {
    "51": "Bali",
    "51.02": "Kabupaten Tabanan",
    "51.02.05": "Tabanan",
    "51.02.05.2004": "Delod Peken",
    "51.03": "Kabupaten Badung",
    "51.03.02": "Mengwi",
    "51.03.02.2008": "Baha",
    "51.03.02.2009": "Mengwi",
    "51.03.05": "Kuta Selatan",
    "51.03.05.2003": "Kutuh",
    "51.05": "Kabupaten Klungkung",
    "51.05.02": "Banjarangkan",
    "51.05.02.2003": "Banjarangkan",
}


def nominated(spot: Spot, *, library_id: UUID | None = None, year: int = 2021) -> LibraryNominated:
    return LibraryNominated(
        library_id=library_id or uuid6.uuid7(),
        name=f"Perpustakaan Desa {spot.name}",
        library_type=LibraryType.VILLAGE,
        region_id=spot.id,
        province_id=spot.path[min(1, len(spot.path) - 1)],
        timezone=spot.timezone,
        programme_year=year,
        scheme=Scheme.STIMULUS,
        basis=Basis.STATED,
    )


def designated(
    spot: Spot, *, library_id: UUID | None = None, year: int = 2021, sk_date: date = date(2021, 3, 1)
) -> LibraryDesignated:
    return LibraryDesignated(
        library_id=library_id or uuid6.uuid7(),
        region_id=spot.id,
        province_id=spot.path[min(1, len(spot.path) - 1)],
        programme_year=year,
        scheme=Scheme.STIMULUS,
        sk_no="SK 12/2021",
        sk_date=sk_date,
        basis=Basis.STATED,
    )


def counts(total: int, *, women: int = 0) -> Counts:
    age = Age(
        from_0_to_6=0, from_7_to_12=0, from_13_to_17=0, from_18_to_35=total, from_36_to_59=0, from_60=0, unknown=0
    )
    gender = Gender(male=total - women, female=women, unknown=0)
    return Counts(total=total, gender=gender, age=age, disability=0, low_income=0)


def recorded_activity(
    spot: Spot,
    *,
    library_id: UUID | None = None,
    activity_id: UUID | None = None,
    held_on: date = date(2021, 7, 19),
    total: int = 20,
    women: int = 0,
    category: ActivityCategory = ActivityCategory.ECONOMY,
) -> ActivityRecorded:
    return ActivityRecorded(
        activity_id=activity_id or uuid6.uuid7(),
        library_id=library_id or uuid6.uuid7(),
        region_id=spot.id,
        category=category,
        starts_at=datetime.combine(held_on, datetime.min.time(), UTC),
        held_on=held_on,
        timezone=spot.timezone,
        counts=counts(total, women=women),
        method=MeasureMethod.COUNTED,
        basis=Basis.SAMPLE,
    )


def corrected_activity(
    spot: Spot, *, library_id: UUID, activity_id: UUID, held_on: date = date(2021, 7, 19), total: int
) -> ActivityCorrected:
    return ActivityCorrected(
        activity_id=activity_id,
        library_id=library_id,
        region_id=spot.id,
        category=ActivityCategory.ECONOMY,
        starts_at=datetime.combine(held_on, datetime.min.time(), UTC),
        held_on=held_on,
        timezone=spot.timezone,
        counts=counts(total),
        method=MeasureMethod.COUNTED,
        reason="salah hitung",
    )


def now() -> datetime:
    return datetime.now(UTC)
