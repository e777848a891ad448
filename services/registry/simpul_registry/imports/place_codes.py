"""Places of rows that name them by a code, some hundreds at a time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.table import Problem
from simpul_shared.regions.store import Region, RegionUnknown, region_of
from simpul_shared.vocabulary import RegionCode

from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.imports.names_alike import same_name
from simpul_registry.imports.place_asked import COLUMNS, LEVELS, PlaceAsked, on_day
from simpul_registry.store.region_codes import regions_with_codes
from simpul_registry.store.regions import find_region

_EXPLAINED = 20
"""Codes that are looked into, in each step; the others are told in general."""


async def by_code(
    tx: Transaction, wanted: Collection[PlaceAsked], today: date
) -> Mapping[PlaceAsked, Region | Problem]:
    bearers = await _bearers(tx, {one.code for one in wanted if one.code is not None})
    assigned = await regions_with_codes(tx, CodeScheme.BPS, {one.bps for one in wanted if one.bps is not None})
    borne = {one: on_day(bearers.get(one.code, ()), one.day(today)) for one in wanted if one.code is not None}
    unborne = {(str(one.code), one.day(today)) for one, region in borne.items() if region is None}
    why = {place: await _explained(tx, *place) for place in sorted(unborne)[:_EXPLAINED]}
    found: dict[PlaceAsked, Region | Problem] = {}
    for one in wanted:
        own = None if one.code is None else borne[one] or _unknown(one.code, one.day(today), why)
        other = None if one.bps is None else _with_bps_code(one.bps, assigned.get(one.bps, ()), one.day(today))
        found[one] = _agreed(one, own, other)
    return found


def _with_bps_code(code: str, assigned: Sequence[Region], on: date) -> Region | Problem:
    """What was not assigned on the day is derived from nothing; what it meant on other days is told."""
    region = on_day(assigned, on)
    if region is not None:
        return region
    hint = f"Tidak tercatat wilayah berkode BPS {code} pada {on}. Isi kode Kemendagri dari lembar Wilayah."
    choices = dict.fromkeys(f"{one.code} {one.name}" for one in assigned)
    return Problem(RegionUnknown.slug, hint, "bps", tuple(choices))


async def _bearers(tx: Transaction, codes: Collection[str]) -> Mapping[str, Sequence[Region]]:
    """Who bore the codes at any time."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        -- Not "= 'infinity'": a generic plan would then look each code up in the index against overlaps, at ten times the cost.
        from region_version where code = any($1::text[]) and not isfinite(superseded_at)
        """,
        list(codes),
    )
    bearers = defaultdict(list)
    for row in rows:
        bearers[row["code"]].append(region_of(row))
    return bearers


async def _explained(tx: Transaction, code: str, on: date) -> Problem:
    try:
        region = await find_region(tx, RegionCode(code), on=on)
    except RegionUnknown as refusal:
        near = [refusal.facts.get("place_has_code"), *(refusal.facts.get("nearest_codes") or ())]  # type: ignore[misc]
        return Problem(
            refusal.slug, f"Kode {code} tidak berlaku pada {on}.", "code", tuple(str(one) for one in near if one)
        )
    raise AssertionError(f"{region.code} was not found at first")


def _unknown(code: str, on: date, why: Mapping[tuple[str, date], Problem]) -> Problem:
    told = f"Kode {code} tidak berlaku pada {on}. Ambil kodenya dari lembar Wilayah."
    return why.get((code, on)) or Problem(RegionUnknown.slug, told, "code")


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
    if named is None or same_name(named, region.name):
        return region
    hint = f"Kode {one.code or one.bps} adalah {region.name}, bukan {named}. Perbaiki kode atau namanya."
    return Problem("place-disagrees", hint, COLUMNS[depth], (f"{region.code} {region.name}",))
