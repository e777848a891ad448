"""Fixtures for all tests: servers once a session, a database and an application per test."""

from collections.abc import AsyncIterator

import pytest

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
