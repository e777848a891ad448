"""Routes for operators, the same in every service."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from simpul_shared.access import Permission
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.http.query import Query, answer, query
from simpul_shared.platform.migrate import Migration, pending
from simpul_shared.platform.status import ServiceStatus, Subject, read_status


def operating_router(subject: Subject, migrations: Sequence[Migration]) -> APIRouter:
    router = APIRouter(tags=["operating"])

    @router.get("/v1/status", response_model=ServiceStatus)
    async def get_status(edge: Query = query(Permission.OPERATE, touches=NATION)) -> Response:
        """How the service stands: what waits to be published, how far it follows the others, what needs a person.

        Answered from Postgres alone, so also while Kafka is away.
        """
        missing = await pending(edge.database, migrations)
        async with edge.snapshot() as tx:
            return answer(await read_status(tx, subject, pending_migrations=missing))

    return router
