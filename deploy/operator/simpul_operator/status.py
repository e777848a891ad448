"""`simpul status` and `simpul lag`: what each service says of itself, beside what Kafka has."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from rich.table import Table

from simpul_operator.addresses import SERVICES
from simpul_operator.failures import NotRunning
from simpul_operator.operator_client import OperatorClient
from simpul_operator.topics import partition_counts

_KAFKA_SECONDS = 10.0


class TopicsMissing(Exception):
    """Topics that a consumer reads are not there."""


@dataclass(frozen=True)
class Lag:
    """How far one consumer is behind one partition, in events; `end` is None where Kafka did not answer."""

    consumer: str
    topic: str
    partition: int
    applied: int
    end: int | None
    seconds: float | None

    @property
    def events(self) -> int | None:
        return None if self.end is None else max(0, self.end - self.applied)


@dataclass(frozen=True)
class Standing:
    """All that `simpul status` shows; a service that does not answer is only named."""

    services: dict[str, Any]
    silent: dict[str, str] = field(default_factory=dict)
    lags: Sequence[Lag] = ()
    kafka_trouble: str | None = None

    @property
    def attention(self) -> list[str]:
        found = [f"{service}: {why}" for service, why in self.silent.items()]
        found += [] if self.kafka_trouble is None else [f"Kafka: {self.kafka_trouble}"]
        return found + [f"{name}: {word}" for name, one in self.services.items() for word in one["attention"]]

    def document(self) -> dict[str, Any]:
        return {
            "services": self.services,
            "silent": self.silent,
            "kafka": self.kafka_trouble,
            "lag_events": {name: _total(self.lags, name) for name in self.services},
            "attention": self.attention,
        }


def read_standing(client: OperatorClient, *, prefix: str) -> Standing:
    """Errors: NotRunning, when not one service answers; Misconfigured, when the token is refused."""
    services, silent = {}, {}
    for service in SERVICES:
        try:
            services[service] = client.get(service, "/v1/status")
        except NotRunning as failure:
            silent[service] = str(failure)
    if not services:
        raise NotRunning(
            "No service answers. " + " ".join(dict.fromkeys(silent.values())) + " Start the stack with `simpul up`."
        )
    try:
        lags = asyncio.run(asyncio.wait_for(_lags(client.addresses.kafka_bootstrap, prefix, services), _KAFKA_SECONDS))
    except TopicsMissing as missing:
        return Standing(services, silent, _unknown(services), f"lacks topics: {missing}. Run `simpul topics restore`.")
    except (NotRunning, KafkaError, TimeoutError) as failure:
        return Standing(
            services,
            silent,
            _unknown(services),
            f"is away, so lags in events are unknown: {failure or type(failure).__name__}",
        )
    return Standing(services, silent, lags)


async def _lags(bootstrap: str, prefix: str, services: dict[str, Any]) -> list[Lag]:
    """Errors: TopicsMissing, NotRunning, KafkaError, TimeoutError."""
    counts = await partition_counts(bootstrap)
    followers = [status for status in services.values() if status["consumer"] is not None]
    missing = {topic for status in followers for topic in status["consumer"]["topics"] if prefix + topic not in counts}
    if missing:
        raise TopicsMissing(f"{', '.join(sorted(missing))}")
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await consumer.start()
        return [lag for status in followers for lag in await _lags_of(consumer, prefix, counts, status)]
    finally:
        await consumer.stop()


async def _lags_of(
    consumer: AIOKafkaConsumer, prefix: str, counts: Mapping[str, int], status: dict[str, Any]
) -> list[Lag]:
    applied = {(p["topic"], p["partition"]): p["next_offset"] for p in status["consumer"]["positions"]}
    wanted = [(t, number) for t in status["consumer"]["topics"] for number in range(counts[prefix + t])]
    ends = await consumer.end_offsets([TopicPartition(prefix + topic, number) for topic, number in wanted])
    return [
        _lag(status, topic, number, applied.get((topic, number), 0), ends[TopicPartition(prefix + topic, number)])
        for topic, number in wanted
    ]


def _lag(status: dict[str, Any], topic: str, partition: int, applied: int, end: int | None) -> Lag:
    seconds = status["consumer"]["lag_seconds"].get(topic.split(".")[1])
    return Lag(status["service"], topic, partition, applied, end, seconds)


def _unknown(services: dict[str, Any]) -> list[Lag]:
    return [
        _lag(status, position["topic"], position["partition"], position["next_offset"], None)
        for status in services.values()
        if status["consumer"] is not None
        for position in status["consumer"]["positions"]
    ]


def _total(lags: Sequence[Lag], consumer: str) -> int | None:
    events = [lag.events for lag in lags if lag.consumer == consumer]
    return None if None in events else sum(one for one in events if one is not None)


def status_table(standing: Standing) -> Table:
    table = Table("service", "version", "state", "unpublished", "oldest", "behind", "lag", "dead letters", box=None)
    for name in SERVICES:
        if name in standing.silent:
            table.add_row(name, "", "does not answer")
            continue
        status = standing.services[name]
        unpublished = str(sum(shard["unpublished"] for shard in status["shards"]))
        waits = [shard["oldest_unpublished_seconds"] or 0.0 for shard in status["shards"]]
        state = "needs attention" if status["attention"] else "ok"
        table.add_row(name, status["version"], state, unpublished, _seconds(max(waits)), *_following(standing, status))
    return table


def _following(standing: Standing, status: dict[str, Any]) -> tuple[str, str, str]:
    consumer = status["consumer"]
    if consumer is None:
        return "", "", ""
    events = _total(standing.lags, status["service"])
    lags = consumer["lag_seconds"].values()
    slowest = None if None in lags else max(lags)
    return "unknown" if events is None else str(events), _seconds(slowest), str(consumer["dead_letters"])


def lag_table(lags: Sequence[Lag], *, by_partition: bool) -> Table:
    table = Table("consumer", "topic", "partition", "applied", "end", "events behind", "seconds behind", box=None)
    for lag in lags if by_partition else _by_topic(lags):
        partition = str(lag.partition) if by_partition else "all"
        end, events = ("unknown", "unknown") if lag.end is None else (str(lag.end), str(lag.events))
        table.add_row(lag.consumer, lag.topic, partition, str(lag.applied), end, events, _seconds(lag.seconds))
    return table


def _by_topic(lags: Sequence[Lag]) -> list[Lag]:
    groups: dict[tuple[str, str], list[Lag]] = defaultdict(list)
    for lag in lags:
        groups[lag.consumer, lag.topic].append(lag)
    return [_summed(group) for group in groups.values()]


def _summed(group: Sequence[Lag]) -> Lag:
    first, ends = group[0], [lag.end for lag in group if lag.end is not None]
    # Behind in one partition is not made good by another, so the events are summed, not the offsets.
    behind = sum(lag.events or 0 for lag in group)
    applied = sum(lag.applied for lag in group)
    end = applied + behind if len(ends) == len(group) else None
    return Lag(first.consumer, first.topic, -1, applied, end, first.seconds)


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} s"
