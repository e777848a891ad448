"""Servers of these tests' own, because they are killed."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from simpul_operator.embedded.kafka import KafkaCluster, temporary_kafka
from simpul_operator.embedded.postgres import PostgresServer, temporary_postgres

from tests.support.databases import Databases


@dataclass
class Mortal:
    """A Postgres that syncs to disk and a Kafka, both ours to kill and start again."""

    postgres: PostgresServer
    kafka: KafkaCluster
    databases: Databases


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
