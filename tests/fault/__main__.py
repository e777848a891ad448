"""`make fault`: the simulator, the real processes and some planted bugs; one table, and an exit code that tells.

FAULTS (200), SHARD (1/1), SEEDS (10000), MUTANTS (three in turn; a number, or all) and SEED come from the environment.
"""

import asyncio
import logging
import os
import random
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simpul_shared.platform import telemetry

from tests.fault.hunt.catch import Caught, catch, rotating
from tests.fault.lane.lane import LaneReport, run_lane
from tests.fault.lane.plan import possible
from tests.fault.lane.run import Workload
from tests.fault.lane.servers import Layout, may_mount, running_servers
from tests.fault.mutants.planting import names
from tests.fault.simulator import report as simulator
from tests.fault.table import table

_RELEASE = 1000
"""From so many faults on, faults may last as long as they do in a release run."""


@dataclass(frozen=True)
class Options:
    """`seed` decides the order of faults; each shard has its own."""

    faults: int
    shard: int
    shards: int
    seeds: int
    mutants: list[str]
    seed: int

    @property
    def workload(self) -> Workload:
        return Workload(longest=30.0 if self.faults >= _RELEASE else 2.0)

    @property
    def layout(self) -> Layout:
        if not may_mount():
            return Layout()
        return Layout(disk_mb=1024 if self.faults >= _RELEASE else 384)


def options(environment: Mapping[str, str]) -> Options:
    shard, _, shards = environment.get("SHARD", "1/1").partition("/")
    seed = int(environment.get("SEED", str(datetime.now(UTC).toordinal())))
    asked = environment.get("MUTANTS", "3")
    return Options(
        faults=int(environment.get("FAULTS", "200")),
        shard=int(shard),
        shards=int(shards),
        seeds=int(environment.get("SEEDS", "10000")),
        mutants=names() if asked == "all" else rotating(seed, int(asked)),
        seed=seed,
    )


async def strike(given: Options) -> tuple[LaneReport, dict[str, str]]:
    """The lane on servers of its own; and the fault classes that are not possible here, each with the reason."""
    classes = possible(given.layout)
    seed = given.seed * given.shards + given.shard
    directory = Path(tempfile.mkdtemp(prefix="simpul-fault-"))
    print(f"Logs and the operation log: {directory}; seed {given.seed}", file=sys.stderr)
    async with running_servers(directory, given.layout) as servers:
        report = await run_lane(
            servers,
            faults=given.faults // given.shards,
            seed=random.Random(seed).randrange(2**31),
            classes=[one for one, reason in classes.items() if reason is None],
            workload=given.workload,
        )
    return report, {one.name: reason for one, reason in classes.items() if reason is not None}


def main() -> int:
    telemetry.configure("fault", level="CRITICAL", otlp_endpoint=None)
    for library in ("asyncpg", "aiokafka", "asyncio"):  # servers are killed under them, and they tell of it at length
        logging.getLogger(library).setLevel(logging.CRITICAL)
    given = options(os.environ)
    report, impossible = asyncio.run(strike(given))
    caught = asyncio.run(catch(given.mutants, seed=given.seed)) if given.mutants else []
    simulated = simulator.run(given.seeds // given.shards, first=(given.shard - 1) * (given.seeds // given.shards))
    for violation in report.violations:
        print(f"{violation.check} {violation.harm}: {violation.what}", file=sys.stderr)
    besides = {"planted bugs caught": _told(caught)} | _simulated(simulated)
    print(table(report, impossible=impossible, besides=besides))
    print(f"{report.seconds:.0f} s with {report.faults} faults; seed {given.seed}", file=sys.stderr)
    whole = report.clean and not report.unhit and all(one.caught for one in caught)
    return 0 if whole and not simulated.failing_seeds and not simulated.missed else 1


def _simulated(report: simulator.Report) -> dict[str, str]:
    """Of the simulator's seeds: what was broken, and what never happened."""
    failing = f"; failing: {report.failing_seeds[:5]}" if report.failing_seeds else ""
    return {
        "simulated seeds": f"{report.seeds:,} with {report.faults.total():,} faults{failing}",
        "of them lost, doubled, phantom, reordered": (
            f"{report.lost}, {report.doubled}, {report.phantom}, {report.reordered}"
        ),
        "fault classes that no seed met": ", ".join(report.missed) or "none",
    }


def _told(caught: list[Caught]) -> str:
    return f"{sum(one.caught for one in caught)} of {len(caught)}: {', '.join(one.name for one in caught)}"


if __name__ == "__main__":
    sys.exit(main())
