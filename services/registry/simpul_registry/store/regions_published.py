"""The registry's own rows of what it published of regions, and how far a load has come."""

from collections.abc import Iterable, Sequence
from datetime import date

from simpul_shared.contracts.registry import RegionLineageRecorded, RegionVersionPublished
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Statement

_VERSION_COLUMNS = (
    "region_id",
    "scheme",
    "code",
    "name",
    "level",
    "kind",
    "parent_id",
    "path",
    "timezone",
    "valid_from",
    "valid_to",
    "decree",
    "recorded_at",
    "event_id",
    "aggregate_version",
)
_LINEAGE_COLUMNS = (
    "event_id",
    "region_id",
    "from_region_id",
    "kind",
    "from_code",
    "to_code",
    "effective_on",
    "basis",
    "confidence",
    "recorded_at",
)


async def save_versions(tx: Transaction, said: Sequence[Statement[RegionVersionPublished]]) -> None:
    """Of a load, where none replaces another."""
    await _copy(tx, "region_version", _VERSION_COLUMNS, [_version(one) for one in said])


async def save_lineage(tx: Transaction, said: Sequence[Statement[RegionLineageRecorded]]) -> None:
    await _copy(tx, "region_lineage", _LINEAGE_COLUMNS, [_lineage(one) for one in said])


async def begin_load(tx: Transaction, edition: str, *, total: int) -> int:
    """How many events of the edition are published; none when it is new."""
    await tx.execute(
        "insert into region_load (edition, total) values ($1, $2) on conflict (edition) do nothing", edition, total
    )
    done: int = await tx.fetchval("select done from region_load where edition = $1", edition)
    return done


async def advance_load(tx: Transaction, edition: str, *, done: int) -> None:
    await tx.execute(
        """
        update region_load set done = $2, finished_at = case when $2 = total then now() end where edition = $1
        """,
        edition,
        done,
    )


async def editions(tx: Transaction) -> dict[str, bool]:
    """The editions that were loaded or begun, and whether they are complete."""
    rows = await tx.fetch("select edition, finished_at is not null as finished from region_load")
    return {row["edition"]: row["finished"] for row in rows}


async def _copy(tx: Transaction, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    await tx.connection.copy_records_to_table(table, columns=list(columns), records=rows)


def _version(one: Statement[RegionVersionPublished]) -> tuple[object, ...]:
    e = one.event
    return (
        e.region_id,
        e.scheme,
        e.code,
        e.name,
        e.level.value,
        e.kind.value,
        e.parent_id,
        e.path,
        e.timezone,
        e.valid_from or date.min,
        e.valid_to or date.max,
        e.decree,
        one.recorded_at,
        one.event_id,
        one.version,
    )


def _lineage(one: Statement[RegionLineageRecorded]) -> tuple[object, ...]:
    e = one.event
    return (
        one.event_id,
        e.region_id,
        e.from_region_id,
        e.kind.value,
        e.from_code,
        e.to_code,
        e.effective_on,
        e.basis,
        e.confidence.value,
        one.recorded_at,
    )
