"""How the items of a follow-up plan go on: they advance, are completed with evidence, or are cancelled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from simpul_shared.errors import Conflict, Invalid

from simpul_activities.domain.calendar import DateOutOfRange
from simpul_activities.domain.plan import Item, ItemState, Plan


class ItemSettled(Conflict):
    slug = "plan-item-settled"
    title = "Butir rencana sudah selesai atau dibatalkan"


class ProgressUnchanged(Conflict):
    slug = "progress-unchanged"
    title = "Kemajuan tidak berubah"


class ProgressFell(Invalid):
    slug = "progress-fell"
    title = "Kemajuan menurun tanpa alasan"


class EvidenceMissing(Invalid):
    slug = "evidence-missing"
    title = "Bukti belum ada"


def report_progress(plan: Plan, no: int, *, progress: int, reason: str | None) -> Plan:
    """Errors: PlanItemNotFound, ItemSettled, ProgressUnchanged, ProgressFell."""
    item = _open_item(plan, no)
    if progress == item.progress:
        raise ProgressUnchanged(f"Item {no} is at {progress} % already; there is nothing to report.")
    if progress < item.progress and reason is None:
        raise ProgressFell(f"Item {no} is at {item.progress} %; say in reason why it falls.", field="/reason")
    state = ItemState.UNDER_WAY if progress else ItemState.NOT_BEGUN
    return _with(plan, replace(item, progress=progress, state=state))


def complete(plan: Plan, no: int, *, evidence: Sequence[str], completed_on: date, today: date) -> Plan:
    """Errors: PlanItemNotFound, ItemSettled, EvidenceMissing, DateOutOfRange (the future)."""
    item = _open_item(plan, no)
    if not evidence:
        raise EvidenceMissing("Name at least one photo or paper that shows it.", field="/evidence")
    if completed_on > today:
        raise DateOutOfRange(f"{completed_on} is in the future; it is {today} there.", field="/completed_on")
    done = replace(item, progress=100, state=ItemState.DONE, evidence=tuple(evidence), completed_on=completed_on)
    return _with(plan, done)


def cancel(plan: Plan, no: int, *, reason: str) -> Plan:
    """Errors: PlanItemNotFound, ItemSettled."""
    return _with(plan, replace(_open_item(plan, no), state=ItemState.CANCELLED, cancelled_because=reason))


def _open_item(plan: Plan, no: int) -> Item:
    item = plan.item(no)
    if not item.is_open:
        raise ItemSettled(f"Item {no} is {item.state}; it changes no more.", facts={"item_state": item.state})
    return item


def _with(plan: Plan, changed: Item) -> Plan:
    return replace(plan, items=tuple(changed if item.no == changed.no else item for item in plan.items))
