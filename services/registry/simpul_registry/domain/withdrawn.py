"""Records that were made by mistake (pure): they stay, and say when and why they were withdrawn."""

from dataclasses import dataclass
from datetime import datetime

from simpul_shared.errors import Conflict


class RecordWithdrawn(Conflict):
    slug = "record-withdrawn"
    title = "Catatan sudah ditarik"


@dataclass(frozen=True)
class Withdrawn:
    at: datetime
    because: str


def require_not_withdrawn(withdrawn: Withdrawn | None) -> None:
    """Errors: RecordWithdrawn."""
    if withdrawn is not None:
        raise RecordWithdrawn(
            f"This was withdrawn at {withdrawn.at.isoformat()}: {withdrawn.because}. Record what is right as a new one.",
            facts={"withdrawn_at": withdrawn.at},
        )
