"""What a command may refer to that another service owns: what activities has told us of."""

from uuid import UUID

from simpul_shared.contracts.topics import ACTIVITIES, BIMTEKS
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.marks import applied_through

from simpul_registry.domain.succession import BimtekUnknown, BimtekWasCancelled
from simpul_registry.store.replica_links import find_bimtek

FOLLOWED = (ACTIVITIES, BIMTEKS)
RETRY_SECONDS = 2
"""Events of activities are applied here within about a second."""


async def require_bimtek(tx: Transaction, bimtek_id: UUID, *, field: str) -> None:
    """Errors: BimtekWasCancelled; BimtekUnknown, alike for a wrong id and for one whose event is still on its way."""
    known = await find_bimtek(tx, bimtek_id)
    if known is None:
        raise await _unknown(tx, bimtek_id, field=field)
    if known["cancelled_at"] is not None:
        raise BimtekWasCancelled(
            f"Bimtek {bimtek_id} was cancelled, nobody was mentored through it. Name the one that took its place, or none.",
            field=field,
        )


async def _unknown(tx: Transaction, bimtek_id: UUID, *, field: str) -> BimtekUnknown:
    marks = await applied_through(tx, tx.origin.service, [topic.name for topic in FOLLOWED])
    told = marks["activities"].isoformat() if "activities" in marks else None
    how_far = "No events of activities are" if told is None else f"Events of activities up to {told} are"
    return BimtekUnknown(
        f"No Bimtek {bimtek_id} is known here. {how_far} applied here: if it was planned after that, repeat in"
        f" {RETRY_SECONDS} s; else check the id.",
        field=field,
        retry_after=RETRY_SECONDS,
        facts={"activities_applied_through": told},
    )
