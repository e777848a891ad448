"""Use cases: overrule lineage of low confidence, so that a region becomes two, and undo that, so that it is one again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from simpul_shared.errors import Conflict, NotFound
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.vocabulary import Confidence, LineageKind

from simpul_registry.commands.region_changes import Saying, say, take_back
from simpul_registry.domain.identity import RegionLineage
from simpul_registry.domain.restating import apart_lineage, new_id, part_from
from simpul_registry.store import overrules as store
from simpul_registry.store import region_changes as changes
from simpul_registry.store.overrules import Overrule
from simpul_registry.views.overrules import OverruleView


class LineageUnknown(NotFound):
    slug = "lineage-unknown"
    title = "Asal-usul wilayah tidak ditemukan"


class LineageSure(Conflict):
    slug = "lineage-sure"
    title = "Asal-usul wilayah tidak dapat diganti"


class OverruleUndone(Conflict):
    slug = "overrule-undone"
    title = "Sudah dibatalkan"


@dataclass(frozen=True)
class OverruleLineage:
    lineage_event_id: UUID
    reason: str


async def overrule_lineage(
    tx: Transaction, overrule_id: UUID, command: OverruleLineage, *, by: str, now: datetime
) -> Answer:
    """The place after the change is another than before. Errors: LineageUnknown, LineageSure, RegionInUse, RegionsOverlap."""
    lineage = await _low(tx, command.lineage_event_id)
    saying, region_id = await _saying(tx, command.lineage_event_id, lineage)
    await say(tx, overrule_id, saying, reason=command.reason, now=now)
    overrule = Overrule(
        overrule_id, command.lineage_event_id, lineage.from_id, region_id, command.reason, by, now, None, None, 1
    )
    await store.insert_overrule(tx, overrule)
    return await _told(tx, overrule, lineage, location=f"/v1/region-overrules/{overrule_id}")


async def undo_overrule(
    tx: Transaction, overrule_id: UUID, undo_id: UUID, *, expected_version: int, reason: str, by: str, now: datetime
) -> Answer:
    """The two are one region again. Errors: OverruleUnknown, OverruleUndone, LaterChange, RegionInUse."""
    overrule = await store.load_overrule(tx, overrule_id)
    require_version(overrule.version, expected_version)
    if overrule.undone_at is not None:
        raise OverruleUndone(f"This was undone at {overrule.undone_at.isoformat()} already. Overrule the lineage anew.")
    await take_back(tx, overrule_id, undo_id, reason=reason, now=now)
    undone = await store.mark_undone(tx, overrule, by=by, at=now)
    lineage = (await changes.lineage_said(tx, [overrule.lineage_event_id]))[overrule.lineage_event_id]
    return await _told(tx, undone, lineage)


async def _low(tx: Transaction, event_id: UUID) -> RegionLineage:
    lineage = await changes.believed_lineage(tx, event_id)
    if lineage is None:
        raise LineageUnknown(
            f"No lineage is believed by the event {event_id}. Take event_id from /v1/regions/{{id}}/lineage.",
            field="/lineage_event_id",
        )
    if lineage.stated.confidence is not Confidence.LOW or lineage.stated.kind is LineageKind.REUSED:
        raise LineageSure(
            f"{lineage.stated.kind} {lineage.stated.from_code} to {lineage.stated.to_code} is {lineage.stated.confidence}."
            " Only lineage of low confidence is overruled here. That of a code used again rests on the RECODED of the place"
            " that took the code or left it: overrule that one."
        )
    return lineage


async def _saying(tx: Transaction, event_id: UUID, lineage: RegionLineage) -> tuple[Saying, UUID | None]:
    """And the id that the place after the change gets; none where the ids differ already."""
    if lineage.from_id != lineage.to_id:
        return Saying(overruled=[event_id]), None
    stated, old = lineage.stated, lineage.to_id
    anew = new_id(stated.to_code, stated.effective_on, await changes.ids_ever(tx))
    around = await changes.lineage_around(tx, old)
    overruled, told = apart_lineage(around, event_id, old, anew)
    statements = part_from(await changes.versions_below(tx, old), old, anew, day=stated.effective_on)
    return Saying(statements, told, overruled), anew


async def _told(tx: Transaction, overrule: Overrule, lineage: RegionLineage, *, location: str | None = None) -> Answer:
    libraries = await store.libraries_concerned(tx, overrule, since=lineage.stated.effective_on)
    return Answer(OverruleView.of(overrule, lineage, libraries), overrule.version, location=location)
