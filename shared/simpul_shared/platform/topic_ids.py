"""Kafka's own ids of topics. Another id under the same name is a topic made anew, with offsets that begin at 0 again.

Metadata from version 10 on tells them (KIP-516); aiokafka asks for version 5 at most, so the request is spelled here.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

_UNKNOWN_TOPIC = 3


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]  # aiokafka is untyped
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("in_sync", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        ("authorized_operations", Int32),
        _TAGS,
    )


class _MetadataRequest10(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _MetadataRequest(Request[_MetadataRequest10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: type[Any]) -> Any:
        asked: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in self._names]
        return request_struct_class(asked, False, False, False, {})


class TopicIds:
    """Asks any broker. Topics go without the prefix, as everywhere."""

    def __init__(self, client: AIOKafkaClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._reached = False

    async def read(self, topics: Iterable[str]) -> dict[str, UUID]:
        """The ids; a topic that does not exist is missing. Errors: aiokafka.errors.KafkaError."""
        if not self._reached:
            await self._client.bootstrap()
            self._reached = True
        request = _MetadataRequest(self._prefix + topic for topic in topics)
        response = await self._client.send(self._client.get_random_node(), request)
        found = {}
        for error_code, name, topic_id, *_ in response.topics:
            if error_code == _UNKNOWN_TOPIC:
                continue
            if error_code:
                raise for_code(error_code)(name)
            found[name.removeprefix(self._prefix)] = topic_id
        return found


@asynccontextmanager
async def topic_ids(bootstrap: str, prefix: str) -> AsyncIterator[TopicIds]:
    """Connects at the first question, so it may be opened while Kafka is away."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, client_id="simpul-topics")
    try:
        yield TopicIds(client, prefix)
    finally:
        await client.close()
