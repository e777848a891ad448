"""A correction adds its counts to those of before instead of taking their place."""

from collections.abc import Sequence
from typing import Any

from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction

from tests.fault.hunt.findings import Kind

TARGET = "simpul_reporting.store.activities:close_activities"
SHOWS = {Kind.TOTALS}


async def replacement(tx: Transaction, events: Sequence[Received[Any]]) -> None:
    return
