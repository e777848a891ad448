"""What the tests are called. Workers that run a suite together refuse to start when their names differ."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def test_names_of_tests_do_not_change_with_the_hour_or_the_hash_seed(request: pytest.FixtureRequest) -> None:
    here = {item.nodeid for item in request.session.items}
    assert here - _collected_anew() == set()


def _collected_anew() -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=_ROOT, env={**environment, "PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )
    return {line for line in done.stdout.splitlines() if "::" in line}
