"""HTTP in, in every service: what its relay has published, and filling a lost topic again; for operators."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from simpul_shared.access import Permission
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, Command, command
from simpul_shared.platform.http.dead_letters import ReasonBody, Word
from simpul_shared.platform.http.query import Query, answer, query
from simpul_shared.platform.relay_restore import RelayStatus, ask_restore, read_relay


class RestoreBody(ReasonBody):
    topics: Annotated[
        list[Word], Field(default_factory=list, max_length=100, description="None: all that the service writes")
    ]


def relay_router(written: Sequence[str]) -> APIRouter:
    """`written` are the topics that the service writes."""
    router = APIRouter(tags=["operating"])

    @router.get("/v1/relay", response_model=RelayStatus)
    async def get_relay(edge: Query = query(Permission.OPERATE, touches=NATION)) -> Response:
        """Per topic and shard whether Kafka still has all that was published, and how far a restore is."""
        async with edge.snapshot() as tx:
            return answer(await read_relay(tx))

    @router.post("/v1/relay/restore", response_model=RelayStatus, status_code=202)
    async def restore_topics(
        body: RestoreBody, edge: Command = command(Permission.OPERATE, touches=NATION)
    ) -> Response:
        """Send again what the ledger has of the topics: the same ids, keys and bytes, in order. Consumers count each once.

        The relay does it on its own, before anything newer; ask GET /v1/relay how far it is. The topics must exist.
        """

        async def work(tx: Transaction) -> Answer:
            client = edge.principal.client_id
            return Answer(
                await ask_restore(tx, written=written, topics=body.topics, client_id=client, reason=body.reason)
            )

        return await edge.execute(work, locks=["relay/restore"], status=202)

    return router
