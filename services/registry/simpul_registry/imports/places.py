"""Where the rows of an import lie: by code or by names, some hundreds at a time. What could be two places is nobody's guess."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.form import Asked
from simpul_shared.platform.imports.table import Problem
from simpul_shared.regions.store import Region, RegionUnknown, region_by_code, region_of, scope_ids
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_registry.store.regions import JAKARTA, find_region, find_region_today, local_day, regions_as_last_known

LEVELS = (RegionLevel.PROVINCE, RegionLevel.REGENCY, RegionLevel.DISTRICT, RegionLevel.VILLAGE)
COLUMNS = ("province", "regency", "district", "village")
_EXPLAINED = 20
"""Codes that are looked into, in each step; the others are told in general."""

_CHOICES = 10


@dataclass(frozen=True)
class PlaceAsked:
    """`names` go from the province down; `level` is the one that the library's type belongs to; `on` None is today."""

    code: str | None
    names: tuple[str | None, ...]
    level: RegionLevel
    on: date | None


@dataclass(frozen=True)
class Place:
    """The region as it was on the day asked for, and as it is now."""

    then: Region
    now: Region


async def places_of(tx: Transaction, wanted: Iterable[PlaceAsked], asked: Asked) -> dict[PlaceAsked, Place | Problem]:
    """Every place that is asked for, or why it is none."""
    today = local_day(asked.now, JAKARTA)
    each = dict.fromkeys(wanted)
    found: dict[PlaceAsked, Region | Problem] = {}
    found |= await _by_code(tx, [one for one in each if one.code is not None], today)
    found |= await _by_names(tx, [one for one in each if one.code is None], asked, today)
    regions = [one for one in found.values() if isinstance(one, Region)]
    now = await regions_as_last_known(tx, [one.region_id for one in regions], on=today)
    within = await _within(tx, asked, today)
    return {
        one: region if isinstance(region, Problem) else _reached(Place(region, now[region.region_id]), within)
        for one, region in found.items()
    }


@dataclass(frozen=True)
class _Within:
    """Where the caller may act, and where the import says that its rows lie; None is everywhere."""

    allowed: frozenset[UUID] | None
    narrowed: UUID | None


async def _within(tx: Transaction, asked: Asked, today: date) -> _Within:
    allowed = await scope_ids(tx, asked.scope, on=today)
    narrowed = await region_by_code(tx, RegionCode(asked.region_code), on=today) if asked.narrowed else None
    return _Within(None if allowed is None else frozenset(allowed), narrowed.region_id if narrowed else None)


def _reached(place: Place, within: _Within) -> Place | Problem:
    path = place.now.path
    told = f"{place.now.code} {place.now.name}"
    if within.allowed is not None and within.allowed.isdisjoint(path):
        return Problem("outside-scope", f"{told} di luar wilayah kewenangan Anda. Kirim lewat yang berwenang.", "code")
    if within.narrowed is not None and within.narrowed not in path:
        return Problem("outside-region", f"{told} di luar wilayah yang disebut untuk berkas ini.", "code")
    return place


async def _by_code(tx: Transaction, wanted: Sequence[PlaceAsked], today: date) -> Mapping[PlaceAsked, Region | Problem]:
    days = {(one.code, _day(one, today)) for one in wanted}
    rows = await tx.fetch(
        """
        select asked.on_day, v.region_id, v.scheme, v.code, v.name, v.level, v.kind, v.parent_id, v.path, v.timezone,
            v.valid_from, v.valid_to, v.decree
        from unnest($1::text[], $2::date[]) as asked(code, on_day)
        join region_version as v on v.code = asked.code and v.valid_from <= asked.on_day and asked.on_day < v.valid_to
            and v.superseded_at = 'infinity'
        """,
        [code for code, _ in days],
        [on for _, on in days],
    )
    regions = {(row["code"], row["on_day"]): region_of(row) for row in rows}
    unknown = {}
    for code, on in [one for one in days if one not in regions][:_EXPLAINED]:
        unknown[code, on] = await _explained(tx, RegionCode(code or ""), on)
    return {one: _agreed(one, regions, unknown, _day(one, today)) for one in wanted}


