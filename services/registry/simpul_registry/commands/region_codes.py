"""Use case: assign a code of another scheme to a region, or take one back."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.contracts.registry import RegionCodeAssigned
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import RegionUnknown

from simpul_registry.domain.region_code import CodeScheme, require_level
from simpul_registry.store.region_changes import LOCK
from simpul_registry.store.region_codes import codes_of, keep_code
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
    """Errors: RegionUnknown, CodeOfOtherLevel; CodesOverlap, at the commit."""
    versions = await versions_of(tx, region_id)
    if not versions:
        raise RegionUnknown(f"There is no region {region_id}. Look it up by its code: /v1/regions?code=...")
    if command.code is not None:
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
