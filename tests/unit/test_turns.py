"""Work in stages: what may overlap, what must wait, and what happens where one fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from simpul_shared.platform.imports.turns import Turn, Turns, Work


def work(name: str, told: list[str], *, result: bool = True, at: Callable[[], Awaitable[object]] | None = None) -> Work:
    """Says when it enters a stage, of three, and whether all before went well, and when it ends."""

    async def run(turn: Turn) -> bool:
        told.append(f"{name} 0")
        for stage in (1, 2):
            await asyncio.sleep(0.01)
            if not await turn.come():
                told.append(f"{name} {stage} not well")
                return await turn.before_ended()
            told.append(f"{name} {stage}")
        await (at or (lambda: asyncio.sleep(0.01)))()
        told.append(f"{name} ends")
        return result

    return run


async def test_each_stage_has_one_piece_at_a_time_in_the_order_of_the_queue() -> None:
    told: list[str] = []
    async with Turns(stages=3) as turns:
        for name in "abc":
            assert await turns.begin(work(name, told))
    for name in "abc":
        assert [one for one in told if one.startswith(name)] == [f"{name} 0", f"{name} 1", f"{name} 2", f"{name} ends"]
    for left, entered in ((1, 0), (2, 1), ("ends", 2)):
        for before, behind in ("ab", "bc"):
            assert told.index(f"{before} {left}") < told.index(f"{behind} {entered}")
    assert told.index("c 0") < told.index("a ends"), "three are under way"


async def test_two_may_be_in_the_first_stage_and_one_in_the_second() -> None:
    told: list[str] = []
    async with Turns(stages=3, first=2) as turns:
        for name in "abc":
            assert await turns.begin(work(name, told))
    assert told.index("b 0") < told.index("a 1")
    assert told.index("a 1") < told.index("c 0")
    assert told.index("a 2") < told.index("b 1")


async def test_who_waits_for_the_second_stage_is_still_in_the_first() -> None:
    told: list[str] = []
    freed = asyncio.Event()

    async def free() -> None:
        await asyncio.sleep(0.1)
        told.append("a is freed")
        freed.set()

    async with Turns(stages=3) as turns:
        freeing = asyncio.create_task(free())
        for name in "abcd":
            assert await turns.begin(work(name, told, at=freed.wait))
        await freeing
    assert told.index("c 0") < told.index("a is freed") < told.index("d 0")


async def test_what_begins_again_tells_the_one_behind_at_once() -> None:
    told: list[str] = []
    freed = asyncio.Event()

    async def first(turn: Turn) -> bool:
        await turn.come()
        await turn.come()
        await asyncio.sleep(0.01)
        turn.begin_again()
        await freed.wait()
        told.append("a ends")
        return await turn.before_ended()

    async def second(turn: Turn) -> bool:
        told.append(f"b {await turn.come()}")
        told.append(f"b {await turn.come()}")
        freed.set()
        return await turn.before_ended()

    async with Turns(stages=3) as turns:
        assert await turns.begin(first)
        assert await turns.begin(second)
        assert await turns.done()
    assert told == ["b True", "b False", "a ends"]


async def test_behind_one_that_began_again_work_goes_on_ahead_of_its_turn() -> None:
    told: list[str] = []

    async def first(turn: Turn) -> bool:
        await turn.come()
        await turn.come()
        await asyncio.sleep(0.01)
        turn.begin_again()
        await asyncio.sleep(0.02)
        told.append("a ends")
        return True

    def hopeful(name: str) -> Work:
        async def run(turn: Turn) -> bool:
            well = await turn.come() and await turn.come()
            told.append(f"{name} {well}")
            if not well:
                turn.begin_again()
            await asyncio.sleep(0.01)
            return await turn.before_ended()

        return run

    async with Turns(stages=3) as turns:
        for one in (first, hopeful("b"), hopeful("c"), hopeful("d")):
            assert await turns.begin(one)
    assert told == ["b False", "a ends", "c True", "d True"]


async def test_the_queue_does_not_go_on_behind_one_that_says_so() -> None:
    told: list[str] = []
    async with Turns(stages=3) as turns:
        assert await turns.begin(work("a", told, result=False))
        assert await turns.begin(work("b", told))
        assert await turns.begin(work("c", told))
        assert not await turns.begin(work("d", told))
        assert not await turns.done()
    assert {"b 2 not well", "c 1 not well"} <= set(told)
    assert "d 0" not in told


async def test_an_error_ends_what_is_under_way_and_is_raised() -> None:
    told: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise LookupError("gone")

    async def work_off() -> None:
        async with Turns(stages=3) as turns:
            for name in "abcd":
                await turns.begin(work(name, told, at=fail if name == "a" else None))

    with pytest.raises(LookupError):
        await work_off()
    assert "d 0" not in told


async def test_nothing_goes_on_behind_an_error_that_the_first_stage_waits_for() -> None:
    entered: list[str] = []

    async def fail(turn: Turn) -> bool:
        await turn.come()
        turn.begin_again()
        await asyncio.sleep(0.01)
        raise LookupError("gone")

    async def behind(turn: Turn) -> bool:
        entered.append(str(await turn.come()))
        return True

    async def work_off() -> None:
        async with Turns(stages=2) as turns:
            await turns.begin(fail)
            await turns.begin(behind)

    with pytest.raises(LookupError):
        await work_off()
    assert entered == []


async def test_a_block_that_fails_leaves_nothing_under_way() -> None:
    told: list[str] = []
    before = asyncio.all_tasks()

    async def work_off() -> None:
        async with Turns(stages=3) as turns:
            await turns.begin(work("a", told, at=asyncio.Event().wait))
            await asyncio.sleep(0)
            raise LookupError

    with pytest.raises(LookupError):
        await work_off()
    assert told == ["a 0"]
    assert asyncio.all_tasks() <= before
