"""Use case: assign a code of another scheme to a region, or take one back."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.registry import RegionCodeAssigned
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import RegionUnknown

from simpul_registry.domain.region_code import CodeNotAssigned, CodeScheme, require_level
from simpul_registry.store.codes_out_of_use import in_words
from simpul_registry.store.region_changes import LOCK
from simpul_registry.store.region_codes import Assigned, codes_of, keep_code
from simpul_registry.store.regions import versions_of
from simpul_registry.views.regions import CodesView, CodeView


@dataclass(frozen=True)
class AssignCode:
    """`code` None takes back what was assigned from `valid_from` on. Bounds None: before records, still valid."""

    scheme: CodeScheme
    code: str | None
    valid_from: date | None
    valid_to: date | None
    source: str


async def assign_code(tx: Transaction, region_id: UUID, command: AssignCode, *, now: datetime) -> Answer:
    """Errors: RegionUnknown, CodeOfOtherLevel, CodeNotAssigned; CodesOverlap, at the commit."""
    versions = await versions_of(tx, region_id)
    if not versions:
        raise RegionUnknown(f"There is no region {region_id}. Look it up by its code: /v1/regions?code=...")
    if command.code is None:
        await _require_assigned(tx, region_id, command)
    else:
        require_level(command.code, versions[-1].level)
    event = RegionCodeAssigned(
        region_id=region_id,
        scheme=command.scheme.value,
        code=command.code,
        valid_from=command.valid_from,
        valid_to=command.valid_to,
        source=command.source,
    )
    [recorded] = await append_all(tx, [Fact(event, now)], under_lock=LOCK)
    await keep_code(tx, event, recorded)
    codes = [CodeView.of(row) for row in await codes_of(tx, region_id, known_on=None)]
    return Answer(CodesView(region_id=region_id, items=codes))


async def _require_assigned(tx: Transaction, region_id: UUID, command: AssignCode) -> None:
    """Errors: CodeNotAssigned."""
    rows = [row for row in await codes_of(tx, region_id, known_on=None) if row["scheme"] == command.scheme]
    if (command.valid_from or date.min) not in {row["valid_from"] for row in rows}:
        has = "; ".join(
            f"{row['code']} {in_words([Assigned(region_id, row['valid_from'], row['valid_to'])])}" for row in rows
        )
        raise CodeNotAssigned(
            f"Nothing was assigned to the region from {command.valid_from or 'before records'} on. Take back what it has"
            f" ({has or 'nothing'}), by its first day.",
            field="/valid_from",
        )
