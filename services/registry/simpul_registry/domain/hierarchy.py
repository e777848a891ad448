"""Where each region lies over time (pure): intervals and ids in, versions with a constant path out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from simpul_shared.access import NATION_CODE
from simpul_shared.vocabulary import RegionKind, RegionLevel

from simpul_registry.domain.identity import SCHEME, CodeInterval, RegionDataBroken, first_id

NATION_SCHEME = "ISO-3166-1"
NATION_ID = first_id(NATION_CODE, date.min, scheme=NATION_SCHEME)
_NATION_ZONE = "Asia/Jakarta"
LEVELS = (RegionLevel.PROVINCE, RegionLevel.REGENCY, RegionLevel.DISTRICT, RegionLevel.VILLAGE)

Path = tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class RegionVersion:
    """A region over an interval in which its code, name and place in the hierarchy stayed the same."""

    region_id: UUID
    scheme: str
    code: str
    name: str
    level: RegionLevel
    kind: RegionKind
    path: Path
    timezone: str
    valid_from: date
    valid_to: date
    decree: str

    @property
    def parent_id(self) -> UUID | None:
        return self.path[-2] if len(self.path) > 1 else None


@dataclass(frozen=True, slots=True)
class _Stay:
    """A code's region lay under one path from one day until another."""

    begin: date
    end: date
    path: Path


NATION = RegionVersion(
    NATION_ID,
    NATION_SCHEME,
    NATION_CODE,
    "Indonesia",
    RegionLevel.NATION,
    RegionKind.NATION,
    (NATION_ID,),
    _NATION_ZONE,
    date.min,
    date.max,
    NATION_SCHEME,
)


def place(
    intervals: Iterable[CodeInterval], ids: Mapping[tuple[str, date], UUID], timezones: Mapping[str, str]
) -> list[RegionVersion]:
    """All versions in the order in which they can be published: by first day, and those above before those below.

    An interval is cut where a region above it becomes another one under the same code. `timezones` are by province.
    Errors: RegionDataBroken, when a part of an interval has no parent or a province no time zone.
    """
    stays: dict[str, list[_Stay]] = defaultdict(list, {"": [_Stay(date.min, date.max, NATION.path)]})
    versions = [NATION]
    for one in sorted(intervals, key=lambda one: (one.depth, one.code, one.valid_from)):
        parts = list(_parts(one, ids[one.code, one.valid_from], stays[one.parent_code]))
        zone = _zone(one, timezones)
        versions += [_version(one, part, zone) for part in parts]
        _extend(stays[one.code], parts)
    return sorted(versions, key=lambda one: (one.valid_from, len(one.path), one.code))


def _parts(one: CodeInterval, region_id: UUID, above: Sequence[_Stay]) -> Iterator[_Stay]:
    reached = one.valid_from
    for stay in above:
        begin, end = max(stay.begin, one.valid_from), min(stay.end, one.valid_to)
        if begin >= end:
            continue
        if begin != reached:
            break
        yield _Stay(begin, end, (*stay.path, region_id))
        reached = end
    if reached != one.valid_to:
        raise RegionDataBroken(f"{one.code} has no region above it on {reached}.")


def _extend(stays: list[_Stay], parts: Iterable[_Stay]) -> None:
    """Add the parts, making one of those that differ in name only."""
    for part in parts:
        if stays and stays[-1].end == part.begin and stays[-1].path == part.path:
            stays[-1] = _Stay(stays[-1].begin, part.end, part.path)
        else:
            stays.append(part)


def _zone(one: CodeInterval, timezones: Mapping[str, str]) -> str:
    zone = timezones.get(one.code[:2])
    if zone is None:
        raise RegionDataBroken(f"Province {one.code[:2]} has no time zone.")
    return zone


def _version(one: CodeInterval, part: _Stay, zone: str) -> RegionVersion:
    return RegionVersion(
        part.path[-1],
        SCHEME,
        one.code,
        one.name,
        LEVELS[one.depth],
        one.kind,
        part.path,
        zone,
        part.begin,
        part.end,
        one.decree,
    )
