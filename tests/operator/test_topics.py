"""The topics: created with the contract's settings, left alone when they exist."""

import secrets

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from simpul_operator.topics import ensure_topics, topic_states
from simpul_shared.contracts.topics import ACTIVITIES, TOPICS


@pytest.fixture
def prefix() -> str:
    return f"operator-{secrets.token_hex(4)}."


async def test_topics_are_created_once_with_the_settings_of_the_contract(kafka: str, prefix: str) -> None:
    assert {state.verdict for state in await topic_states(kafka, prefix=prefix)} == {"missing"}
    assert await ensure_topics(kafka, prefix=prefix) == [prefix + topic.name for topic in TOPICS]
    assert await ensure_topics(kafka, prefix=prefix) == []
    states = await topic_states(kafka, prefix=prefix)
    assert {state.verdict for state in states} == {"ok"}, states
    assert [state.partitions for state in states] == [topic.partitions for topic in TOPICS]


async def test_a_topic_that_exists_otherwise_is_left_and_its_difference_told(kafka: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + ACTIVITIES.name, 1, 1, topic_configs={"retention.ms": "1000"})])
    await admin.close()
    await ensure_topics(kafka, prefix=prefix)
    states = {state.name: state for state in await topic_states(kafka, prefix=prefix)}
    found = states.pop(prefix + ACTIVITIES.name)
    assert (found.verdict, found.partitions, found.differing.get("retention.ms")) == ("differs", 1, "1000")
    assert {state.verdict for state in states.values()} == {"ok"}


async def test_a_misspelt_topic_is_not_made_by_writing_to_it(kafka: str, prefix: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, request_timeout_ms=1000)
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait(prefix + "misspelt", b"x")
    finally:
        await producer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    assert prefix + "misspelt" not in await admin.list_topics()
    await admin.close()
