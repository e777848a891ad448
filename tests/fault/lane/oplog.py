"""The operation log: what the driver asked and what it was told, on disk before it asks and before it goes on."""

import asyncio
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Not answered: it may have been done once, or not at all."""


class Kind(StrEnum):
    NOMINATE = "nominate"
    VERIFY = "verify"
    DESIGNATE = "designate"
    ACTIVATE = "activate"
    RENAME = "rename"
    PERSON = "person"
    PLAN = "plan"
    ANNOUNCE = "announce"
    START = "start"
    REGISTER = "register"
    MARK = "mark"
    RECORD = "record"
    CORRECT = "correct"
    WITHDRAW = "withdraw"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is about to be sent. `op_id` is also its X-Request-Id, which every event of it carries on.

    `about` is the aggregate that it changes, None where it makes one. `client_seq` counts the requests of one client,
    who sends them one after the other. `region` is the code of the village that it counts for.
    """

    op_id: str
    kind: Kind
    service: str
    path: str
    body: dict[str, Any]
    body_hash: str
    key: str
    client: str
    client_seq: int
    invoked: float
    library: str | None = None
    region: str | None = None
    about: str | None = None
    if_match: int | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `attempts` were needed; `resource` and `version` are those of the answer.

    `late` tells that it became known only after the faults, when its client had gone on without it.
    """

    op_id: str
    outcome: Outcome
    ended: float
    attempts: int
    status: int | None = None
    code: str | None = None
    resource: str | None = None
    version: int | None = None
    late: bool = False


@dataclass(frozen=True)
class Entry:
    """One operation with its result; None while it is under way."""

    operation: Operation
    result: Result | None

    @property
    def outcome(self) -> Outcome:
        return Outcome.UNKNOWN if self.result is None else self.result.outcome


class OperationLog:
    """Append-only, one JSON document a line; `write` returns when the line is safe on disk."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._turn = asyncio.Lock()
        self._written = 0
        self._asked = 0

    async def write(self, line: Operation | Result) -> None:
        self._waiting.append(msgspec.json.encode({type(line).__name__.lower(): line}) + b"\n")
        self._asked += 1
        mine = self._asked
        async with self._turn:
            # Whoever comes first writes for all who wait: one fsync for many lines.
            if self._written < mine:
                lines, self._waiting = self._waiting, []
                await asyncio.to_thread(self._sync, b"".join(lines))
                self._written += len(lines)

    def _sync(self, lines: bytes) -> None:
        self._file.write(lines)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class _Line(msgspec.Struct):
    operation: Operation | None = None
    result: Result | None = None


def read_log(path: Path) -> list[Entry]:
    """The entries in the order in which they were begun; of several results of one operation the last holds."""
    operations: dict[str, Operation] = {}
    results: dict[str, Result] = {}
    for text in path.read_bytes().splitlines():
        line = msgspec.json.decode(text, type=_Line)
        if line.operation is not None:
            operations[line.operation.op_id] = line.operation
        if line.result is not None:
            results[line.result.op_id] = line.result
    return [Entry(one, results.get(op_id)) for op_id, one in operations.items()]


def now() -> float:
    """Seconds since 1970, as everything in the log is timed."""
    return time.time()
