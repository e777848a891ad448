"""Fixtures for all tests: servers once a session, a database and an application per test."""

from collections.abc import AsyncIterator

import pytest
from simpul_shared.platform import telemetry

from tests.support.databases import Databases
from tests.support.servers import kafka_broker, postgres_server


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[Databases]:
    async with postgres_server() as admin_url:
        yield Databases(admin_url)


@pytest.fixture(scope="session")
async def kafka() -> AsyncIterator[str]:
    """The bootstrap address of a Kafka for the session; tests take topics of their own by a prefix."""
    async with kafka_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """As in production; structlog's own default draws each traceback with all local variables, which takes minutes."""
    telemetry.configure("test", level="WARNING", otlp_endpoint=None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all service tests comes after them."""
    items.sort(key=lambda item: item.path.name == "test_seen.py")
