"""Which faults a run has, how often, and in which lanes they strike side by side."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.fault.lane.faults import clock, disk, kafka, network, postgres, processes
from tests.fault.lane.scene import Hit, Scene
from tests.fault.lane.servers import Layout

Strike = Callable[[Scene], Awaitable[Hit | None]]


class Lane(StrEnum):
    """Faults of one lane strike one after the other."""

    PROCESSES = "processes"
    POSTGRES = "postgres"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class FaultClass:
    """`weight` is its part of a thousand faults; `needs` says in words what it takes, None for nothing special."""

    name: str
    strike: Strike
    lane: Lane
    weight: int
    needs: str | None = None


_DISK = "a mounted tmpfs, which takes root"
_FAKETIME = "libfaketime"
_THREE = "three brokers"

CLASSES = (
    FaultClass("kill -9", processes.kill, Lane.PROCESSES, 170),
    FaultClass("SIGTERM", processes.terminate, Lane.PROCESSES, 140),
    FaultClass("SIGSTOP", processes.stop, Lane.PROCESSES, 390),
    FaultClass("restart", processes.restart, Lane.PROCESSES, 70),
    FaultClass("double restart", processes.double_restart, Lane.PROCESSES, 50),
    FaultClass("Postgres kill -9", postgres.kill, Lane.POSTGRES, 50),
    FaultClass("backend terminated in commit", postgres.terminate_in_commit, Lane.POSTGRES, 50),
    FaultClass("broker kill -9", kafka.broker_kill, Lane.CLUSTER, 5),
    FaultClass("broker SIGSTOP", kafka.broker_stop, Lane.CLUSTER, 5, _THREE),
    FaultClass("controller kill -9", kafka.controller_kill, Lane.CLUSTER, 5, _THREE),
    FaultClass("two of three brokers down", kafka.two_brokers_down, Lane.CLUSTER, 5, _THREE),
    FaultClass("network split", network.broker_cut_off, Lane.CLUSTER, 5, _THREE),
    FaultClass("network cut", network.postgres_cut_off, Lane.CLUSTER, 5),
    FaultClass("half-open", network.half_open, Lane.CLUSTER, 5),
    FaultClass("latency", network.slow, Lane.CLUSTER, 5),
    FaultClass("reset", network.reset, Lane.CLUSTER, 10),
    FaultClass("rebalance storm", kafka.rebalance_storm, Lane.CLUSTER, 10),
    FaultClass("Postgres disk full", disk.postgres_disk_full, Lane.CLUSTER, 5, _DISK),
    FaultClass("broker disk full", disk.broker_disk_full, Lane.CLUSTER, 5, _DISK),
    FaultClass("clock +2 h", clock.ahead, Lane.CLUSTER, 5, _FAKETIME),
    FaultClass("clock -2 h", clock.behind, Lane.CLUSTER, 5, _FAKETIME),
)


def possible(layout: Layout) -> dict[FaultClass, str | None]:
    """Every class with the reason why it is not possible here; None where it is."""
    missing = set()
    if layout.brokers < 3:
        missing.add(_THREE)
    if not layout.disk_mb or layout.brokers < 3:
        missing.add(_DISK)
    if clock.library() is None:
        missing.add(_FAKETIME)
    return {one: f"needs {one.needs}" if one.needs in missing else None for one in CLASSES}


def plan(faults: int, classes: Sequence[FaultClass], rng: random.Random) -> dict[Lane, list[FaultClass]]:
    """`faults` of them by weight, each class once at least, in any order within its lane."""
    whole = sum(one.weight for one in classes)
    counts = Counter({one: max(1, round(faults * one.weight / whole)) for one in classes})
    commonest = max(classes, key=lambda one: one.weight)
    counts[commonest] = max(1, counts[commonest] + faults - counts.total())
    lanes: dict[Lane, list[FaultClass]] = {lane: [] for lane in Lane}
    for one in counts.elements():
        lanes[one.lane].append(one)
    for faults_of_lane in lanes.values():
        rng.shuffle(faults_of_lane)
    return lanes
