"""All that this service has of a person, for the person: seats, marks, and each event about them. No name is known here."""

from uuid import UUID

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.audit import note_action
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Query
from simpul_shared.platform.trail import trail_of

from simpul_activities.domain.library import PersonNotFound
from simpul_activities.queries.participation import attendance_rows
from simpul_activities.queries.reach import reach
from simpul_activities.store import copies, registrations
from simpul_activities.views.participation import AttendanceRow, ParticipationExport


async def export_participation(edge: Query, archive: Archive, person_id: UUID) -> ParticipationExport:
    """That it was asked for is kept among the operators' actions. Errors: PersonNotFound, ArchiveUnreadable."""
    async with edge.noted() as tx:
        seats = await _seats(tx, edge, person_id)
        await note_action(
            tx,
            client_id=edge.principal.client_id,
            action="person.export",
            subject=f"person/{person_id}",
            reason="PERMINTAAN_SUBJEK",
            facts={"registrations": len(seats)},
        )
    versions = {seat.registration_id: seat.version for seat in seats}
    since = min((seat.registered_at for seat in seats), default=edge.now).date()
    events = await trail_of(edge.database.pool, archive, versions, since=since)
    return ParticipationExport(exported_at=edge.now, person_id=person_id, registrations=seats, events=events)


async def _seats(tx: Transaction, edge: Query, person_id: UUID) -> list[AttendanceRow]:
    if await copies.find_person(tx, person_id, allowed=await reach(tx, edge.scope, edge.now)) is None:
        raise PersonNotFound(f"There is no person {person_id} within your regions. Check the id.")
    return await attendance_rows(tx, await registrations.load_of_person(tx, person_id))
