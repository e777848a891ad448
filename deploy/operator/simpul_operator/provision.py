"""`simpul setup`: prepares a Postgres per service and a Kafka that were started elsewhere; may be run again."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import asyncpg
from aiokafka.errors import KafkaError

from simpul_operator.addresses import SERVICES
from simpul_operator.failures import ChildFailed, Misconfigured
from simpul_operator.roles import ensure_database
from simpul_operator.topics import ensure_topics

T = TypeVar("T")

_WAIT_SECONDS = 90.0


@dataclass(frozen=True)
class Given:
    """Where the servers are; `admin_urls` are superusers' URLs by service."""

    kafka_bootstrap: str
    topic_prefix: str
    admin_urls: dict[str, str]
    owner_password: str
    app_password: str


def given_by_environment() -> Given:
    """Each setting may also come from the file named by the same variable with _FILE. Errors: Misconfigured."""
    return Given(
        kafka_bootstrap=_setting("SIMPUL_KAFKA_BOOTSTRAP"),
        topic_prefix=os.environ.get("SIMPUL_TOPIC_PREFIX", ""),
        admin_urls={service: _setting(f"SIMPUL_{service.upper()}_ADMIN_DATABASE_URL") for service in SERVICES},
        owner_password=_setting("SIMPUL_OWNER_PASSWORD"),
        app_password=_setting("SIMPUL_APP_PASSWORD"),
    )


def _setting(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    value = Path(file).read_text().strip() if file else os.environ.get(name, "")
    if not value:
        raise Misconfigured(f"{name} is not set; simpul setup needs it (or {name}_FILE, the path of a file with it).")
    return value


async def provision(given: Given, *, say: Callable[[str], None]) -> None:
    """Makes the roles, databases and topics that are missing. Errors: ChildFailed when a server does not answer."""
    for service, url in given.admin_urls.items():
        await _patiently(f"Postgres of {service}", partial(_database, given, service, url))
        say(f"{service}: the database and its roles are there.")
    topics = await _patiently("Kafka", partial(ensure_topics, given.kafka_bootstrap, prefix=given.topic_prefix))
    say(f"topics: {len(topics)} created." if topics else "topics: all are there.")


async def _database(given: Given, service: str, url: str) -> None:
    await ensure_database(url, service, owner_password=given.owner_password, app_password=given.app_password)


async def _patiently(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Tries until the server, which may be starting, answers."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return await attempt()
        except (
            OSError,
            TimeoutError,
            KafkaError,
            asyncpg.CannotConnectNowError,
            asyncpg.PostgresConnectionError,
        ) as error:
            if time.monotonic() > deadline:
                raise ChildFailed(f"{what} did not answer within {_WAIT_SECONDS:.0f} s: {error!r}") from error
            await asyncio.sleep(1)
