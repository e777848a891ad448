"""Fixtures for all tests: servers once a session, a database and an application per test."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simpul_shared.platform import telemetry
from xdist.scheduler import LoadScopeScheduling

from tests.support.databases import Databases
from tests.support.servers import kafka_broker, postgres_server

_TESTS = Path(__file__).parent


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


class _Groups(LoadScopeScheduling):  # type: ignore[misc]  # has no types
    """Which tests share a process: one platform for the end-to-end tests; a service's, on which test_seen.py looks back; else a file."""

    def _split_scope(self, nodeid: str) -> str:
        name, _, test = nodeid.partition("::")
        path = Path(name).relative_to("tests")
        if path.name == "test_seen.py":
            return f"service/{test.partition('[')[2].rstrip(']')}"
        depth = {"end_to_end": 1, "service": 2}.get(path.parts[0], len(path.parts))
        return "/".join(path.parts[:depth])


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, up to four: tests wait for servers a fifth of their time."""
    return min(len(os.sched_getaffinity(0)) + 1, 4)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Groups:
    return _Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all service tests comes after them; the longest groups begin first."""
    longest = [_TESTS / "end_to_end", _TESTS / "service"]
    items.sort(key=lambda item: (item.path.name == "test_seen.py", not set(longest) & set(item.path.parents)))
