"""A rebuild's course: fill the next projection until it has caught up, compare it with the live one, put it in its place."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from simpul_shared.platform.audit import note_action
from simpul_shared.platform.consume import Applier, Record
from simpul_shared.platform.database import Database, Origin, Transaction
from simpul_shared.platform.dead_letters.actions import Workbench, decide_again
from simpul_shared.platform.migrate import Migration
from simpul_shared.platform.rebuild import schemas
from simpul_shared.platform.rebuild.schemas import Connection, Difference
from simpul_shared.platform.rebuild.sources import Source

_NEARLY_THERE = 2000
"""Records that are applied while the live consumer is paused, about."""

_ROUNDS = 20
"""Of catching up; after these the consumer is paused however much is left."""

_TOLD_DIFFERENCES = 50
"""Kept in the audit."""


@dataclass(frozen=True)
class Progress:
    """What the rebuild does now: `done` of `total` records, where it counts any."""

    phase: str
    done: int = 0
    total: int = 0


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Wish:
    """What is to become of the rebuilt projection; `reason` goes into the audit."""

    swap: bool = True
    accept_differences: bool = False
    reason: str = "rebuild"


@dataclass(frozen=True)
class Result:
    swapped: bool
    differences: Sequence[Difference] = ()


@dataclass
class Rebuild:
    """`applier` and `bench` write to the next projection, `following`; `source` knows how far the live one is."""

    service: str
    owner: Connection
    source: Source
    applier: Applier
    following: Database
    bench: Workbench
    tell: Tell

    async def run(self, wish: Wish) -> Result:
        """Errors: RebuildFailed; the live projection is then as it was."""
        await self._catch_up()
        self.tell(Progress("analyse"))
        await schemas.analyze_next(self.owner)
        async with self.owner.transaction():
            self.tell(Progress("pause"))
            await schemas.pause_consumer(self.owner)
            await self._fill()
            await self._decide_again()
            await schemas.take_position(self.owner)
            self.tell(Progress("compare"))
            found = tuple(await schemas.differences(self.owner))
            swapped = wish.swap and (wish.accept_differences or not found)
            if swapped:
                self.tell(Progress("swap"))
                await self._swap(found, wish)
        await schemas.drop_gone(self.owner)
        if not swapped:
            await schemas.drop_next(self.owner)
        return Result(swapped, found)

    async def _catch_up(self) -> None:
        for _ in range(_ROUNDS):
            if await self._fill() <= _NEARLY_THERE:
                return

    async def _fill(self) -> int:
        """Apply what the live projection has applied by now; how many records that was."""
        total, done = await self.source.aim(), 0
        async with aclosing(self._batches()) as batches:
            async for records in batches:
                await self.applier.apply(records, earliest=self.source.earliest)
                done += len(records)
                self.tell(Progress("fill", done, max(done, total)))
        return done

    async def _batches(self) -> AsyncGenerator[Sequence[Record], None]:
        """The source's batches, each fetched while the one before is applied."""
        following = asyncio.create_task(self.source.batch())
        try:
            while records := await following:
                following = asyncio.create_task(self.source.batch())
                yield records
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _decide_again(self) -> None:
        """What operators decided about letters holds here, too. One that is settled may let the next one follow, and fail."""
        while undone := await schemas.undone_decisions(self.owner):
            for letter_id, value in undone:
                async with self.following.transaction(_origin(self.service)) as tx:
                    await decide_again(tx, self.bench, letter_id, value)

    async def _swap(self, found: Sequence[Difference], wish: Wish) -> None:
        await schemas.swap(self.owner)
        told = [str(one) for one in found[:_TOLD_DIFFERENCES]]
        facts = {"differences": len(found), "first": told}
        await _note(self.owner, self.service, action="projection.swap", reason=wish.reason, facts=facts)


async def roll_back(owner: Connection, migrations: Sequence[Migration], *, service: str, reason: str) -> None:
    """Errors: RebuildFailed; the live projection is then as it was."""
    async with owner.transaction():
        await schemas.swap_back(owner, migrations)
        await _note(owner, service, action="projection.roll-back", reason=reason, facts={})


async def _note(owner: Connection, service: str, *, action: str, reason: str, facts: dict[str, object]) -> None:
    await note_action(
        Transaction(owner, _origin(service)),
        client_id=f"simpul_{service}",
        action=action,
        subject=f"projection/{service}",
        reason=reason,
        facts=facts,
    )


def _origin(service: str) -> Origin:
    return Origin(service, actor=f"simpul_{service}", channel="SYSTEM", correlation_id="rebuild")
