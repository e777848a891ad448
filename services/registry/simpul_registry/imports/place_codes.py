"""Places of rows that name them by a code, some hundreds at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.table import Problem
from simpul_shared.regions.store import Region, RegionUnknown

from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.imports.names_alike import same_name
from simpul_registry.imports.place_asked import COLUMNS, LEVELS, PlaceAsked, on_day
from simpul_registry.imports.place_names import NamesAbove, leads_by, names_above, path_names, told, was_called, ways_to
from simpul_registry.store.codes_out_of_use import OutOfUse, bearers_of, explain
from simpul_registry.store.region_codes import regions_with_codes

_FAR = 20
"""Codes of each step whose parent does not exist either, for which similar ones are looked for further up."""


async def by_code(
    tx: Transaction, wanted: Collection[PlaceAsked], today: date
) -> Mapping[PlaceAsked, Region | Problem]:
    bearers = await bearers_of(tx, {one.code for one in wanted if one.code is not None})
    assigned = await regions_with_codes(tx, CodeScheme.BPS, {one.bps for one in wanted if one.bps is not None})
    borne = {one: on_day(bearers.get(one.code, ()), one.day(today)) for one in wanted if one.code is not None}
    unborne = {(str(one.code), one.day(today)) for one, region in borne.items() if region is None}
    why = await explain(tx, sorted(unborne), far=_FAR)
    unknown = {place: _unknown(*place, reason) for place, reason in why.items()}
    found: dict[PlaceAsked, Region | Problem] = {}
    for one in wanted:
        own = None if one.code is None else borne[one] or unknown[one.code, one.day(today)]
        other = None if one.bps is None else _with_bps_code(one.bps, assigned.get(one.bps, ()), one.day(today))
        found[one] = _agreed(one, own, other)
    return {**found, **await _misplaced(tx, found, today)}


async def _misplaced(
    tx: Transaction, found: Mapping[PlaceAsked, Region | Problem], today: date
) -> Mapping[PlaceAsked, Problem]:
    """Those that say of a region above a name which that one never had: many villages share a name."""
    named = {one: region for one, region in found.items() if isinstance(region, Region) and any(one.names)}
    if not named:
        return {}
    above = await names_above(tx, {region_id for region in named.values() for region_id in region.path})
    problems = {one: _elsewhere(one, region, above, one.day(today)) for one, region in named.items()}
    doubtful = {one: named[one] for one, problem in problems.items() if problem is not None}
    settled = await _once_there(tx, doubtful) if doubtful else set()
    return {one: problem for one, problem in problems.items() if problem is not None and one not in settled}


async def _once_there(tx: Transaction, doubtful: Mapping[PlaceAsked, Region]) -> set[PlaceAsked]:
    """Those whose names led to the region on another day, as before it moved to another province."""
    ways = await ways_to(tx, {region.region_id for region in doubtful.values()})
    above = await names_above(tx, {region_id for each in ways.values() for way in each for region_id in way})
    return {
        one
        for one, region in doubtful.items()
        if any(leads_by(one.names[: len(way) - 2], way, above) for way in ways[region.region_id])
    }


def _elsewhere(one: PlaceAsked, region: Region, above: NamesAbove, on: date) -> Problem | None:
    called = path_names(region.path, above, on)
    for depth, region_id in enumerate(region.path[1:-1]):
        given = one.names[depth]
        if given is not None and not was_called(region_id, given, above, LEVELS[depth]):
            hint = f"Kode {one.code or one.bps} terletak di {called[depth]}, bukan {given}. Perbaiki kode atau namanya."
            return Problem("place-disagrees", hint, COLUMNS[depth], (told(region.code, region.path, above, on),))
    return None


def _with_bps_code(code: str, assigned: Sequence[Region], on: date) -> Region | Problem:
    """What was not assigned on the day is derived from nothing; what it meant on other days is told."""
    region = on_day(assigned, on)
    if region is not None:
        return region
    hint = f"Tidak tercatat wilayah berkode BPS {code} pada {on}. Isi kode Kemendagri dari lembar Wilayah."
    choices = dict.fromkeys(f"{one.code} {one.name}" for one in assigned)
    return Problem(RegionUnknown.slug, hint, "bps", tuple(choices))


def _unknown(code: str, on: date, why: OutOfUse) -> Problem:
    """With where it went, or what it may have been meant to be, as choices."""
    went = [f"{one.code} {one.name}" for one in why.fate.now] if why.fate else []
    choices = went or [one for one in (why.place_has_code, *why.near) if one]
    hint = f"Kode {code} tidak berlaku pada {on}. {_advice(why, choices)}"
    return Problem(RegionUnknown.slug, hint, "code", tuple(choices))


def _advice(why: OutOfUse, choices: Sequence[str]) -> str:
    if choices:
        return "Pilih kode yang dimaksud."
    if why.fate:
        return "Wilayah penggantinya tidak tercatat: tanyakan kepada dinas, lalu ambil kodenya dari lembar Wilayah."
    return "Ambil kodenya dari lembar Wilayah."


def _agreed(one: PlaceAsked, own: Region | Problem | None, other: Region | Problem | None) -> Region | Problem:
    """The region of the codes, if they name one, and if the name that is given beside them is its name."""
    for problem in (own, other):
        if isinstance(problem, Problem):
            return problem
    region = own or other
    if not isinstance(region, Region):
        raise TypeError(f"{one} has no code")
    if isinstance(other, Region) and other.region_id != region.region_id:
        hint = f"Kode {one.code} adalah {region.name}, kode BPS {one.bps} adalah {other.name}. Perbaiki salah satu."
        return Problem("place-disagrees", hint, "bps", (f"{region.code} {region.name}", f"{other.code} {other.name}"))
    depth = LEVELS.index(region.level)
    named = one.names[depth]
    if named is None or same_name(named, region.name, region.level):
        return region
    hint = f"Kode {one.code or one.bps} adalah {region.name}, bukan {named}. Perbaiki kode atau namanya."
    return Problem("place-disagrees", hint, COLUMNS[depth], (f"{region.code} {region.name}",))
