"""Use case: publish an edition of the region data, in steps that can be taken up again after a kill."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from simpul_shared.contracts.registry import RegionEvent, RegionLineageRecorded, RegionVersionPublished
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import Said

from simpul_registry.commands.region_changes import of_type, published_lineage, published_version
from simpul_registry.domain.hierarchy import RegionVersion, place
from simpul_registry.domain.identity import RegionLineage, identify
from simpul_registry.store.dataset import RegionData
from simpul_registry.store.region_changes import LOCK, bump_map
from simpul_registry.store.regions_published import advance_load, begin_load, editions, save_lineage, save_versions

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
            " Load it into an empty database, or upload what is new as a decree."
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
    said = [Said(event, one.event_id, one.version, one.recorded_at) for event, one in zip(step, recorded, strict=True)]
    await save_versions(tx, of_type(said, RegionVersionPublished))
    await save_lineage(tx, of_type(said, RegionLineageRecorded))
    await bump_map(tx)
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
    dated: list[tuple[date, int, RegionEvent]] = [(one.valid_from, 0, published_version(one)) for one in versions]
    dated += [(one.stated.effective_on, 1, published_lineage(one)) for one in lineage]
    return [event for _, _, event in sorted(dated, key=lambda one: one[:2])]
