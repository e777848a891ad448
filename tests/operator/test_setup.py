"""`simpul setup` prepares servers that run elsewhere, and changes nothing when it runs again."""

import secrets
from pathlib import Path

import asyncpg
import pytest
from simpul_operator.roles import APP, OWNER, in_database
from simpul_operator.topics import topic_states
from simpul_shared.contracts.topics import TOPICS

from tests.operator.processes import simpul
from tests.support.databases import Databases

SERVICES = ("registry", "activities", "reporting")


@pytest.fixture
def environment(databases: Databases, kafka: str, tmp_path: Path) -> dict[str, str]:
    # The password of the other tests: the roles belong to the whole server.
    secret = tmp_path / "app-password"
    secret.write_text("test-only\n")
    return {
        "SIMPUL_KAFKA_BOOTSTRAP": kafka,
        "SIMPUL_TOPIC_PREFIX": f"setup-{secrets.token_hex(4)}.",
        "SIMPUL_OWNER_PASSWORD": "test-only",
        "SIMPUL_APP_PASSWORD_FILE": str(secret),
        **{f"SIMPUL_{service.upper()}_ADMIN_DATABASE_URL": databases.admin_url for service in SERVICES},
    }


async def owner_of(admin_url: str, service: str) -> object:
    connection = await asyncpg.connect(in_database(admin_url, service))
    try:
        return await connection.fetchval("select datdba::regrole::text from pg_database where datname = $1", service)
    finally:
        await connection.close()


async def test_setup_makes_databases_roles_and_topics_once(
    databases: Databases, kafka: str, environment: dict[str, str]
) -> None:
    first, second = simpul("setup", environment=environment), simpul("setup", environment=environment)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert f"topics: {len(TOPICS)} created." in first.stderr
    assert "topics: all are there." in second.stderr
    assert [await owner_of(databases.admin_url, service) for service in SERVICES] == [OWNER] * 3
    app = await asyncpg.connect(databases.url("reporting", APP))
    await app.close()
    states = await topic_states(kafka, prefix=environment["SIMPUL_TOPIC_PREFIX"])
    assert {state.verdict for state in states} == {"ok"}


@pytest.mark.parametrize("missing", ["SIMPUL_OWNER_PASSWORD", "SIMPUL_REPORTING_ADMIN_DATABASE_URL"])
def test_a_missing_setting_is_named(environment: dict[str, str], missing: str) -> None:
    refused = simpul("setup", environment=environment | {missing: ""})
    assert refused.returncode == 19
    assert f"{missing} is not set" in refused.stderr


def test_topics_without_kafka_say_so() -> None:
    refused = simpul("topics", "list", "--kafka-bootstrap", "127.0.0.1:1")
    assert refused.returncode == 17
    assert "No Kafka answers at 127.0.0.1:1" in refused.stderr
