"""Places of rows that name them from the province down, some hundreds at a time. What could be two places is nobody's guess."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg
from simpul_shared.access import NATION_CODE
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.form import Asked
from simpul_shared.platform.imports.region import region_named
from simpul_shared.platform.imports.table import Problem
from simpul_shared.regions.store import Region, region_by_code, region_of
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_registry.imports.names_alike import Likeness, most_alike, official_names, same_name, squeezed
from simpul_registry.imports.place_asked import COLUMNS, LEVELS, PlaceAsked
from simpul_registry.store.regions import region_as_last_known

_CHOICES = 10
_SURROUNDINGS = 50
"""Regencies whose names are in memory at a time: a thousand misspelt names may lie in all of them."""

UNKNOWN = "place-unknown"

Way = tuple[UUID, ...]
"""A region's path, the country first."""

NamesAbove = Mapping[UUID, list[tuple[date, date, str]]]
"""Per region what it was called from when until when."""


async def by_name(
    tx: Transaction, wanted: Collection[PlaceAsked], asked: Asked, today: date
) -> Mapping[PlaceAsked, Region | Problem]:
    if not wanted:
        return {}
    names = {one.names[LEVELS.index(one.level)] or "" for one in wanted} - {""}
    gazette = await _gazette(tx, names, asked, today)
    chosen = {one: _chosen(one, gazette, one.day(today)) for one in wanted}
    lost = [one for one, found in chosen.items() if isinstance(found, Problem) and found.code == UNKNOWN]
    return {**chosen, **await _looked_into(tx, lost, asked, today)}


@dataclass(frozen=True)
class _Gazette:
    """The regions of some names, by the bare name, with all their ways down from the country and the names of those above.

    Lists have the names of today with a day of then, so a region is known by any way that ever led to it. `levels` are those that the import's own region settles, `path` leads to that region: below it all rows lie.
    """

    named: Mapping[str, Sequence[Region]]
    ways: Mapping[UUID, Collection[Way]]
    above: NamesAbove
    levels: int
    path: tuple[UUID, ...]

    def fitting(self, one: PlaceAsked, depth: int, on: date) -> list[Region]:
        """The regions of a level that bear the names given down to it."""
        return [region for region in self.ever_fitting(one, depth) if region.valid_from <= on < region.valid_to]

    def ever_fitting(self, one: PlaceAsked, depth: int) -> Iterator[Region]:
        for region in self.named.get(squeezed(one.names[depth] or "", LEVELS[depth]), ()):
            if region.level is LEVELS[depth] and self._fits(region, one, depth):
                yield region

    def _fits(self, region: Region, one: PlaceAsked, depth: int) -> bool:
        ways = self.ways[region.region_id]
        return (
            any(self._lies_within(way) for way in ways)
            and any(leads_by(one.names[:depth], way, self.above) for way in ways)
            and same_name(one.names[depth] or "", region.name, region.level)
        )

    def _lies_within(self, way: Way) -> bool:
        """In the import's own region, or around it."""
        both = min(len(self.path), len(way))
        return self.path[:both] == way[:both]


async def _gazette(tx: Transaction, names: Collection[str], asked: Asked, today: date) -> _Gazette:
    named = await _named(tx, [official for name in names for official in official_names(name)])
    ways = defaultdict(set)
    for one in (one for each in named.values() for one in each):
        ways[one.region_id].add(one.path)
    above = await names_above(tx, {region_id for each in ways.values() for way in each for region_id in way})
    if not asked.narrowed:
        return _Gazette(named, ways, above, 0, ())
    region_id = await region_named(tx, asked.region_code, sent_at=asked.sent_at)
    region = await region_as_last_known(tx, region_id, on=today)
    return _Gazette(named, ways, above, len(region.path) - 1, region.path)


