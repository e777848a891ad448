"""Tests a consumer of the events: python -m simpul_shared.client.conformance my_module:make_consumer

The consumer gets the golden stream in every way in which it may arrive and must come to the same totals each time.
"""

import argparse
import asyncio
import importlib
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from simpul_shared.client.golden import Case, cases, expected

_BATCH = 7


class Consumer(Protocol):
    """What the kit needs of a consumer. It counts attendances of ActivityRecorded, ActivityCorrected and ActivityWithdrawn."""

    async def receive(self, events: Sequence[bytes]) -> None:
        """Take the next CloudEvents, as `Arrived.raw` or the items of a page have them."""

    async def totals(self) -> Mapping[str, int]:
        """Attendances by '<region_id>/<YYYY-MM>', the month in which the activity was held; no entry for 0."""


MakeConsumer = Callable[[], Awaitable[Consumer]]
"""Gives a consumer that has seen nothing yet; called once for each case."""


@dataclass(frozen=True)
class Verdict:
    """How a consumer fared in one case; `wrong` is None when it was right."""

    case: Case
    wrong: str | None


async def check(make: MakeConsumer) -> list[Verdict]:
    """A verdict for each case."""
    return [Verdict(case, await _wrong(make, case)) for case in cases()]


async def require_conformance(make: MakeConsumer) -> None:
    """For a test of your own. Errors: AssertionError that names every case in which the consumer was wrong."""
    wrong = [f"{one.case.name}: {one.wrong}" for one in await check(make) if one.wrong is not None]
    if wrong:
        raise AssertionError("\n".join(["The consumer does not conform:", *wrong]))


async def _wrong(make: MakeConsumer, case: Case) -> str | None:
    consumer = await make()
    try:
        for begin in range(0, len(case.deliveries), _BATCH):
            await consumer.receive(case.deliveries[begin : begin + _BATCH])
        return _difference(await consumer.totals())
    except Exception:  # noqa: BLE001 (whatever a consumer raises is its verdict)
        return f"raised {traceback.format_exc(limit=-1).strip().splitlines()[-1]}"


def _difference(totals: Mapping[str, int]) -> str | None:
    right = expected()
    keys = [key for key in sorted(right.keys() | totals.keys()) if right.get(key, 0) != totals.get(key, 0)]
    if not keys:
        return None
    first = keys[0]
    return (
        f"{len(keys)} of {len(right)} totals differ, such as {first}: {totals.get(first, 0)}, not {right.get(first, 0)}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 conforms, 1 does not."""
    parser = argparse.ArgumentParser(prog="python -m simpul_shared.client.conformance", description=__doc__)
    parser.add_argument("consumer", help="module:function, an async function that makes a new consumer")
    module, _, function = parser.parse_args(argv).consumer.partition(":")
    verdicts = asyncio.run(check(getattr(importlib.import_module(module), function)))
    for one in verdicts:
        print(f"{'wrong' if one.wrong else 'right':6} {one.case.name}: {one.wrong or 'as expected'}")  # noqa: T201
        if one.wrong:
            print(f"       this case catches {one.case.catches}")  # noqa: T201 (a command's report)
    return 1 if any(one.wrong for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
