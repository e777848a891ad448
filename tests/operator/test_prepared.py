"""A database prepared by the same code is not prepared again; any change of the code is noticed."""

from pathlib import Path

import asyncpg
import pytest
from simpul_operator.embedded.prepared import fingerprint, note_prepared, prepared_by

from tests.support.databases import Databases

DATABASE = "operator_prepared"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed service named `sample`."""
    package = tmp_path / "simpul_sample"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "0001-create-thing.sql").write_text("create table thing ();")
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_the_same_files_give_the_same_fingerprint(package: Path) -> None:
    before = fingerprint("sample")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").touch()
    assert fingerprint("sample") == before


@pytest.mark.parametrize("name", ["migrations/0002-create-other.sql", "migrations/0001-create-thing.sql", "data.csv"])
def test_a_new_or_changed_file_gives_another(package: Path, name: str) -> None:
    before = fingerprint("sample")
    (package / name).write_text("changed")
    assert fingerprint("sample") != before


async def test_the_note_goes_with_the_database(databases: Databases) -> None:
    connection = await asyncpg.connect(databases.admin_url)
    try:
        for _ in range(2):
            await connection.execute(f"create database {DATABASE}")
            assert await prepared_by(databases.admin_url, DATABASE) is None
            await note_prepared(databases.admin_url, DATABASE, "it's this code")
            assert await prepared_by(databases.admin_url, DATABASE) == "it's this code"
            await connection.execute(f"drop database {DATABASE}")
    finally:
        await connection.close()
