"""What every fact keeps of its event, and how a later statement closes an earlier one."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from simpul_shared.contracts.topics import ACTIVITIES, BIMTEKS, LIBRARIES, REGIONS
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction

from simpul_reporting.domain.moments import FOREVER

CONSUMER = "reporting"
"""The name under which the platform keeps how far this service has applied the others' events."""

TOPICS = (REGIONS, LIBRARIES, BIMTEKS, ACTIVITIES)

R = TypeVar("R", bound=Received[Any])

_MAP = "reporting/map/"
"""A map for each projection: one that is being rebuilt does not hold up the live one."""


async def hold_map(tx: Transaction) -> None:
    """Keep the map still while facts are placed in it.

    Without it a fact and the first statement of its region, committed side by side, would never see each other.
    """
    await tx.execute("select pg_advisory_xact_lock_shared(hashtextextended($1 || current_schema(), 0))", _MAP)


async def change_map(tx: Transaction) -> None:
    """Wait until all facts placed in the old map are committed, and keep new ones waiting."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1 || current_schema(), 0))", _MAP)


def provenance(events: Sequence[Received[Any]]) -> tuple[list[Any], ...]:
    """Columns event_id, aggregate_version, recorded_at, log_topic, log_partition, log_offset."""
    return (
        [one.event_id for one in events],
        [one.version for one in events],
        [one.recorded_at for one in events],
        [one.topic for one in events],
        [one.partition for one in events],
        [one.offset for one in events],
    )


def closings(events: Sequence[R], key: Callable[[R], Hashable]) -> tuple[list[datetime], list[UUID | None]]:
    """Columns superseded_at, superseded_by: of several events on one thing all but the last are closed on arrival."""
    following: dict[Hashable, R] = {}
    closed: list[tuple[datetime, UUID | None]] = []
    for one in reversed(events):
        later = following.get(key(one))
        closed.append((FOREVER, None) if later is None else (later.recorded_at, later.event_id))
        following[key(one)] = one
    closed.reverse()
    return [at for at, _ in closed], [by for _, by in closed]


def firsts(events: Sequence[R], key: Callable[[R], Hashable]) -> list[R]:
    """The first event on each thing: the one that closes what was stored before."""
    found: dict[Hashable, R] = {}
    for one in events:
        found.setdefault(key(one), one)
    return list(found.values())
