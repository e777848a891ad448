"""Dead letters as operators see them."""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from simpul_shared.contracts.topics import producer_of
from simpul_shared.platform.audit import OperatorAction
from simpul_shared.platform.consume import LetterState


class LetterView(BaseModel):
    """A record kept aside. What could not be read of it is null."""

    dead_letter_id: int
    state: LetterState
    reason: str = Field(description="A stable word", examples=["handler-failed"])
    detail: str = Field(description="What the last attempt said")
    attempts: int
    owner: str = Field(description="Who looks after it; at first the service that writes the topic")
    topic: str
    partition: int
    offset: int
    event_type: str | None
    event_id: UUID | None
    aggregate_id: UUID | None
    aggregate_version: int | None
    recorded_at: datetime | None = Field(
        description="When the producer recorded it; of an unreadable record the moment it cannot be older than"
    )
    first_seen_at: datetime
    tried_at: datetime | None = Field(description="Last attempt")
    resolved_at: datetime | None = Field(description="When it was applied or dismissed")
    edited: bool = Field(description="Its value is not what came from Kafka")
    waiting_behind: int = Field(description="Later events of the same aggregate that wait for it")


class Bytes(BaseModel):
    """`text` is there where the bytes are UTF-8."""

    size: int
    base64: str
    text: str | None


class WaitingView(BaseModel):
    dead_letter_id: int
    aggregate_version: int
    event_type: str | None
    first_seen_at: datetime


class AwaitedView(BaseModel):
    """The version that is applied next, and the letter that holds it, if it has come."""

    version: int
    dead_letter_id: int | None
    state: LetterState | None


class LetterDetail(LetterView):
    key: Bytes | None
    value: Bytes | None = Field(description="What a redrive applies")
    original_value: Bytes | None = Field(description="What came from Kafka, where the value was edited")
    headers: dict[str, Bytes | None]
    awaited: AwaitedView | None = Field(description="What the aggregate waits for; null where none could be read")
    waiting: list[WaitingView] = Field(description="The first 100 that wait behind it")
    actions: list[OperatorAction] = Field(description="What operators did to it, the latest first; at most 100")


class ChangedLetter(LetterView):
    applied: int = Field(description="Events that were applied: its own and those that had waited behind it")


class RedriveReport(BaseModel):
    items: list[ChangedLetter] = Field(description="Every letter tried, as it stands now")
    applied: int
    still_poison: int
    next_cursor: str | None = Field(description="Ask again with it, until it is null")


def letter_fields(row: Any) -> dict[str, Any]:
    """The columns of dead_letter under the names of the views."""
    return {**row, "offset": row["record_offset"], "owner": row["owner"] or producer_of(row["topic"])}


def bytes_view(value: bytes | None) -> Bytes | None:
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = None
    return Bytes(size=len(value), base64=base64.b64encode(value).decode(), text=text)
