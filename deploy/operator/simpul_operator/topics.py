"""Creates and lists the topics of simpul_shared.contracts.topics; what exists is left as it is."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError
from simpul_shared.contracts.topics import TOPICS, Topic

from simpul_operator.failures import ChildFailed, NotRunning

_MOST_COPIES = 3
_ALREADY_EXISTS = 36


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
    """Creates the topics that are missing and gives their names. Errors: NotRunning, ChildFailed, aiokafka.errors.KafkaError."""
    async with _admin(bootstrap) as admin:
        present = set(await admin.list_topics())
        copies = min(_MOST_COPIES, len((await admin.describe_cluster())["brokers"]))
        missing = [topic for topic in topics if prefix + topic.name not in present]
        if missing:
            answer = await admin.create_topics([_new(topic, prefix, copies) for topic in missing])
            _check(answer.to_object()["topic_errors"])
        return [prefix + topic.name for topic in missing]


async def topic_states(bootstrap: str, *, prefix: str = "", topics: Iterable[Topic] = TOPICS) -> list[TopicState]:
    async with _admin(bootstrap) as admin:
        present = {one["topic"]: len(one["partitions"]) for one in await admin.describe_topics()}
        return [
            TopicState(
                name := prefix + topic.name,
                present.get(name, 0),
                topic.partitions,
                await _differing(admin, name, topic.config) if name in present else {},
            )
            for topic in topics
        ]


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


def _new(topic: Topic, prefix: str, copies: int) -> NewTopic:
    return NewTopic(prefix + topic.name, topic.partitions, copies, topic_configs=dict(topic.config))


def _check(errors: Iterable[dict[str, object]]) -> None:
    # Two setups may run at once; the one that comes second finds what it wanted.
    refused = [one for one in errors if one["error_code"] not in (0, _ALREADY_EXISTS)]
    if refused:
        told = "; ".join(f"{one['topic']}: {one['error_message'] or one['error_code']}" for one in refused)
        raise ChildFailed(f"Kafka refused to create topics: {told}")


async def _differing(admin: AIOKafkaAdminClient, name: str, wanted: dict[str, str]) -> dict[str, str]:
    """The settings of the topic that are not as the contract says, with their values in the cluster."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    found = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    return {key: found.get(key, "") for key, value in wanted.items() if found.get(key) != value}
