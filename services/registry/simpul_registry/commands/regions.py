"""Use case: publish an edition of the region data, in steps that can be taken up again after a kill."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from simpul_shared.contracts.registry import RegionEvent, RegionLineageRecorded, RegionVersionPublished
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Fact, append_all

from simpul_registry.domain.hierarchy import RegionVersion, place
from simpul_registry.domain.identity import RegionLineage, identify
from simpul_registry.store.dataset import RegionData
from simpul_registry.store.regions_published import advance_load, begin_load, editions, save_published

LOCK = "regions"
STEP = 4000
"""Events in one transaction: few enough that the relay's horizon moves on every second or two."""


class OtherEditionLoaded(Exception):
    """Another edition is in place. A new one must come as a reviewed difference, never as a second load."""


async def is_loaded(tx: Transaction, edition: str) -> bool:
    """Errors: OtherEditionLoaded."""
    known = await editions(tx)
    if known.keys() - {edition}:
        raise OtherEditionLoaded(
            f"Edition {next(iter(known))[:12]} of the region data is loaded, this is {edition[:12]}."
            " Load it into an empty database; going from one edition to another is not built yet."
        )
    return known.get(edition, False)


async def publish_step(
    tx: Transaction, edition: str, events: Sequence[RegionEvent], *, now: Callable[[], datetime]
) -> int:
    """Publish the next events of the edition; returns how many are published now.

    Two loads at the same time take turns under the one lock, and each goes on where the other stopped.
    Errors: OtherEditionLoaded.
    """
    await tx.lock(LOCK)
    await is_loaded(tx, edition)
    begun = await begin_load(tx, edition, total=len(events))
    step = events[begun : begun + STEP]
    recorded = await append_all(tx, [Fact(event, now()) for event in step], under_lock=LOCK)
    await save_published(tx, list(zip(step, recorded, strict=True)))
    await advance_load(tx, edition, done=begun + len(step))
    return begun + len(step)


def region_events(data: RegionData) -> list[RegionEvent]:
    """Everything there is to say about regions: by day, versions from the country down, then lineage.

    The same data give the same events in the same order. Errors: RegionDataBroken.
    """
    identities = identify(data.intervals, data.lineage)
    versions = place(data.intervals, identities.ids, data.timezones)
    return list(_interleaved(versions, identities.lineage))


def _interleaved(versions: Iterable[RegionVersion], lineage: Iterable[RegionLineage]) -> list[RegionEvent]:
    dated: list[tuple[date, int, RegionEvent]] = [(one.valid_from, 0, _published(one)) for one in versions]
    dated += [(one.stated.effective_on, 1, _recorded(one)) for one in lineage]
    return [event for _, _, event in sorted(dated, key=lambda one: one[:2])]


def _published(version: RegionVersion) -> RegionVersionPublished:
    return RegionVersionPublished(
        region_id=version.region_id,
        scheme=version.scheme,
        code=version.code,
        name=version.name,
        level=version.level,
        kind=version.kind,
        parent_id=version.parent_id,
        path=version.path,
        timezone=version.timezone,
        valid_from=None if version.valid_from == date.min else version.valid_from,
        valid_to=None if version.valid_to == date.max else version.valid_to,
        decree=version.decree,
    )


def _recorded(lineage: RegionLineage) -> RegionLineageRecorded:
    stated = lineage.stated
    return RegionLineageRecorded(
        region_id=lineage.to_id,
        kind=stated.kind,
        from_region_id=lineage.from_id,
        from_code=stated.from_code,
        to_code=stated.to_code,
        effective_on=stated.effective_on,
        basis=stated.basis,
        confidence=stated.confidence,
    )
