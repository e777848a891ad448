"""What callers are shown: the models of the answers, made from rows and domain objects."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from simpul_shared.access import Permission
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Basis, FundSource, LibraryStanding, LibraryStatus, LibraryType, RegionLevel, Scheme

from simpul_registry.domain.library import Episode, Library
from simpul_registry.domain.nomination import awaits

_REGION: JsonDict = {
    "region_id": "0d3f0a3e-3b6e-5e0f-9d0a-6a3c6a1f2b11",
    "code": "51.03.02.2009",
    "name": "Mengwi",
    "level": "DESA",
}
_EPISODE: JsonDict = {
    "programme_year": 2021,
    "scheme": "STIMULAN_APBN",
    "status": "DITETAPKAN",
    "sk_no": "12/SK/2021",
    "sk_date": "2021-03-15",
    "fund_source": "APBN",
}
_LIBRARY: JsonDict = {
    "library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "name": "Perpustakaan Desa Mengwi",
    "type": "DESA",
    "status": "DITETAPKAN",
    "status_since": "2021-03-15",
    "nominated_on": "2021-02-01",
    "region": _REGION,
    "timezone": "Asia/Makassar",
    "basis": "stated",
    "episodes": [_EPISODE],
    "merged_into": None,
    "merged_on": None,
    "awaits": None,
    "version": 3,
}

_EVENT: JsonDict = {
    "version": 4,
    "event_id": "01979a51-2c3d-7e4f-8a5b-6c7d8e9f0a1b",
    "type": "id.simpul.registry.library-activated.v1",
    "occurred_at": "2021-07-05T00:00:00+08:00",
    "recorded_at": "2021-07-06T02:11:09.120301Z",
    "actor": "dinas-badung",
    "channel": "API",
    "data": {"library_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33", "effective_on": "2021-07-05"},
}


class RegionRef(BaseModel):
    """A region named in passing, as it is called today."""

    region_id: UUID
    code: str
    name: str
    level: RegionLevel

    @classmethod
    def of(cls, region: Region) -> "RegionRef":
        return cls(region_id=region.region_id, code=region.code, name=region.name, level=region.level)


class EpisodeView(BaseModel):
    """Support in one programme year. `sk_no` and `sk_date` are the decree's, once designated; `fund_source` is who pays."""

    programme_year: int
    scheme: Scheme
    status: LibraryStatus
    sk_no: str | None
    sk_date: date | None
    fund_source: FundSource | None

    @classmethod
    def of(cls, episode: Episode) -> "EpisodeView":
        return cls(
            programme_year=episode.programme_year,
            scheme=episode.scheme,
            status=episode.status,
            sk_no=episode.sk_no,
            sk_date=episode.sk_date,
            fund_source=episode.fund_source,
        )


class LibraryView(BaseModel):
    """A library as it is now. `version` is the ETag that the next change must name in If-Match."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIBRARY]})

    library_id: UUID
    name: str
    type: LibraryType
    status: LibraryStanding = Field(
        description="REPLIKATOR is an active one that mentors an active one; DIGABUNG one that another goes on for"
    )
    status_since: date
    nominated_on: date
    region: RegionRef
    timezone: str
    basis: Basis
    episodes: list[EpisodeView]
    merged_into: UUID | None = Field(description="The library that goes on for this one")
    merged_on: date | None
    awaits: Permission | None = Field(
        description="What it takes to decide on the nomination next; null when nothing is open"
    )
    version: int

    @classmethod
    def of(cls, library: Library, region: Region) -> "LibraryView":
        return cls(**_library_fields(library, region))


class NominatedView(LibraryView):
    """`possible_duplicates`: libraries of the same name in the same region, for somebody to look at; nothing is merged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _LIBRARY | {"status": "DIUSULKAN", "awaits": "library:verify", "version": 1, "possible_duplicates": []}
            ]
        }
    )

    possible_duplicates: list[UUID]

    @classmethod
    def found(cls, library: Library, region: Region, duplicates: list[UUID]) -> "NominatedView":
        return cls(**_library_fields(library, region), possible_duplicates=duplicates)


def _library_fields(library: Library, region: Region) -> dict[str, Any]:
    return {
        "library_id": library.library_id,
        "name": library.name,
        "type": library.type,
        "status": library.standing,
        "status_since": library.status_since,
        "nominated_on": library.nominated_on,
        "region": RegionRef.of(region),
        "timezone": region.timezone,
        "basis": library.basis,
        "episodes": [EpisodeView.of(episode) for episode in library.episodes],
        "merged_into": library.merged_into,
        "merged_on": library.merged_on,
        "awaits": awaits(library),
        "version": library.version,
    }


class LibraryCount(BaseModel):
    type: LibraryType
    status: LibraryStanding
    libraries: int


class LibraryCounts(BaseModel):
    """How many libraries a list with the same filters holds, by type and standing; merged ones stand apart as DIGABUNG."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"total": 1696, "items": [{"type": "DESA", "status": "AKTIF", "libraries": 1696}]}]
        }
    )

    total: int
    items: list[LibraryCount]


class PlaceView(BaseModel):
    """Where a library lay: from its first day inclusive until before the other; null where there is no bound."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"region": _REGION, "valid_from": None, "valid_to": "2024-01-01"}]}
    )

    region: RegionRef
    valid_from: date | None
    valid_to: date | None


class PlacesView(BaseModel):
    items: list[PlaceView]


class LinkView(BaseModel):
    """One library mentors another since a day, perhaps through a Bimtek.

    Where one of them was merged, `linked_...` are the two that the link was made for.
    """

    library_id: UUID = Field(description="Who mentors today")
    replica_id: UUID = Field(description="Who is mentored today")
    via_bimtek_id: UUID | None
    linked_on: date
    linked_library_id: UUID
    linked_replica_id: UUID


class LinksView(BaseModel):
    """`replicas` are those that the library mentors, `mentors` those that mentor it; links that ended are in its history."""

    replicas: list[LinkView]
    mentors: list[LinkView]


class LibraryEventView(BaseModel):
    """One event of a library's life. `actor` is the subject of the token that caused it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVENT]})

    version: int
    event_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    data: dict[str, Any]
