"""Kafka in: one plain function per consumed event, listed in HANDLERS. Each gets events of one type, in order per key.

Nothing orders one topic against another: a fact may come before the region it lies in.
"""

from collections.abc import Sequence
from typing import Any

from simpul_shared.contracts import activities as contracts
from simpul_shared.contracts import registry
from simpul_shared.platform.consume import Handlers, Received
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import keep_versions, withdraw_versions
from simpul_shared.vocabulary import LibraryStatus

from simpul_reporting.store import activities, attendance, libraries
from simpul_reporting.store.facts import change_map


async def follow_region(tx: Transaction, events: Sequence[Received[registry.RegionVersionPublished]]) -> None:
    """Facts of these regions that came earlier, or were placed by an older statement, are counted where they belong now."""
    await change_map(tx)
    await keep_versions(tx, events)
    await _place_again(tx, events)


async def follow_region_withdrawal(
    tx: Transaction, events: Sequence[Received[registry.RegionVersionWithdrawn]]
) -> None:
    await change_map(tx)
    await withdraw_versions(tx, events)
    await _place_again(tx, events)


async def _place_again(tx: Transaction, events: Sequence[Received[Any]]) -> None:
    region_ids = list({one.event.region_id for one in events})
    await activities.place_activities(tx, region_ids)
    await attendance.place_attendance(tx, region_ids)


async def follow_nomination(tx: Transaction, events: Sequence[Received[registry.LibraryNominated]]) -> None:
    await libraries.keep_libraries(tx, events)
    await libraries.add_regions(tx, events, [None] * len(events))
    await libraries.add_names(tx, events, [(one.event.name, None) for one in events])
    await libraries.add_statuses(tx, events, [(one.event.status, None) for one in events])


async def follow_verification(tx: Transaction, events: Sequence[Received[registry.LibraryVerified]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.VERIFIED, None)] * len(events))


async def follow_return(tx: Transaction, events: Sequence[Received[registry.LibraryReturned]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.RETURNED, None)] * len(events))


async def follow_rejection(tx: Transaction, events: Sequence[Received[registry.LibraryRejected]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.REJECTED, None)] * len(events))


async def follow_designation(tx: Transaction, events: Sequence[Received[registry.LibraryDesignated]]) -> None:
    begun = await libraries.first_designations(tx, events)
    await libraries.keep_designations(tx, events)
    await libraries.add_statuses(tx, begun, [(LibraryStatus.DESIGNATED, one.event.sk_date) for one in begun])


async def follow_activation(tx: Transaction, events: Sequence[Received[registry.LibraryActivated]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.ACTIVE, one.event.effective_on) for one in events])


async def follow_dormancy(tx: Transaction, events: Sequence[Received[registry.LibraryDormant]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.DORMANT, one.event.effective_on) for one in events])


async def follow_reactivation(tx: Transaction, events: Sequence[Received[registry.LibraryReactivated]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.ACTIVE, one.event.effective_on) for one in events])


async def follow_closure(tx: Transaction, events: Sequence[Received[registry.LibraryClosed]]) -> None:
    await libraries.add_statuses(tx, events, [(LibraryStatus.CLOSED, one.event.effective_on) for one in events])


async def follow_renaming(tx: Transaction, events: Sequence[Received[registry.LibraryRenamed]]) -> None:
    await libraries.add_names(tx, events, [(one.event.new_name, one.event.effective_on) for one in events])


async def follow_relocation(tx: Transaction, events: Sequence[Received[registry.LibraryRelocated]]) -> None:
    await libraries.move_libraries(tx, events)
    await libraries.add_regions(tx, events, [one.event.effective_on for one in events])


async def follow_merge(tx: Transaction, events: Sequence[Received[registry.LibraryMerged]]) -> None:
    """Handlers get runs of one type, so a merge that follows its undoing comes in another run."""
    await libraries.add_merges(tx, events)


async def follow_unmerge(tx: Transaction, events: Sequence[Received[registry.LibraryUnmerged]]) -> None:
    await libraries.close_merges(tx, events)


async def follow_activity(tx: Transaction, events: Sequence[Received[contracts.ActivityRecorded]]) -> None:
    await activities.add_activities(tx, events)


async def follow_activity_correction(tx: Transaction, events: Sequence[Received[contracts.ActivityCorrected]]) -> None:
    await activities.close_activities(tx, events)
    await activities.add_activities(tx, events)


async def follow_activity_withdrawal(tx: Transaction, events: Sequence[Received[contracts.ActivityWithdrawn]]) -> None:
    await activities.close_activities(tx, events)


async def follow_bimtek(tx: Transaction, events: Sequence[Received[contracts.BimtekPlanned]]) -> None:
    await attendance.keep_bimteks(tx, events)
    await attendance.date_registrations(tx, events)


async def follow_bimtek_cancellation(tx: Transaction, events: Sequence[Received[contracts.BimtekCancelled]]) -> None:
    await attendance.cancel_bimteks(tx, events)


async def follow_registration(tx: Transaction, events: Sequence[Received[contracts.ParticipantRegistered]]) -> None:
    await attendance.add_registrations(tx, events)


async def follow_registration_withdrawal(
    tx: Transaction, events: Sequence[Received[contracts.ParticipantWithdrawn]]
) -> None:
    await attendance.close_registrations(tx, events)


async def follow_mark(tx: Transaction, events: Sequence[Received[contracts.AttendanceRecorded]]) -> None:
    await attendance.add_marks(tx, events)


async def follow_mark_correction(tx: Transaction, events: Sequence[Received[contracts.AttendanceCorrected]]) -> None:
    await attendance.close_marks(tx, events)
    await attendance.add_marks(tx, events)


HANDLERS: Handlers = {
    registry.RegionVersionPublished: follow_region,
    registry.RegionVersionWithdrawn: follow_region_withdrawal,
    registry.LibraryNominated: follow_nomination,
    registry.LibraryVerified: follow_verification,
    registry.LibraryReturned: follow_return,
    registry.LibraryRejected: follow_rejection,
    registry.LibraryDesignated: follow_designation,
    registry.LibraryActivated: follow_activation,
    registry.LibraryDormant: follow_dormancy,
    registry.LibraryReactivated: follow_reactivation,
    registry.LibraryClosed: follow_closure,
    registry.LibraryRenamed: follow_renaming,
    registry.LibraryRelocated: follow_relocation,
    registry.LibraryMerged: follow_merge,
    registry.LibraryUnmerged: follow_unmerge,
    contracts.ActivityRecorded: follow_activity,
    contracts.ActivityCorrected: follow_activity_correction,
    contracts.ActivityWithdrawn: follow_activity_withdrawal,
    contracts.BimtekPlanned: follow_bimtek,
    contracts.BimtekCancelled: follow_bimtek_cancellation,
    contracts.ParticipantRegistered: follow_registration,
    contracts.ParticipantWithdrawn: follow_registration_withdrawal,
    contracts.AttendanceRecorded: follow_mark,
    contracts.AttendanceCorrected: follow_mark_correction,
}
