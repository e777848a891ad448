"""Codes of other schemes: written as they are assigned, read as of a day."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from simpul_shared.contracts.registry import RegionCodeAssigned
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Recorded
from simpul_shared.regions.store import Region, region_of


async def code_edition(tx: Transaction) -> int:
    edition: int = await tx.fetchval("select code_edition from region_map")
    return edition


async def keep_code(tx: Transaction, event: RegionCodeAssigned, recorded: Recorded) -> None:
    """The one before for the same start is believed no more, and stays on record."""
    start = event.valid_from or date.min
    await tx.execute("update region_map set code_edition = code_edition + 1")
    await tx.execute(
        """
        update region_code set superseded_at = $4
        where region_id = $1 and scheme = $2 and valid_from = $3 and superseded_at = 'infinity'
        """,
        event.region_id,
        event.scheme,
        start,
        recorded.recorded_at,
    )
    if event.code is None:
        return
    await tx.execute(
        """
        insert into region_code (region_id, scheme, code, valid_from, valid_to, source, recorded_at, event_id,
            aggregate_version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        event.region_id,
        event.scheme,
        event.code,
        start,
        event.valid_to or date.max,
        event.source,
        recorded.recorded_at,
        recorded.event_id,
        recorded.version,
    )


async def region_with_code(
    tx: Transaction, scheme: str, code: str, *, on: date, known_on: datetime | None
) -> UUID | None:
    region_id: UUID | None = await tx.fetchval(
        """
        select region_id from region_code
        where scheme = $1 and code = $2 and valid_from <= $3 and $3 < valid_to
            and recorded_at <= coalesce($4::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $4)
        """,
        scheme,
        code,
        on,
        known_on,
    )
    return region_id


class Assigned(NamedTuple):
    region_id: UUID
    valid_from: date
    valid_to: date


async def assigned_to(tx: Transaction, scheme: str, code: str, *, known_on: datetime | None) -> list[Assigned]:
    """Who had the code at any time, by first day."""
    rows = await tx.fetch(
        """
        select region_id, valid_from, valid_to from region_code
        where scheme = $1 and code = $2
            and recorded_at <= coalesce($3::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $3)
        order by valid_from
        """,
        scheme,
        code,
        known_on,
    )
    return [Assigned(*row) for row in rows]


async def codes_on(
    tx: Transaction, scheme: str, region_ids: Collection[UUID], on: date, known_on: datetime | None
) -> dict[UUID, str]:
    """By region; those without a code on the day are missing."""
    rows = await tx.fetch(
        """
        select region_id, code from region_code
        where scheme = $1 and region_id = any($2) and valid_from <= $3 and $3 < valid_to
            and recorded_at <= coalesce($4::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $4)
        """,
        scheme,
        region_ids,
        on,
        known_on,
    )
    return {row["region_id"]: row["code"] for row in rows}


async def regions_with_codes(tx: Transaction, scheme: str, codes: Collection[str]) -> dict[str, list[Region]]:
    """By code who was assigned it at any time, each for as long as it bore both that code and its name."""
    if not codes:
        return {}
    rows = await tx.fetch(
        """
        select c.code as assigned, v.region_id, v.scheme, v.code, v.name, v.level, v.kind, v.parent_id, v.path, v.timezone,
            greatest(v.valid_from, c.valid_from) as valid_from, least(v.valid_to, c.valid_to) as valid_to, v.decree
        from region_code as c
        join region_version as v on v.region_id = c.region_id and v.superseded_at = 'infinity'
            and v.valid_from < c.valid_to and c.valid_from < v.valid_to
        where c.scheme = $1 and c.code = any($2::text[]) and c.superseded_at = 'infinity'
        order by v.code
        """,
        scheme,
        list(codes),
    )
    found: dict[str, list[Region]] = {}
    for row in rows:
        found.setdefault(row["assigned"], []).append(region_of(row))
    return found


async def codes_of(tx: Transaction, region_id: UUID, *, known_on: datetime | None) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select scheme, code, valid_from, valid_to, source, recorded_at from region_code
        where region_id = $1
            and recorded_at <= coalesce($2::timestamptz, 'infinity') and (superseded_at = 'infinity' or superseded_at > $2)
        order by scheme, valid_from
        """,
        region_id,
        known_on,
    )
