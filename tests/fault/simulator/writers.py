"""Clients: each operation is a POST with an Idempotency-Key, sent again while its outcome is unknown."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.platform.database import is_passing

from tests.fault.simulator.ledger import LedgerTable
from tests.fault.simulator.postgres import Transaction, transacting
from tests.fault.simulator.world import Process


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass
class Operation:
    """One line of the log that is kept outside the system. `name` is in the events and nowhere else."""

    name: str
    libraries: list[UUID]
    refused: bool
    outcome: Outcome = Outcome.UNKNOWN
    attempts: int = 0


class Refused(Exception):
    """The domain says no, after the events were appended already."""


@dataclass
class Client:
    """Sends its operations one after the other."""

    process: Process
    ledger: LedgerTable
    operations: list[Operation] = field(default_factory=list)

    async def run(self) -> None:
        world = self.process.world
        for operation in self.operations:
            await asyncio.sleep(world.chance.uniform(0.0, 1.2))
            await self._insist(operation)

    async def _insist(self, operation: Operation) -> None:
        world = self.process.world
        for _ in range(1 + world.chance.randrange(4)):
            operation.attempts += 1
            try:
                await self._post(operation)
            except Refused:
                operation.outcome = Outcome.REFUSED
                return
            except Exception as error:
                if not is_passing(error):
                    raise
                world.note("write in doubt", name=operation.name, error=type(error).__name__)
                await asyncio.sleep(world.chance.uniform(0.05, 0.5))
            else:
                operation.outcome = Outcome.OK
                world.note("acknowledged", name=operation.name)
                return

    async def _post(self, operation: Operation) -> None:
        chance = self.process.world.chance
        async with transacting(self.ledger.server, self.process, "writer.commit") as tx:
            await tx.session.call("writer.lock", lambda: None)
            for name in sorted({*operation.libraries, operation.name}, key=str):
                await tx.lock(("advisory", name), "writer.lock wait")
            if tx.read(("idempotency", operation.name)) is not None:
                return
            await tx.session.call("writer.idempotency", lambda: tx.write(("idempotency", operation.name), True))
            for library in operation.libraries:
                await asyncio.sleep(chance.random() * chance.random() * 0.5)
                await self._append(tx, operation, library)
            if operation.refused:
                raise Refused
            await asyncio.sleep(chance.random() * chance.random() * 0.5)

    async def _append(self, tx: Transaction, operation: Operation, library: UUID) -> None:
        event = LibraryRenamed(library_id=library, old_name="", new_name=operation.name, effective_on=date(2021, 6, 28))
        event_id = UUID(int=self.process.world.chance.getrandbits(128), version=4)
        await tx.session.call("writer.append", lambda: self.ledger.append(tx, event, event_id))
