"""Creates and lists the topics of simpul_shared.contracts.topics; what exists is left as it is."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError
from simpul_shared.contracts.topics import TOPICS, Topic

from simpul_operator.failures import ChildFailed, NotRunning

_MOST_COPIES = 3
_ALREADY_EXISTS = 36
_USABLE_SECONDS = 30.0


@dataclass(frozen=True)
class TopicState:
    """What the cluster has under the name of a topic; `partitions` is 0 where there is none."""

    name: str
    partitions: int
    expected_partitions: int
    differing: dict[str, str]

    @property
    def verdict(self) -> str:
        if self.partitions == 0:
            return "missing"
        return "differs" if self.differing or self.partitions != self.expected_partitions else "ok"


async def ensure_topics(bootstrap: str, *, prefix: str = "", topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Creates the topics that are missing and gives their names; returns when clients can use them all.

    Errors: NotRunning, ChildFailed, aiokafka.errors.KafkaError.
    """
    wanted = {prefix + topic.name: topic for topic in topics}
    async with _admin(bootstrap) as admin:
        missing = [name for name in wanted if name not in await _partitions(admin)]
        if missing:
            copies = min(_MOST_COPIES, len((await admin.describe_cluster())["brokers"]))
            answer = await admin.create_topics([_new(name, wanted[name], copies) for name in missing])
            missing = _created(answer.to_object()["topic_errors"])
        await _usable(admin, set(wanted))
        return missing


async def topic_states(bootstrap: str, *, prefix: str = "", topics: Iterable[Topic] = TOPICS) -> list[TopicState]:
    async with _admin(bootstrap) as admin:
        present = await _partitions(admin)
        return [
            TopicState(
                name := prefix + topic.name,
                present.get(name, 0),
                topic.partitions,
                await _differing(admin, name, topic.config) if name in present else {},
            )
            for topic in topics
        ]


async def partition_counts(bootstrap: str) -> dict[str, int]:
    """The topics of the cluster, with the partitions of each that have a leader. Errors: NotRunning, KafkaError."""
    async with _admin(bootstrap) as admin:
        return await _partitions(admin)


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="simpul")
    try:
        await _connect(admin, bootstrap)
        yield admin
    finally:
        await admin.close()


async def _connect(admin: AIOKafkaAdminClient, bootstrap: str) -> None:
    try:
        await admin.start()
    except KafkaConnectionError as error:
        raise NotRunning(
            f"No Kafka answers at {bootstrap}. Start it, or name another with --kafka-bootstrap."
        ) from error


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """The topics of the cluster, with the partitions of each that have a leader."""
    described = await admin.describe_topics()
    return {one["topic"]: sum(part["leader"] >= 0 for part in one["partitions"]) for one in described}


async def _usable(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    # A creation is acknowledged by the controller; brokers learn of it a moment later, and elect leaders then.
    async with asyncio.timeout(_USABLE_SECONDS):
        while True:
            partitions = await _partitions(admin)
            if all(partitions.get(name) for name in names):
                return
            await asyncio.sleep(0.1)


def _new(name: str, topic: Topic, copies: int) -> NewTopic:
    return NewTopic(name, topic.partitions, copies, topic_configs=dict(topic.config))


def _created(answers: Sequence[Mapping[str, Any]]) -> list[str]:
    # Two setups may run at once; the one that comes second finds what it wanted.
    refused = [one for one in answers if one["error_code"] not in (0, _ALREADY_EXISTS)]
    if refused:
        told = "; ".join(f"{one['topic']}: {one['error_message'] or one['error_code']}" for one in refused)
        raise ChildFailed(f"Kafka refused to create topics: {told}")
    return [one["topic"] for one in answers if one["error_code"] == 0]


async def _differing(admin: AIOKafkaAdminClient, name: str, wanted: dict[str, str]) -> dict[str, str]:
    """The settings of the topic that are not as the contract says, with their values in the cluster."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    found = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    return {key: found.get(key, "") for key, value in wanted.items() if found.get(key) != value}
