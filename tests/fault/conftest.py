"""Servers of these tests' own, because they are killed; and the tally service on the session's servers."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from simpul_operator.embedded.kafka import KafkaCluster, temporary_kafka
from simpul_operator.embedded.postgres import PostgresServer, temporary_postgres

from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY


@dataclass
class Mortal:
    """A Postgres that syncs to disk and a Kafka, both ours to kill and start again."""

    postgres: PostgresServer
    kafka: KafkaCluster
    databases: Databases


@pytest.fixture
async def tally(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(TALLY, databases) as service:
        yield service


@pytest.fixture(scope="module")
async def mortal() -> AsyncIterator[Mortal]:
    durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with tempfile.TemporaryDirectory(prefix="simpul-fault-") as directory:
        root = Path(directory)
        async with (
            temporary_postgres(root / "postgres", settings=durable) as postgres,
            temporary_kafka(root / "kafka") as kafka,
        ):
            yield Mortal(postgres, kafka, Databases(postgres.admin_url))
