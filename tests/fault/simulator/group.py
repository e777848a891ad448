"""A model of a Kafka consumer group and of the loop that FastStream runs around a Follower.

As with aiokafka, every rebalance revokes all; a member learns of it late; records may be returned before the callback of
an assignment has finished (aiokafka #738); a batch in hand is never taken back.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka.errors import IllegalStateError, KafkaConnectionError
from simpul_shared.platform.consume import Applier, Handlers, Partition, Record
from simpul_shared.platform.follow import Follower

from tests.fault.simulator.kafka import ModelKafka
from tests.fault.simulator.store import ModelStore
from tests.fault.simulator.world import Process

SESSION_SECONDS = 6.0
_BATCH = 50


class ModelGroup:
    """The coordinator: members, generation, committed offsets."""

    def __init__(self, kafka: ModelKafka) -> None:
        self.kafka = kafka
        self.world = kafka.world
        self.members: list[Member] = []
        self.committed: dict[Partition, int] = {}
        self.generation = 0

    def join(self, member: "Member") -> None:
        self.members.append(member)
        self.rebalance()

    def leave(self, member: "Member") -> None:
        if member in self.members:
            self.members.remove(member)
            self.rebalance()

    def expire(self, member: "Member") -> None:
        """A member that went without a word is missed after its session's time."""
        self.world.loop.call_later(SESSION_SECONDS, self.leave, member)

    def rebalance(self) -> None:
        self.generation += 1
        if any(member.busy for member in self.members):
            self.world.hit("rebalance in mid-batch", generation=self.generation)
        partitions = list(self.kafka.logs)
        self.world.chance.shuffle(partitions)
        for place, member in enumerate(self.members):
            mine = set(partitions[place :: len(self.members)])
            self.world.loop.call_later(self.world.chance.uniform(0.0, 1.5), member.assign, self.generation, mine)

    def commit(self, generation: int, offsets: Mapping[Partition, int]) -> bool:
        if generation != self.generation:
            self.world.hit("commit of an old generation", generation=generation)
            return False
        self.committed.update(offsets)
        return True


class Following(Protocol):
    """What a member feeds: a Follower."""

    async def receive(self, records: Sequence[Record]) -> None: ...
    async def seek_to_stored(self, partitions: Iterable[Partition]) -> None: ...


@dataclass
class Member:
    """One consumer with its Follower. Also the Follower's Membership."""

    group: ModelGroup
    process: Process
    positions: dict[Partition, int] = field(default_factory=dict)
    generation: int = 0
    busy: bool = False
    stopping: bool = False

    def follow(self, store: ModelStore, handlers: Handlers) -> None:
        world = self.process.world
        applier = Applier(store, handlers, sleep=self.process.sleep)
        self.start(Follower(store, applier, self, clock=world.loop.time, sleep=self.process.sleep))

    def start(self, follower: Following) -> "asyncio.Task[None]":
        self.follower = follower
        self.process.on_death.append(lambda: self.group.expire(self))
        return self.process.start(self._run())

    def assignment(self) -> Collection[Partition]:
        return self.positions.keys()

    def seek(self, partition: Partition, offset: int) -> None:
        if partition not in self.positions:
            raise IllegalStateError(f"{partition} is not assigned")
        self.positions[partition] = offset

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        if not offsets.keys() <= self.positions.keys():
            self.process.world.note("commit of what is not assigned", process=self.process.name)
            return
        await self.process.travel("kafka.commit")
        if self.group.kafka.up:
            self.group.commit(self.generation, offsets)

    async def beginning_offset(self, partition: Partition) -> int:
        await self.process.travel("kafka.beginning_offset")
        if not self.group.kafka.up:
            raise KafkaConnectionError("no broker answers")
        return self.group.kafka.logs[partition].base

    def assign(self, generation: int, partitions: set[Partition]) -> None:
        """A new generation reaches this member: fetching may begin before its callback has run."""
        if self.process.dead or generation != self.group.generation:
            return
        world = self.process.world
        logs, committed = self.group.kafka.logs, self.group.committed
        self.generation = generation
        self.positions = {one: committed.get(one, logs[one].base) for one in sorted(partitions)}
        world.note("assigned", process=self.process.name, generation=generation, positions=list(self.positions.items()))
        self.process.start(self._seek())

    async def _seek(self) -> None:
        try:
            await self.process.travel("assigned")
            await self.follower.seek_to_stored(list(self.positions))
        except Exception as error:  # noqa: BLE001 (aiokafka logs what a listener raises, and goes on)
            self.process.world.hit("assignment callback failed", error=type(error).__name__)

    async def _run(self) -> None:
        await self.process.travel("consumer.start")
        self.group.join(self)
        while not self.stopping:
            batch = self._fetch() if self.group.kafka.up else []
            if not batch:
                await self.process.sleep(0.1 + 0.1 * self.process.world.chance.random())
                continue
            if self.process.world.strikes(self.process.world.chances.dropped):
                # Whatever loses a batch between Kafka and the Follower: the next one begins behind a hole.
                self.process.world.hit("batch dropped", records=len(batch))
                continue
            await self._receive(batch)
        self.group.leave(self)

    async def _receive(self, batch: list[Record]) -> None:
        world = self.process.world
        self.busy = True
        world.note("batch", process=self.process.name, records=[(r.topic[-12:], r.partition, r.offset) for r in batch])
        try:
            await self.follower.receive(batch)
        except Exception as error:  # noqa: BLE001 (FastStream logs it and fetches on)
            world.note("receive raised", process=self.process.name, error=repr(error))
        finally:
            self.busy = False

    def _fetch(self) -> list[Record]:
        world = self.process.world
        batch: list[Record] = []
        partitions = list(self.positions)
        world.chance.shuffle(partitions)
        for partition in partitions:
            log, position = self.group.kafka.logs[partition], self.positions[partition]
            if not log.base <= position <= log.end:
                world.hit("offset out of range", partition=partition, position=position)
                position = self.positions[partition] = log.base
            count = min(log.end - position, _BATCH)
            if count > 1 and world.strikes(world.chances.torn):
                count = world.chance.randrange(1, count)
                world.hit("torn batch", side="consumer", partition=partition[1])
            if count:
                topic, number = partition
                found = log.records[position : position + count]
                batch += [
                    Record(topic, number, position + at, one.key, one.value, one.headers)
                    for at, one in enumerate(found)
                ]
                self.positions[partition] = position + count
        return batch
