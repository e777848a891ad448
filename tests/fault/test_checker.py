"""The lane's checker finds each kind of harm in a history that is right but for that."""

from dataclasses import replace
from pathlib import Path

from tests.fault.histories import (
    EVIDENCE,
    FACTS,
    HISTORY,
    LEDGER,
    NOTHING,
    SEEN,
    entry,
    event,
    fact,
    judged,
    reports,
)
from tests.fault.lane.checker import check_repeats
from tests.fault.lane.evidence import Figures, Projection, Report
from tests.fault.lane.oplog import OperationLog, Outcome, read_log
from tests.fault.lane.places import NATION


def test_a_right_history_is_let_pass() -> None:
    assert judged() == set()


def test_repeats_in_a_topic_are_legal() -> None:
    again = [event(2, offset=7), event(1, offset=8)]
    assert judged(topic=[*LEDGER, *again]) == set()


def test_a_lost_operation_is_found_wherever_it_was_lost() -> None:
    without = [one for one in LEDGER if one.op_id != "op2"]
    assert ("C1", "lost") in judged(ledger=without)
    assert {("C1", "lost"), ("C4", "lost")} <= judged(topic=without)
    assert judged(facts=[one for one in FACTS if one.event_id != "e2"]) == {("C1", "lost")}
    assert judged(applied={"reporting": {"a1": 1, "a2": 1, "a5": 2}}) == {("C5", "lost")}


def test_a_doubled_operation_is_found_in_the_ledger_and_in_the_facts() -> None:
    twice = [*LEDGER, event(2, event_id="e2b", aggregate="a2b", offset=9)]
    assert {("C1", "doubled")} <= judged(ledger=twice, topic=twice)
    assert judged(facts=[*FACTS, fact(2)]) == {("C1", "doubled")}


def test_a_refused_operation_that_was_done_is_found() -> None:
    done = [*LEDGER, event(4, offset=9)]
    assert ("C2", "phantom") in judged(ledger=done, topic=done)


def test_an_unknown_operation_may_be_done_once_or_not_at_all_but_not_twice() -> None:
    unknown = [*HISTORY, entry(7, outcome=Outcome.UNKNOWN, resource=None, version=None, status=None)]
    once = [*LEDGER, event(7)]
    twice = [*once, event(7, event_id="e7b", aggregate="a7b", offset=9)]
    applied = {"reporting": {"a1": 2, "a2": 1, "a5": 2, "a7": 1, "a7b": 1}}
    rows = [*FACTS, fact(7)]
    assert judged(history=unknown) == set()
    assert judged(history=unknown, ledger=once, topic=once, facts=rows, applied=applied) == set()
    assert ("C3", "doubled") in judged(history=unknown, ledger=twice, topic=twice, facts=rows, applied=applied)


def test_an_answer_that_names_another_thing_than_was_recorded_is_found() -> None:
    wrong = [entry(1, resource="a9"), *HISTORY[1:]]
    assert ("C3", "other") in judged(history=wrong)


def test_a_repeat_that_is_answered_otherwise_is_found() -> None:
    assert not list(check_repeats([(entry(1), entry(1))]))
    (violation,) = check_repeats([(entry(1), entry(1, resource="a9"))])
    assert violation.check == "C3"


def test_a_phantom_is_found_in_ledger_topic_and_facts() -> None:
    nobodys = event(8, op_id="nobody")
    assert ("C4", "phantom") in judged(ledger=[*LEDGER, nobodys], topic=[*LEDGER, nobodys])
    assert judged(topic=[*LEDGER, nobodys]) == {("C4", "phantom")}
    assert judged(facts=[*FACTS, fact(8)]) == {("C4", "phantom")}


def test_reordered_versions_of_an_aggregate_are_found() -> None:
    swapped = [replace(one, offset={1: 3, 3: 1}.get(one.offset, one.offset)) for one in LEDGER]
    assert ("C5", "reordered") in judged(topic=swapped)


def test_two_events_of_one_version_are_found() -> None:
    assert ("C5", "doubled") in judged(topic=[*LEDGER, event(2, event_id="e2b", offset=9)])


def test_operations_of_one_client_in_another_order_under_one_key_are_found() -> None:
    swapped = [replace(one, offset={1: 2, 2: 1}.get(one.offset, one.offset)) for one in LEDGER]
    assert judged(topic=swapped) == {("C5", "reordered")}


def test_a_total_that_no_recount_gives_is_found() -> None:
    right = Figures(activities=2, attendances=20, registered=0, marks=0)
    assert judged(reports=reports(replace(right, attendances=30))) == {("C6", "doubled")}
    assert judged(reports=reports(replace(right, activities=1))) == {("C6", "lost")}


def test_a_parent_that_is_not_the_sum_of_its_parts_is_found() -> None:
    nation = Report(EVIDENCE.reports[NATION].total, NOTHING)
    assert judged(reports={**EVIDENCE.reports, NATION: nation}) == {("C6", "other")}


def test_a_read_that_goes_back_without_a_correction_is_found() -> None:
    fallen = [*SEEN, replace(SEEN[-1], asked=8.0, answered=8.1, activities=1, through={"activities": 8.0})]
    assert judged(seen=fallen) == {("C7", "reordered")}


def test_a_mark_that_goes_back_is_found() -> None:
    assert judged(seen=[*SEEN, replace(SEEN[-1], through={"activities": 1.0})]) == {("C7", "reordered")}


def test_a_rebuilt_projection_that_differs_is_found() -> None:
    other = {**EVIDENCE.projections, "ledgers": Projection(("another row",))}
    assert judged(projections=other) == {("C8", "other")}


def test_an_open_dead_letter_is_found() -> None:
    assert judged(letters=["reporting: poison"]) == {("letters", "other")}


async def test_the_log_is_read_as_it_was_written_and_a_later_result_holds(tmp_path: Path) -> None:
    log = OperationLog(tmp_path / "log")
    for one in HISTORY[:2]:
        await log.write(one.operation)
    assert HISTORY[0].result is not None
    await log.write(HISTORY[0].result)
    log.close()
    first, second = read_log(tmp_path / "log")
    assert (first, second.outcome) == (HISTORY[0], Outcome.UNKNOWN)
