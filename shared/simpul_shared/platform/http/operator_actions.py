"""HTTP in, in every service: what operators did here."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import Response

from simpul_shared.access import Permission
from simpul_shared.platform.audit import OperatorAction, list_actions
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.http.query import Page, Query, answer, query

router = APIRouter(tags=["operating"])


@router.get("/v1/operator-actions", response_model=Page[OperatorAction], summary="What operators did, the latest first")
async def list_operator_actions(
    subject: Annotated[str | None, Parameter(max_length=500, description="Such as dead-letter/topic/3/1042")] = None,
    action: Annotated[str | None, Parameter(max_length=100, description="Such as dead-letter.dismiss")] = None,
    cursor: Annotated[str | None, Parameter(max_length=1000, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Parameter(ge=1, le=200, description="Items on a page")] = 50,
    edge: Query = query(Permission.OPERATE, touches=NATION),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await list_actions(tx, subject=subject, action=action, cursor=cursor, limit=limit))
