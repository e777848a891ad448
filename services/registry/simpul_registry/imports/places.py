"""Where the rows of an import lie: by code or by names, some hundreds at a time, and within whose reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.form import Asked
from simpul_shared.platform.imports.region import region_named
from simpul_shared.platform.imports.table import Problem
from simpul_shared.regions.store import Region, scope_ids
from simpul_shared.vocabulary import RegionCode

from simpul_registry.imports.place_asked import LEVELS, PlaceAsked
from simpul_registry.imports.place_codes import by_code
from simpul_registry.imports.place_names import by_name
from simpul_registry.store.regions import JAKARTA, find_region_today, local_day, regions_as_last_known


class Place(msgspec.Struct, frozen=True):
    """The region as it was on the day asked for, and as it is now."""

    then: Region
    now: Region


async def places_of(tx: Transaction, wanted: Sequence[PlaceAsked], asked: Asked) -> list[Place | Problem]:
    """Every place that is asked for, or why it is none, in their order."""
    today = local_day(asked.now, JAKARTA)
    each = dict.fromkeys(wanted)
    found = {
        **await by_code(tx, [one for one in each if one.coded], today),
        **await by_name(tx, [one for one in each if not one.coded], asked, today),
    }
    within = await _within(tx, asked, today)
    now = await _as_now(tx, [region for region in found.values() if isinstance(region, Region)], today)
    reached = {
        one: region
        if isinstance(region, Problem)
        else _reached(Place(region, now.get(region.region_id, region)), within)
        for one, region in found.items()
    }
    return [reached[one] for one in wanted]


async def _as_now(tx: Transaction, regions: Sequence[Region], today: date) -> dict[UUID, Region]:
    """Those that are another today than on the day they were asked for."""
    then = [one.region_id for one in regions if not one.valid_from <= today < one.valid_to]
    return await regions_as_last_known(tx, then, on=today) if then else {}


@dataclass(frozen=True)
class _Within:
    """Where the caller may act, and where the import says that its rows lie; None is everywhere."""

    allowed: frozenset[UUID] | None
    narrowed: UUID | None


async def _within(tx: Transaction, asked: Asked, today: date) -> _Within:
    allowed = await scope_ids(tx, asked.scope, on=today)
    narrowed = await region_named(tx, asked.region_code, sent_at=asked.sent_at) if asked.narrowed else None
    return _Within(None if allowed is None else frozenset(allowed), narrowed)


def _reached(place: Place, within: _Within) -> Place | Problem:
    path = place.now.path
    if within.allowed is not None and within.allowed.isdisjoint(path):
        hint = f"{_told(place)} di luar wilayah kewenangan Anda. Kirim lewat yang berwenang."
        return Problem("outside-scope", hint, "code")
    if within.narrowed is not None and within.narrowed not in path:
        return Problem("outside-region", f"{_told(place)} di luar wilayah yang disebut untuk berkas ini.", "code")
    return place


def _told(place: Place) -> str:
    return f"{place.now.code} {place.now.name}"


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
