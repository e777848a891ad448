"""Use cases: overrule lineage of low confidence, so that a region becomes two or two become one, and undo that."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from simpul_shared.errors import Conflict, NotFound
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.vocabulary import Confidence, LineageKind

from simpul_registry.commands.region_changes import Saying, say, take_back
from simpul_registry.domain.identity import RegionLineage
from simpul_registry.domain.overruling import apart_lineage, as_one, change_between, joined_lineage, meeting, part_from
from simpul_registry.domain.restating import new_id
from simpul_registry.store import overrules as store
from simpul_registry.store import region_changes as changes
from simpul_registry.store.overrules import Overrule
from simpul_registry.store.region_references import is_referred_to
from simpul_registry.views.overrules import OverruleView


class LineageUnknown(NotFound):
    slug = "lineage-unknown"
    title = "Asal-usul wilayah tidak ditemukan"


class LineageSure(Conflict):
    slug = "lineage-sure"
    title = "Asal-usul wilayah tidak dapat diganti"


class LineageRestsOnAnother(Conflict):
    slug = "lineage-rests-on-another"
    title = "Asal-usul ini bergantung pada yang lain"


class OverruleUndone(Conflict):
    slug = "overrule-undone"
    title = "Sudah dibatalkan"


@dataclass(frozen=True)
class OverruleLineage:
    lineage_event_id: UUID
    reason: str


@dataclass(frozen=True)
class _Ruled:
    """What an overrule says, and of which regions: as Overrule has them."""

    saying: Saying
    region_id: UUID
    new_id: UUID | None = None
    joined_id: UUID | None = None


async def overrule_lineage(
    tx: Transaction, overrule_id: UUID, command: OverruleLineage, *, by: str, now: datetime
) -> Answer:
    """The place after the change is another than before, or where the lineage says that it is another, the same.

    Errors: LineageUnknown, LineageSure, LineageRestsOnAnother, RegionInUse, RegionsOverlap, LineageCircular.
    """
    lineage = await _low(tx, command.lineage_event_id)
    ruled = await _rule(tx, command.lineage_event_id, lineage)
    await say(tx, overrule_id, ruled.saying, reason=command.reason, now=now)
    overrule = Overrule(
        overrule_id, command.lineage_event_id, ruled.region_id, ruled.new_id, ruled.joined_id, command.reason, by, now,
        None, None, 1,
    )  # fmt: skip
    await store.insert_overrule(tx, overrule)
    return await _told(tx, overrule, lineage, location=f"/v1/region-overrules/{overrule_id}")


async def undo_overrule(
    tx: Transaction, overrule_id: UUID, undo_id: UUID, *, expected_version: int, reason: str, by: str, now: datetime
) -> Answer:
    """What was one region is so again, and what were two. Errors: OverruleUnknown, OverruleUndone, LaterChange, RegionInUse."""
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
    if lineage.stated.confidence is not Confidence.LOW:
        raise LineageSure(
            f"{lineage.stated.kind} {lineage.stated.from_code} to {lineage.stated.to_code} is {lineage.stated.confidence}."
            " Only lineage of low confidence is overruled here. What a decree told is changed by undoing that decree."
        )
    return lineage


async def _rule(tx: Transaction, event_id: UUID, lineage: RegionLineage) -> _Ruled:
    if lineage.stated.kind is LineageKind.REUSED:
        return await _join(tx, event_id, lineage)
    if lineage.from_id != lineage.to_id:
        return _Ruled(Saying(overruled=[event_id]), lineage.from_id)
    return await _part(tx, event_id, lineage)


async def _part(tx: Transaction, event_id: UUID, lineage: RegionLineage) -> _Ruled:
    stated, old = lineage.stated, lineage.to_id
    anew = new_id(stated.to_code, stated.effective_on, await changes.ids_ever(tx))
    around = await changes.lineage_around(tx, old)
    overruled, told = apart_lineage(around, event_id, old, anew)
    statements = part_from(await changes.versions_below(tx, old), old, anew, day=stated.effective_on)
    return _Ruled(Saying(statements, told, overruled), old, new_id=anew)


async def _join(tx: Transaction, event_id: UUID, lineage: RegionLineage) -> _Ruled:
    """The id that something refers to stays, and of two that nothing or something refers to, the later one."""
    below = {one: await changes.versions_below(tx, one) for one in (lineage.from_id, lineage.to_id)}
    own = [[one for one in below[which] if one.region_id == which] for which in below]
    met = meeting(*own, day=lineage.stated.effective_on)
    if met is None:
        raise await _rests_on_another(tx, lineage)
    gone, kept = lineage.from_id, lineage.to_id
    if await is_referred_to(tx, gone) and not await is_referred_to(tx, kept):
        gone, kept = kept, gone
    around = await changes.lineage_around(tx, gone)
    overruled, told = joined_lineage(around, event_id, gone, kept, change_between(*met))
    return _Ruled(Saying(as_one(below[gone], gone, kept), told, overruled), kept, joined_id=gone)


async def _rests_on_another(tx: Transaction, lineage: RegionLineage) -> LineageRestsOnAnother:
    stated = lineage.stated
    around = await changes.lineage_around(tx, lineage.from_id) | await changes.lineage_around(tx, lineage.to_id)
    others = {
        event_id: f"{one.stated.kind} {one.stated.from_code} to {one.stated.to_code} ({event_id})"
        for event_id, one in around.items()
        if one.stated.effective_on == stated.effective_on and one.stated.from_code != one.stated.to_code
    }
    return LineageRestsOnAnother(
        f"The place that {stated.to_code} named before {stated.effective_on} went on under another code, or the one that"
        f" it names since came from another: {', '.join(others.values())}. Overrule that first, then this one, which is"
        f" told anew by then: GET /v1/regions/{lineage.from_id}/lineage.",
        facts={"lineage_event_ids": [str(one) for one in others]},
    )


async def _told(tx: Transaction, overrule: Overrule, lineage: RegionLineage, *, location: str | None = None) -> Answer:
    concerned = await store.concerned_by(tx, overrule, lineage)
    return Answer(OverruleView.of(overrule, lineage, concerned), overrule.version, location=location)
