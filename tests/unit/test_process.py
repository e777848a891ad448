"""How a process of a service starts."""

import subprocess
import sys

_START = """
import gc
from simpul_reporting.app import SERVICE
from simpul_shared.platform.process import main
before = gc.get_threshold()[0]
main(SERVICE, ["migrate"])
print(gc.get_threshold()[0] > 10 * before, gc.get_freeze_count() > 10_000)
"""


def test_a_process_seldom_searches_for_cycles_and_never_in_what_it_loaded() -> None:
    told = subprocess.run([sys.executable, "-c", _START], env={}, capture_output=True, text=True, check=False)
    assert told.stdout == "True True\n", told.stderr
