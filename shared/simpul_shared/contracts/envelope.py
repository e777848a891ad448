"""CloudEvents 1.0 in structured JSON mode, with the extensions every Simpul Pustaka event carries.

Events are msgspec structs: unknown fields are ignored when read, so a newer producer may add optional ones.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from simpul_shared.contracts.topics import Topic

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with its offset; one without is not read."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A past fact. Subclasses say which aggregate it belongs to and which topic it travels on.

    `aggregate_field` names the field with the id whose version the event advances; `key_field` the one with the Kafka
    key, which may be coarser (a registration's events are keyed by their Bimtek).
    """

    type: ClassVar[str]
    aggregate: ClassVar[str]
    topic: ClassVar[Topic]
    aggregate_field: ClassVar[str]
    key_field: ClassVar[str]

    @property
    def aggregate_id(self) -> UUID:
        value: UUID = getattr(self, self.aggregate_field)
        return value

    @property
    def key(self) -> bytes:
        return str(getattr(self, self.key_field)).encode()


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The CloudEvents attributes. `time` is when it happened for the actor, `recordedtime` when the ledger took it.

    `aggregateversion` counts 1, 2, 3, ... per aggregate without gaps. `actorref` is a token's subject, never a name.
    `sourcetz` is the IANA zone of the place. `channel` is WEB, API, XLSX, OFFLINE or SYSTEM.
    """

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: Instant
    datacontenttype: str
    dataschema: str
    aggregatetype: str
    aggregateversion: Annotated[int, Meta(ge=1)]
    recordedtime: Instant
    correlationid: str
    actorref: str
    channel: str
    data: msgspec.Raw
    causationid: str | None = None
    traceparent: str | None = None
    sourcetz: str | None = None


class LowWaterMark(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `service` recorded up to `through` in `shard` lies below `offsets` ({topic: {partition: next}}).

    A consumer whose own next offsets have reached these has applied all that was recorded up to `through`, if it counts
    the same topics: `topic_ids` are Kafka's ids of them. A topic made anew has another id, and offsets from 0 again.
    """

    service: str
    shard: int
    through: Instant
    offsets: dict[str, dict[str, int]]
    topic_ids: dict[str, UUID] | None = None