def _day(one: PlaceAsked, today: date) -> date:
    """No place is looked for in the future; the rules refuse the date."""
    return min(one.on or today, today)


async def _explained(tx: Transaction, code: RegionCode, on: date) -> Problem:
    try:
        region = await find_region(tx, code, on=on)
    except RegionUnknown as refusal:
        near = [refusal.facts.get("place_has_code"), *(refusal.facts.get("nearest_codes") or ())]  # type: ignore[misc]
        return Problem(
            refusal.slug, f"Kode {code} tidak berlaku pada {on}.", "code", tuple(str(one) for one in near if one)
        )
    raise AssertionError(f"{region.code} was not found at first")


def _agreed(
    one: PlaceAsked,
    regions: Mapping[tuple[str | None, date], Region],
    unknown: Mapping[tuple[str | None, date], Problem],
    on: date,
) -> Region | Problem:
    """The region of the code, if the name that is given beside it is its name."""
    region = regions.get((one.code, on))
    if region is None:
        told = f"Kode {one.code} tidak berlaku pada {on}. Ambil kodenya dari lembar Wilayah."
        return unknown.get((one.code, on)) or Problem("region-unknown", told, "code")
    named = one.names[LEVELS.index(region.level)] if region.level in LEVELS else None
    if named is not None and not same_name(named, region.name):
        hint = f"Kode {one.code} adalah {region.name}, bukan {named}. Perbaiki kode atau namanya."
        return Problem("place-disagrees", hint, COLUMNS[LEVELS.index(region.level)], (f"{region.code} {region.name}",))
    return region


_KINDS = {
    "kab": "kab",
    "kabupaten": "kab",
    "kota": "kota",
    "kec": "",
    "kecamatan": "",
    "desa": "",
    "ds": "",
    "kel": "",
    "kelurahan": "",
    "prov": "",
    "provinsi": "",
    "propinsi": "",
}


def _parts(name: str) -> tuple[str, str]:
    """The kind, where one is told and it matters, and the bare name in small letters."""
    words = re.sub(r"[^\w\s]+", " ", name).casefold().split()
    if len(words) > 1 and words[0] in _KINDS:
        return _KINDS[words[0]], " ".join(words[1:])
    return "", " ".join(words)


def same_name(given: str, official: str) -> bool:
    """Whether a name as people write it can be the official one: "Badung" can be KAB. BADUNG, "Kota Badung" can not."""
    kind, bare = _parts(given)
    own_kind, own_bare = _parts(official)
    return bare.replace(" ", "") == own_bare.replace(" ", "") and kind in {"", own_kind}


def _official_names(given: str) -> list[str]:
    """How the name may be written in the records, in small letters."""
    _, bare = _parts(given)
    return [given.casefold(), bare, f"kab. {bare}", f"kota {bare}"]


async def _by_names(
    tx: Transaction, wanted: Sequence[PlaceAsked], asked: Asked, today: date
) -> Mapping[PlaceAsked, Region | Problem]:
    if not wanted:
        return {}
    targets = {one.names[LEVELS.index(one.level)] for one in wanted} - {None}
    candidates = await _named(tx, [name for target in targets if target for name in _official_names(target)])
    above = await _names_above(tx, {region_id for one in candidates for region_id in one.path})
    fixed = await _fixed_levels(tx, asked, today)
    return {one: _chosen(one, candidates, above, fixed, _day(one, today)) for one in wanted}


async def _named(tx: Transaction, names: Sequence[str]) -> list[Region]:
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version where lower(name) = any($1::text[]) and superseded_at = 'infinity' order by code
        """,
        sorted(set(names)),
    )
    return [region_of(row) for row in rows]


async def _names_above(tx: Transaction, ids: Iterable[UUID]) -> Mapping[UUID, list[tuple[date, date, str]]]:
    rows = await tx.fetch(
        """
        select region_id, valid_from, valid_to, name from region_version
        where region_id = any($1::uuid[]) and superseded_at = 'infinity'
        """,
        list(ids),
    )
    names = defaultdict(list)
    for row in rows:
        names[row["region_id"]].append((row["valid_from"], row["valid_to"], row["name"]))
    return names


@dataclass(frozen=True)
class _Fixed:
    """The levels that the import's own region settles, and the region below which all rows lie."""

    levels: int = 0
    region_id: UUID | None = None


