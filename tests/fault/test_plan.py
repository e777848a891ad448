"""What `make fault` plans, and what it tells."""

import random
from collections import Counter

from tests.fault.histories import HISTORY, SEEN
from tests.fault.lane.checker import Harm, Violation
from tests.fault.lane.lane import LaneReport
from tests.fault.lane.oplog import Outcome
from tests.fault.lane.plan import CLASSES, plan, possible
from tests.fault.lane.recovery import Recovery, recoveries
from tests.fault.lane.scene import Hit
from tests.fault.lane.servers import Layout
from tests.fault.table import table


def planned(faults: int) -> Counter[str]:
    lanes = plan(faults, CLASSES, random.Random(3))
    return Counter(one.name for lane in lanes.values() for one in lane)


def test_every_class_is_planned_once_at_least_and_the_number_is_kept() -> None:
    for faults in (50, 200, 10_000 // 6):
        assert set(planned(faults)) == {one.name for one in CLASSES}
        assert planned(faults).total() == faults


def test_a_release_has_each_class_twenty_times() -> None:
    counts = Counter[str]()
    for _ in range(6):
        counts += planned(10_000 // 6)
    assert min(counts.values()) >= 20


def test_what_a_layout_lacks_is_named_with_the_reason() -> None:
    reasons = {one.name: reason for one, reason in possible(Layout(brokers=1)).items()}
    assert reasons["kill -9"] is None
    assert reasons["controller kill -9"] == "needs three brokers"
    assert reasons["broker disk full"] == "needs a mounted tmpfs, which takes root"


def test_recovery_is_told_from_the_end_of_the_cause() -> None:
    (felt,) = recoveries([Hit("SIGSTOP", "activities api", ("activities",), 1.5, 2.1, writes=True)], HISTORY, SEEN)
    assert felt.write is not None
    assert round(felt.write, 6) == 0.4  # operation 2, sent at 2.0 and acknowledged at 2.5
    assert felt.caught_up is not None
    assert round(felt.caught_up, 6) == 3.7


def test_the_table_has_a_row_for_every_class_and_every_harm() -> None:
    report = LaneReport(
        hits=Counter({"kill -9": 2, "SIGSTOP": 0}),
        outcomes=Counter({Outcome.OK: 1234, Outcome.UNKNOWN: 5}),
        violations=[Violation("C1", Harm.LOST, "record op1")],
        recovery=[Recovery("kill -9", 1.0, 2.0), Recovery("kill -9", 3.0, None)],
    )
    told = table(report, impossible={"broker disk full": "needs root"}, besides={"planted bugs caught": "3 of 3"})
    assert "| kill -9 | 2 | 2.0 / 3.0 / 3.0 | 2.0 / 2.0 / 2.0 |" in told
    assert "| broker disk full | not possible here: needs root |" in told
    assert "| operations acknowledged | 1,234 |" in told
    assert "| lost | 1 |" in told
    assert "| doubled | 0 |" in told
    assert "| planted bugs caught | 3 of 3 |" in told
    assert not report.clean
    assert report.unhit == ["SIGSTOP"]
