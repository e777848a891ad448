"""The record of every event version ever released, and the gate against it: `make contracts-check` and `-release`.

A folder per type, and in it one per revision: the schema as published, events as the ledger held them, and what they
say. Whatever stands on main is released. Files are only ever added; an older one that no longer holds is the finding.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import Event, LowWaterMark
from simpul_shared.contracts.reading import UPCASTERS
from simpul_shared.contracts.schemas import MARK, schemas
from simpul_shared.platform.database import Database, Origin, open_database
from simpul_shared.platform.outbox import append

from tests.contract.compatibility import Schema, breaches, meaning
from tests.contract.examples import examples_of
from tests.support.databases import Databases
from tests.support.servers import postgres_server
from tests.support.tally.service import TALLY

RECORD = Path(__file__).parent / "golden"
_HOW = "docs/how-to/change-an-event.md says how"

Line = dict[str, Any]


@dataclass(frozen=True)
class Revision:
    """One release of a type: its first, or one that gained optional fields."""

    type: str
    folder: Path

    @property
    def number(self) -> int:
        return int(self.folder.name)

    @property
    def schema(self) -> Schema:
        schema: Schema = json.loads((self.folder / "schema.json").read_text(encoding="utf-8"))
        return schema

    def events(self) -> list[bytes]:
        """Whole events, the bytes of the ledger."""
        return (self.folder / "events.jsonl").read_bytes().splitlines()

    def said(self) -> list[Line]:
        """What each of them says, in the words of its own version."""
        return _lines(self.folder / "said.jsonl")

    def upcast(self) -> list[Line] | None:
        """What each of them says in the words of the next version, once there is one."""
        path = self.folder / "upcast.jsonl"
        return _lines(path) if path.exists() else None


def revisions(record: Path = RECORD) -> dict[str, list[Revision]]:
    found = defaultdict(list)
    for folder in record.glob("*/*/"):
        found[folder.parent.name].append(Revision(folder.parent.name, folder))
    return {name: sorted(found[name], key=lambda one: one.number) for name in sorted(found)}


def incompatible(released: Mapping[str, Sequence[Revision]], current: Mapping[str, Schema]) -> Iterator[str]:
    """What the code may not do to what is released, each with what to do instead."""
    for name, ones in released.items():
        if name not in current:
            yield f"{name} is released, and gone from the catalogue. Keep it; when it is superseded, give it an upcaster. {_HOW}."
            continue
        found = dict.fromkeys(breach for one in ones for breach in breaches(one.schema, current[name]))
        yield from (
            f"{name}: {breach}. Leave it as released and make {_next(name)} with an upcaster; {_HOW}."
            for breach in found
        )


def unreleased(released: Mapping[str, Sequence[Revision]], current: Mapping[str, Schema]) -> list[str]:
    """Types that are new, or have gained something since their last revision."""
    return [
        name
        for name, schema in current.items()
        if name not in released or meaning(released[name][-1].schema) != meaning(schema)
    ]


def ambiguous(kinds: Mapping[str, type[Event]]) -> Iterator[str]:
    """Every version but the last has an upcaster."""
    for name, kind in kinds.items():
        if _next(name) in kinds and kind not in UPCASTERS:
            yield f"{name} has a successor and no upcaster to it. Add one to UPCASTERS of contracts/reading.py; {_HOW}."


def _next(name: str) -> str:
    stem, _, number = name.rpartition(".v")
    return f"{stem}.v{int(number) + 1}"


def findings(record: Path = RECORD) -> list[str]:
    released, current = revisions(record), schemas()
    broken = [*incompatible(released, current), *ambiguous(EVENTS)]
    if broken:
        return broken
    missing = [
        f"{name} is not released as it is now. Run `make contracts-release` and commit what it writes."
        for name in unreleased(released, current)
    ]
    stale = [
        f"{one.type}: what its events say as {UPCASTERS[EVENTS[one.type]].to.type} is not recorded. Run `make contracts-release`."
        for one in _without_upcast(released)
    ]
    return missing + stale


def _without_upcast(released: Mapping[str, Sequence[Revision]]) -> list[Revision]:
    superseded = [one for name, ones in released.items() if EVENTS.get(name) in UPCASTERS for one in ones]
    return [one for one in superseded if one.upcast() is None]


async def release(record: Path = RECORD) -> list[Path]:
    """Add a revision for each type that needs one; returns the new folders. Nothing that is there is touched."""
    released, current = revisions(record), schemas()
    made = []
    async with _ledger() as database:
        for name in unreleased(released, current):
            folder = record / name / str(len(released.get(name, [])) + 1)
            folder.mkdir(parents=True)
            _add(folder / "schema.json", json.dumps(current[name], indent=2, ensure_ascii=False).encode() + b"\n")
            values, said = _marks() if name == MARK else await _recorded(database, EVENTS[name])
            _add(folder / "events.jsonl", b"\n".join(values) + b"\n")
            _add(folder / "said.jsonl", msgspec.json.Encoder().encode_lines(said))
            made.append(folder)
    for one in _without_upcast(revisions(record)):
        _add(one.folder / "upcast.jsonl", msgspec.json.Encoder().encode_lines(_upcast(one)))
        made.append(one.folder)
    return list(dict.fromkeys(made))


def _upcast(revision: Revision) -> list[Line]:
    kind = EVENTS[revision.type]
    step = UPCASTERS[kind]
    events = [msgspec.json.decode(value, type=Whole) for value in revision.events()]
    return [said_of(step.convert(msgspec.json.decode(one.data, type=kind))) for one in events]


class Whole(msgspec.Struct):
    data: msgspec.Raw


def said_of(event: Event) -> Line:
    return {
        "type": event.type,
        "aggregate_id": str(event.aggregate_id),
        "key": event.key.decode(),
        "data": msgspec.to_builtins(event),
    }


@asynccontextmanager
async def _ledger() -> AsyncIterator[Database]:
    async with (
        postgres_server() as admin_url,
        Databases(admin_url).database(TALLY) as url,
        open_database(url, name="release", size=1) as database,
    ):
        yield database


_PLAIN = Origin("release", actor="release", channel="SYSTEM", correlation_id="release")
_TRACED = Origin(
    "release",
    actor="u-4711",
    channel="API",
    correlation_id="c0ffee",
    causation_id="019a9c5e-7d2b-7c41-9f60-3a1f0c2b5d11",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
_TIMES = (datetime(2021, 6, 28, 2, 0, tzinfo=UTC), datetime(2026, 11, 22, 9, 30, 0, 1, tzinfo=UTC))


async def _recorded(database: Database, kind: type[Event]) -> tuple[list[bytes], list[Line]]:
    """The examples of a type as the outbox writes them, every second one with all optional attributes."""
    values, said = [], []
    for number, event in enumerate(examples_of(kind)):
        origin, zone = (_TRACED, "Asia/Makassar") if number % 2 else (_PLAIN, None)
        origin = replace(origin, service=kind.topic.service)
        async with database.transaction(origin) as tx:
            await tx.lock(event.aggregate_id)
            recorded = await append(tx, event, occurred_at=_TIMES[number % 2], source_tz=zone)
            values.append(await tx.fetchval("select value from ledger where event_id = $1", recorded.event_id))
        said.append(
            {
                "event_id": str(recorded.event_id),
                "version": recorded.version,
                "occurred_at": _TIMES[number % 2],
                "recorded_at": recorded.recorded_at,
                "correlation_id": origin.correlation_id,
                "traceparent": origin.traceparent,
                **said_of(event),
            }
        )
    return values, said


def _marks() -> tuple[list[bytes], list[Line]]:
    marks = list(examples_of(LowWaterMark))
    return [msgspec.json.encode(mark) for mark in marks], [msgspec.to_builtins(mark) for mark in marks]


def _lines(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _add(path: Path, content: bytes) -> None:
    with path.open("xb") as file:  # x: a file of the record is never written twice
        file.write(content)


def main(what: str) -> int:
    released, current = revisions(), schemas()
    if what == "release" and not any((*incompatible(released, current), *ambiguous(EVENTS))):
        for folder in asyncio.run(release()):
            print(f"Released {folder.relative_to(RECORD)}")
    found = findings()
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
