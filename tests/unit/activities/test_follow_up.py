"""Items of a follow-up plan: they advance, are completed with evidence or cancelled, and then change no more."""

from contextlib import suppress
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_activities.domain import follow_up
from simpul_activities.domain.bimtek import Pillar
from simpul_activities.domain.calendar import DateOutOfRange
from simpul_activities.domain.follow_up import EvidenceMissing, ItemSettled, ProgressFell, ProgressUnchanged
from simpul_activities.domain.plan import Item, ItemState, Plan, PlanItemNotFound
from simpul_shared.vocabulary import Basis

DUE, TODAY = date(2026, 9, 30), date(2026, 9, 12)
SETTLED = {ItemState.DONE, ItemState.CANCELLED}


def plan(items: int = 2) -> Plan:
    listed = tuple(Item(no, Pillar.ADVOCACY, "x", DUE) for no in range(1, items + 1))
    return Plan(uuid4(), 1, uuid4(), uuid4(), uuid4(), "Asia/Makassar", listed, Basis.SAMPLE)


def progressed(before: Plan, progress: int, reason: str | None = None) -> Plan:
    return follow_up.report_progress(before, 1, progress=progress, reason=reason)


def completed(before: Plan, no: int = 1, **changed: Any) -> Plan:
    done: dict[str, Any] = {"evidence": ["foto"], "completed_on": TODAY, "today": TODAY}
    return follow_up.complete(before, no, **done | changed)


def tried(before: Plan, no: int, what: int, progress: int) -> Plan:
    if what == 0:
        return follow_up.report_progress(before, no, progress=progress, reason="x")
    return completed(before, no) if what == 1 else follow_up.cancel(before, no, reason="x")


def test_an_item_is_under_way_once_it_has_progressed_and_falls_only_with_a_reason() -> None:
    half = progressed(plan(), 50)
    assert (half.item(1).state, half.item(2).state) == (ItemState.UNDER_WAY, ItemState.NOT_BEGUN)
    with pytest.raises(ProgressFell):
        progressed(half, 40)
    assert progressed(half, 0, "Komputer rusak").item(1).state is ItemState.NOT_BEGUN
    with pytest.raises(ProgressUnchanged):
        progressed(half, 50)


def test_an_item_is_completed_with_evidence_and_not_in_the_future() -> None:
    done = completed(plan()).item(1)
    assert (done.state, done.progress, done.evidence, done.completed_on) == (ItemState.DONE, 100, ("foto",), TODAY)
    with pytest.raises(EvidenceMissing):
        completed(plan(), evidence=[])
    with pytest.raises(DateOutOfRange):
        completed(plan(), completed_on=DUE)


def test_an_item_is_overdue_while_it_is_open_after_its_day() -> None:
    open_item = plan().item(1)
    late = date(2026, 10, 1)
    assert (open_item.is_overdue(DUE), open_item.is_overdue(late)) == (False, True)
    assert not completed(plan()).item(1).is_overdue(late)


def test_an_item_that_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(PlanItemNotFound):
        follow_up.cancel(plan(), 3, reason="x")


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 2), st.integers(0, 100)), max_size=12))
def test_whatever_is_tried_a_settled_item_stays_and_open_items_are_counted(steps: list[tuple[int, int, int]]) -> None:
    now = plan()
    for no, what, progress in steps:
        was = now.item(no)
        with suppress(ItemSettled, ProgressUnchanged):
            now = tried(now, no, what, progress)
        assert now.item(no) == was or was.state not in SETTLED
        assert now.open_items == sum(item.state not in SETTLED for item in now.items)
