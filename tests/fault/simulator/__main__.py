"""`python -m tests.fault.simulator`: 10,000 seeds, or as many as SEEDS says; `--seed N --trace` tells one of them."""

import argparse
import os
import sys

from tests.fault.simulator.report import run, silence, table
from tests.fault.simulator.scenario import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.simulator")
    parser.add_argument("--seeds", type=int, default=int(os.environ.get("SEEDS", "10000")))
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one only")
    parser.add_argument("--trace", action="store_true", help="tell what happened, step by step")
    options = parser.parse_args()
    if options.seed is not None:
        return play_one(options.seed, tracing=options.trace)
    report = run(options.seeds, first=options.first)
    print(table(report))
    return 1 if report.failing_seeds or report.missed else 0


def play_one(seed: int, *, tracing: bool) -> int:
    silence()
    world = play(seed, tracing=tracing)
    for line in world.trace or ():
        print(line)
    for broken in world.broken:
        print(broken)
    print(f"seed {seed}: {len(world.broken)} promises broken; trace {world.digest() if tracing else 'not kept'}")
    return 1 if world.broken else 0


if __name__ == "__main__":
    sys.exit(main())
