"""`make bench`: runs the suites and prints one table. Never part of the tests; nothing in a test asserts a time."""

import sys

import uvloop

from tests.benchmark import freshness
from tests.benchmark.table import Row, printed

SUITES = {"freshness": freshness.rows}


async def run(wanted: str) -> list[Row]:
    suites = SUITES.values() if wanted == "all" else [SUITES[wanted]]
    return [row for suite in suites for row in await suite()]


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    if wanted not in {"all", *SUITES}:
        print(f"No suite {wanted!r}; there are: {', '.join(SUITES)}.", file=sys.stderr)
        return 2
    print(printed(uvloop.run(run(wanted))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
