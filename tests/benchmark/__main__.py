"""`make bench`: runs the suites and prints their tables. Never part of the tests; nothing in a test asserts a time.

A suite that cannot be had here (no network for a peer's jars) fails by itself; the others go on.
"""

import logging
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import uvloop
from simpul_shared.platform import telemetry

from tests.benchmark.sizes import say
from tests.benchmark.stage import Stage, running_stage
from tests.benchmark.table import Result, printed

SUITES = ("command", "relay", "projection", "rebuild", "import", "search", "freshness", "start", "growth")


async def result_of(suite: str, stage: Stage) -> Result:
    """A suite is imported when it runs: some need peers that only `make bench` installs."""
    module = "imports" if suite == "import" else suite  # a word of Python's own
    result: Result = await import_module(f"tests.benchmark.{module}").result(stage)
    return result


async def run(wanted: Sequence[str]) -> tuple[list[Result], list[str]]:
    """The results, and the suites that failed, each with its reason."""
    results, failed = [], []
    async with running_stage() as stage:
        for name in wanted:
            say(f"{name} ...")
            try:
                results.append(await result_of(name, stage))
                say(printed(results[-1:]))
            except Exception as error:  # noqa: BLE001 (told at the end, and by the exit code)
                failed.append(f"{name}: {error!r}")
                say(traceback.format_exc())
    return results, failed


def main() -> int:
    wanted = sys.argv[1:] or ["all"]
    if unknown := set(wanted) - {"all", *SUITES}:
        print(f"No suite {', '.join(sorted(unknown))}; there are: {', '.join(SUITES)}.", file=sys.stderr)
        return 2
    telemetry.configure("bench", level="WARNING", otlp_endpoint=None)
    logging.getLogger("aiokafka").setLevel(
        logging.ERROR
    )  # a topic just made has no leader yet, which it tells at length
    results, failed = uvloop.run(run(list(SUITES) if "all" in wanted else wanted))
    print(printed(results))
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
