"""The way of a decree (pure): under review, then approved by another person or rejected, and perhaps undone."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from simpul_shared.errors import Conflict, Forbidden


class DecreeStatus(StrEnum):
    UNDER_REVIEW = "DITINJAU"
    APPROVED = "DISETUJUI"
    REJECTED = "DITOLAK"
    UNDONE = "DIBATALKAN"


class DecreeDecided(Conflict):
    slug = "decree-decided"
    title = "Keputusan wilayah sudah diputus"


class DecreeNotInForce(Conflict):
    slug = "decree-not-in-force"
    title = "Keputusan wilayah tidak berlaku"


class DecreeStale(Conflict):
    slug = "decree-stale"
    title = "Peta wilayah sudah berubah"


class OwnDecree(Forbidden):
    slug = "own-decree"
    title = "Tidak boleh menyetujui unggahan sendiri"


@dataclass(frozen=True)
class Decree:
    """`within` is the code whose whole map the file states; `map_edition` what its rows were compared with."""

    decree_id: UUID
    decree: str
    effective_on: date
    within: str
    sha256: str
    status: DecreeStatus
    map_edition: int
    libraries: int
    uploaded_by: str
    uploaded_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    version: int


def require_open(decree: Decree) -> None:
    """Errors: DecreeDecided."""
    if decree.status is not DecreeStatus.UNDER_REVIEW:
        raise DecreeDecided(f"This decree is {decree.status} already. Upload its file again to review it anew.")


def approve(decree: Decree, *, by: str, at: datetime, map_edition: int) -> Decree:
    """Errors: DecreeDecided, OwnDecree, DecreeStale."""
    require_open(decree)
    if by == decree.uploaded_by:
        raise OwnDecree("You uploaded this decree. Let another person review and approve it.")
    if map_edition != decree.map_edition:
        raise DecreeStale(
            "The map has changed since the rows were made. POST .../compare makes them anew; look at them again."
        )
    return _decided(decree, DecreeStatus.APPROVED, by=by, at=at, reason=None)


def reject(decree: Decree, *, by: str, at: datetime, reason: str) -> Decree:
    """Errors: DecreeDecided."""
    require_open(decree)
    return _decided(decree, DecreeStatus.REJECTED, by=by, at=at, reason=reason)


def undo(decree: Decree, *, by: str, at: datetime, reason: str) -> Decree:
    """Errors: DecreeNotInForce."""
    if decree.status is not DecreeStatus.APPROVED:
        raise DecreeNotInForce(f"This decree is {decree.status}; only an approved one can be undone.")
    return _decided(decree, DecreeStatus.UNDONE, by=by, at=at, reason=reason)


def _decided(decree: Decree, status: DecreeStatus, *, by: str, at: datetime, reason: str | None) -> Decree:
    return replace(decree, status=status, decided_by=by, decided_at=at, reason=reason, version=decree.version + 1)
