"""`simpul dead-letters` as an operator calls it: the command line as a process, against a service that is served."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import uuid6
import uvicorn
from simpul_reporting.app import SERVICE
from simpul_shared.access import Role
from simpul_shared.contracts.registry import LibraryActivated
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.consume import Record

from tests.service.reporting.world import bali, designated
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, served, service_under_test
from tests.support.tokens import token


@dataclass
class Desk:
    """Reporting with its dead letters, behind a real port."""

    reporting: ServiceUnderTest
    url: str

    async def run(
        self, *command: str, role: Role = Role.OPERATOR, editor: str = "false"
    ) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "simpul_operator.cli", "dead-letters", *command]
        given = {**os.environ, "SIMPUL_REPORTING_URL": self.url, "SIMPUL_TOKEN": token(role), "EDITOR": editor}
        return await asyncio.to_thread(
            subprocess.run, whole, capture_output=True, text=True, timeout=60, check=False, env=given
        )

    async def told(self, *command: str, editor: str = "false") -> Any:
        """The one JSON document that a command which succeeds prints."""
        done = await self.run(*command, "--json", editor=editor)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    async def realised(self) -> int:
        answer = await self.reporting.caller().get("/v1/reports/realisation", programme_year=2021)
        count: int = answer.json()["realised"]
        return count


@pytest.fixture
async def desk(databases: Databases) -> AsyncIterator[Desk]:
    async with service_under_test(SERVICE, databases) as reporting:
        await reporting.receive(*bali().published())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(
                uvicorn.Config(served(SERVICE, reporting.database), lifespan="off", log_config=None)
            )
            serving = asyncio.create_task(server.serve([listening]))
            try:
                yield Desk(reporting, "http://{}:{}".format(*listening.getsockname()))
            finally:
                server.should_exit = True
                await serving


async def broken_designation(desk: Desk) -> Record:
    """Leaves a poison letter of a designation with a year that is none, and one that waits; returns the good record."""
    library, village = uuid6.uuid7(), bali()["51.03.02.2009"]
    good, later = await desk.reporting.announce(
        designated(village, library_id=library), LibraryActivated(library_id=library, effective_on=date(2021, 7, 1))
    )
    assert good.value is not None
    await desk.reporting.apply(
        [replace(good, value=good.value.replace(b'"programme_year":2021', b'"programme_year":"?"')), later]
    )
    return good


async def test_letters_are_listed_and_shown_for_people_and_for_programs(desk: Desk) -> None:
    await broken_designation(desk)
    poison, waiting = await desk.told("list")
    assert [(one["state"], one["waiting_behind"]) for one in (poison, waiting)] == [("poison", 1), ("waiting", 0)]
    table = (await desk.run("list")).stdout
    assert "data-unreadable" in table
    assert poison["aggregate_id"] in table
    sheet = (await desk.run("show", str(poison["dead_letter_id"]))).stdout
    assert '"programme_year": "?"' in sheet
    assert f"Behind it wait 1: {waiting['dead_letter_id']} (version 2)" in sheet
    behind = (await desk.run("show", str(waiting["dead_letter_id"]))).stdout
    assert f"It waits for version 1, letter {poison['dead_letter_id']}." in behind
    assert await desk.told("list", "--state", "dismissed") == []
    assert len(await desk.told("list", "--with-reason", "behind-poison")) == 1


async def test_what_is_still_poison_after_a_redrive_ends_with_a_code_of_its_own(desk: Desk) -> None:
    await broken_designation(desk)
    poison, _ = await desk.told("list")
    one = await desk.run("redrive", str(poison["dead_letter_id"]), "--reason", "let us see")
    assert (one.returncode, "still poison" in one.stderr) == (20, True)
    many = await desk.run("redrive", "--all", "--reason", "let us see", "--json")
    assert many.returncode == 20
    report = json.loads(many.stdout)
    assert (report["still_poison"], report["applied"], report["items"][0]["attempts"]) == (1, 0, 3)
    assert (await desk.told("redrive", "--with-reason", "event-type-unknown", "--reason", "deployed"))["items"] == []


async def test_a_value_from_a_file_mends_a_letter(desk: Desk, tmp_path: Path) -> None:
    good = await broken_designation(desk)
    poison, _ = await desk.told("list")
    (tmp_path / "value.json").write_bytes(good.value or b"")
    letter = str(poison["dead_letter_id"])
    changed = await desk.told("edit", letter, "--file", str(tmp_path / "value.json"), "--reason", "as in the ledger")
    assert (changed["state"], changed["applied"]) == ("resolved", 2)
    assert await desk.realised() == 1
    sheet = (await desk.run("show", letter)).stdout
    assert "as it came from Kafka" in sheet
    assert "dead-letter.edit: as in the ledger" in sheet


async def test_the_editor_opens_the_present_value(desk: Desk, tmp_path: Path) -> None:
    await broken_designation(desk)
    letter = str((await desk.told("list"))[0]["dead_letter_id"])
    same = await desk.run("edit", letter, "--reason", "look", editor="true")
    assert (same.returncode, same.stdout) == (0, "Nothing was changed, so nothing was sent.\n")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"programme_year": "?"/"programme_year": 2021/\' "$1"\n')
    editor.chmod(0o755)
    changed = await desk.told("edit", letter, "--reason", "a slip of the pen", editor=str(editor))
    assert changed["state"] == "resolved"
    assert await desk.realised() == 1


async def test_a_dismissed_letter_lets_the_others_follow(desk: Desk) -> None:
    await broken_designation(desk)
    poison, waiting = await desk.told("list")
    refused = await desk.run("dismiss", str(waiting["dead_letter_id"]), "--reason", "hurry")
    assert (refused.returncode, f"letter {poison['dead_letter_id']}" in refused.stderr) == (21, True)
    assert (await desk.told("assign", str(poison["dead_letter_id"]), "--owner", "tim", "--reason", "theirs"))[
        "owner"
    ] == "tim"
    changed = await desk.told("dismiss", str(poison["dead_letter_id"]), "--reason", "a test record")
    assert (changed["state"], changed["applied"]) == ("dismissed", 1)
    assert await desk.told("list") == []
    assert (await desk.run("list")).stdout == "reporting has no such dead letters.\n"


async def test_more_than_a_page_is_listed_and_redriven(desk: Desk) -> None:
    records = [desk.reporting.record(LIBRARIES.name, b"k", b"{%d" % number) for number in range(60)]
    await desk.reporting.apply(records)
    assert len(await desk.told("list", "--limit", "55")) == 55
    assert len(await desk.told("list")) == 60
    report = json.loads((await desk.run("redrive", "--all", "--reason", "try", "--json")).stdout)
    assert (len(report["items"]), report["still_poison"]) == (60, 60)


async def test_who_may_not_is_told_so_and_a_reason_is_asked_for(desk: Desk) -> None:
    refused = await desk.run("list", role=Role.NATIONAL_ADMIN)
    assert (refused.returncode, "permission-missing" in refused.stderr) == (19, True)
    assert (await desk.run("show", "7")).returncode == 21
    assert (await desk.run("dismiss", "7")).returncode == 2
    assert (await desk.run("redrive", "--reason", "which one?")).returncode == 2
