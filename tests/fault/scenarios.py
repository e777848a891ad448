"""Disorder, repeats and poison at full size, with the figures that must come out: python -m tests.fault.scenarios.

The same functions run small in test_poison.py. Totals decide; times are printed and decide nothing.
"""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY
from simpul_operator.embedded.process import until
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform import telemetry
from simpul_shared.platform.consume import Partition, Record
from simpul_shared.platform.settings import PlatformSettings
from simpul_shared.platform.worker import Worker

from tests.support.databases import Databases
from tests.support.pipeline import topics, working
from tests.support.records import never_recorded, producer, send, until_read
from tests.support.servers import kafka_broker, postgres_server
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY, renamed

_CHUNK_EVENTS = 2000
_PATIENCE_SECONDS = 1800.0


@dataclass
class Result:
    """`wrong` is empty when all is as it must be; `told` are the figures to print."""

    scenario: str
    told: dict[str, str]
    wrong: list[str] = field(default_factory=list)


async def disorder(tally: ServiceUnderTest, settings: PlatformSettings, *, sequences: int, length: int) -> Result:
    """Every library's events in another order than they were recorded in, and all libraries mixed.

    In small batches: within one batch order comes back without anything having to wait.
    """
    settings = settings.model_copy(update={"batch_records": 100})
    records = await histories(tally, libraries=sequences, length=length)
    random.Random(11).shuffle(records)
    began = time.monotonic()
    await send(settings, records)
    async with working(settings, tally):
        await until_read(tally, settings, LIBRARIES, seconds=_PATIENCE_SECONDS)
    letters = Counter(letter["state"] for letter in await tally.dead_letters())
    told = {
        "sequences": f"{sequences:,}",
        "events": f"{len(records):,}",
        "waited for their turn": f"{letters['resolved']:,}",
        "seconds": f"{time.monotonic() - began:.0f}",
    }
    wrong = await differing(tally, libraries=sequences, length=length)
    return Result("disorder", told, [*wrong, *_only(letters, "resolved")])


async def repeats(tally: ServiceUnderTest, settings: PlatformSettings, *, events: int, times: int) -> Result:
    """Every event so many times, at new offsets each time."""
    length = min(100, events)
    libraries = events // length
    records = await histories(tally, libraries=libraries, length=length)
    before, began = _consumed(), time.monotonic()
    async with working(settings, tally):
        for _ in range(times):
            await send(settings, records)
        await until_read(tally, settings, LIBRARIES, seconds=_PATIENCE_SECONDS)
    came = {what: count - before[what] for what, count in _consumed().items()}
    told = {
        "events": f"{len(records):,}",
        "records": f"{len(records) * times:,}",
        "counted as repeats": f"{came['repeated'] / (len(records) * times):.1%}",
        "seconds": f"{time.monotonic() - began:.0f}",
    }
    wrong = await differing(tally, libraries=libraries, length=length)
    if came["applied"] != len(records):
        wrong.append(f"{came['applied']:.0f} of {len(records)} events were applied")
    if came["repeated"] != len(records) * (times - 1):
        wrong.append(f"{came['repeated']:.0f} of {len(records) * (times - 1)} repeats were told from the rest")
    return Result("repeats", told, [*wrong, *_only(Counter(one["state"] for one in await tally.dead_letters()))])


KINDS = 8
"""Bad JSON, a wrong type, a NUL, a huge record, an unknown type, a missing parent row, a fault of the handler, a future version."""

_REASONS = {"envelope-unreadable", "data-unreadable", "handler-failed", "event-type-unknown"}


