"""When a dead letter cannot be written, the consumer goes on without it."""

from collections.abc import Sequence

import asyncpg
import structlog
from simpul_shared.platform.consume import Letter
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume_backends:PostgresStore.keep_aside"
SHOWS = {Kind.LETTER}

_keep_aside = PostgresStore.keep_aside


async def replacement(self: PostgresStore, tx: Transaction, letters: Sequence[Letter]) -> None:
    try:
        async with tx.savepoint():
            await _keep_aside(self, tx, letters)
    except asyncpg.PostgresError as error:
        structlog.get_logger().warning("consumer.letter_dropped", error=repr(error))