async def _fixed_levels(tx: Transaction, asked: Asked, today: date) -> _Fixed:
    if not asked.narrowed:
        return _Fixed()
    region = await region_by_code(tx, RegionCode(asked.region_code), on=today)
    return _Fixed(len(region.path) - 1, region.region_id)


def _chosen(
    one: PlaceAsked,
    candidates: Sequence[Region],
    above: Mapping[UUID, list[tuple[date, date, str]]],
    fixed: _Fixed,
    on: date,
) -> Region | Problem:
    """The one region that bears all the names, where enough of them are given; else a choice to be made by a person."""
    depth = LEVELS.index(one.level)
    column, target = COLUMNS[depth], one.names[depth]
    if target is None:
        return Problem(
            "place-missing", "Isi kode wilayah, atau nama wilayah sampai ke tingkat perpustakaannya.", column
        )
    fitting = [
        region
        for region in candidates
        if region.level is one.level
        and region.valid_from <= on < region.valid_to
        and (fixed.region_id is None or fixed.region_id in region.path)
        and all(
            given is None or same_name(given, name)
            for given, name in zip(one.names, _path_names(region, above, on), strict=False)
        )
    ]
    complete = all(one.names[level] is not None for level in range(fixed.levels, depth))
    if len(fitting) == 1 and complete:
        return fitting[0]
    choices = tuple(_told(region, above, on) for region in fitting[:_CHOICES])
    if not fitting:
        return Problem(
            "place-unknown", f"Tidak ada wilayah bernama {target} di sana. Isi kode dari lembar Wilayah.", column
        )
    hint = f"{target} dapat berarti {len(fitting)} wilayah." if len(fitting) > 1 else f"Nama {target} saja tidak cukup."
    return Problem("place-ambiguous", f"{hint} Isi kode wilayahnya.", column, choices)


def _path_names(region: Region, above: Mapping[UUID, list[tuple[date, date, str]]], on: date) -> list[str]:
    """From the province down to the region itself, as they were called on the day."""
    return [_name_on(above.get(region_id, []), on) for region_id in region.path[1:]]


def _name_on(versions: Sequence[tuple[date, date, str]], on: date) -> str:
    return next((name for start, end, name in versions if start <= on < end), "")


def _told(region: Region, above: Mapping[UUID, list[tuple[date, date, str]]], on: date) -> str:
    *higher, own = _path_names(region, above, on)
    return f"{region.code} {', '.join([own, *higher[:0:-1]])}"


async def places_within(tx: Transaction, code: RegionCode, *, now: datetime) -> list[tuple[str, ...]]:
    """The region and all below it as they are today: code, then the names from the province down. Errors: RegionUnknown."""
    top = await find_region_today(tx, code, now=now, field="/query/region")
    today = local_day(now, top.timezone)
    rows = await tx.fetch(
        """
        select code, name, region_id, path from region_version
        where path && $1::uuid[] and valid_from <= $2 and $2 < valid_to and superseded_at = 'infinity'
            and (region_id = any($3::uuid[]) or path @> array[$4::uuid])
        order by length(code), code
        """,
        list(top.path[1:]),
        today,
        list(top.path),
        top.region_id,
    )
    names = {row["region_id"]: row["name"] for row in rows}
    below = [row for row in rows if top.region_id in row["path"]]
    return [
        (row["code"], *_padded([names[region_id] for region_id in row["path"][1:]]))
        for row in sorted(below, key=lambda row: row["code"])
    ]


def _padded(names: Sequence[str]) -> list[str]:
    return [*names, *[""] * (len(LEVELS) - len(names))]
