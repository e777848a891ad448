"""The conformance kit lets pass who is right and catches who is naive, in the case made for it."""

import subprocess
import sys
from typing import Any

import pytest
from simpul_shared.client.conformance import check, require_conformance
from simpul_shared.client.golden import cases, expected

from tests.support.consumers import (
    CountsByArrival,
    CountsEveryEvent,
    LastWriteWins,
    OneNumberForAll,
    Right,
    Strict,
    make_right,
)
from tests.support.reference import ROOT


async def test_a_consumer_by_our_client_conforms() -> None:
    assert expected()
    await require_conformance(make_right)


@pytest.mark.parametrize(
    ("naive", "caught"),
    [
        (
            CountsEveryEvent,
            {"delays and corrections", "duplicates", "repeats", "reordering", "unknown fields and types"},
        ),
        (LastWriteWins, {"duplicates", "repeats"}),
        (CountsByArrival, {one.name for one in cases()} - {"all at once"}),
        (OneNumberForAll, {"reordering"}),
        (Strict, {"unknown fields and types"}),
    ],
)
async def test_a_naive_consumer_is_caught(naive: type[Right], caught: set[str]) -> None:
    async def make() -> Right:
        return naive()

    wrong = {one.case.name for one in await check(make) if one.wrong is not None}
    assert wrong - {"all at once"} == caught
    assert "all at once" in wrong
    with pytest.raises(AssertionError, match="does not conform"):
        await require_conformance(make)


@pytest.mark.parametrize(("name", "code"), [("make_right", 0), ("make_last_write_wins", 1)])
def test_the_command_says_which_cases_went_wrong(name: str, code: int) -> None:
    command = [sys.executable, "-m", "simpul_shared.client.conformance", f"tests.support.consumers:{name}"]
    done: Any = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    assert done.stdout.count("right ") + done.stdout.count("wrong ") == len(cases())
    assert ("catches" in done.stdout) == bool(code)
