"""`simpul up` as its users meet it: second starts, kills, taken ports, Ctrl-C. Without the services, which have their own tests."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from simpul_operator.embedded.ports import free_port_base
from simpul_operator.topics import topic_states
from simpul_shared.contracts.topics import LIBRARIES

from tests.operator.processes import Live, live, processes_of, simpul


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture(scope="module")
def options(data_dir: Path) -> list[str]:
    return ["--data-dir", str(data_dir), "--port-base", str(free_port_base())]


@pytest.fixture
def stack(options: list[str], data_dir: Path) -> Iterator[Live]:
    with live("up", "--infrastructure", *options) as running:
        yield running
    deadline = time.monotonic() + 10
    while (left := processes_of(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def postmaster_of(data_dir: Path, service: str) -> int:
    return int((data_dir / "postgres" / service / "postmaster.pid").read_text().split()[0])


def kafka_of(data_dir: Path) -> int:
    (kafka,) = [line for line in processes_of(data_dir) if "kafka.Kafka" in line]
    return int(kafka.split()[0])


def test_a_second_up_and_reset_refuse_and_name_the_process(stack: Live, data_dir: Path, options: list[str]) -> None:
    for command in (["up", *options], ["reset", "--data-dir", str(data_dir)]):
        refused = simpul(*command)
        assert refused.returncode == 10
        assert f"in use by process {stack.popen.pid}" in refused.stderr
    assert stack.popen.poll() is None
    stack.end(signal.SIGTERM)


def test_a_killed_child_is_started_again_and_said(stack: Live, data_dir: Path) -> None:
    for name, pid in (("postgres activities", postmaster_of(data_dir, "activities")), ("kafka", kafka_of(data_dir))):
        os.kill(pid, signal.SIGKILL)
        stack.wait_for(f"{name} was killed by SIGKILL; it is started again in 0.5 s.", within=5)
        stack.wait_for(f"{name} is ready again.", within=30)
    # Those that were started later must end with it just so.
    assert stack.end(signal.SIGINT) == 0
    assert processes_of(data_dir) == []


def test_a_killed_up_leaves_nothing_and_the_next_start_recovers(
    stack: Live, data_dir: Path, options: list[str]
) -> None:
    assert len(processes_of(data_dir)) > 4
    stack.end(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (left := processes_of(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    started = time.monotonic()
    with live("up", "--infrastructure", *options) as again:
        assert time.monotonic() - started < 20
        assert again.end(signal.SIGTERM) == 0


def test_ctrl_c_while_starting_leaves_nothing_half_started(data_dir: Path, options: list[str]) -> None:
    with live("up", "--infrastructure", *options, until="kafka                starting") as starting:
        assert starting.end(signal.SIGINT) == 130
    assert processes_of(data_dir) == []


def test_a_taken_port_is_named_with_its_holder_and_nothing_starts(tmp_path: Path) -> None:
    base = free_port_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 22))
        taken.listen()
        refused = simpul("up", "--data-dir", str(tmp_path / "data"), "--port-base", str(base))
    assert refused.returncode == 11
    assert f"port {base + 22} (Postgres of activities), held by process {os.getpid()}" in refused.stderr
    assert processes_of(tmp_path / "data") == []
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_broker_that_cannot_start_ends_all_and_shows_its_log(data_dir: Path, options: list[str]) -> None:
    identity = data_dir / "kafka" / "node-1" / "log" / "meta.properties"
    healthy = identity.read_text()
    identity.write_text(healthy.replace("node.id=1", "node.id=7"))
    try:
        refused = simpul("up", "--infrastructure", *options)
    finally:
        identity.write_text(healthy)
    assert refused.returncode == 16
    assert f"Its log is {data_dir / 'logs' / 'kafka-1.log'}; the last lines:" in refused.stderr
    assert "  | " in refused.stderr
    assert processes_of(data_dir) == []


def test_three_brokers_keep_three_copies_of_which_two_must_answer(tmp_path: Path) -> None:
    base = free_port_base()
    options = ["--data-dir", str(tmp_path / "data"), "--port-base", str(base)]
    with live("up", "--infrastructure", "--brokers", "3", *options, until=f",127.0.0.1:{base + 33}") as running:
        states = asyncio.run(topic_states(f"127.0.0.1:{base + 31}"))
        copies = asyncio.run(copies_of(f"127.0.0.1:{base + 31}", LIBRARIES.name))
        assert running.end(signal.SIGTERM) == 0
    assert {state.verdict for state in states} == {"ok"}
    assert copies == (3, "2")
    refused = simpul("up", "--infrastructure", *options)
    assert refused.returncode == 19
    assert "made with --brokers 3" in refused.stderr
    assert processes_of(tmp_path / "data") == []


async def copies_of(bootstrap: str, topic: str) -> tuple[int, str]:
    """The fewest copies of a partition of the topic, and how many must have a record before it is acknowledged."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    settings = {entry[0]: entry[1] for resource in answer.resources for entry in resource[4]}
    return min(len(one["replicas"]) for one in described["partitions"]), settings["min.insync.replicas"]


def test_reset_deletes_the_data_and_nothing_else(tmp_path: Path, data_dir: Path) -> None:
    assert simpul("reset", "--data-dir", str(data_dir)).returncode == 0
    assert not data_dir.exists()
    (tmp_path / "thesis.odt").touch()
    refused = simpul("reset", "--data-dir", str(tmp_path))
    assert refused.returncode == 19
    assert (tmp_path / "thesis.odt").exists()
