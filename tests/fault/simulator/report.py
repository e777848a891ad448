"""Many seeds over all cores, and what they showed: `run(seeds) -> Report`."""

import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import structlog

from tests.fault.simulator.scenario import play
from tests.fault.simulator.writers import Outcome

FAULTS = (
    "crash", "graceful stop", "pause", "zombie member", "delay", "duplicate", "lost ack", "producer broken", "torn batch",
    "batch dropped", "rebalance", "rebalance in mid-batch", "commit of an old generation", "assignment callback failed",
    "offset out of range", "retention", "connection lost before", "connection lost after", "postgres restart",
    "projection restored", "broker unavailable", "leadership change", "clock step", "cross-key reorder",
    "poison record", "redrive",
)  # fmt: skip
"""Every class that a run must have hit."""

AWAITS = (
    "connect", "lead.lock", "ledger.start", "ledger.observe", "ledger.observe snapshot", "ledger.page", "ledger.advance",
    "ledger.mark", "ledger.wait", "producer.start", "producer.send", "producer.ack", "producer.stop", "consumer.start",
    "assigned", "store.stored_offsets", "store.lock_offsets", "store.standings", "store.store_versions", "store.store_offsets",
    "store.store_marks", "store.keep_aside", "store.take_back", "store.commit", "handler", "kafka.commit",
    "kafka.beginning_offset", "sleep", "any moment",
)  # fmt: skip
"""Where shipped code waits for something. A long run must have crashed at each."""

LONG_RUN = 5000
_CHUNK = 50


@dataclass
class Report:
    """Counts of one run; `failing_seeds` are those of which any promise was broken."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    crashed_at: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    failing_seeds: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def acknowledged(self) -> int:
        return self.outcomes[Outcome.OK]

    @property
    def unknown(self) -> int:
        return self.outcomes[Outcome.UNKNOWN]

    @property
    def lost(self) -> int:
        return self.broken["lost"]

    @property
    def doubled(self) -> int:
        return self.broken["doubled"]

    @property
    def phantom(self) -> int:
        return self.broken["phantom"]

    @property
    def reordered(self) -> int:
        return self.broken["reordered"]

    @property
    def missed(self) -> list[str]:
        """Fault classes never hit and, in a long run, awaits never crashed at: such a run proves too little."""
        missed = [fault for fault in FAULTS if not self.faults[fault]]
        if self.seeds >= LONG_RUN:
            missed += [f"crash at {place}" for place in AWAITS if not self.crashed_at[place]]
        return missed

    def add(self, other: "Report") -> None:
        self.seeds += other.seeds
        self.faults += other.faults
        self.crashed_at += other.crashed_at
        self.outcomes += other.outcomes
        self.broken += other.broken
        self.failing_seeds += other.failing_seeds


def run(seeds: int, *, first: int = 0, processes: int | None = None) -> Report:
    """Play the seeds from `first` on, in processes of their own."""
    return play_all(range(first, first + seeds), processes=processes)


def play_all(seeds: Iterable[int], *, processes: int | None = None) -> Report:
    began = time.monotonic()
    wanted = list(seeds)
    chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]
    report = Report()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context, initializer=silence) as pool:
        for part in pool.map(_play_some, chunks):
            report.add(part)
    report.seconds = time.monotonic() - began
    return report


def silence() -> None:
    """What the code logs while it is being broken is the trace's to tell."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _play_some(seeds: Sequence[int]) -> Report:
    report = Report()
    for seed in seeds:
        world = play(seed)
        report.seeds += 1
        report.faults += world.faults
        report.crashed_at += world.crashed_at
        report.outcomes += Counter(operation.outcome.value for operation in world.operations)
        report.broken += Counter(broken.kind for broken in world.broken)
        if world.broken:
            report.failing_seeds.append(seed)
    return report


def table(report: Report) -> str:
    lines = [f"{report.seeds} seeds in {report.seconds:.0f} s"]
    lines += [_row(fault, report.faults[fault]) for fault in FAULTS]
    lines.append(_row("awaits crashed at", len(report.crashed_at)))
    lines += [_row(f"operations {outcome.value}", report.outcomes[outcome.value]) for outcome in Outcome]
    kinds = ("lost", "doubled", "phantom", "reordered")
    lines += [_row(kind, report.broken[kind]) for kind in (*kinds, *sorted(report.broken.keys() - set(kinds)))]
    lines += [f"never hit: {what}" for what in report.missed]
    lines += [f"failed: python -m tests.fault.simulator --seed {seed} --trace" for seed in report.failing_seeds[:10]]
    return "\n".join(lines)


def _row(name: str, count: int) -> str:
    return f"  {name:<30}{count:>10}"
