"""Use cases of decrees: propose a map from a file, rule on rows, approve, reject, undo. All under the lock of the regions.

Maps are compared outside of it: who needs that raises ToCompare, and is called again with what came of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.vocabulary import RegionCode, RegionLevel

from simpul_registry.commands.region_changes import Saying, say, take_back
from simpul_registry.domain import decree_review as review
from simpul_registry.domain.decree import ChangeKind, Difference, compare
from simpul_registry.domain.decree_file import Stated, read_decree_file
from simpul_registry.domain.decree_review import Decree, DecreeStatus
from simpul_registry.domain.hierarchy import RegionVersion
from simpul_registry.domain.matching import Ruling, RulingKind
from simpul_registry.domain.restating import LaterChange, Standing, take_effect
from simpul_registry.domain.rulings import require_borne, require_no_circle, require_placed
from simpul_registry.domain.zones import require_zones
from simpul_registry.store import decrees as store
from simpul_registry.store import region_changes as changes
from simpul_registry.store.regions import find_region
from simpul_registry.views.decrees import DecreeView

_NOT_TOUCHED = frozenset({ChangeKind.SPLIT, ChangeKind.REUSED})
"""Rows that repeat a region which another row tells of, or one that goes on as it is."""


@dataclass(frozen=True)
class ProposeDecree:
    """`within` is the code whose whole map the text states."""

    decree: str
    effective_on: date
    within: RegionCode
    text: str


@dataclass(frozen=True)
class Review:
    """What somebody does with a decree, and the version that they saw."""

    decree_id: UUID
    expected_version: int
    by: str
    now: datetime


@dataclass(frozen=True)
class Compared:
    """What came of a file, the map of one edition and the rulings, the last of which may be the one under way."""

    versions: Sequence[RegionVersion]
    after: Sequence[Stated]
    difference: Difference
    edition: int
    rulings: Sequence[Ruling]


@dataclass(eq=False)
class ToCompare(Exception):
    """To be made outside of the transaction: for the whole country it takes seconds, and nobody should wait for the lock."""

    text: str
    within: RegionCode
    versions: Sequence[RegionVersion]
    edition: int
    rulings: Sequence[Ruling]

    def make(self) -> Compared:
        """Errors: DecreeFileBroken."""
        after = read_decree_file(self.text, within=self.within)
        difference = compare(_stated(self.versions), after, self.rulings)
        require_zones(after, difference.zones)
        return Compared(self.versions, after, difference, self.edition, self.rulings)


async def propose_decree(
    tx: Transaction, decree_id: UUID, command: ProposeDecree, made: Compared | None, *, by: str, now: datetime
) -> Answer:
    """Errors: ToCompare, RegionUnknown, LaterChange."""
    compared = await _compared(tx, command.text, command.within, command.effective_on, (), made)
    content = command.text.encode("utf-8")
    decree = Decree(
        decree_id, command.decree, command.effective_on, command.within, hashlib.sha256(content).hexdigest(),
        DecreeStatus.UNDER_REVIEW, compared.edition, 0, by, now, None, None, None, 1,
    )  # fmt: skip
    await store.insert_decree(tx, decree, content)
    return await _told(tx, await _keep_rows(tx, decree, compared), location=f"/v1/region-decrees/{decree_id}")


async def rule(tx: Transaction, change: Review, ruling: Ruling, made: Compared | None, *, reason: str) -> Answer:
    """Overrule a row, or state what no file shows; the rows are made anew. Errors: ToCompare, DecreeDecided, RulingMisplaced."""
    decree = await _open(tx, change)
    await store.add_ruling(tx, decree.decree_id, ruling, reason=reason, by=change.by, at=change.now)
    compared = await _compared_again(tx, decree, made)
    require_placed(ruling, {one.code for one in _stated(compared.versions)}, {one.code for one in compared.after})
    if ruling.kind is not RulingKind.APART:  # by which others are taken back, one after the other
        await _require_borne(tx, compared)
    return await _told(tx, await _keep_rows(tx, replace(decree, version=decree.version + 1), compared))


async def compare_again(tx: Transaction, change: Review, made: Compared | None) -> Answer:
    """Errors: ToCompare, DecreeDecided, LaterChange."""
    decree = await _open(tx, change)
    compared = await _compared_again(tx, decree, made)
    return await _told(tx, await _keep_rows(tx, replace(decree, version=decree.version + 1), compared))


async def approve_decree(tx: Transaction, change: Review, made: Compared | None) -> Answer:
    """The map is the file's from its day on.

    Errors: ToCompare, OwnDecree, DecreeDecided, DecreeStale, RulingMisplaced, RegionInUse, RegionsOverlap.
    """
    decree = await _open(tx, change)
    edition = await changes.map_edition(tx)
    approved = review.approve(decree, by=change.by, at=change.now, map_edition=edition)
    compared = await _compared_again(tx, decree, made)
    await _require_borne(tx, compared)
    effect = take_effect(
        await _standing(tx, compared),
        compared.difference,
        compared.after,
        day=decree.effective_on,
        decree=decree.decree,
    )
    saying = Saying(effect.statements, effect.lineage)
    await say(tx, decree.decree_id, saying, reason=decree.decree, now=change.now)
    await store.update_decree(tx, approved)
    return await _told(tx, approved)


async def reject_decree(tx: Transaction, change: Review, *, reason: str) -> Answer:
    """Errors: DecreeDecided."""
    decree = await _open(tx, change)
    rejected = review.reject(decree, by=change.by, at=change.now, reason=reason)
    await store.update_decree(tx, rejected)
    return await _told(tx, rejected)


async def undo_decree(tx: Transaction, change: Review, undo_id: UUID, *, reason: str) -> Answer:
    """What held before holds again; what was believed between stays on record.

    Errors: DecreeNotInForce, LaterChange, RegionInUse.
    """
    decree = await store.load_decree(tx, change.decree_id)
    require_version(decree.version, change.expected_version)
    undone = review.undo(decree, by=change.by, at=change.now, reason=reason)
    await take_back(tx, decree.decree_id, undo_id, reason=reason, now=change.now)
    await store.update_decree(tx, undone)
    return await _told(tx, undone)


async def _open(tx: Transaction, change: Review) -> Decree:
    decree = await store.load_decree(tx, change.decree_id)
    require_version(decree.version, change.expected_version)
    review.require_open(decree)
    return decree


async def _compared_again(tx: Transaction, decree: Decree, made: Compared | None) -> Compared:
    text, rulings = await store.file_of(tx, decree.decree_id), await store.rulings_of(tx, decree.decree_id)
    return await _compared(tx, text, RegionCode(decree.within), decree.effective_on, rulings, made)


async def _compared(
    tx: Transaction,
    text: str,
    within: RegionCode,
    day: date,
    rulings: Sequence[Ruling],
    made: Compared | None,
) -> Compared:
    """What was made, if the map and the rulings are still those. Errors: ToCompare, RegionUnknown, LaterChange."""
    edition = await changes.map_edition(tx)
    topmost = await find_region(tx, within, on=day, field="/within")
    later = await changes.first_change_after(tx, topmost.region_id, day=day)
    if later is not None:
        raise LaterChange(
            f"{later.code} {later.name} changes on {later.valid_from} already, after {day}. Undo that change first, or"
            " name a later effective_on.",
            field="/effective_on",
        )
    if made is None or (made.edition, made.rulings) != (edition, rulings):
        raise ToCompare(text, within, await changes.map_on(tx, topmost.region_id, day=day), edition, rulings)
    return made


def _stated(versions: Sequence[RegionVersion]) -> list[Stated]:
    return [Stated(one.code, one.name, one.timezone) for one in versions if one.level is not RegionLevel.NATION]


async def _standing(tx: Transaction, compared: Compared) -> Standing:
    topmost = compared.versions[0]
    below = compared.versions[1:] if topmost.level is RegionLevel.NATION else compared.versions
    return Standing(
        versions={one.code: one for one in below},
        above=changes.place_above(topmost),
        ever=await changes.ids_ever(tx),
        descent=await changes.descent(tx),
    )


async def _require_borne(tx: Transaction, compared: Compared) -> None:
    """Errors: RulingMisplaced. What was ruled of a region that another decree has ended meanwhile speaks of nothing."""
    ids = {one.code: one.region_id for one in compared.versions}
    rulings = [one for one in compared.rulings if one.from_code in ids]
    require_borne(rulings, compared.difference.matches)
    require_no_circle(rulings, compared.difference, ids, await changes.descent(tx))


async def _keep_rows(tx: Transaction, decree: Decree, compared: Compared) -> Decree:
    ids = {one.code: one.region_id for one in compared.versions}
    libraries = await changes.libraries_below(tx, day=decree.effective_on)
    begun = [(one, ids[one.before.code] if one.before else None) for one in compared.difference.changes]
    rows = [(one, region_id, libraries.get(region_id, 0) if region_id else 0) for one, region_id in begun]
    kept = replace(decree, map_edition=compared.edition, libraries=_affected(compared, ids, libraries))
    await store.replace_rows(tx, decree.decree_id, rows)
    await store.update_decree(tx, kept)
    return kept


def _affected(compared: Compared, ids: Mapping[str, UUID], libraries: Mapping[UUID, int]) -> int:
    """Libraries in or below what changes, each once: those of the topmost regions that change."""
    touched = {
        ids[one.before.code] for one in compared.difference.changes if one.before and one.kind not in _NOT_TOUCHED
    }
    topmost = (one for one in compared.versions if one.region_id in touched and touched.isdisjoint(one.path[:-1]))
    return sum(libraries.get(one.region_id, 0) for one in topmost)


async def _told(tx: Transaction, decree: Decree, *, location: str | None = None) -> Answer:
    counted, low = await store.rows_counted(tx, decree.decree_id)
    return Answer(DecreeView.of(decree, counted, low), decree.version, location=location)
