"""Regions over time, as every service keeps them: written from RegionVersionPublished, read by id or code at a date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from simpul_shared.contracts.registry import RegionEvent, RegionVersionPublished, RegionVersionWithdrawn
from simpul_shared.errors import NotFound, OutsideScope
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import RegionCode, RegionKind, RegionLevel

E = TypeVar("E", bound=RegionEvent)
E_co = TypeVar("E_co", bound=RegionEvent, covariant=True)


class RegionUnknown(NotFound):
    slug = "region-unknown"
    title = "Wilayah tidak dikenal"


class Region(msgspec.Struct, frozen=True):
    """A region as it was on one day. `path` are region ids from the country down to itself."""

    region_id: UUID
    scheme: str
    code: str
    name: str
    level: RegionLevel
    kind: RegionKind
    parent_id: UUID | None
    path: tuple[UUID, ...]
    timezone: str
    valid_from: date
    valid_to: date
    decree: str

    @property
    def province_id(self) -> UUID:
        """Errors: IndexError for the country itself."""
        return self.path[1]


_LEVELS = {str(one): one for one in RegionLevel}
_KINDS = {str(one): one for one in RegionKind}
"""Looked up: calling an enumeration takes five times as long, and an import does it for every row."""


def region_of(row: asyncpg.Record) -> Region:
    return Region(
        row["region_id"],
        row["scheme"],
        row["code"],
        row["name"],
        _LEVELS[row["level"]],
        _KINDS[row["kind"]],
        row["parent_id"],
        tuple(row["path"]),
        row["timezone"],
        row["valid_from"],
        row["valid_to"],
        row["decree"],
    )


async def region_by_code(tx: Transaction, code: RegionCode, *, on: date, known_on: datetime | None = None) -> Region:
    """The region that bore the code on the day, as known at `known_on` (now when None). Errors: RegionUnknown."""
    row = await tx.fetchrow(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version
        where code = $1 and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        """,
        code,
        on,
        known_on,
    )
    if row is None:
        raise RegionUnknown(f"No region had the code {code} on {on}. Check the code, or ask for another valid_on.")
    return region_of(row)


async def region_by_id(
    tx: Transaction, region_id: UUID, *, on: date, known_on: datetime | None = None, field: str | None = None
) -> Region:
    """The region as it was on the day. Errors: RegionUnknown, also when it did not exist on that day."""
    row = await tx.fetchrow(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        from region_version
        where region_id = $1 and valid_from <= $2 and $2 < valid_to
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        """,
        region_id,
        on,
        known_on,
    )
    if row is None:
        raise RegionUnknown(
            f"No region {region_id} existed on {on}. Look the region up by its code first.", field=field
        )
    return region_of(row)


async def scope_ids(tx: Transaction, scope: Scope, *, on: date) -> list[UUID] | None:
    """The ids of the regions a caller may act in, for `path && $n`; None means everywhere."""
    if scope.national:
        return None
    return [
        row["region_id"]
        for row in await tx.fetch(
            """
            select region_id from region_version
            where code = any($1) and valid_from <= $2 and $2 < valid_to and superseded_at = 'infinity'
            """,
            list(scope.codes),
            on,
        )
    ]


async def covered_regions(tx: Transaction, scope: Scope, *, on: date) -> frozenset[UUID] | None:
    """All regions within a caller's scope, each by the latest place it had up to the day; None means everywhere."""
    allowed = await scope_ids(tx, scope, on=on)
    if allowed is None:
        return None
    rows = await tx.fetch(
        """
        select region_id from region_version as version
        where path && $1 and valid_from <= $2 and superseded_at = 'infinity' and not exists (
            select from region_version as later
            where later.region_id = version.region_id and later.valid_from > version.valid_from
                and later.valid_from <= $2 and later.superseded_at = 'infinity'
        )
        """,
        allowed,
        on,
    )
    return frozenset(row["region_id"] for row in rows)


async def require_in_scope(
    tx: Transaction, region: Region, scope: Scope, *, on: date, field: str | None = None
) -> None:
    """Errors: OutsideScope, when the caller names a region that its token does not cover."""
    allowed = await scope_ids(tx, scope, on=on)
    if allowed is not None and not set(allowed) & set(region.path):
        raise OutsideScope(f"{region.code} {region.name} lies outside the regions of your access token.", field=field)


@dataclass(frozen=True)
class Said(Generic[E]):
    """A statement with what is kept of its event; what comes from Kafka (Received) has these as well."""

    event: E
    event_id: UUID
    version: int
    recorded_at: datetime


class Statement(Protocol[E_co]):
    @property
    def event(self) -> E_co: ...
    @property
    def event_id(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...


async def keep_versions(tx: Transaction, events: Sequence[Statement[RegionVersionPublished]]) -> None:
    """Handler of RegionVersionPublished: a version for the same start replaces the one before, which stays on record."""
    stated = _statements(events)
    first = [statements[0] for statements in stated]
    await _supersede(tx, [(one.event.region_id, one.event.valid_from, one.recorded_at) for one in first])
    await tx.executemany(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree, recorded_at, event_id, aggregate_version, superseded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce($16::timestamptz, 'infinity'))
        """,
        [
            _row(one, superseded_at=following.recorded_at if following else None)
            for statements in stated
            for one, following in zip_longest(statements, statements[1:])
        ],
    )


async def withdraw_versions(tx: Transaction, events: Sequence[Statement[RegionVersionWithdrawn]]) -> None:
    """Handler of RegionVersionWithdrawn: what was said for this start is believed no more, and stays on record."""
    await _supersede(tx, [(one.event.region_id, one.event.valid_from, one.recorded_at) for one in events])


async def _supersede(tx: Transaction, starts: Sequence[tuple[UUID, date | None, datetime]]) -> None:
    await tx.execute(
        """
        update region_version as old set superseded_at = new.recorded_at
        from unnest($1::uuid[], $2::date[], $3::timestamptz[]) as new(region_id, valid_from, recorded_at)
        where old.region_id = new.region_id and old.valid_from = new.valid_from and old.superseded_at = 'infinity'
        """,
        [region_id for region_id, _, _ in starts],
        [valid_from or date.min for _, valid_from, _ in starts],
        [recorded_at for _, _, recorded_at in starts],
    )


def _statements(
    events: Sequence[Statement[RegionVersionPublished]],
) -> list[list[Statement[RegionVersionPublished]]]:
    """The events by region and start, in order."""
    by_start: dict[tuple[UUID, date | None], list[Statement[RegionVersionPublished]]] = {}
    for one in events:
        by_start.setdefault((one.event.region_id, one.event.valid_from), []).append(one)
    return list(by_start.values())


def _row(one: Statement[RegionVersionPublished], *, superseded_at: datetime | None) -> tuple[object, ...]:
    e = one.event
    return (
        e.region_id,
        e.scheme,
        e.code,
        e.name,
        e.level.value,
        e.kind.value,
        e.parent_id,
        list(e.path),
        e.timezone,
        e.valid_from or date.min,
        e.valid_to or date.max,
        e.decree,
        one.recorded_at,
        one.event_id,
        one.version,
        superseded_at,
    )
