"""Does the harness find planted bugs? Each mutant is given faults until the checker finds it, or a hundred are spent."""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simpul_operator.embedded.kafka import temporary_kafka
from simpul_operator.embedded.postgres import temporary_postgres
from simpul_shared.platform import telemetry

from tests.fault.hunt.clients import clients
from tests.fault.hunt.faults import FAULTS
from tests.fault.hunt.findings import Finding, Kind
from tests.fault.hunt.ground import Ground, Servers, hunting_ground
from tests.fault.hunt.journal import Journal
from tests.fault.hunt.verdict import verdict
from tests.fault.mutants.planting import find, names
from tests.support.databases import Databases

MOST_FAULTS = 100
_FAULTS_A_ROUND = 6
_SHIPPED = "shipped"


@dataclass(frozen=True)
class Caught:
    """One hunt. `by` are the findings that show the bug; `beside` those that only came with it."""

    name: str
    caught: bool
    by: frozenset[Kind]
    beside: frozenset[Kind]
    faults: int
    writes: int
    seconds: float


async def catch(
    mutants: Sequence[str], *, seed: int = 0, most_faults: int = MOST_FAULTS, say: Callable[[str], None] = print
) -> list[Caught]:
    """Hunt the mutants one after another, each on servers of its own."""
    return [await _hunt_alone(name, random.Random(f"{seed}/{name}"), most_faults, say) for name in mutants]


async def _hunt_alone(name: str, rng: random.Random, most_faults: int, say: Callable[[str], None]) -> Caught:
    with tempfile.TemporaryDirectory(prefix="simpul-hunt-") as directory:
        root = Path(directory)
        async with _servers(root) as servers:
            return await _hunt(servers, name, rng, most_faults, root / name, say)


@asynccontextmanager
async def _servers(root: Path) -> AsyncIterator[Servers]:
    async with (
        temporary_postgres(root / "postgres", settings={"max_connections": "300"}) as postgres,
        temporary_kafka(root / "kafka") as kafka,
    ):
        yield Servers(postgres, kafka, Databases(postgres.admin_url))


async def _hunt(
    servers: Servers, name: str, rng: random.Random, most_faults: int, logs: Path, say: Callable[[str], None]
) -> Caught:
    mutant = None if name == _SHIPPED else name
    shows = find(name).shows if mutant else frozenset(Kind)
    journal, faults, kinds, findings = Journal(), 0, frozenset[Kind](), list[Finding]()
    began = time.monotonic()
    async with hunting_ground(servers, mutant=mutant, logs=logs) as ground:
        while not kinds & shows and faults < most_faults:
            faults += await _round(ground, journal, rng)
            findings = await verdict(ground, journal)
            kinds |= {one.kind for one in findings}
    seconds = time.monotonic() - began
    caught = Caught(name, bool(kinds & shows), kinds & shows, kinds - shows, faults, journal.acknowledged, seconds)
    say(f"{name}: {'caught' if caught.caught else 'NOT caught'} after {faults} faults, {caught.seconds:.0f} s")
    for one in findings[:5]:
        say(f"    {one.kind}: {one.detail}")
    return caught


async def _round(ground: Ground, journal: Journal, rng: random.Random) -> int:
    """A few faults of different kinds under load; how many there were."""
    chosen = rng.sample(FAULTS, _FAULTS_A_ROUND)
    async with clients(ground, journal, rng):
        for fault in chosen:
            await asyncio.sleep(rng.uniform(0.3, 1))
            await fault(ground, journal, rng)
        await ground.ready()
    return len(chosen)


def table(caught: Sequence[Caught]) -> str:
    rows = ["| planted bug | caught | by | faults | writes | seconds |", "| --- | --- | --- | --- | --- | --- |"]
    rows += [
        f"| {one.name} | {'yes' if one.caught else 'NO'} | {', '.join(sorted(one.by))} | {one.faults} | {one.writes} | {one.seconds:.0f} |"
        for one in caught
    ]
    return "\n".join(rows)


def rotating(seed: int, count: int = 3) -> list[str]:
    """The mutants whose turn it is."""
    everyone = names()
    return [everyone[(seed * count + number) % len(everyone)] for number in range(count)]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.hunt", description=__doc__)
    parser.add_argument("mutants", nargs="*", help="names, 'all', or 'shipped' for the code as it is")
    parser.add_argument("--seed", type=int, default=datetime.now(UTC).toordinal())
    parser.add_argument("--faults", type=int, default=MOST_FAULTS, help="how many each mutant gets at most")
    given = parser.parse_args(argv)
    chosen = names() if given.mutants == ["all"] else given.mutants or rotating(given.seed)
    telemetry.configure("hunt", level="CRITICAL", otlp_endpoint=None)
    for library in ("asyncpg", "aiokafka"):  # servers are killed under them, and they tell of it at length
        logging.getLogger(library).setLevel(logging.CRITICAL)
    caught = asyncio.run(catch(chosen, seed=given.seed, most_faults=given.faults))
    print(table(caught))
    missed = [one.name for one in caught if one.caught == (one.name == _SHIPPED)]
    if missed:
        print(f"wrong: {', '.join(missed)} (seed {given.seed})", file=sys.stderr)
    return 1 if missed else 0
