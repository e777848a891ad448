"""Remembers which code prepared a database, so that a later start of the same code need not migrate and load again.

The note is the database's comment: it lives and dies with the database itself.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import asyncpg


def fingerprint(service: str) -> str:
    """A hash over the files of the service and of shared, wherever they are installed; the service is not imported."""
    digest = hashlib.sha256()
    for package in ("simpul_shared", f"simpul_{service}"):
        for path in _files_of(package):
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files_of(package: str) -> list[Path]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    paths = Path(spec.origin).parent.rglob("*")
    return sorted(path for path in paths if path.is_file() and "__pycache__" not in path.parts)


async def prepared_by(admin_url: str, database: str) -> str | None:
    """The fingerprint noted on the database, if there is one."""
    connection = await asyncpg.connect(admin_url)
    try:
        note: str | None = await connection.fetchval(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", database
        )
        return note
    finally:
        await connection.close()


async def note_prepared(admin_url: str, database: str, code: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        statement = "select format('comment on database %I is %L', $1::text, $2::text)"
        await connection.execute(await connection.fetchval(statement, database, code))
    finally:
        await connection.close()
