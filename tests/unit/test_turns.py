"""Work begun ahead of its turn: what may overlap, what must wait, and what happens where one fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from simpul_shared.platform.imports.turns import Turn, Turns, Work


def work(name: str, told: list[str], *, result: bool = True, at: Callable[[], Awaitable[object]] | None = None) -> Work:
    """Says when it begins, when its turn has come and whether all before went well, and when it ends."""

    async def run(turn: Turn) -> bool:
        told.append(f"{name} ahead")
        well = await turn.come()
        told.append(f"{name} comes {well}")
        await (at or (lambda: asyncio.sleep(0.01)))()
        told.append(f"{name} ends")
        return result

    return run


async def test_one_is_begun_while_the_one_before_it_is_ended_and_a_third_waits() -> None:
    told: list[str] = []
    async with Turns() as turns:
        for name in "abc":
            assert await turns.begin(work(name, told))
    assert told == [
        "a ahead",
        "a comes True",
        "b ahead",
        "a ends",
        "b comes True",
        "c ahead",
        "b ends",
        "c comes True",
        "c ends",
    ]


async def test_what_begins_again_tells_the_one_behind_at_once() -> None:
    told: list[str] = []
    freed = asyncio.Event()

    async def first(turn: Turn) -> bool:
        await turn.come()
        turn.begin_again()
        await freed.wait()
        told.append("a ends")
        return await turn.before_ended()

    async def second(turn: Turn) -> bool:
        told.append(f"b comes {await turn.come()}")
        freed.set()
        return await turn.before_ended()

    async with Turns() as turns:
        assert await turns.begin(first)
        assert await turns.begin(second)
        assert await turns.done()
    assert told == ["b comes False", "a ends"]


async def test_the_queue_does_not_go_on_behind_one_that_says_so() -> None:
    told: list[str] = []
    async with Turns() as turns:
        assert await turns.begin(work("a", told, result=False))
        assert await turns.begin(work("b", told))
        assert not await turns.begin(work("c", told))
        assert not await turns.done()
    assert "b comes False" in told


async def test_an_error_ends_what_is_under_way_and_is_raised() -> None:
    told: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise LookupError("gone")

    async def work_off() -> None:
        async with Turns() as turns:
            await turns.begin(work("a", told, at=fail))
            await turns.begin(work("b", told))
            await turns.begin(work("c", told))

    with pytest.raises(LookupError):
        await work_off()
    assert "c ahead" not in told


async def test_a_block_that_fails_leaves_nothing_under_way() -> None:
    told: list[str] = []

    async def work_off() -> None:
        async with Turns() as turns:
            await turns.begin(work("a", told, at=asyncio.Event().wait))
            await asyncio.sleep(0)
            raise LookupError

    with pytest.raises(LookupError):
        await work_off()
    assert told == ["a ahead", "a comes True"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_behind_one_that_began_again_work_goes_on_ahead_of_its_turn() -> None:
    told: list[str] = []

    async def first(turn: Turn) -> bool:
        await turn.come()
        await asyncio.sleep(0.01)
        turn.begin_again()
        await asyncio.sleep(0.01)
        told.append("a ends")
        return True

    def hopeful(name: str) -> Work:
        async def run(turn: Turn) -> bool:
            well = await turn.come()
            told.append(f"{name} comes {well}")
            if not well:
                turn.begin_again()
            await asyncio.sleep(0.01)
            return await turn.before_ended()

        return run

    async with Turns() as turns:
        for one in (first, hopeful("b"), hopeful("c"), hopeful("d")):
            assert await turns.begin(one)
    assert told == ["b comes False", "a ends", "c comes True", "d comes True"]
