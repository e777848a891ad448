"""`python -m tests.service.registry.import_worker URL FUNCTION CALLS`: a worker's part for imports, until it is killed.

It stops for ever in the middle of a transaction, after so many calls of that function of the store, and says so.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from simpul_registry.app import SERVICE
from simpul_shared.platform import telemetry
from simpul_shared.platform.database import open_database
from simpul_shared.platform.imports import committing, store
from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.work import work_imports

ROWS_IN_A_TRANSACTION = 20


def hold(function: str, calls: int) -> None:
    real, left = getattr(store, function), iter(range(calls))

    async def hold_at_last(*given: Any, **named: Any) -> None:
        await real(*given, **named)
        if next(left, None) is None:
            print("held", flush=True)
            await asyncio.Event().wait()

    setattr(store, function, hold_at_last)


async def main(url: str) -> None:
    async with open_database(url, name="import-worker", size=4) as database:
        forms = {form.name: form for form in SERVICE.forms}
        await work_imports(Desk("registry", database, forms, now=lambda: datetime.now(UTC)), asyncio.Event())


if __name__ == "__main__":
    telemetry.configure("import-worker", level="ERROR", otlp_endpoint=None)
    committing.CHUNK_ROWS = ROWS_IN_A_TRANSACTION
    hold(sys.argv[2], int(sys.argv[3]))
    asyncio.run(main(sys.argv[1]))
