"""`simpul import` as an office calls it: the command line as a process, against a registry that is served and works."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from simpul_registry.app import SERVICE
from simpul_shared.access import Role
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.work import work_imports

from tests.service.registry.conftest import insert_regions
from tests.service.registry.imports import BANJARANGKAN, csv, desk, row
from tests.support.databases import Databases
from tests.support.services import service_under_test
from tests.support.serving import serving
from tests.support.tokens import token


@asynccontextmanager
async def working_registry(databases: Databases) -> AsyncIterator[str]:
    """Yields its address."""
    stopping = asyncio.Event()
    async with service_under_test(SERVICE, databases) as registry, serving(registry) as served:
        await insert_regions(registry)
        worker = asyncio.create_task(work_imports(desk(registry), stopping))
        yield served.url
        stopping.set()
        await worker


async def run(url: str, *command: str, role: Role = Role.NATIONAL_ADMIN) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "simpul_operator.cli", "import", *command]
    given = {**os.environ, "SIMPUL_REGISTRY_URL": url, "SIMPUL_TOKEN": token(role)}
    return await asyncio.to_thread(
        subprocess.run, whole, capture_output=True, text=True, timeout=100, check=False, env=given
    )


async def test_a_file_is_judged_then_committed_and_what_was_refused_lies_beside_it(
    databases: Databases, tmp_path: Path
) -> None:
    file, first, beside = tmp_path / "daftar.csv", tmp_path / "daftar-salah.csv", tmp_path / "daftar-salah-2.csv"
    file.write_bytes(csv(row("Pustaka A"), row("Pustaka B", "5103022009"), row("Pustaka C", Catatan="x")))
    async with working_registry(databases) as url:
        dry = await run(url, "libraries", str(file))
        before = first.read_bytes()
        done = await run(url, "libraries", str(file), "--commit")
        mended = tmp_path / "lagi.csv"
        mended.write_text(beside.read_text("utf-8-sig").replace("5103022009", BANJARANGKAN), "utf-8")
        again = await run(url, "libraries", str(mended), "--commit")
    assert (dry.returncode, done.returncode, again.returncode) == (20, 20, 0), (dry, done, again)
    assert "3 rows: 2 can be applied, 0 known from before, 1 refused." in dry.stdout
    assert "Columns that are not read: Catatan." in dry.stdout
    assert "Nothing was applied; add --commit." in dry.stdout
    assert "row 3: Kode tanpa titik" in dry.stdout
    assert "2 applied, 0 known from before, 1 refused." in done.stdout
    assert str(first) in dry.stderr
    assert str(beside) in done.stderr
    assert first.read_bytes() == before
    assert "applying" in done.stderr
    assert "1 applied, 0 known from before, 0 refused." in again.stdout


async def test_a_commit_that_halted_goes_on_when_it_is_asked_for_and_not_before(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "daftar.csv"
    file.write_bytes(csv(row("Pustaka A"), row("Pustaka B")))

    async def fail(*_: Any) -> None:
        raise ZeroDivisionError

    async with working_registry(databases) as url:
        with monkeypatch.context() as patched:
            patched.setattr(store, "count_judged", fail)
            unread = await run(url, "libraries", str(file), "--commit")
        with monkeypatch.context() as patched:
            patched.setattr(store, "count_settled", fail)
            halted = await run(url, "libraries", str(file), "--commit")
        looked_at = await run(url, "libraries", str(file))
        done = await run(url, "libraries", str(file), "--commit")
    assert [one.returncode for one in (unread, halted, looked_at, done)] == [16, 16, 16, 0]
    assert "Send the same file again" in unread.stderr
    assert "Add --commit" in looked_at.stderr
    assert "applied," not in looked_at.stdout
    assert "2 applied, 0 known from before, 0 refused." in done.stdout


async def test_a_file_that_cannot_be_taken_ends_the_command_with_the_reason(
    databases: Databases, tmp_path: Path
) -> None:
    file = tmp_path / "daftar.xlsx"
    file.write_bytes(b"PK\x03\x04 cut off")
    async with working_registry(databases) as url:
        broken = await run(url, "libraries", str(file))
        staff = await run(url, "libraries", str(file), role=Role.LIBRARY_STAFF)
        missing = await run(url, "libraries", str(tmp_path / "none.csv"))
    assert (broken.returncode, staff.returncode, missing.returncode) == (21, 19, 19)
    assert "file-broken" in broken.stderr
    assert "import:run" in staff.stderr
    assert "none.csv" in missing.stderr
