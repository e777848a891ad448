"""Planted bugs fit the code they are planted in, and nothing that is shipped knows of them."""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simpul_shared.platform import database

from tests.fault.hunt.catch import rotating
from tests.fault.hunt.findings import Kind
from tests.fault.mutants.planting import Mutant, MutantUnknown, TargetGone, find, names
from tests.support.processes import ROOT

SHIPPED = [ROOT / folder for folder in ("shared", "services", "deploy")]


@pytest.fixture
def mutant() -> Mutant:
    """A bug in a function that no other test calls by its module."""

    def replacement(error: BaseException) -> bool:
        return True

    return Mutant(
        "nothing-passes", "simpul_shared.platform.database:is_passing", replacement, frozenset({Kind.LOST}), "a bug"
    )


def test_there_are_the_fourteen_bugs_that_the_harness_must_find() -> None:
    assert len(names()) == 14


@pytest.mark.parametrize("name", names())
def test_each_bug_fits_its_target(name: str) -> None:
    found = find(name)
    owner, attribute, shipped = found.place()
    assert found.bug
    assert found.shows
    found.plant()
    try:
        assert getattr(owner, attribute) is found.replacement
    finally:
        setattr(owner, attribute, shipped)


def test_a_bug_whose_target_is_gone_fails(mutant: Mutant) -> None:
    for target in ("simpul_shared.platform.database:is_gone", "simpul_shared.platform.gone:is_passing"):
        with pytest.raises(TargetGone, match="not there any more"):
            replace(mutant, target=target).plant()


def _of_two(error: BaseException, other: int) -> bool:
    return True


async def _asynchronous(error: BaseException) -> bool:
    return True


@pytest.mark.parametrize("replacement", [_of_two, _asynchronous])
def test_a_bug_whose_target_takes_something_else_fails(mutant: Mutant, replacement: Callable[..., Any]) -> None:
    shipped = database.is_passing
    with pytest.raises(TargetGone, match="is_passing is"):
        replace(mutant, replacement=replacement).plant()
    assert database.is_passing is shipped


def test_an_unknown_bug_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(MutantUnknown, match="no-dedupe"):
        find("no-such-bug")


async def run(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fault.mutants", *arguments),
        cwd=ROOT,
        env={**os.environ, "SIMPUL_TALLY_DATABASE_URL": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_the_loader_hands_over_to_the_service_or_fails_loudly() -> None:
    assert await run("no-such-bug", "tests.support.tally", "worker") == (
        3,
        f"There is no mutant 'no-such-bug'. Name one of {', '.join(names())}.\n",
    )
    code, out = await run("no-dedupe", "tests.support.tally", "worker")
    assert code == 2, "the service's own answer to wrong settings"
    assert out.startswith("tally: settings:")


def test_nothing_that_is_shipped_names_a_planted_bug() -> None:
    words = {"tests.fault", "mutants", *names()}
    files = [file for folder in SHIPPED for file in folder.rglob("*") if file.is_file() and _is_code(file)]
    assert len(files) > 100
    told = {file.name: word for file in files for word in words if word in file.read_text(encoding="utf-8")}
    assert told == {}


def _is_code(file: Path) -> bool:
    return file.suffix in {".py", ".toml", ".sql", ".Dockerfile"} and "__pycache__" not in file.parts


def test_in_five_runs_in_a_row_every_bug_has_its_turn() -> None:
    assert {name for day in range(5) for name in rotating(day)} == set(names())
