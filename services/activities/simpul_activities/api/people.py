"""HTTP in: what this service has of a person."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from simpul_shared.access import Permission
from simpul_shared.platform.http.query import Query, answer, query

from simpul_activities.queries.subject_export import export_participation
from simpul_activities.views.participation import ParticipationExport

router = APIRouter(tags=["people"])


@router.get(
    "/v1/people/{person_id}/export",
    response_model=ParticipationExport,
    summary="All that this service has of a person, for the person",
)
async def export_person(
    request: Request, person_id: UUID, edge: Query = query(Permission.PERSON_EXPORT, touches="person_id")
) -> Response:
    return answer(await export_participation(edge, request.app.state.archive, person_id))
