"""Regions as the write side needs them: by code with a helpful refusal, and where a library lies now."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from simpul_shared.access import NATION_CODE
from simpul_shared.errors import Conflict
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown, region_by_code, region_of, scope_ids
from simpul_shared.vocabulary import RegionCode

from simpul_registry.domain.fate import Bearer, Fate, RegionFate
from simpul_registry.store.region_fates import fates_of

JAKARTA = "Asia/Jakarta"


class RegionsOverlap(Conflict):
    slug = "regions-overlap"
    title = "Masa berlaku wilayah tumpang tindih"


class CodesOverlap(Conflict):
    slug = "codes-overlap"
    title = "Kode sudah dipakai"


class LineageCircular(Conflict):
    slug = "lineage-circular"
    title = "Asal-usul wilayah berputar"


@lru_cache(maxsize=64)
def local_day(now: datetime, timezone: str) -> date:
    """Remembered, because an import asks it of one moment for each of its rows."""
    return now.astimezone(ZoneInfo(timezone)).date()


async def find_region(
    tx: Transaction, code: RegionCode, *, on: date, known_on: datetime | None = None, field: str | None = None
) -> Region:
    """The region that bore the code on the day.

    Errors: RegionUnknown, which says when the code was in use, what its place is called now, or which codes are near.
    """
    try:
        return await region_by_code(tx, code, on=on, known_on=known_on)
    except RegionUnknown:
        raise await _explain(tx, code, on=on, known_on=known_on, field=field) from None


async def find_region_today(tx: Transaction, code: RegionCode, *, now: datetime, field: str | None = None) -> Region:
    """The region that bears the code today, by the calendar of the place itself. Errors: RegionUnknown."""
    region = await find_region(tx, code, on=local_day(now, JAKARTA), field=field)
    today = local_day(now, region.timezone)
    return (
        region if region.valid_from <= today < region.valid_to else await find_region(tx, code, on=today, field=field)
    )


async def region_as_last_known(tx: Transaction, region_id: UUID, *, on: date) -> Region:
    """The region on the day or, where it had ended before, as it was last. Errors: RegionUnknown."""
    return (await regions_as_last_known(tx, [region_id], on=on))[region_id]


async def regions_as_last_known(tx: Transaction, region_ids: Sequence[UUID], *, on: date) -> dict[UUID, Region]:
    """All of them, by id. Errors: RegionUnknown."""
    found = await _last_known(tx, region_ids, on=on)
    for region_id in region_ids:
        if region_id not in found:
            raise RegionUnknown(
                f"No region {region_id} existed on {on} or before. Look the region up by its code first."
            )
    return found


async def _last_known(tx: Transaction, region_ids: Sequence[UUID], *, on: date) -> dict[UUID, Region]:
    rows = await tx.fetch(
        """
        select distinct on (region_id) region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree
        from region_version
        where region_id = any($1) and valid_from <= $2 and superseded_at = 'infinity'
        order by region_id, valid_from desc
        """,
        region_ids,
        on,
    )
    return {row["region_id"]: region_of(row) for row in rows}


async def regions_on_days(tx: Transaction, wanted: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], Region]:
    """The regions as they were on the days; those that did not exist are missing."""
    rows = await tx.fetch(
        """
        select asked.on_day, v.region_id, v.scheme, v.code, v.name, v.level, v.kind, v.parent_id, v.path, v.timezone,
            v.valid_from, v.valid_to, v.decree
        from unnest($1::uuid[], $2::date[]) as asked(region_id, on_day)
        join region_version as v on v.region_id = asked.region_id and v.valid_from <= asked.on_day
            and asked.on_day < v.valid_to and v.superseded_at = 'infinity'
        """,
        [region_id for region_id, _ in wanted],
        [on for _, on in wanted],
    )
    return {(row["region_id"], row["on_day"]): region_of(row) for row in rows}


async def in_scope(tx: Transaction, region: Region, scope: Scope, *, on: date) -> bool:
    allowed = await scope_ids(tx, scope, on=on)
    return allowed is None or not set(allowed).isdisjoint(region.path)


async def _explain(
    tx: Transaction, code: RegionCode, *, on: date, known_on: datetime | None, field: str | None
) -> RegionUnknown:
    former = await _bearers(tx, code)
    if not former:
        near = await _nearest(tx, code, on=on)
        hint = f" Near it are {', '.join(near)}." if near else ""
        return RegionUnknown(
            f"No region ever had the code {code} in the records.{hint}", field=field, facts={"nearest_codes": near}
        )
    earlier = max((one for one in former if one.valid_from <= on), key=lambda one: one.valid_from, default=None)
    if earlier is None:
        return await _not_yet(tx, former, code, on=on, field=field)
    return await _retired(tx, former, earlier, on=on, known_on=known_on, field=field)


async def _not_yet(
    tx: Transaction, former: Sequence[Region], code: RegionCode, *, on: date, field: str | None
) -> RegionUnknown:
    before = (await _last_known(tx, [former[0].region_id], on=on)).get(former[0].region_id)
    bore = before.code if before is not None and on < before.valid_to else None
    hint = f" Its place bore the code {bore} on that day." if bore else ""
    return RegionUnknown(
        f"No region had the code {code} on {on}; it was in use {in_words(former)}.{hint}",
        field=field,
        facts={"code_in_use": intervals(former), "place_has_code": bore},
    )


async def _retired(
    tx: Transaction,
    former: Sequence[Region],
    last: Region,
    *,
    on: date,
    known_on: datetime | None,
    field: str | None,
) -> RegionUnknown:
    bearer = Bearer(last.region_id, last.code, last.name)
    since = last.valid_to - timedelta(days=1)
    [told] = await fates_of(tx, [bearer], since=since, until=on, known_on=known_on)
    went = ", ".join(f"{one.code} {one.name}" for one in told.now)
    return RegionUnknown(
        f"No region had the code {last.code} on {on}; it was in use {in_words(former)}."
        + (
            f" Its place is {went} on that day." if went else " What its place became is not known (successor unknown)."
        ),
        field=field,
        facts={
            "code_in_use": intervals(former),
            "place_has_code": told.now[0].code if told.fate is RegionFate.RECODED else None,
            **successors(told),
        },
    )


def successors(told: Fate) -> dict[str, object]:
    """A fate as members of a problem document."""
    return {
        "fate": told.fate,
        "successors": [{"region_id": one.region_id, "code": one.code, "name": one.name} for one in told.now],
        "lineage": [
            {
                "kind": one.kind,
                "to_code": one.to_code,
                "effective_on": one.effective_on,
                "basis": one.basis,
                "confidence": one.confidence,
            }
            for one in told.steps
        ],
    }


def day(value: date) -> date | None:
    """A bound of an interval as the outside sees it: None where it is open."""
    return None if value in {date.min, date.max} else value


def in_words(versions: Sequence[Region]) -> str:
    """The intervals of the versions, those that touch made one."""
    spans: list[tuple[date, date]] = []
    for one in sorted(versions, key=lambda one: one.valid_from):
        if spans and spans[-1][1] == one.valid_from:
            spans[-1] = (spans[-1][0], one.valid_to)
        else:
            spans.append((one.valid_from, one.valid_to))
    return " and ".join(
        f"{'since records began' if start == date.min else f'from {start}'}{'' if end == date.max else f' until before {end}'}"
        for start, end in spans
    )


def intervals(versions: Iterable[Region]) -> list[dict[str, object]]:
    return [{"name": one.name, "valid_from": day(one.valid_from), "valid_to": day(one.valid_to)} for one in versions]


async def versions_of(tx: Transaction, region_id: UUID) -> list[Region]:
    """What is believed now of a region at any time, by first day."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version where region_id = $1 and superseded_at = 'infinity' order by valid_from
        """,
        region_id,
    )
    return [region_of(row) for row in rows]


async def _bearers(tx: Transaction, code: RegionCode) -> list[Region]:
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version where code = $1 and superseded_at = 'infinity' order by valid_from
        """,
        code,
    )
    return [region_of(row) for row in rows]


async def _nearest(tx: Transaction, code: RegionCode, *, on: date) -> list[str]:
    """Up to three codes of the same length in the smallest surrounding region that exists, those alike first."""
    if code == NATION_CODE:
        return []
    above = code.rpartition(".")[0]
    while True:
        rows = await tx.fetch(
            """
            select code from region_version
            where starts_with(code, $1) and length(code) = $2 and level <> 'NASIONAL' and valid_from <= $3 and $3 < valid_to
                and superseded_at = 'infinity'
            """,
            f"{above}." if above else "",
            len(code),
            on,
        )
        if rows or not above:
            break
        above = above.rpartition(".")[0]
    return sorted((row["code"] for row in rows), key=lambda other: _distance(code, other))[:3]


def _distance(code: str, other: str) -> tuple[int, int]:
    differing = sum(a != b for a, b in zip(code, other, strict=True))
    return differing, abs(int(code.replace(".", "")) - int(other.replace(".", "")))
