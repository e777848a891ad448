"""The two roles of each service's database: simpul_owner migrates, simpul_app reads and writes what migrations grant.

One place for the embedded stack and for `simpul setup`. May be run again at any time; passwords are set anew.
"""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit, urlunsplit

import asyncpg

OWNER = "simpul_owner"
APP = "simpul_app"
_ITERATIONS = 4096


async def ensure_database(admin_url: str, database: str, *, owner_password: str, app_password: str) -> None:
    """Makes both roles and `database`, as the superuser of `admin_url`. Errors: asyncpg.PostgresError, OSError."""
    connection = await asyncpg.connect(admin_url)
    try:
        await _ensure_role(connection, OWNER, owner_password)
        await _ensure_role(connection, APP, app_password)
        await _ensure_owned_database(connection, database)
    finally:
        await connection.close()
    await _own_schema(in_database(admin_url, database))


def in_database(url: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _ensure_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role):
        await _execute(connection, "create role %I", role)
    # The verifier and not the password goes to the server: statements end up in logs.
    await _execute(
        connection,
        "alter role %I with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L",
        role,
        scram_verifier(password),
    )


async def _ensure_owned_database(connection: asyncpg.Connection, database: str) -> None:
    if not await connection.fetchval("select exists (select from pg_database where datname = $1)", database):
        await _execute(connection, "create database %I owner %I", database, OWNER)
    await _execute(connection, "alter database %I owner to %I", database, OWNER)
    await _execute(connection, "revoke all on database %I from public", database)
    await _execute(connection, "grant connect on database %I to %I", database, APP)


async def _own_schema(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await _execute(connection, "alter schema public owner to %I", OWNER)
        await _execute(connection, "revoke create on schema public from public, %I", APP)
        await _execute(connection, "grant usage on schema public to %I", APP)
    finally:
        await connection.close()


async def _execute(connection: asyncpg.Connection, statement: str, *names: str) -> None:
    """Statements about roles take no parameters, so Postgres itself quotes the names into them."""
    await connection.execute(
        await connection.fetchval("select format($1, variadic $2::text[])", statement, list(names))
    )


def scram_verifier(password: str) -> str:
    """What Postgres stores of a password under scram-sha-256 (RFC 5803). Passwords are ASCII."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt64}${stored64}:{server64}"
