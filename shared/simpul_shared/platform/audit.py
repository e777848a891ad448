"""What operators do to a running service, kept for good: `note_action(tx, ...)` in the transaction of the deed itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page, decode_id_cursor, page_of


class OperatorAction(BaseModel):
    operator_action_id: int
    at: datetime
    actor: str = Field(description="Subject of the token, or the process that acted by itself")
    client_id: str
    action: str = Field(examples=["dead-letter.dismiss"])
    subject: str = Field(examples=["dead-letter/simpul.registry.libraries.v1/3/1042"])
    reason: str
    facts: dict[str, Any] = Field(description="What was before and after")
    correlation_id: str


async def note_action(
    tx: Transaction, *, client_id: str, action: str, subject: str, reason: str, facts: Mapping[str, object]
) -> None:
    """Record a deed; who did it is the transaction's own actor. `action` is thing.verb, `subject` thing/name."""
    await tx.execute(
        """
        insert into operator_action (actor, client_id, action, subject, reason, facts, correlation_id)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        tx.origin.actor,
        client_id,
        action,
        subject,
        reason,
        dict(facts),
        tx.origin.correlation_id,
    )


async def list_actions(
    tx: Transaction, *, subject: str | None, action: str | None, cursor: str | None, limit: int
) -> Page[OperatorAction]:
    """The latest first. Errors: CursorMalformed."""
    rows = await tx.fetch(
        """
        select operator_action_id, at, actor, client_id, action, subject, reason, facts, correlation_id from operator_action
        where ($1::text is null or subject = $1) and ($2::text is null or action = $2)
            and ($3::bigint is null or operator_action_id < $3)
        order by operator_action_id desc limit $4
        """,
        subject,
        action,
        decode_id_cursor(cursor),
        limit + 1,
    )
    actions = [OperatorAction(**row) for row in rows]
    return page_of(actions, limit=limit, key=lambda one: (one.operator_action_id,))
