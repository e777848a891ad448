"""The projection built anew beside the live one: equal, or said where not; swapped under readers; taken back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import httpx
import pytest
from pydantic import PostgresDsn
from simpul_operator.roles import APP, OWNER
from simpul_reporting.app import SERVICE
from simpul_shared.access import Role
from simpul_shared.contracts.activities import ActivityRecorded
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import LibraryMerged, LibraryRelocated, LibraryUnmerged
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.rebuild import command
from simpul_shared.platform.rebuild.command import Options
from simpul_shared.platform.rebuild.course import Progress, Rebuild, Result, Wish
from simpul_shared.platform.rebuild.schemas import RebuildFailed
from simpul_shared.platform.settings import PlatformSettings

from tests.service.reporting.history import made_up, shuffled
from tests.service.reporting.test_months import made_up_streams
from tests.service.reporting.world import bali, recorded_activity
from tests.support.pipeline import drain, own_settings, topics, working
from tests.support.services import ORIGIN, ServiceUnderTest, served
from tests.support.tokens import token

_AT_ONCE = 5


@dataclass
class Live:
    """Reporting with its worker and the topics it follows; other services' events are announced in its own ledger."""

    service: ServiceUnderTest
    settings: PlatformSettings
    told: list[Progress] = field(default_factory=list)

    async def announce(self, *events: Event) -> None:
        # A few at a time: two statements on one region, recorded at one moment, would be told apart by luck only.
        for first in range(0, len(events), _AT_ONCE):
            await self.service.announce(*events[first : first + _AT_ONCE])
        await drain(self.service, self.service)

    async def rebuild(self, options: Options | None = None) -> Result:
        own = own_settings(self.service).model_copy(update={"owner_database_url": PostgresDsn(self.owner_url)})
        return await command.run(SERVICE, options or Options(), self.settings, own, tell=self.told.append)

    @property
    def owner_url(self) -> str:
        return self.service.url.replace(f"//{APP}:", f"//{OWNER}:")

    async def content(self, schema: str = "projection") -> list[tuple[object, ...]]:
        """All lines of a projection, as the owner sees them."""
        connection = await asyncpg.connect(self.owner_url, server_settings={"search_path": schema})
        try:
            rows = await connection.fetch("select name, region_id, period, line from projection_content order by 1, 4")
        finally:
            await connection.close()
        return [tuple(row) for row in rows]

    async def schemas(self) -> set[str]:
        rows = await self.service.database.pool.fetch(
            "select nspname from pg_namespace where nspname like 'projection%'"
        )
        return {row["nspname"] for row in rows}


@asynccontextmanager
async def working_live(reporting: ServiceUnderTest, kafka: str) -> AsyncIterator[Live]:
    async with topics(kafka) as settings, working(settings, reporting):
        yield Live(reporting, settings)


@pytest.fixture
async def live(reporting: ServiceUnderTest, kafka: str) -> AsyncIterator[Live]:
    async with working_live(reporting, kafka) as live:
        yield live


def some_history() -> Sequence[Event]:
    history = made_up(7)
    events = shuffled(history, made_up_streams(history))
    assert {LibraryMerged, LibraryUnmerged, LibraryRelocated} <= {type(event) for event in events}
    return events


async def test_a_projection_rebuilt_from_kafka_is_the_live_one_to_the_byte(live: Live) -> None:
    await live.announce(*some_history())
    before = await live.content()
    result = await live.rebuild()
    assert result == Result(swapped=True)
    assert await live.content() == before
    assert await live.content("projection_old") == before
    assert await live.schemas() == {"projection", "projection_old"}
    assert [one.done for one in live.told if one.phase == "fill"][-1] > 0


