"""Events of a few aggregates, from the table and from archived days: a library's life, what a person is shown of themselves."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from simpul_shared.contracts.envelope import Envelope
from simpul_shared.platform.archive import Archive, Source


class TrailEvent(BaseModel):
    """One event. `actor` is the subject of the token that caused it; `version` counts the events of its `subject`."""

    subject: UUID
    version: int
    event_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    data: dict[str, Any]


class TrailBroken(RuntimeError):
    """Events that were recorded are neither in the ledger nor in its archive."""


async def trail_of(source: Source, archive: Archive, versions: Mapping[UUID, int], *, since: date) -> list[TrailEvent]:
    """The events of each aggregate up to its version; the rest as events_of() says."""
    wanted = {(one, version) for one, last in versions.items() for version in range(1, last + 1)}
    return await events_of(source, archive, wanted, since=since)


async def events_of(
    source: Source, archive: Archive, wanted: set[tuple[UUID, int]], *, since: date
) -> list[TrailEvent]:
    """The events at these versions of aggregates, as they were recorded; `since` is not after the day of the first.

    Give it a pool: archived days may take long, and an open transaction holds up the relay. Errors: ArchiveUnreadable.
    """
    rows = await source.fetch(
        "select aggregate_id, aggregate_version, value from ledger where aggregate_id = any($1)",
        list({aggregate_id for aggregate_id, _ in wanted}),
    )
    recent = {(row["aggregate_id"], row["aggregate_version"]): row["value"] for row in rows}
    old = await archive.find(source, wanted - recent.keys(), since=since)
    found = recent | old
    if lost := wanted - found.keys():
        raise TrailBroken(f"{len(lost)} events are neither in the ledger nor in its archive, such as {min(lost)}")
    events = [_event(msgspec.json.decode(found[one], type=Envelope)) for one in wanted]
    return sorted(events, key=lambda one: (one.recorded_at, one.subject, one.version))


def _event(envelope: Envelope) -> TrailEvent:
    data: dict[str, Any] = msgspec.json.decode(envelope.data)
    return TrailEvent(
        subject=UUID(envelope.subject),
        version=envelope.aggregateversion,
        event_id=envelope.id,
        type=envelope.type,
        occurred_at=envelope.time,
        recorded_at=envelope.recordedtime,
        actor=envelope.actorref,
        channel=envelope.channel,
        data=data,
    )
