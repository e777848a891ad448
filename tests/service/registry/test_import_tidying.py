"""Imports that nobody took up are forgotten after a while; what was applied keeps its receipts."""

from typing import Any

import pytest
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports import work as machine

from tests.service.registry.imports import checked, committed, csv, desk, row, rows
from tests.support.services import Caller, ServiceUnderTest


async def fail(*_: Any) -> None:
    raise ZeroDivisionError


async def test_an_import_that_was_never_committed_is_forgotten_when_it_is_old(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {
        "CHECKED": await checked(registry, national, csv(row("Pustaka A"))),
        "REFUSED": await checked(registry, national, b"\x00"),
        "COMPLETED": await committed(registry, national, csv(row("Pustaka B"))),
    }
    with monkeypatch.context() as patched:
        patched.setattr(store, "count_judged", fail)
        made["HALTED"] = unread = await checked(registry, national, csv(row("Pustaka C")))
    with monkeypatch.context() as patched:
        patched.setattr(store, "count_settled", fail)
        applying = await committed(registry, national, csv(row("Pustaka D")))
    assert {state: one["state"] for state, one in made.items()} == {state: state for state in made}
    assert applying["state"] == "HALTED"
    await registry.database.pool.execute("update bulk_import set changed_at = now() - interval '31 days'")
    young = await checked(registry, national, csv(row("Pustaka E")))
    await machine._tidy(desk(registry))
    left = await registry.database.pool.fetch("select import_id from bulk_import")
    kept = {made["COMPLETED"]["import_id"], applying["import_id"], young["import_id"]}
    assert {str(one["import_id"]) for one in left} == kept
    assert (await national.get(f"/v1/imports/{unread['import_id']}")).status_code == 404


async def test_what_refused_rows_held_is_forgotten_a_while_after_the_commit_and_their_codes_stay(
    registry: ServiceUnderTest, national: Caller
) -> None:
    old = await committed(registry, national, csv(row("Pustaka A"), row("Pustaka Rahasia", Skema_Dukungan="Rahasia")))
    await registry.database.pool.execute("update bulk_import set changed_at = now() - interval '31 days'")
    young = await committed(registry, national, csv(row("Pustaka B"), row("Pustaka C", Skema_Dukungan="salah")))
    (before,) = await rows(national, old, verdict="REFUSED")
    assert "Rahasia" in str(await registry.database.pool.fetch("select cells from bulk_import_row"))
    await machine._tidy(desk(registry))
    (after,) = await rows(national, old, verdict="REFUSED")
    assert [(one["code"], one["column"]) for one in after["problems"]] == [
        (one["code"], one["column"]) for one in before["problems"]
    ]
    kept = await registry.database.pool.fetch("select cells, record, problems from bulk_import_row")
    assert "Rahasia" not in str(kept)
    gone = await national.get(f"/v1/imports/{old['import_id']}/errors", format="csv")
    assert (gone.status_code, gone.json()["code"]) == (410, "errors-forgotten")
    there = await national.get(f"/v1/imports/{young['import_id']}/errors", format="csv")
    assert "Pustaka C" in there.text
