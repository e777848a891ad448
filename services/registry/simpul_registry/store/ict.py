"""Snapshots of libraries' ICT: added, and the latest of a day and of a moment's knowledge found."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import FundSource, InternetKind, MeasureMethod

from simpul_registry.domain.ict import Computers, IctObservation, IctSnapshot, Internet


class SnapshotUnknown(NotFound):
    slug = "snapshot-unknown"
    title = "Potret TIK tidak ditemukan"


async def insert_snapshot(tx: Transaction, snapshot: IctSnapshot) -> None:
    observed = snapshot.observation
    computers, internet = observed.computers, observed.internet
    await tx.execute(
        """
        insert into ict_snapshot (snapshot_id, library_id, observed_on, computers_total, computers_working,
            computers_in_library_use, internet, down_mbps, up_mbps, internet_hours, monthly_cost, funded_by,
            electricity_hours, printers, staff_digital_level, method, evidence, recorded_at, readiness_level, rubric_version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        """,
        snapshot.snapshot_id,
        snapshot.library_id,
        observed.observed_on,
        computers.total,
        computers.working,
        computers.in_library_use,
        internet.kind.value,
        internet.down_mbps,
        internet.up_mbps,
        internet.hours_per_day,
        internet.monthly_cost,
        internet.funded_by,
        observed.electricity_hours,
        observed.printers,
        observed.staff_digital_level,
        observed.method.value,
        list(observed.evidence),
        snapshot.recorded_at,
        snapshot.readiness_level,
        snapshot.rubric_version,
    )


async def latest_snapshot(
    tx: Transaction, library_id: UUID, *, on: date, known_on: datetime | None
) -> IctSnapshot | None:
    """The one observed last by the day, of those recorded by `known_on`; of one day the one recorded last.

    While nothing was observed at the library itself: at one that had been merged into it by the day.
    """
    rows = await tx.fetch(
        """
        select snapshot_id, library_id, observed_on, computers_total, computers_working, computers_in_library_use,
            internet, down_mbps, up_mbps, internet_hours, monthly_cost, funded_by, electricity_hours, printers,
            staff_digital_level, method, evidence, recorded_at, readiness_level, rubric_version
        from ict_snapshot
        where library_id = any(array(select library_and_merged($1, $2))) and observed_on <= $2
            and ($3::timestamptz is null or recorded_at <= $3)
        order by library_id = $1 desc, observed_on desc, recorded_at desc, snapshot_id desc limit 1
        """,
        library_id,
        on,
        known_on,
    )
    return next(iter(snapshots_of(rows)), None)


async def load_snapshot(tx: Transaction, library_id: UUID, snapshot_id: UUID) -> IctSnapshot:
    """Errors: SnapshotUnknown, also when it is another library's that was not merged into this one."""
    rows = await tx.fetch(
        """
        select snapshot_id, library_id, observed_on, computers_total, computers_working, computers_in_library_use,
            internet, down_mbps, up_mbps, internet_hours, monthly_cost, funded_by, electricity_hours, printers,
            staff_digital_level, method, evidence, recorded_at, readiness_level, rubric_version
        from ict_snapshot
        where snapshot_id = $1 and library_id = any(array(select library_and_merged($2, 'infinity')))
        """,
        snapshot_id,
        library_id,
    )
    for snapshot in snapshots_of(rows):
        return snapshot
    raise SnapshotUnknown(f"The library has no snapshot {snapshot_id}. Check the id.")


async def list_snapshots(
    tx: Transaction, library_id: UUID, *, before: tuple[date, datetime, UUID] | None, limit: int
) -> list[IctSnapshot]:
    """Its own and those of what was merged into it, the latest first."""
    rows = await tx.fetch(
        """
        select snapshot_id, library_id, observed_on, computers_total, computers_working, computers_in_library_use,
            internet, down_mbps, up_mbps, internet_hours, monthly_cost, funded_by, electricity_hours, printers,
            staff_digital_level, method, evidence, recorded_at, readiness_level, rubric_version
        from ict_snapshot
        where library_id = any(array(select library_and_merged($1, 'infinity')))
            and ($2::date is null or (observed_on, recorded_at, snapshot_id) < ($2, $3::timestamptz, $4::uuid))
        order by observed_on desc, recorded_at desc, snapshot_id desc limit $5
        """,
        library_id,
        *(before or (None, None, None)),
        limit,
    )
    return snapshots_of(rows)


def snapshots_of(rows: Sequence[asyncpg.Record]) -> list[IctSnapshot]:
    return [
        IctSnapshot(
            row["snapshot_id"],
            row["library_id"],
            _observation(row),
            row["recorded_at"],
            row["readiness_level"],
            row["rubric_version"],
        )
        for row in rows
    ]


def _observation(row: asyncpg.Record) -> IctObservation:
    return IctObservation(
        observed_on=row["observed_on"],
        computers=Computers(row["computers_total"], row["computers_working"], row["computers_in_library_use"]),
        internet=Internet(
            InternetKind(row["internet"]),
            row["down_mbps"],
            row["up_mbps"],
            row["internet_hours"],
            row["monthly_cost"],
            None if row["funded_by"] is None else FundSource(row["funded_by"]),
        ),
        electricity_hours=row["electricity_hours"],
        printers=row["printers"],
        staff_digital_level=row["staff_digital_level"],
        method=MeasureMethod(row["method"]),
        evidence=tuple(row["evidence"]),
    )
