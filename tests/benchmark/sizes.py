"""How much is measured: in full, or just enough to see that the suites run (QUICK=1)."""

import os
import sys
from typing import TypeVar

T = TypeVar("T")

QUICK = os.environ.get("QUICK") == "1"


def size(full: T, *, quick: T) -> T:
    return quick if QUICK else full


def setting(name: str, full: int, *, quick: int) -> int:
    """A size that the environment may change, for a machine with less time."""
    return int(os.environ.get(name) or size(full, quick=quick))


ROUNDS = setting("ROUNDS", 5, quick=1)
"""Sides take turns in each round, so that what else the machine does falls on all of them."""


def say(text: str) -> None:
    """How the run goes on, to standard error: the tables go to standard output."""
    print(text, file=sys.stderr, flush=True)
