"""Overruled lineage: who said so and why, and the libraries that it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.database import Transaction

from simpul_registry.domain.identity import RegionLineage


class OverruleUnknown(NotFound):
    slug = "overrule-unknown"
    title = "Keputusan asal-usul tidak ditemukan"


@dataclass(frozen=True)
class Overrule:
    """`new_region_id` is the region since the change, where one became two; `joined_region_id` the one that `region_id`
    was found to be, where two became one. Both None where only a lineage was taken back."""

    overrule_id: UUID
    lineage_event_id: UUID
    region_id: UUID
    new_region_id: UUID | None
    joined_region_id: UUID | None
    reason: str
    ruled_by: str
    ruled_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    version: int


async def insert_overrule(tx: Transaction, overrule: Overrule) -> None:
    await tx.execute(
        """
        insert into region_overrule (overrule_id, lineage_event_id, region_id, new_region_id, joined_region_id, reason,
            ruled_by, ruled_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        overrule.overrule_id,
        overrule.lineage_event_id,
        overrule.region_id,
        overrule.new_region_id,
        overrule.joined_region_id,
        overrule.reason,
        overrule.ruled_by,
        overrule.ruled_at,
        overrule.version,
    )


async def mark_undone(tx: Transaction, overrule: Overrule, *, by: str, at: datetime) -> Overrule:
    undone = replace(overrule, undone_by=by, undone_at=at, version=overrule.version + 1)
    await tx.execute(
        "update region_overrule set undone_by = $2, undone_at = $3, version = $4 where overrule_id = $1",
        undone.overrule_id,
        by,
        at,
        undone.version,
    )
    return undone


async def load_overrule(tx: Transaction, overrule_id: UUID) -> Overrule:
    """Errors: OverruleUnknown."""
    row = await tx.fetchrow(
        """
        select overrule_id, lineage_event_id, region_id, new_region_id, joined_region_id, reason, ruled_by, ruled_at,
            undone_by, undone_at, version
        from region_overrule where overrule_id = $1
        """,
        overrule_id,
    )
    if row is None:
        raise OverruleUnknown(f"No lineage was overruled as {overrule_id}. GET /v1/region-overrules lists them.")
    return Overrule(**dict(row))


async def list_overruled(tx: Transaction, *, after: UUID | None, limit: int) -> list[Overrule]:
    rows = await tx.fetch(
        """
        select overrule_id, lineage_event_id, region_id, new_region_id, joined_region_id, reason, ruled_by, ruled_at,
            undone_by, undone_at, version
        from region_overrule where $1::uuid is null or overrule_id < $1 order by overrule_id desc limit $2
        """,
        after,
        limit,
    )
    return [Overrule(**dict(row)) for row in rows]


@dataclass(frozen=True)
class Concerned:
    """What refers to a region that became two, or to two that became one. `libraries` have the region that their nomination
    speaks for, by what is believed now; `others` are people, offices and codes."""

    libraries: Sequence[asyncpg.Record]
    others: Sequence[asyncpg.Record]


async def concerned_by(tx: Transaction, overrule: Overrule, lineage: RegionLineage) -> Concerned:
    before, since = _one_or_two(overrule, lineage)
    ids = [one for one in (overrule.region_id, overrule.new_region_id, overrule.joined_region_id) if one is not None]
    libraries = await tx.fetch(
        """
        select library_id, name, region_id, nominated_on,
            case when nominated_on >= $4 then $3::uuid else $2::uuid end as belongs_to
        from library where region_id = any($1) order by library_id
        """,
        ids,
        before,
        since,
        lineage.stated.effective_on,
    )
    others = await tx.fetch(
        """
        select what, id, region_id from region_reference where region_id = any($1) and what <> 'library'
        order by what, id
        """,
        ids,
    )
    return Concerned(libraries, others)


def _one_or_two(overrule: Overrule, lineage: RegionLineage) -> tuple[UUID, UUID]:
    """The region before the change and the one since, as they are believed to be now."""
    if overrule.joined_region_id is not None:
        two = lineage.from_id, lineage.to_id
        return two if overrule.undone_at is not None else (overrule.region_id, overrule.region_id)
    if overrule.new_region_id is not None and overrule.undone_at is None:
        return overrule.region_id, overrule.new_region_id
    return overrule.region_id, overrule.region_id
