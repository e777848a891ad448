"""All that the registry has of a person, for the person: what is known, each event about them, each read."""

from uuid import UUID

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.http.query import Query
from simpul_shared.platform.trail import trail_of

from simpul_registry.domain.person import AccessKind, ReadPurpose
from simpul_registry.queries.people import accesses_of, all_personal
from simpul_registry.sealing import ServiceKey
from simpul_registry.store.accesses import Reader
from simpul_registry.store.people import known_duplicates_of, load_person
from simpul_registry.views.people import PersonView, SubjectExport

_ELSEWHERE = "activities: GET /v1/people/{}/export"


async def export_person(edge: Query, archive: Archive, person_id: UUID, *, key: ServiceKey) -> SubjectExport:
    """This export is among the reads. Errors: PersonUnknown, PersonIsErased, PersonKeyWrong, ArchiveUnreadable."""
    reader = Reader(edge.principal.client_id, ReadPurpose.SUBJECT_REQUEST)
    async with edge.noted() as tx:
        person = await load_person(tx, person_id, scope=edge.scope, now=edge.now)
        personal = await all_personal(tx, person_id, AccessKind.EXPORT, key=key, reader=reader)
        accesses = await accesses_of(tx, person_id, after=0, limit=None)
        registered_twice = await known_duplicates_of(tx, person_id)
    since = person.registered_at.date()
    events = await trail_of(edge.database.pool, archive, {person_id: person.version}, since=since)
    return SubjectExport(
        exported_at=edge.now,
        person=PersonView.of(person),
        personal=personal,
        events=events,
        accesses=accesses,
        registered_twice=registered_twice,
        elsewhere=[_ELSEWHERE.format(person_id)],
    )
