"""What is published about the events: the documents are what AsyncAPI 3 and JSON Schema allow, complete, and served."""

import warnings
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from simpul_shared.contracts.catalogue import EVENTS, SERVICES
from simpul_shared.contracts.envelope import Envelope, Event, LowWaterMark
from simpul_shared.contracts.fields import FIELDS
from simpul_shared.contracts.reading import UPCASTERS
from simpul_shared.contracts.schemas import DIALECT, MARK, event_example, example_of, mark_schema, schemas
from simpul_shared.contracts.topics import MARKS, TOPICS
from simpul_shared.platform.service import Service, asyncapi

from tests.support.databases import Databases
from tests.support.published import checked_by
from tests.support.reference import ALL
from tests.support.services import service_under_test

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # the package's own: a field named `schema`
    from asyncapi3.models.asyncapi import AsyncAPI3

Json = dict[str, Any]
services = pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
kinds = pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.type)


@services
def test_the_document_is_asyncapi_3(service: Service) -> None:
    AsyncAPI3.model_validate(asyncapi(service))


def test_the_validator_refuses_what_is_not() -> None:
    document = asyncapi(ALL[0])
    document["operations"]["send-registry-regions-v1"]["action"] = "publish"
    with pytest.raises(ValueError, match="action"):
        AsyncAPI3.model_validate(document)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from references(one)


def resolved(document: Json, reference: str) -> Any:
    place: Any = document
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


@services
def test_every_reference_in_the_document_resolves(service: Service) -> None:
    document = asyncapi(service)
    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        assert resolved(document, reference)


def addressed(document: Json, action: str) -> set[str]:
    channels = [one["channel"]["$ref"] for one in document["operations"].values() if one["action"] == action]
    return {resolved(document, reference)["address"] for reference in channels}


def types_of(document: Json, action: str) -> set[str]:
    found = [one["messages"] for one in document["operations"].values() if one["action"] == action]
    references = [resolved(document, one["$ref"])["$ref"] for messages in found for one in messages]
    return {resolved(document, one)["title"] for one in references}


@services
def test_the_document_tells_what_the_service_sends_and_what_it_acts_on(service: Service) -> None:
    document = asyncapi(service)
    written = {kind.type for kind in SERVICES[service.name] if kind not in UPCASTERS}
    assert types_of(document, "send") == written | {MARK}
    assert addressed(document, "send") == {one.name for one in TOPICS if one.service == service.name} | {MARKS.name}
    marks = {MARKS.name} if service.topics else set()
    assert addressed(document, "receive") == {one.name for one in service.topics} | marks
    acted_on = {kind.type for kind in service.handlers}
    assert types_of(document, "receive") - {MARK} == acted_on


@services
def test_channels_carry_partitions_and_settings_of_their_topics(service: Service) -> None:
    topics = {one.name: one for one in TOPICS}
    for channel in asyncapi(service)["channels"].values():
        binding, topic = channel["bindings"]["kafka"], topics[channel["address"]]
        assert binding["partitions"] == topic.partitions
        assert str(binding["topicConfiguration"]["retention.ms"]) == topic.config["retention.ms"]
        assert binding["topicConfiguration"]["cleanup.policy"] == ["delete"]


@services
def test_the_examples_in_the_document_follow_its_own_schemas(service: Service) -> None:
    document = asyncapi(service)
    for message in document["components"]["messages"].values():
        payload = checked_by(resolved(document, message["payload"]["$ref"]))
        headers = checked_by(message.get("headers", {}))
        for example in message["examples"]:
            payload.validate(example["payload"])
            headers.validate(example.get("headers", {}))


@pytest.mark.parametrize("name", schemas())
def test_every_schema_is_json_schema_2020_12(name: str) -> None:
    schema = schemas()[name]
    assert schema["$schema"] == DIALECT
    jsonschema_rs.meta.validate(schema)


@kinds
def test_the_example_of_a_type_follows_its_schema(kind: type[Event]) -> None:
    example = event_example(kind)
    checked_by(schemas()[kind.type]).validate(example)
    assert (example["source"], example["subject"]) == (
        f"/simpul/{kind.topic.service}",
        example["data"][kind.aggregate_field],
    )


def fields(schema: Json) -> Iterator[tuple[str, str]]:
    """All fields as (struct, name), those of parts too."""
    for name, one in schema.get("properties", {}).items():
        yield schema["title"], name
        yield from fields(one)
        yield from fields(one.get("items", {}))


def test_every_field_has_its_words_and_no_words_are_left_over() -> None:
    parts = [*(one["properties"]["data"] for name, one in schemas().items() if name != MARK), mark_schema()]
    found = {pair for part in parts for pair in fields(part)} | {
        ("Envelope", one) for one in Envelope.__struct_fields__ if one != "data"
    }
    used = {name if f"{owner}.{name}" not in FIELDS else f"{owner}.{name}" for owner, name in found}
    assert used == set(FIELDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "no uuid"),
        ("time", "2021-06-28"),
        ("time", "2021-06-28T02:00:00"),
        ("aggregateversion", 0),
        ("type", "id.simpul.registry.library-renamed.v2"),
        ("data", {}),
    ],
)
def test_the_schema_refuses_what_is_no_such_event(name: str, value: object) -> None:
    kind = EVENTS["id.simpul.registry.library-renamed.v1"]
    schema = checked_by(schemas()[kind.type])
    assert not schema.is_valid({**event_example(kind), name: value})


def test_the_example_of_a_mark_follows_its_schema() -> None:
    example = example_of(mark_schema())
    checked_by(mark_schema()).validate(example)
    assert set(example) >= set(LowWaterMark.__struct_fields__)


@services
async def test_a_service_serves_its_document_and_the_schemas_to_anybody(service: Service, databases: Databases) -> None:
    async with service_under_test(service, databases) as running:
        document = await running.http.get("/asyncapi.json")
        assert (document.status_code, document.json()) == (200, asyncapi(service))
        for name, schema in schemas().items():
            served = await running.http.get(f"/schemas/{name}")
            assert (served.status_code, served.json()) == (200, schema)
            assert served.headers["content-type"] == "application/schema+json"
        unknown = await running.http.get("/schemas/id.simpul.registry.library-moved.v1")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "schema-not-found")
