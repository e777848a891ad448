"""Follow-up plans (rencana tindak lanjut, RTL): what a library means to do after a Bimtek, and by when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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


class ItemState(StrEnum):
    """Overdue is none of them: it follows from the day."""

    NOT_BEGUN = "BELUM"
    UNDER_WAY = "BERJALAN"
    DONE = "SELESAI"
    CANCELLED = "BATAL"


@dataclass(frozen=True)
class Item:
    """`owner_id` is the person who sees to it. domain/follow_up.py says how it goes on."""

    no: int
    pillar: Pillar
    text: str
    due_on: date
    owner_id: UUID | None = None
    progress: int = 0
    state: ItemState = ItemState.NOT_BEGUN
    evidence: tuple[str, ...] = ()
    completed_on: date | None = None
    cancelled_because: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (ItemState.NOT_BEGUN, ItemState.UNDER_WAY)

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due_on < today


@dataclass(frozen=True)
class Plan:
    """`region_id` is the library's when submitted, `timezone` where it lies now. `version` is 0 until recorded."""

    plan_id: UUID
    version: int
    bimtek_id: UUID
    library_id: UUID
    region_id: UUID
    timezone: str
    items: tuple[Item, ...]
    basis: Basis

    def item(self, no: int) -> Item:
        """Errors: PlanItemNotFound."""
        for item in self.items:
            if item.no == no:
                return item
        raise PlanItemNotFound(f"The follow-up plan has no item {no}; it has {len(self.items)}. Check the number.")

    @property
    def open_items(self) -> int:
        return sum(item.is_open for item in self.items)


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
    return Plan(
        plan_id=plan_id,
        version=0,
        bimtek_id=bimtek.bimtek_id,
        library_id=library.library_id,
        region_id=library.region_id,
        timezone=library.timezone,
        items=in_order,
        basis=basis,
    )


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