async def _named(tx: Transaction, names: Sequence[str]) -> Mapping[str, Sequence[Region]]:
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version where lower(name) = any($1::text[]) and superseded_at = 'infinity' order by code
        """,
        sorted(set(names)),
    )
    named = defaultdict(list)
    for row in rows:
        region = region_of(row)
        named[squeezed(region.name, region.level)].append(region)
    return named


async def names_above(tx: Transaction, ids: Iterable[UUID]) -> NamesAbove:
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


def _chosen(one: PlaceAsked, gazette: _Gazette, on: date) -> Region | Problem:
    """The one region that bears all the names, where enough of them are given; else a choice to be made by a person."""
    depth = LEVELS.index(one.level)
    column, target = COLUMNS[depth], one.names[depth]
    if target is None:
        return Problem(
            "place-missing", "Isi kode wilayah, atau nama wilayah sampai ke tingkat perpustakaannya.", column
        )
    fitting = gazette.fitting(one, depth, on)
    complete = all(one.names[level] is not None for level in range(gazette.levels, depth))
    if len(fitting) == 1 and complete:
        return fitting[0]
    if not fitting:
        return _unknown(one, depth, ())
    choices = tuple(told(one.code, one.path, gazette.above, on) for one in fitting[:_CHOICES])
    hint = f"{target} dapat berarti {len(fitting)} wilayah." if len(fitting) > 1 else f"Nama {target} saja tidak cukup."
    return Problem("place-ambiguous", f"{hint} Isi kode wilayahnya.", column, choices)


def _unknown(one: PlaceAsked, depth: int, choices: tuple[str, ...]) -> Problem:
    advice = "Pilih salah satu kodenya kalau itu yang dimaksud." if choices else "Isi kode dari lembar Wilayah."
    return Problem(UNKNOWN, f"Tidak ada wilayah bernama {one.names[depth]} di sana. {advice}", COLUMNS[depth], choices)


def was_called(region_id: UUID, given: str, names: NamesAbove, level: RegionLevel) -> bool:
    """On any day: lists have the names of today and of then for one place, and its id is the same."""
    return any(same_name(given, name, level) for _, _, name in names.get(region_id, ()))


def leads_by(given: Sequence[str | None], way: Way, names: NamesAbove) -> bool:
    """Whether the names given from the province down are those of the regions on the way, as far as it goes."""
    return all(
        name is None or was_called(region_id, name, names, level)
        for name, region_id, level in zip(given, way[1:], LEVELS, strict=False)
    )


async def ways_to(tx: Transaction, ids: Collection[UUID]) -> Mapping[UUID, Collection[Way]]:
    """All that ever led to each of the regions."""
    rows = await tx.fetch(
        """
        select distinct region_id, path from region_version
        where region_id = any($1::uuid[]) and superseded_at = 'infinity'
        """,
        list(ids),
    )
    ways = defaultdict(list)
    for row in rows:
        ways[row["region_id"]].append(tuple(row["path"]))
    return ways


def path_names(path: Sequence[UUID], above: NamesAbove, on: date) -> list[str]:
    """From the province down to the region itself, as they were called on the day."""
    return [_name_on(above.get(region_id, []), on) for region_id in path[1:]]


def _name_on(versions: Sequence[tuple[date, date, str]], on: date) -> str:
    return next((name for start, end, name in versions if start <= on < end), "")


def told(code: str, path: Sequence[UUID], above: NamesAbove, on: date) -> str:
    """A region as a choice: its code, and the names from its own up to the regency."""
    *higher, own = path_names(path, above, on)
    return f"{code} {', '.join([own, *higher[:0:-1]])}"


@dataclass(frozen=True)
class _Lost:
    """The first name from above that no region bears, and the region in which one like it is looked for."""

    one: PlaceAsked
    depth: int
    within: UUID


_Surroundings = tuple[UUID, int]
"""A region, and at which depth below the country names in it are compared."""


async def _looked_into(
    tx: Transaction, lost: Sequence[PlaceAsked], asked: Asked, today: date
) -> Mapping[PlaceAsked, Problem]:
    """For each the names nearly like it in the same regency (or province), as the choice to make. Nothing is taken for another."""
    if not lost:
        return {}
    gazette = await _gazette(tx, {name for one in lost for name in one.names if name}, asked, today)
    nation = await region_by_code(tx, RegionCode(NATION_CODE), on=today)
    stuck = defaultdict(list)
    for one in lost:
        found = _where_lost(one, gazette, nation.region_id, one.day(today))
        if found is not None:
            stuck[found.within, found.depth].append(found)
    like = await _like_names(tx, stuck, today)
    above = await names_above(tx, {region_id for near in like.values() for one in near for region_id in one["path"]})
    return {
        lost.one: _unknown(
            lost.one,
            lost.depth,
            tuple(told(one["code"], one["path"], above, lost.one.day(today)) for one in near),
        )
        for lost, near in like.items()
    }


async def _like_names(
    tx: Transaction, stuck: Mapping[_Surroundings, Sequence[_Lost]], today: date
) -> Mapping[_Lost, Sequence[asyncpg.Record]]:
    like = {}
    searched = list(stuck)
    for at in range(0, len(searched), _SURROUNDINGS):
        some = searched[at : at + _SURROUNDINGS]
        below = await _below(tx, some)
        like.update(
            {one: _like(one, below.get(where, ()), one.one.day(today)) for where in some for one in stuck[where]}
        )
    return like


def _where_lost(one: PlaceAsked, gazette: _Gazette, nation: UUID, on: date) -> _Lost | None:
    path = gazette.path[:3]
    for depth in range(LEVELS.index(one.level) + 1):
        if one.names[depth] is None:
            continue
        last = LEVELS[depth] is one.level
        fitting = {found.region_id: found for found in gazette.ever_fitting(one, depth)}
        if not fitting or (last and not gazette.fitting(one, depth, on)):
            if depth == 0:
                return _Lost(one, depth, nation)
            return _Lost(one, depth, path[-1]) if len(path) > min(depth, 2) else None
        if len(fitting) == 1 and len(path) < 3:
            path = next(iter(fitting.values())).path[:3]
    return None


async def _below(
    tx: Transaction, wanted: Sequence[_Surroundings]
) -> Mapping[_Surroundings, Sequence[Likeness[asyncpg.Record]]]:
    """All regions of a depth that ever lay within a region. One by one (offset 0): joined, Postgres compares all with all."""
    rows = await tx.fetch(
        """
        select w.within, w.depth, v.code, v.name, v.path, v.valid_from, v.valid_to
        from unnest($1::uuid[], $2::integer[]) as w(within, depth)
        cross join lateral (
            select code, name, path, valid_from, valid_to from region_version
            where path @> array[w.within] and cardinality(path) = w.depth + 2 and superseded_at = 'infinity' offset 0
        ) as v
        order by v.code
        """,
        [within for within, _ in wanted],
        [depth for _, depth in wanted],
    )
    below = defaultdict(list)
    for row in rows:
        below[row["within"], row["depth"]].append(Likeness.of(row["name"], row))
    return below


def _like(lost: _Lost, below: Sequence[Likeness[asyncpg.Record]], on: date) -> list[asyncpg.Record]:
    valid = [one for one in below if one.of_what["valid_from"] <= on < one.of_what["valid_to"]]
    return most_alike(lost.one.names[lost.depth] or "", valid)[:_CHOICES]
