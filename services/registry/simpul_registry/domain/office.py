"""Offices in charge of libraries (pure): which regions each kind may be in charge of, and how one changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import OfficeKind, RegionLevel

_LEVELS = {
    OfficeKind.NATIONAL: RegionLevel.NATION,
    OfficeKind.PROVINCE: RegionLevel.PROVINCE,
    OfficeKind.REGENCY: RegionLevel.REGENCY,
}


class JurisdictionOfOtherLevel(Invalid):
    slug = "jurisdiction-of-other-level"
    title = "Wilayah kerja tidak sesuai jenis dinas"


class OfficeClosedAlready(Conflict):
    slug = "office-closed"
    title = "Dinas sudah ditutup"


class OfficeDateBackwards(Invalid):
    slug = "office-date-backwards"
    title = "Tanggal dinas terbalik"


@dataclass(frozen=True)
class Office:
    """`changed_on` is the day from which name and jurisdiction are as they are."""

    office_id: UUID
    kind: OfficeKind
    name: str
    jurisdiction: tuple[UUID, ...]
    opened_on: date
    changed_on: date
    closed_on: date | None = None
    version: int = 0


def require_level(kind: OfficeKind, levels: Sequence[RegionLevel]) -> None:
    """Errors: JurisdictionOfOtherLevel."""
    if any(level is not _LEVELS[kind] for level in levels):
        raise JurisdictionOfOtherLevel(
            f"An office of kind {kind} is in charge of regions of level {_LEVELS[kind]}. Name such codes.",
            field="/jurisdiction",
        )


def change(office: Office, *, name: str, jurisdiction: tuple[UUID, ...], on: date) -> Office:
    """Errors: OfficeClosedAlready, OfficeDateBackwards."""
    _require_open(office, on)
    return replace(office, name=name, jurisdiction=jurisdiction, changed_on=on)


def close(office: Office, *, on: date) -> Office:
    """Errors: OfficeClosedAlready, OfficeDateBackwards."""
    _require_open(office, on)
    return replace(office, closed_on=on)


def require_open_on(office: Office, day: date) -> None:
    """The first day of what somebody is there. Errors: OfficeClosedAlready, OfficeDateBackwards."""
    if office.closed_on is not None and office.closed_on <= day:
        raise OfficeClosedAlready(
            f"This office is closed since {office.closed_on}. Name the one that took over, or an earlier day.",
            field="/valid_from",
        )
    if day < office.opened_on:
        raise OfficeDateBackwards(
            f"The office opened on {office.opened_on}. Name that day or a later one.", field="/valid_from"
        )


def _require_open(office: Office, on: date) -> None:
    if office.closed_on is not None:
        raise OfficeClosedAlready(f"This office is closed since {office.closed_on}. Register a new one.")
    if on < office.changed_on:
        raise OfficeDateBackwards(
            f"The office was last changed on {office.changed_on}. Name that day or a later one.", field="/effective_on"
        )
