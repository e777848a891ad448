"""Follow-up plans (rencana tindak lanjut, RTL): what a library means to do after a Bimtek, and by when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid, NotFound
from simpul_shared.vocabulary import Basis, BimtekStatus

from simpul_activities.domain.bimtek import Bimtek, Pillar, require_status
from simpul_activities.domain.library import Library


class PlanNotFound(NotFound):
    slug = "plan-not-found"
    title = "Rencana tindak lanjut tidak ditemukan"


class PlanItemNotFound(NotFound):
    slug = "plan-item-not-found"
    title = "Butir rencana tindak lanjut tidak ditemukan"


class PlanAlreadySubmitted(Conflict):
    slug = "plan-already-submitted"
    title = "Rencana tindak lanjut sudah dikirim"


class LibraryNotRepresented(Conflict):
    slug = "library-not-represented"
    title = "Perpustakaan tidak diwakili"


class ItemsNotNumbered(Invalid):
    slug = "items-not-numbered"
    title = "Nomor butir tidak urut"


class DueDateOutOfRange(Invalid):
    slug = "due-date-out-of-range"
    title = "Tenggat di luar jangkauan"


@dataclass(frozen=True)
class Item:
    no: int
    pillar: Pillar
    text: str
    due_on: date


@dataclass(frozen=True)
class Plan:
    """`region_id` is the library's when submitted. `version` is 0 until recorded."""

    plan_id: UUID
    version: int
    bimtek_id: UUID
    library_id: UUID
    region_id: UUID
    items: tuple[Item, ...]
    basis: Basis


def submit(
    bimtek: Bimtek, items: Sequence[Item], *, plan_id: UUID, library: Library, represented: bool, basis: Basis
) -> Plan:
    """Also for a library that has closed meanwhile: else its Bimtek could never close.

    Errors: BimtekInOtherState, LibraryNotRepresented, ItemsNotNumbered, DueDateOutOfRange.
    """
    require_status(bimtek, {BimtekStatus.RUNNING}, to="take follow-up plans")
    if not represented:
        raise LibraryNotRepresented(
            f"{library.name} has no registration in this Bimtek. Register its delegate first.", field="/library_id"
        )
    _require_numbered(items)
    for place, item in enumerate(items):
        _require_due_within_a_year(item, bimtek.programme.ends_on, field=f"/items/{place}/due_on")
    in_order = tuple(sorted(items, key=lambda item: item.no))
    return Plan(plan_id, 0, bimtek.bimtek_id, library.library_id, library.region_id, in_order, basis)


def a_year_after(day: date) -> date:
    """The same date in the next year; 28 February after the 29th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _require_numbered(items: Sequence[Item]) -> None:
    numbers = [item.no for item in items]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise ItemsNotNumbered(f"Items are numbered {numbers}. Number them 1, 2, 3, ...", field="/items")


def _require_due_within_a_year(item: Item, ends_on: date, *, field: str) -> None:
    if not ends_on < item.due_on <= a_year_after(ends_on):
        raise DueDateOutOfRange(
            f"Item {item.no} is due on {item.due_on}; it must be after {ends_on}, the Bimtek's last day, and by "
            f"{a_year_after(ends_on)}.",
            field=field,
        )