async def test_a_projection_rebuilt_from_the_ledgers_is_the_live_one_to_the_byte(
    reporting: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, with no Kafka anywhere; what the ledgers have and the live projection has not yet is held back."""
    live = Live(reporting, PlatformSettings(kafka_bootstrap="127.0.0.1:1"))
    events = some_history()
    for first in range(0, len(events), _AT_ONCE):
        await reporting.receive(*events[first : first + _AT_ONCE])
    await reporting.announce(*bali().published())
    before = await live.content()
    for name in ("REGISTRY_URL", "ACTIVITIES_URL"):
        monkeypatch.setenv(f"SIMPUL_{name}", "http://service.test")
    monkeypatch.setenv("SIMPUL_TOKEN", token(Role.SYSTEM, "ID"))
    transport = httpx.ASGITransport(served(reporting.service, reporting.database))
    monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))
    assert await live.rebuild(Options(from_ledger=True)) == Result(swapped=True)
    assert await live.content() == before
    assert await live.content("projection_old") == before


async def test_the_worker_goes_on_in_the_new_projection(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    await live.rebuild()
    await live.announce(recorded_activity(map_["51.03.02.2009"], total=22))
    totals = await live.service.database.pool.fetch("select total from activity_fact order by total")
    assert [row["total"] for row in totals] == [20, 22]


async def test_a_difference_is_named_by_table_region_and_month_and_nothing_is_swapped(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    await live.service.database.pool.execute(
        "update activity_month set attendances = 21 where region_id = $1", map_["51.03"].id
    )
    result = await live.rebuild()
    assert not result.swapped
    assert [str(one) for one in result.differences] == [
        "activity_month 51.03 Kabupaten Badung 2021-07: 1 row(s) live, 1 rebuilt"
    ]
    assert command.exit_code(Options(), result) == command.DIFFERENT
    assert await live.schemas() == {"projection"}


async def test_accepted_differences_are_swapped_and_audited(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    right = await live.content()
    await live.service.database.pool.execute("update activity_month set women = women + 1")
    result = await live.rebuild(Options(wish=Wish(accept_differences=True, reason="mended the counting")))
    assert result.swapped
    assert await live.content() == right
    (action,) = await live.service.database.pool.fetch("select action, reason, facts from operator_action")
    assert (action["action"], action["reason"]) == ("projection.swap", "mended the counting")
    assert action["facts"]["differences"] == 5


async def test_a_check_leaves_the_live_projection_alone(live: Live) -> None:
    await live.announce(*bali().published())
    options = Options(wish=Wish(swap=False))
    result = await live.rebuild(options)
    assert result == Result(swapped=False)
    assert command.exit_code(options, result) == 0
    assert await live.schemas() == {"projection"}


async def test_after_a_rollback_the_old_projection_catches_up_by_itself(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    await live.rebuild()
    await live.announce(recorded_activity(map_["51.03.02.2009"], total=22))
    newer = await live.content()
    assert (await live.rebuild(Options(roll_back=True))).swapped
    await drain(live.service, live.service)
    assert await live.content() == newer
    assert await live.schemas() == {"projection", "projection_old"}


async def test_there_is_no_rollback_before_the_first_swap(live: Live) -> None:
    with pytest.raises(RebuildFailed, match="no old projection"):
        await live.rebuild(Options(roll_back=True))


async def test_an_old_projection_of_other_migrations_is_not_taken_back(live: Live) -> None:
    await live.rebuild()
    owner = await asyncpg.connect(live.owner_url)
    await owner.execute("delete from projection_old.migration where name = '0006-create-content.sql'")
    await owner.close()
    with pytest.raises(RebuildFailed, match="other migrations"):
        await live.rebuild(Options(roll_back=True))


async def test_a_rebuild_that_was_interrupted_begins_again_from_nothing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live.announce(*some_history())
    before = await live.content()

    async def interrupted(self: Rebuild) -> None:
        await self._fill()
        raise ConnectionError("the machine went away")

    with monkeypatch.context() as patch:
        patch.setattr(Rebuild, "_catch_up", interrupted)
        with pytest.raises(ConnectionError):
            await live.rebuild()
    assert await live.schemas() == {"projection", "projection_next"}
    assert await live.content() == before
    assert (await live.rebuild()).swapped
    assert await live.content() == before


async def test_only_one_rebuild_runs_at_a_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()
    catch_up = Rebuild._catch_up

    async def slowly(self: Rebuild) -> None:
        begun.set()
        await finish.wait()
        await catch_up(self)

    monkeypatch.setattr(Rebuild, "_catch_up", slowly)
    first = asyncio.create_task(live.rebuild())
    await begun.wait()
    with pytest.raises(RebuildFailed, match="Another rebuild"):
        await live.rebuild()
    finish.set()
    assert (await first).swapped


async def test_events_of_the_time_of_the_rebuild_are_in_the_new_projection(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_ = bali()
    await live.announce(*map_.published())
    catch_up = Rebuild._catch_up

    async def meanwhile(self: Rebuild) -> None:
        await catch_up(self)
        await live.announce(*(recorded_activity(map_["51.03.02.2009"], total=n) for n in range(1, 31)))

    monkeypatch.setattr(Rebuild, "_catch_up", meanwhile)
    assert (await live.rebuild()).swapped
    assert await live.service.database.pool.fetchval("select sum(total) from activity_fact") == sum(range(1, 31))


async def test_what_a_mended_handler_can_apply_is_no_dead_letter_any_more(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_ = bali()
    await live.announce(*map_.published())
    whole = SERVICE.handlers[ActivityRecorded]

    async def broken(tx: Transaction, events: Sequence[Received[ActivityRecorded]]) -> None:
        if any(one.event.counts.total == 13 for one in events):
            raise ZeroDivisionError
        await whole(tx, events)

    monkeypatch.setitem(SERVICE.handlers, ActivityRecorded, broken)  # type: ignore[misc]  # a dict, declared as a Mapping
    await live.announce(*(recorded_activity(map_["51.03.02.2009"], total=n) for n in (12, 13, 14)))
    assert len(await live.service.dead_letters()) == 1
    monkeypatch.undo()
    result = await live.rebuild()
    assert {one.name.split()[0] for one in result.differences} == {
        "activity_fact",
        "activity_month",
        "applied_version",
        "dead_letter",
    }
    await live.rebuild(Options(wish=Wish(accept_differences=True, reason="mended")))
    assert await live.service.dead_letters() == []
    assert await live.service.database.pool.fetchval("select sum(total) from activity_fact") == 12 + 13 + 14


async def test_what_operators_decided_about_letters_holds_in_the_rebuilt_projection(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_ = bali()
    await live.announce(*map_.published())
    whole = SERVICE.handlers[ActivityRecorded]

    async def broken(tx: Transaction, events: Sequence[Received[ActivityRecorded]]) -> None:
        if any(one.event.counts.total in {13, 14} for one in events):
            raise ZeroDivisionError
        await whole(tx, events)

    monkeypatch.setitem(SERVICE.handlers, ActivityRecorded, broken)  # type: ignore[misc]  # a dict, declared as a Mapping
    await live.announce(*(recorded_activity(map_["51.03.02.2009"], total=n) for n in (12, 13, 14)))
    given_up, mended = sorted(await live.service.dead_letters(), key=lambda letter: b'"total":14' in letter["value"])
    operator = live.service.caller(Role.OPERATOR, "ID")
    dismissed = await operator.post(f"/v1/dead-letters/{given_up['dead_letter_id']}/dismiss", {"reason": "a test"})
    assert dismissed.status_code == 200, dismissed.text
    value = mended["value"].decode().replace(":14,", ":15,").replace(":14}", ":15}")
    path = f"/v1/dead-letters/{mended['dead_letter_id']}/edit"
    edited = await operator.post(path, {"reason": "a slip of the pen", "text": value})
    assert (edited.json()["state"], edited.json()["edited"]) == ("resolved", True), edited.text

    before = await live.content()
    assert await live.rebuild() == Result(swapped=True)
    assert await live.content() == before
    assert await live.service.database.pool.fetchval("select sum(total) from activity_fact") == 12 + 15
    assert {letter["state"] for letter in await live.service.dead_letters()} == {"dismissed", "resolved"}
    assert await live.rebuild() == Result(swapped=True)


async def test_reports_asked_during_the_swap_never_fail_and_never_mix(live: Live) -> None:
    """Each report must hold what both projections hold; a failed statement or half a projection would show."""
    map_ = bali()
    village = map_["51.03.02.2009"]
    await live.announce(*map_.published(), *(recorded_activity(village, total=10) for _ in range(40)))
    caller = live.service.caller()
    answers: list[tuple[int, object]] = []
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            answer = await caller.get("/v1/reports/activities", region="51.03", **{"from": "2021-07", "to": "2021-07"})
            document = answer.json()
            document.pop("watermark", None)
            document.pop("known_on", None)
            answers.append((answer.status_code, document))

    readers = [asyncio.create_task(ask()) for _ in range(6)]
    for _ in range(3):
        assert (await live.rebuild()).swapped
    done.set()
    await asyncio.gather(*readers)
    assert len(answers) > 20
    assert {str(answer) for answer in answers} == {str(answers[0])}
    assert answers[0][0] == 200


async def test_long_reports_that_leave_no_pause_let_the_swap_through(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    read: list[tuple[int, int]] = []
    done = asyncio.Event()

    async def ask(after: float) -> None:
        await asyncio.sleep(after)
        while not done.is_set():
            async with live.service.database.snapshot(ORIGIN) as reader:
                first = await reader.fetchval("select tableoid from activity_month limit 1")
                await reader.execute("select pg_sleep(0.8)")
                read.append((first, await reader.fetchval("select tableoid from activity_month limit 1")))

    readers = [asyncio.create_task(ask(n / 5)) for n in range(4)]
    assert (await live.rebuild()).swapped
    done.set()
    await asyncio.gather(*readers)
    assert len(read) > 4
    assert all(first == second for first, second in read)


async def test_a_report_that_has_begun_holds_up_the_swap_until_it_is_read(live: Live) -> None:
    map_ = bali()
    await live.announce(*map_.published(), recorded_activity(map_["51.03.02.2009"], total=20))
    async with live.service.database.pool.acquire() as reader:
        transaction = reader.transaction(isolation="repeatable_read", readonly=True)
        await transaction.start()
        old = await reader.fetchval("select tableoid::regclass::oid from activity_month limit 1")
        rebuilt = asyncio.create_task(live.rebuild())
        while not any(one.phase == "swap" for one in live.told):  # noqa: ASYNC110 (told by a plain function)
            await asyncio.sleep(0.02)
        assert await reader.fetchval("select 'attendance_month'::regclass::oid") is not None
        assert await reader.fetchval("select tableoid::regclass::oid from activity_month limit 1") == old
        assert not rebuilt.done()
        await transaction.commit()
        assert (await rebuilt).swapped
        assert await reader.fetchval("select tableoid::regclass::oid from activity_month limit 1") != old


async def test_every_table_of_the_projection_is_compared(live: Live) -> None:
    """But the consumer's place and marks, which follow the live one's, and the list of migrations."""
    tables = await live.service.database.pool.fetch(
        """
        select relname from pg_class where relnamespace = 'projection'::regnamespace and relkind in ('r', 'p')
            and not relispartition
        """
    )
    owner = await asyncpg.connect(live.owner_url)
    used = await owner.fetch(
        """
        select table_name from information_schema.view_table_usage
        where view_schema = 'projection' and view_name = 'projection_content'
        """
    )
    await owner.close()
    assert {row["relname"] for row in tables} - {row["table_name"] for row in used} == {
        "consumer_offset",
        "consumer_topic",
        "low_water_mark",
        "migration",
    }


def test_the_flags_of_the_command_say_what_is_wished() -> None:
    options = command.parse_options("python -m simpul_reporting", ["--check-only", "--reason", "monthly"])
    assert options.wish == Wish(swap=False, reason="monthly")
    assert command.parse_options("x", ["--rollback"]).roll_back
