"""Targets, written by commands: one row per revision, the current one open."""

from datetime import datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Recorded
from simpul_shared.vocabulary import Basis, Indicator

from simpul_reporting.domain.targets import Target


async def load_target(tx: Transaction, target_id: UUID) -> Target | None:
    row = await tx.fetchrow(
        """
        select target_id, version, programme_year, indicator, region_id, parent_target_id, value, basis
        from target_version where target_id = $1 and superseded_at = 'infinity'
        """,
        target_id,
    )
    return None if row is None else target_of(row)


async def find_target(tx: Transaction, programme_year: int, indicator: Indicator, region_id: UUID) -> Target | None:
    row = await tx.fetchrow(
        """
        select target_id, version, programme_year, indicator, region_id, parent_target_id, value, basis
        from target_version
        where programme_year = $1 and indicator = $2 and region_id = $3 and superseded_at = 'infinity'
        """,
        programme_year,
        indicator.value,
        region_id,
    )
    return None if row is None else target_of(row)


async def given_to_children(tx: Transaction, target_id: UUID, *, but: UUID | None = None) -> int:
    """What the shares of a target add up to, without that of the target `but`."""
    total: int = await tx.fetchval(
        """
        select coalesce(sum(value), 0) from target_version
        where parent_target_id = $1 and superseded_at = 'infinity' and target_id is distinct from $2
        """,
        target_id,
        but,
    )
    return total


async def add_target(tx: Transaction, target: Target, recorded: Recorded, *, reason: str | None = None) -> None:
    await tx.execute(
        """
        insert into target_version (target_id, version, programme_year, indicator, region_id, parent_target_id, value, basis,
            reason, event_id, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        target.target_id,
        target.version,
        target.programme_year,
        target.indicator.value,
        target.region_id,
        target.parent_target_id,
        target.value,
        target.basis.value,
        reason,
        recorded.event_id,
        recorded.recorded_at,
    )


async def close_target(tx: Transaction, target_id: UUID, *, at: datetime) -> None:
    await tx.execute(
        "update target_version set superseded_at = $2 where target_id = $1 and superseded_at = 'infinity'",
        target_id,
        at,
    )


def target_of(row: asyncpg.Record) -> Target:
    return Target(
        row["target_id"],
        row["version"],
        row["programme_year"],
        Indicator(row["indicator"]),
        row["region_id"],
        row["parent_target_id"],
        row["value"],
        Basis(row["basis"]),
    )
