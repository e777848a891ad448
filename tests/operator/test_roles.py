"""The roles of a service's database: what they may, and what they may not."""

import asyncpg
import pytest
from simpul_operator.roles import APP, OWNER, ensure_database, in_database, scram_verifier

from tests.support.databases import Databases

DATABASE = "operator_roles"


@pytest.fixture(scope="module")
async def admin_url(databases: Databases) -> str:
    # The roles belong to the server and other tests use them, so their passwords must stay.
    for _ in range(2):  # it may be run again
        await ensure_database(databases.admin_url, DATABASE, owner_password="test-only", app_password="test-only")
    return in_database(databases.admin_url, DATABASE)


async def test_neither_role_is_more_than_it_must_be(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    rows = await connection.fetch(
        "select rolname, rolcanlogin, rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls "
        "from pg_roles where rolname = any($1) order by rolname",
        [OWNER, APP],
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [(APP, True, False), (OWNER, True, False)]


async def test_the_owner_migrates_and_the_app_may_do_only_what_was_granted(
    admin_url: str, databases: Databases
) -> None:
    owner = await asyncpg.connect(databases.url(DATABASE, OWNER))
    await owner.execute("create extension ltree; create extension btree_gist")
    await owner.execute("create table granted (n int); create table hidden (n int)")
    await owner.execute("grant select, insert on granted to simpul_app")
    await owner.close()
    app = await asyncpg.connect(databases.url(DATABASE, APP))
    await app.execute("insert into granted values (1)")
    for forbidden in ("select n from hidden", "create table mine (n int)", "create schema mine", "drop table granted"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(forbidden)
    await app.close()


async def test_no_other_role_may_connect(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    grants = await connection.fetch(
        "select grantee::regrole::text as role, privilege_type as may "
        "from pg_database, aclexplode(datacl) where datname = $1 and grantee <> datdba order by role, may",
        DATABASE,
    )
    await connection.close()
    assert [tuple(grant) for grant in grants] == [(APP, "CONNECT")]


async def test_a_wrong_password_is_refused(admin_url: str, databases: Databases) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(databases.url(DATABASE, APP).replace("test-only", "guessed"))


async def test_passwords_reach_the_server_only_as_verifiers(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    stored = await connection.fetchval("select rolpassword from pg_authid where rolname = $1", APP)
    await connection.close()
    assert stored.startswith("SCRAM-SHA-256$4096:")
    assert scram_verifier("test-only") != scram_verifier("test-only"), "each has a salt of its own"
