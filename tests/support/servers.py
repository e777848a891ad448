"""The one place that chooses where tests get Postgres and Kafka: containers where they can be had, else child processes.

Both are real; the embedded ones come from wheels and jars (deploy/operator/simpul_operator/embedded).
"""

import base64
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from simpul_operator.embedded.kafka import temporary_kafka
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.postgres import temporary_postgres

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.1"


@cache
def containers_available() -> bool:
    """Whether a container engine answers and has the images already; nothing is pulled for a test run.

    SIMPUL_TEST_STACK=embedded in the environment keeps to the child processes all the same.
    """
    if os.environ.get("SIMPUL_TEST_STACK") == "embedded" or shutil.which("docker") is None:
        return False
    inspect = ["docker", "image", "inspect", POSTGRES_IMAGE, KAFKA_IMAGE]
    return subprocess.run(inspect, capture_output=True, timeout=20, check=False).returncode == 0


@asynccontextmanager
async def postgres_server() -> AsyncIterator[str]:
    """Yields the superuser's address of a Postgres 18 with throw-away data."""
    if containers_available():
        async with _postgres_container() as url:
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="simpul-pg-") as directory:
        async with temporary_postgres(Path(directory), settings={"max_connections": "300"}) as server:
            yield server.admin_url


@asynccontextmanager
async def kafka_broker() -> AsyncIterator[str]:
    """Yields the bootstrap address of a Kafka 4.3.1 with throw-away data."""
    if containers_available():
        async with _kafka_container() as bootstrap:
            yield bootstrap
        return
    with tempfile.TemporaryDirectory(prefix="simpul-kafka-") as directory:
        async with temporary_kafka(Path(directory)) as broker:
            yield broker.bootstrap


@asynccontextmanager
async def _postgres_container() -> AsyncIterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
        yield container.get_connection_url()


@asynccontextmanager
async def _kafka_container() -> AsyncIterator[str]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = free_port()
    settings = {
        "CLUSTER_ID": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    started = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(60)
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port).waiting_for(started)
    for name, value in settings.items():
        container = container.with_env(name, value)
    with container:
        yield f"localhost:{port}"
