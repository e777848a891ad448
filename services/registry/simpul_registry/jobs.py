"""Subcommands of `python -m simpul_registry`: load-regions for a new database, index-people after an upgrade. Both go on
where they were killed, and do nothing when all is done."""

import sys
import time
from collections.abc import Callable

from simpul_shared.platform.database import Database, Origin
from simpul_shared.platform.service import utc_now
from simpul_shared.platform.settings import PlatformSettings

from simpul_registry.commands.index_people import index_step
from simpul_registry.commands.regions import OtherEditionLoaded, is_loaded, publish_step, region_events
from simpul_registry.domain.identity import RegionDataBroken
from simpul_registry.sealing import Keys, PersonKeyWrong
from simpul_registry.settings import PersonKeyMissing, configured_keys
from simpul_registry.store.dataset import RegionData, fingerprint, read_region_data

_ORIGIN = Origin("registry", actor="load-regions", channel="SYSTEM", correlation_id="load-regions")
_INDEX_ORIGIN = Origin("registry", actor="index-people", channel="SYSTEM", correlation_id="index-people")


async def load_regions(database: Database, _: PlatformSettings) -> None:
    """Load the shipped region data. Ends the process with a message when they cannot be loaded."""
    try:
        await load_edition(database, fingerprint(), read_region_data, say=_say)
    except (OtherEditionLoaded, RegionDataBroken) as error:
        raise SystemExit(f"registry: {error}") from error


async def load_edition(
    database: Database, edition: str, read: Callable[[], RegionData], *, say: Callable[[str], None]
) -> None:
    """Publish what is missing of an edition. Errors: OtherEditionLoaded, RegionDataBroken."""
    async with database.snapshot(_ORIGIN) as tx:
        if await is_loaded(tx, edition):
            say("regions: loaded already")
            return
    say("regions: reading codes and lineage")
    events = region_events(read())
    progress = _Progress(len(events))
    done = 0
    while done < len(events):
        async with database.transaction(_ORIGIN) as tx:
            done = await publish_step(tx, edition, events, now=utc_now)
        say(progress.after(done))


async def index_people(database: Database, _: PlatformSettings) -> None:
    """Make the look-up terms of people who lack some. Ends the process with a message without the right keys."""
    try:
        await index_all(database, configured_keys(), say=_say)
    except (PersonKeyMissing, PersonKeyWrong) as error:
        raise SystemExit(f"registry: {error.detail}") from error


async def index_all(database: Database, keys: Keys, *, say: Callable[[str], None], step: int = 200) -> None:
    """Each step is a transaction. Errors: PersonKeyWrong."""
    done = 0
    while True:
        async with database.transaction(_INDEX_ORIGIN) as tx:
            count = await index_step(tx, keys, limit=step)
        if count == 0:
            break
        done += count
        say(f"people: {done:,} indexed")
    say("people: all are indexed")


class _Progress:
    """Rows done and, from the second step on, the rate: the first may follow on an earlier, killed load."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._first: tuple[int, float] | None = None

    def after(self, done: int) -> str:
        rows, since = self._first or (done, time.monotonic())
        self._first = (rows, since)
        rate = f", {(done - rows) / (time.monotonic() - since):,.0f} rows/s" if done > rows else ""
        return f"regions: {done:,} of {self._total:,} rows{rate}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 (a command's report)
