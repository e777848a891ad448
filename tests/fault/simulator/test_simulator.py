"""The simulator in small: its default run is `python -m tests.fault.simulator`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.simulator.report import play_all, run, table

ROOT = Path(__file__).parents[3]

FOUND = (38, 174, 185, 218, 238, 297, 325, 345, 543, 554, 8, 15, 106, 129, 178)
"""Seeds that once found something: marks that lied after a clock stepped back, first records applied twice, holes that
were never closed."""


def test_nothing_is_lost_doubled_invented_or_reordered_in_150_seeds() -> None:
    report = run(150, processes=1)
    assert report.failing_seeds == [], table(report)
    assert report.missed == [], table(report)
    assert report.acknowledged > 1000


def test_seeds_that_once_found_a_fault_find_none_now() -> None:
    report = play_all(FOUND, processes=1)
    assert report.failing_seeds == [], table(report)


@pytest.mark.parametrize("seed", [7, 38])
def test_the_same_seed_is_the_same_run_in_every_process(seed: int) -> None:
    traces = {_trace(seed, hash_seed) for hash_seed in ("0", "1", "4711")}
    assert len(traces) == 1
    assert len(next(iter(traces)).splitlines()) > 50


def _trace(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.fault.simulator", "--seed", str(seed), "--trace"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout
