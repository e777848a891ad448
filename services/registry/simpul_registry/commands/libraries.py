"""Use cases of a library's life: load, decide (domain/library.py), save, announce. The edge holds the library's lock."""

from datetime import date
from uuid import UUID

from simpul_shared.contracts import registry as announced
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.regions.store import require_in_scope
from simpul_shared.vocabulary import RegionCode

from simpul_registry.commands.changing import Change, announce, load_for_day
from simpul_registry.commands.replicators import announce_with_mentors
from simpul_registry.domain import library as rules
from simpul_registry.domain.library import PlansAtClosing
from simpul_registry.domain.succession import require_heir
from simpul_registry.store.kin import bound_since, open_plans
from simpul_registry.store.libraries import PlacedLibrary, load_library
from simpul_registry.store.places import move_to
from simpul_registry.store.regions import JAKARTA, find_region, local_day, region_as_last_known


async def activate_library(tx: Transaction, change: Change, *, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.activate."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    library = rules.activate(placed.library, effective_on=on, today=today)
    event = announced.LibraryActivated(library_id=library.library_id, effective_on=on)
    return await announce_with_mentors(tx, placed, library, event, change, on=on)


async def make_library_dormant(tx: Transaction, change: Change, *, effective_on: date | None, reason: str) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.make_dormant."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    library = rules.make_dormant(placed.library, effective_on=on, today=today)
    event = announced.LibraryDormant(library_id=library.library_id, effective_on=on, reason=reason)
    return await announce_with_mentors(tx, placed, library, event, change, on=on)


async def reactivate_library(tx: Transaction, change: Change, *, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.reactivate."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    library = rules.reactivate(placed.library, effective_on=on, today=today)
    event = announced.LibraryReactivated(library_id=library.library_id, effective_on=on)
    return await announce_with_mentors(tx, placed, library, event, change, on=on)


async def close_library(
    tx: Transaction,
    change: Change,
    *,
    effective_on: date | None,
    reason: str,
    transfer_to: UUID | None,
    waived_because: str | None,
) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.close and, of who takes over, rules.require_standing."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    if transfer_to is not None:
        heir = await load_library(tx, transfer_to, scope=change.scope, now=change.now, field="/transfer_to")
        require_heir(placed.library, heir.library)
    plans = PlansAtClosing(await open_plans(tx, change.library_id), transfer_to, waived_because)
    bound = await bound_since(tx, change.library_id)
    library = rules.close(placed.library, plans=plans, bound_since=bound, effective_on=on, today=today)
    event = announced.LibraryClosed(
        library_id=library.library_id,
        effective_on=on,
        reason=reason,
        transfer_to=transfer_to,
        waived_because=waived_because,
    )
    return await announce_with_mentors(tx, placed, library, event, change, on=on)


async def rename_library(tx: Transaction, change: Change, *, new_name: str, effective_on: date | None) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, and those of rules.rename."""
    placed, today, on = await load_for_day(tx, change, effective_on)
    library = rules.rename(placed.library, new_name=new_name, effective_on=on, today=today)
    event = announced.LibraryRenamed(
        library_id=library.library_id, old_name=placed.library.name, new_name=new_name, effective_on=on
    )
    return await announce(tx, placed, library, event, change, on=on)


async def relocate_library(
    tx: Transaction, change: Change, *, region_code: RegionCode, effective_on: date | None, reason: str
) -> Answer:
    """The code is read on the day of the move; one of the day of the nomination says that it always lay there.

    Errors: LibraryUnknown, PreconditionFailed, RegionUnknown, OutsideScope,
    and those of rules.relocate.
    """
    placed, today, on = await load_for_day(tx, change, effective_on)
    region = await find_region(tx, region_code, on=on, field="/region_code")
    current = await region_as_last_known(tx, region.region_id, on=today)
    await require_in_scope(tx, current, change.scope, on=local_day(change.now, JAKARTA), field="/region_code")
    library = rules.relocate(
        placed.library, region_id=region.region_id, level=region.level, effective_on=on, today=today
    )
    event = announced.LibraryRelocated(
        library_id=library.library_id,
        old_region_id=placed.library.region_id,
        region_id=region.region_id,
        province_id=region.province_id,
        timezone=region.timezone,
        effective_on=on,
        reason=reason,
    )
    since = date.min if on <= library.nominated_on else on
    await move_to(tx, library.library_id, region.region_id, on=since)
    return await announce(tx, PlacedLibrary(library, current), library, event, change, on=on)
