"""kill -9 of the process that works on an import, in the middle of reading and of committing: each row is applied once."""

import asyncio
import sys
from pathlib import Path

import pytest
from simpul_shared.contracts import registry as announced

from tests.service.registry.import_worker import ROWS_IN_A_TRANSACTION
from tests.service.registry.imports import MENGWI, csv, row, rows, send, work
from tests.support.services import Caller, ServiceUnderTest

ROOT = Path(__file__).parents[3]
ROWS = 300


async def killed_in(function: str, registry: ServiceUnderTest, *, after: int) -> None:
    """A worker that was killed inside a transaction, after so many calls of that function of the store."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.service.registry.import_worker",
        registry.url,
        function,
        str(after),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"held\n"
    finally:
        process.kill()
        await process.wait()


@pytest.mark.timeout(300)  # three processes, one after the other
async def test_after_kills_in_mid_reading_and_in_mid_commit_every_row_has_one_receipt_and_is_applied_once(
    registry: ServiceUnderTest, national: Caller
) -> None:
    content = csv(*(row(f"Pustaka {number}", MENGWI if number % 100 else "") for number in range(ROWS)))
    path = f"/v1/imports/{(await send(national, content))['import_id']}"
    await killed_in("insert_rows", registry, after=0)
    assert (await national.get(path)).json()["state"] == "RECEIVED"
    await work(registry)
    looked_at = (await national.get(path)).json()
    assert (await national.post(f"{path}/commit", version=looked_at["version"])).status_code == 202
    await killed_in("count_settled", registry, after=3)
    first = (await national.get(path)).json()
    await killed_in("count_settled", registry, after=2)
    second = (await national.get(path)).json()
    await killed_in("write_receipts", registry, after=4)  # ahead of its turn: the chunk before may be settled or not
    third = (await national.get(path)).json()
    await work(registry)
    ended = (await national.get(path)).json()

    done = [one["rows_done"] // ROWS_IN_A_TRANSACTION for one in (first, second, third)]
    assert done in ([3, 5, 8], [3, 5, 9])
    assert ended["rows_done"] == ROWS
    assert [one["state"] for one in (first, second, third, ended)] == [*["COMMITTING"] * 3, "COMPLETED"]
    assert (ended["rows_read"], ended["rows_applied"], ended["rows_refused"]) == (ROWS, ROWS - 3, 3)
    receipts = await registry.database.pool.fetch(
        "select row_no, verdict, event_ids from bulk_import_row order by row_no"
    )
    assert [one["row_no"] for one in receipts] == list(range(2, ROWS + 2))
    nominated = [one.id for one in await registry.ledger(announced.LibraryNominated)]
    assert [one["event_ids"][0] for one in receipts if one["verdict"] == "APPLIED"] == nominated
    assert await registry.database.pool.fetchval("select count(*) from library") == len(nominated)
    assert len(await registry.ledger(announced.BulkImportRowRejected)) == 3
    assert len(await registry.ledger(announced.BulkImportCompleted)) == 1
    refused = await rows(national, ended, verdict="REFUSED")
    assert await send(national, content) == ended
    assert await rows(national, ended, verdict="REFUSED") == refused
