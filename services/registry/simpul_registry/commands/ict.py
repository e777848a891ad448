"""Use case of ICT readiness: record a snapshot. Snapshots are never changed; each is an aggregate of its own."""

from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.registry import IctSnapshotRecorded
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import append

from simpul_registry.domain.ict import IctObservation, IctSnapshot
from simpul_registry.domain.library import refuse_future, require_open_on
from simpul_registry.domain.rubric import Rubrics, score
from simpul_registry.store.ict import insert_snapshot
from simpul_registry.store.libraries import load_library
from simpul_registry.store.regions import local_day
from simpul_registry.views.ict import IctSnapshotView


async def record_snapshot(
    tx: Transaction,
    snapshot_id: UUID,
    library_id: UUID,
    observation: IctObservation,
    *,
    rubrics: Rubrics,
    scope: Scope,
    now: datetime,
) -> Answer:
    """Errors: LibraryUnknown, LibraryClosed, LibraryMerged, DateInFuture, RulesUnknown."""
    placed = await load_library(tx, library_id, scope=scope, now=now)
    region = placed.region
    require_open_on(placed.library, observation.observed_on)
    refuse_future(observation.observed_on, today=local_day(now, region.timezone), field="/observed_on")
    rubric = rubrics.effective(observation.observed_on)
    level = score(rubric, observation.measures()).level
    event = _recorded(snapshot_id, library_id, observation, level, rubric.version)
    recorded = await append(tx, event, occurred_at=now, source_tz=region.timezone, region_id=region.region_id)
    snapshot = IctSnapshot(snapshot_id, library_id, observation, recorded.recorded_at, level, rubric.version)
    await insert_snapshot(tx, snapshot)
    return Answer(IctSnapshotView.of(snapshot), location=f"/v1/libraries/{library_id}/ict-snapshots/{snapshot_id}")


def _recorded(
    snapshot_id: UUID, library_id: UUID, observed: IctObservation, level: int, rubric_version: str
) -> IctSnapshotRecorded:
    return IctSnapshotRecorded(
        snapshot_id=snapshot_id,
        library_id=library_id,
        observed_on=observed.observed_on,
        computers_total=observed.computers.total,
        computers_working=observed.computers.working,
        computers_in_library_use=observed.computers.in_library_use,
        internet=observed.internet.kind,
        down_mbps=observed.internet.down_mbps,
        up_mbps=observed.internet.up_mbps,
        internet_hours=observed.internet.hours_per_day,
        electricity_hours=observed.electricity_hours,
        printers=observed.printers,
        staff_digital_level=observed.staff_digital_level,
        method=observed.method,
        readiness_level=level,
        rubric_version=rubric_version,
    )
