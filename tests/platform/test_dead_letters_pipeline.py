"""Dead letters beside a running worker on real Kafka: what operators do and what comes meanwhile count once together."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.platform.database import Origin
from simpul_shared.platform.dead_letters.queries import depth
from simpul_shared.platform.dead_letters.watch import measure
from simpul_shared.platform.process import admin_app
from simpul_shared.platform.worker import Worker

from tests.platform.test_dead_letters import WHY, count_all_names, deployed, first_letter, letters, names_of, operator
from tests.support.pipeline import drain, topics, working
from tests.support.services import ServiceUnderTest
from tests.support.tally.service import TALLY, renamed


async def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("it has not come to pass")


async def announce_one_by_one(tally: ServiceUnderTest, library: UUID, names: list[str]) -> None:
    for name in names:
        await tally.announce(renamed(library, name))


async def test_redriven_while_the_aggregates_next_events_come_in_each_counts_once_and_in_order(
    tally: ServiceUnderTest, kafka: str
) -> None:
    sick, well = uuid4(), uuid4()
    later = [str(number) for number in range(60)]
    async with topics(kafka) as settings, working(settings, tally), deployed(tally) as caller:
        await tally.announce(renamed(sick, "a"), renamed(sick, "handler bug"), renamed(sick, "c"), renamed(well, "x"))
        await drain(tally, tally)
        assert (await names_of(tally, sick), await names_of(tally, well)) == (["a"], ["x"])
        path = f"/v1/dead-letters/{await first_letter(tally)}/redrive"
        announcing = asyncio.create_task(announce_one_by_one(tally, sick, later))
        answer = await caller.post(path, WHY)
        await announcing
        await drain(tally, tally)
        assert (answer.status_code, await letters(caller)) == (200, [])
    names = [name.removesuffix("!") for name in await names_of(tally, sick)]
    assert names == ["a", "handler bug", "c", *later]


async def test_a_dismissal_beside_a_running_worker_lets_what_comes_later_follow(
    tally: ServiceUnderTest, kafka: str
) -> None:
    library = uuid4()
    async with topics(kafka) as settings, working(settings, tally):
        await tally.announce(renamed(library, "handler bug"), renamed(library, "b"))
        await drain(tally, tally)
        announcing = asyncio.create_task(announce_one_by_one(tally, library, ["c", "d", "e"]))
        path = f"/v1/dead-letters/{await first_letter(tally)}/dismiss"
        assert (await operator(tally).post(path, {"reason": "a test record"})).json()["state"] == "dismissed"
        await announcing
        await drain(tally, tally)
    assert await names_of(tally, library) == ["b", "c", "d", "e"]


async def metrics_of(worker: Worker) -> str:
    transport = httpx.ASGITransport(admin_app(TALLY, worker))
    async with httpx.AsyncClient(transport=transport, base_url="http://admin.test") as http:
        return (await http.get("/metrics")).text


async def measured(tally: ServiceUnderTest) -> None:
    async with tally.database.snapshot(Origin("tally", "test", "SYSTEM", "test")) as tx:
        measure(await depth(tx, "tally"))


async def test_depth_and_age_of_open_letters_are_metrics(tally: ServiceUnderTest, kafka: str) -> None:
    library, poison = uuid4(), 'simpul_dead_letters{reason="handler-failed",state="poison"}'
    await tally.receive(renamed(library, "handler bug"), renamed(library, "b"), renamed(library, "c"))
    await tally.database.pool.execute("update dead_letter set first_seen_at = first_seen_at - interval '1 hour'")
    async with topics(kafka) as settings, working(settings, tally) as (worker,):
        for _ in range(1000):
            if f"{poison} 1.0" in (told := await metrics_of(worker)):
                break
            await asyncio.sleep(0.02)
        assert 'simpul_dead_letters{reason="behind-poison",state="waiting"} 2.0' in told
        (age,) = [line for line in told.splitlines() if line.startswith("simpul_dead_letter_oldest_seconds ")]
        assert float(age.split()[1]) >= 3600
        await operator(tally).post(f"/v1/dead-letters/{await first_letter(tally)}/dismiss", {"reason": "old"})
        await measured(tally)
        told = await metrics_of(worker)
    assert f"{poison} 0.0" in told
    assert "simpul_dead_letter_oldest_seconds 0.0" in told


async def test_a_consumer_that_stopped_before_too_many_letters_goes_on_once_mended_and_restarted(
    tally: ServiceUnderTest, kafka: str
) -> None:
    libraries = [uuid4() for _ in range(12)]
    async with topics(kafka) as settings:
        careful = settings.model_copy(update={"dead_letter_run": 5})
        async with working(careful, tally) as (worker,):
            await tally.announce(*(renamed(library, "handler bug") for library in libraries))
            await until(lambda: "stopped" in ((worker.subscription and worker.subscription.trouble()) or ""))
            assert "could not be applied" in (await worker.troubles())["consumer"]
            assert len(await tally.dead_letters()) <= 5
        mended = replace(tally, service=replace(TALLY, handlers={LibraryRenamed: count_all_names}))
        async with working(careful, mended) as (worker,):
            await drain(tally, tally)
            assert "consumer" not in await worker.troubles()
            async with deployed(tally) as caller:
                await caller.post("/v1/dead-letters/redrive", WHY)
                assert await letters(caller) == []
    assert [await names_of(tally, library) for library in libraries] == [["handler bug!"]] * 12