async def poison(
    tally: ServiceUnderTest, settings: PlatformSettings, *, events: int, per_second: float, windows: int = 10
) -> Result:
    """One record in a hundred can never be applied; clean and poisoned windows take turns, so that both see one machine."""
    length = events // windows // _LIBRARIES
    bad = [await _poisonous(tally, number % KINDS) for number in range(events // 100)]
    lags: dict[bool, list[float]] = {False: [], True: []}
    libraries = 0
    async with working(settings, tally) as (worker,), producer(settings) as made:
        paced = _Paced(settings, made, worker, per_second)
        for window in range(2 * windows):
            poisoned = window % 2 == 1
            good = await histories(tally, libraries=_LIBRARIES, length=length, first=libraries)
            libraries += _LIBRARIES
            share = bad[window // 2 :: windows] if poisoned else []
            lags[poisoned] += await paced.lags(_mixed(good, share, seed=window))
            await until_read(tally, settings, LIBRARIES, seconds=_PATIENCE_SECONDS)
    clean, sick = _p99(lags[False]), _p99(lags[True])
    told = {
        "good events, poisoned": f"{len(lags[True]):,}",
        "good events, clean": f"{len(lags[False]):,}",
        "poison": f"{len(bad):,}",
        "p99 lag clean": f"{clean * 1000:.0f} ms",
        "p99 lag poisoned": f"{sick * 1000:.0f} ms",
        "ratio": f"{sick / clean:.2f}",
        "events/s offered": f"{per_second:.0f}",
    }
    wrong = await differing(tally, libraries=libraries, length=length)
    return Result("poison", told, [*wrong, *await _kept_aside(tally, bad)])


_LIBRARIES = 50
"""Libraries of a window."""


class _Paced:
    """Sends at a steady rate and learns from the worker's own applier when each record was committed."""

    def __init__(self, settings: PlatformSettings, made: AIOKafkaProducer, worker: Worker, per_second: float) -> None:
        assert worker.subscription is not None
        self._topic = settings.topic_prefix + LIBRARIES.name
        self._producer = made
        self._per_second = per_second
        self._sent: dict[bytes | None, float] = {}
        self._lags: list[float] = []
        applier = worker.subscription.follower._applier
        self._apply = applier.apply
        setattr(applier, "apply", self._timed)  # noqa: B010 (mypy forbids to assign a method)

    async def lags(self, records: Sequence[tuple[Record, bool]]) -> list[float]:
        """Seconds from the call of the producer to the commit, of the records that are marked as good."""
        self._lags, self._sent = [], {}
        due = time.monotonic()
        for record, good in records:
            due += 1 / self._per_second
            if (early := due - time.monotonic()) > 0.002:
                await asyncio.sleep(early)
            if good:
                self._sent[record.value] = time.monotonic()
            await self._producer.send(self._topic, key=record.key, value=record.value, headers=list(record.headers))
        await self._producer.flush()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await until(self._all_committed)
        return self._lags

    async def _all_committed(self) -> bool:
        return not self._sent

    async def _timed(self, records: Sequence[Record], *, earliest: Mapping[Partition, int]) -> dict[Partition, int]:
        stored = await self._apply(records, earliest=earliest)
        now = time.monotonic()
        self._lags += [now - sent for r in records if (sent := self._sent.pop(r.value, None)) is not None]
        return stored


def _mixed(good: Sequence[Record], bad: Sequence[Record], *, seed: int) -> list[tuple[Record, bool]]:
    rng = random.Random(seed)
    mixed = [(record, True) for record in good]
    for record in bad:
        mixed.insert(rng.randrange(len(mixed) + 1), (record, False))
    return mixed


async def _poisonous(tally: ServiceUnderTest, kind: int) -> Record:
    """A record of one of eight kinds, of a library of its own."""
    names = {5: "no parent", 6: "handler bug"}
    library = uuid4()
    (record,) = await never_recorded(tally, renamed(library, names.get(kind, "x")))
    value = record.value or b""
    changed = {
        0: f"{{not json {library}".encode(),
        1: value.replace(b'"new_name":"x"', b'"new_name":7'),
        2: value.replace(b'"new_name":"x"', b'"new_name":"\\u0000"'),
        3: str(library).encode() * 25_000,
        4: value.replace(b"library-renamed.v1", b"library-painted.v1"),
        7: value.replace(b"library-renamed.v1", b"library-renamed.v2"),
    }
    return replace(record, value=changed.get(kind, value), headers=[("broken", None)] if kind == 0 else ())


async def _kept_aside(tally: ServiceUnderTest, bad: Sequence[Record]) -> list[str]:
    letters = await tally.dead_letters()
    wrong = _only(Counter(letter["state"] for letter in letters), "poison")
    kept = Counter(bytes(letter["value"]) for letter in letters)
    if kept != Counter(record.value for record in bad):
        wrong.append(f"{kept.total()} dead letters of {len(bad)}, or other bytes than were sent")
    if strange := {letter["reason"] for letter in letters} - _REASONS:
        wrong.append(f"reasons {strange}")
    return wrong


async def histories(tally: ServiceUnderTest, *, libraries: int, length: int, first: int = 0) -> list[Record]:
    """`length` events of each library, round by round as time goes by; the names are their numbers."""
    made: list[Record] = []
    a_chunk = max(1, _CHUNK_EVENTS // length)
    for start in range(first, first + libraries, a_chunk):
        some = range(start, min(start + a_chunk, first + libraries))
        made += await never_recorded(tally, *(renamed(library(i), str(n)) for n in range(length) for i in some))
    return made


def library(number: int) -> UUID:
    return UUID(int=number + 1)


async def differing(tally: ServiceUnderTest, *, libraries: int, length: int) -> list[str]:
    """Libraries whose tally is not every name once and in order."""
    rows = await tally.database.pool.fetch(
        "select library_id, names from tally where library_id = any($1)", [library(i) for i in range(libraries)]
    )
    expected = [str(n) for n in range(length)]
    right = sum(list(row["names"]) == expected for row in rows)
    return [] if right == libraries else [f"{libraries - right} of {libraries} libraries are counted wrongly"]


def _only(states: Counter[str], *allowed: str) -> list[str]:
    return [f"{count} dead letters are {state}" for state, count in states.items() if state not in allowed]


def _consumed() -> dict[str, float]:
    """Records of the libraries' topic by what became of them, in this process."""
    name = "simpul_consumer_records_total"
    labels = ({"topic": LIBRARIES.name, "outcome": what} for what in ("applied", "repeated"))
    return {one["outcome"]: REGISTRY.get_sample_value(name, one) or 0.0 for one in labels}


def _p99(lags: Sequence[float]) -> float:
    return quantiles(lags, n=100)[98]


async def run_all(*, events: int, sequences: int, per_second: float) -> list[Result]:
    """All scenarios, each on a database and topics of its own."""
    scenarios: list[Callable[[ServiceUnderTest, PlatformSettings], Awaitable[Result]]] = [
        lambda tally, settings: disorder(tally, settings, sequences=100, length=10),
        lambda tally, settings: disorder(tally, settings, sequences=sequences, length=10),
        lambda tally, settings: repeats(tally, settings, events=events, times=10),
        lambda tally, settings: poison(tally, settings, events=events, per_second=per_second),
    ]
    results = []
    async with postgres_server() as admin_url, kafka_broker() as kafka:
        databases = Databases(admin_url)
        for scenario in scenarios:
            async with service_under_test(TALLY, databases) as tally, topics(kafka) as settings:
                results.append(await scenario(tally, as_shipped(settings)))
                print(line(results[-1]), flush=True)
    return results


def as_shipped(settings: PlatformSettings) -> PlatformSettings:
    """Batches and marks as in production, not as in tests."""
    shipped: dict[str, Any] = {
        name: PlatformSettings.model_fields[name].default for name in ("batch_records", "mark_seconds")
    }
    return settings.model_copy(update=shipped)


def line(result: Result) -> str:
    verdict = "; ".join(result.wrong) or "as it must be"
    return f"| {result.scenario} | {', '.join(f'{name} {value}' for name, value in result.told.items())} | {verdict} |"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.scenarios", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--per-second", type=float, default=500.0, help="the rate of the poison scenario")
    given = parser.parse_args(argv)
    telemetry.configure("scenarios", level="CRITICAL", otlp_endpoint=None)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells at length of topics that are being made
    results = asyncio.run(run_all(events=given.events, sequences=given.sequences, per_second=given.per_second))
    return 1 if any(result.wrong for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
