"""That the benchmarks run and judge as they say; nothing here looks at a speed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmark.events import Arrived
from tests.benchmark.freshness import Times
from tests.benchmark.table import Goal, Ratio, Result, printed, ratios

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)  # it starts servers of its own
def test_a_suite_runs_from_its_servers_to_its_tables() -> None:
    command = [sys.executable, "-m", "tests.benchmark", "command"]
    environment = {**os.environ, "QUICK": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "a whole command to a bare insert" in ended.stdout
    assert "limit: one bare insert" in ended.stdout


def test_a_ratio_is_taken_round_by_round_and_judged_by_its_median() -> None:
    found = ratios([1, 9, 9], [1, 10, 10])
    assert found == [1, 0.9, 0.9]
    assert "missed" in printed([Result("one", ratios=[Ratio("a to b", found, Goal(0.92))])])
    assert "reached" in printed([Result("one", ratios=[Ratio("a to b", found, Goal(0.92, at_most=True))])])


@pytest.mark.parametrize(
    "came",
    [
        Arrived(numbers=[1, 2], value_bytes=30),
        Arrived(numbers=[1, 2, 2, 3], value_bytes=40),
        Arrived(numbers=[1, 3, 2], value_bytes=30, inversions=1),
        Arrived(numbers=[1, 2, 3], value_bytes=29),
    ],
    ids=["lost", "doubled", "reordered", "changed"],
)
def test_no_speed_is_told_of_a_wrong_answer(came: Arrived) -> None:
    with pytest.raises(RuntimeError):
        came.require(1, 3, value_bytes=30)


def test_no_latency_is_told_while_an_event_is_missing() -> None:
    with pytest.raises(RuntimeError):
        Times(committed={1: 0.0, 2: 0.0}, seen={1: 0.1}).milliseconds()
