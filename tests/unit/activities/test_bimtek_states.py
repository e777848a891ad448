"""Random commands never bring a Bimtek, its registrations or its attendance into an illegal state."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simpul_activities.domain import attendance, registration
from simpul_activities.domain import bimtek as rules
from simpul_activities.domain.attendance import Mark
from simpul_activities.domain.bimtek import Bimtek, Missing
from simpul_activities.domain.library import Library
from simpul_activities.domain.registration import Registration
from simpul_shared.errors import Refusal
from simpul_shared.vocabulary import AttendanceStatus, Basis, BimtekStatus, LibraryStatus

from tests.unit.activities.examples import NOW, library, planned, session

S = BimtekStatus
LEGAL = {
    (S.PLANNED, S.ANNOUNCED),
    (S.ANNOUNCED, S.RUNNING),
    (S.RUNNING, S.CLOSED),
    (S.PLANNED, S.CANCELLED),
    (S.ANNOUNCED, S.CANCELLED),
    (S.RUNNING, S.CANCELLED),
}
SESSIONS = (1, 2)
LIBRARIES = [library(), library(LibraryStatus.DESIGNATED), library(LibraryStatus.CLOSED)]


@dataclass
class Records:
    """What a store would hold."""

    seats: dict[UUID, Registration] = field(default_factory=dict)
    marks: dict[tuple[UUID, int], AttendanceStatus] = field(default_factory=dict)
    plans: set[UUID] = field(default_factory=set)

    def standing(self) -> list[Registration]:
        return [one for one in self.seats.values() if one.withdrawal is None]

    def missing(self) -> Missing:
        marks: dict[UUID, list[int]] = {}
        for one in self.standing():
            gaps = [no for no in SESSIONS if (one.registration_id, no) not in self.marks]
            if gaps:
                marks[one.registration_id] = gaps
        represented = {one.library_id for one in self.standing()}
        return Missing(marks, sorted(represented - self.plans))


class BimtekMachine(RuleBasedStateMachine):
    """Every rule tries a command of the domain; a refusal must leave everything as it was."""

    @initialize(capacity=st.one_of(st.none(), st.integers(1, 3)), steps=st.integers(0, 2))
    def plan(self, capacity: int | None, steps: int) -> None:
        """Most runs start further on, so that they get to the end."""
        self.bimtek = planned(*(session(no) for no in SESSIONS), capacity=capacity)
        self.history = [self.bimtek.status]
        self.records = Records()
        self.complete_when_closed: bool | None = None
        for step in (rules.announce, rules.start)[:steps]:
            self.bimtek = step(self.bimtek)
            self.history.append(self.bimtek.status)

    def _step(self, move: Callable[[], Bimtek]) -> bool:
        try:
            self.bimtek = move()
        except Refusal:
            return False
        self.history.append(self.bimtek.status)
        return True

    @rule()
    def announce(self) -> None:
        self._step(lambda: rules.announce(self.bimtek))

    @rule()
    def start(self) -> None:
        self._step(lambda: rules.start(self.bimtek))

    @rule()
    def close(self) -> None:
        missing = self.records.missing()
        if self._step(lambda: rules.close(self.bimtek, missing)):
            self.complete_when_closed = not missing.marks and not missing.plans

    @rule(now=st.sampled_from(["no", "no", "no", "no", "no", "no", "no", "yes"]))
    def cancel(self, now: str) -> None:
        if now == "yes":  # rarely, or few runs would get any further
            self._step(lambda: rules.cancel(self.bimtek, reason="Banjir"))

    @rule(chosen=st.sampled_from(LIBRARIES))
    def register(self, chosen: Library) -> None:
        before = self.bimtek.status
        try:
            made = registration.register(
                self.bimtek,
                registration_id=UUID(int=len(self.records.seats) + 1),
                person_id=UUID(int=0),
                library=chosen,
                taken=len(self.records.standing()),
                basis=Basis.SAMPLE,
                now=NOW,
            )
        except Refusal:
            return
        assert before in {S.ANNOUNCED, S.RUNNING}
        assert chosen.status is not LibraryStatus.CLOSED
        self.records.seats[made.registration_id] = made

    @precondition(lambda self: self.records.seats)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.records.seats)))
        was = self.records.seats[chosen]
        try:
            self.records.seats[chosen] = registration.withdraw(was, self.bimtek, reason="Sakit", now=NOW)
        except Refusal:
            return
        assert was.withdrawal is None
        assert self.bimtek.status in {S.ANNOUNCED, S.RUNNING}

    @precondition(lambda self: self.records.seats)
    @rule(data=st.data(), session_no=st.sampled_from([1, 2, 1, 2, 3]), status=st.sampled_from(AttendanceStatus))
    def mark(self, data: st.DataObject, session_no: int, status: AttendanceStatus) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.records.seats)), min_size=1, max_size=3, unique=True))
        recorded = {who: mark for (who, no), mark in self.records.marks.items() if no == session_no}
        try:
            new = attendance.mark(
                self.bimtek,
                session_no,
                [Mark(one, status) for one in chosen],
                registrations=self.records.seats,
                recorded=recorded,
            )
        except Refusal:
            return
        assert self.bimtek.status is S.RUNNING
        assert session_no in SESSIONS
        for one in new:
            assert (one.registration_id, session_no) not in self.records.marks
            assert self.records.seats[one.registration_id].withdrawal is None
            self.records.marks[one.registration_id, session_no] = one.status

    @precondition(lambda self: self.records.marks)
    @rule(data=st.data(), status=st.sampled_from(AttendanceStatus))
    def correct(self, data: st.DataObject, status: AttendanceStatus) -> None:
        who, no = data.draw(st.sampled_from(sorted(self.records.marks)))
        was = self.records.marks[who, no]
        try:
            old = attendance.correct(self.bimtek, no, recorded=was, status=status)
        except Refusal:
            return
        assert (old, self.bimtek.status in {S.RUNNING, S.CLOSED}) == (was, True)
        assert status is not was
        self.records.marks[who, no] = status

    @rule(chosen=st.sampled_from(LIBRARIES))
    def submit_plan(self, chosen: Library) -> None:
        if self.bimtek.status is S.RUNNING:
            self.records.plans.add(chosen.library_id)

    @rule()
    def catch_up(self) -> None:
        """Mark everybody and submit every plan, so that runs reach the close."""
        if self.bimtek.status is not S.RUNNING:
            return
        for one in self.records.standing():
            for no in SESSIONS:
                self.records.marks.setdefault((one.registration_id, no), AttendanceStatus.PRESENT)
            self.records.plans.add(one.library_id)

    @invariant()
    def every_move_was_legal(self) -> None:
        assert set(zip(self.history, self.history[1:], strict=False)) <= LEGAL

    @invariant()
    def nobody_sits_beyond_the_capacity(self) -> None:
        capacity = self.bimtek.programme.capacity
        assert capacity is None or len(self.records.standing()) <= capacity

    @invariant()
    def only_complete_bimteks_close(self) -> None:
        assert (self.bimtek.status is S.CLOSED) == (self.complete_when_closed is not None)
        assert self.complete_when_closed is not False

    @invariant()
    def cancelled_ones_say_why(self) -> None:
        assert (self.bimtek.status is S.CANCELLED) == (self.bimtek.cancelled_because is not None)


BimtekMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestRandomCommandsOnABimtek = BimtekMachine.TestCase
