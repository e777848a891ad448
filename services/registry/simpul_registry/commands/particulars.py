"""Use cases of what a library is known by elsewhere: numbers in other registers, address, founding."""

from datetime import date

from msgspec.structs import replace
from simpul_shared.contracts import registry as announced
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer
from simpul_shared.platform.outbox import Fact, append_all

from simpul_registry.commands.changing import Change, load, moment_of
from simpul_registry.domain import external_id as rules
from simpul_registry.domain.external_id import ExternalId
from simpul_registry.domain.library import refuse_future, require_standing
from simpul_registry.store.descriptions import Description, save_description
from simpul_registry.store.external_ids import external_ids, save_external_ids
from simpul_registry.store.libraries import PlacedLibrary, save_library
from simpul_registry.store.regions import local_day
from simpul_registry.views.particulars import DescriptionView, ExternalIdsView


async def assign_external_id(tx: Transaction, change: Change, new: ExternalId) -> Answer:
    """A number that ends may be a closed or merged library's: another takes it.

    Errors: LibraryUnknown, PreconditionFailed, LibraryClosed, LibraryMerged, ExternalIdTaken, and those of rules.assign.
    """
    placed = await load(tx, change)
    if new.valid_to is None:
        require_standing(placed.library)
    known = [one for owner, one in await external_ids(tx, change.library_id) if owner == change.library_id]
    assigned = rules.assign(known, new, today=local_day(change.now, placed.region.timezone))
    version = await _tell(tx, placed, change, [_assigned(change, one) for one in assigned], on=new.valid_from)
    await save_external_ids(tx, change.library_id, assigned)
    ids = await external_ids(tx, change.library_id)
    return Answer(ExternalIdsView.of(ids, warnings=rules.warnings_of(new), version=version), version)


async def describe_library(tx: Transaction, change: Change, description: Description) -> Answer:
    """Errors: LibraryUnknown, PreconditionFailed, LibraryClosed, LibraryMerged, DateInFuture."""
    placed = await load(tx, change)
    require_standing(placed.library)
    today = local_day(change.now, placed.region.timezone)
    refuse_future(description.established_on or today, today=today, field="/established_on")
    event = announced.LibraryDescribed(
        library_id=change.library_id,
        established_on=description.established_on,
        established_sk_no=description.established_sk_no,
    )
    version = await _tell(tx, placed, change, [event], on=today)
    await save_description(tx, change.library_id, description)
    return Answer(DescriptionView.of(description, version=version), version)


async def _tell(
    tx: Transaction, placed: PlacedLibrary, change: Change, events: list[announced.LibraryEvent], *, on: date
) -> int:
    """Append the events and keep the library at the version of the last."""
    at, zone = moment_of(on, placed.region, now=change.now), placed.region.timezone
    recorded = await append_all(tx, [Fact(event, at, zone) for event in events])
    await save_library(tx, replace(placed.library, version=recorded[-1].version))
    return recorded[-1].version


def _assigned(change: Change, one: ExternalId) -> announced.LibraryEvent:
    return announced.ExternalIdAssigned(
        library_id=change.library_id,
        scheme=one.scheme,
        value=one.value,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        source=one.source,
    )
