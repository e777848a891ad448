"""The published JSON Schemas (2020-12), made from the structs: one per event version, each whole in itself.

Nothing is referenced and no object is closed: what validates here may carry fields of a newer producer.
"""

import inspect
from typing import Any

import msgspec

from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import Envelope, Event, LowWaterMark
from simpul_shared.contracts.fields import FIELDS
from simpul_shared.contracts.reading import UPCASTERS
from simpul_shared.contracts.topics import MARKS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MARK = "id.simpul.platform.low-water-mark.v1"
"""The name under which the schema of low-water marks is published; a mark is no CloudEvent and carries no type."""


def schemas() -> dict[str, Schema]:
    """All published schemas by the name of what they describe."""
    return {**{name: event_schema(kind) for name, kind in EVENTS.items()}, MARK: mark_schema()}


def event_schema(kind: type[Event]) -> Schema:
    """The CloudEvent as it travels: the envelope's attributes, and under `data` what `dataschema` names."""
    envelope, data = _whole(Envelope), _whole(kind)
    return {
        "$schema": DIALECT,
        "$id": f"urn:simpul:event:{kind.type}",
        **{word: data[word] for word in ("title", "description") if word in data},
        **({"deprecated": True} if kind in UPCASTERS else {}),
        "type": "object",
        "x-simpul": {
            "topic": kind.topic.name,
            "key": kind.key_field,
            "aggregate": kind.aggregate,
            "aggregate_id": kind.aggregate_field,
        },
        "properties": {
            **envelope["properties"],
            **_fixed(kind, envelope["properties"]),
            "subject": {**envelope["properties"]["subject"], "format": "uuid"},
            "data": {"$id": f"urn:simpul:schema:{kind.type}", **data},
        },
        "required": envelope["required"],
    }


def _fixed(kind: type[Event], attributes: Schema) -> Schema:
    """The attributes that are the same in every event of the type."""
    values = {
        "specversion": "1.0",
        "type": kind.type,
        "datacontenttype": "application/json",
        "dataschema": f"urn:simpul:schema:{kind.type}",
        "aggregatetype": kind.aggregate,
    }
    told = {name: {word: value for word, value in attributes[name].items() if word != "examples"} for name in values}
    return {name: {**told[name], "const": value} for name, value in values.items()}


def mark_schema() -> Schema:
    place = {"topic": MARKS.name, "key": "service and shard, as in registry/0"}
    return {"$schema": DIALECT, "$id": f"urn:simpul:schema:{MARK}", "x-simpul": place, **_whole(LowWaterMark)}


def event_example(kind: type[Event]) -> dict[str, Any]:
    """A whole event, put together from the examples of its fields."""
    example: dict[str, Any] = example_of(event_schema(kind))
    return {
        **example,
        "source": f"/simpul/{kind.topic.service}",
        "subject": example["data"][kind.aggregate_field],
    }


def example_of(schema: Schema) -> Any:
    """A value that the schema allows."""
    if "const" in schema:
        return schema["const"]
    for one in ("examples", "enum"):
        if one in schema:
            return schema[one][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    if schema["type"] == "array":
        return [example_of(schema["items"])]
    if "properties" in schema:
        return {name: example_of(one) for name, one in schema["properties"].items()}
    return _PLAIN[schema["format"] if "format" in schema else schema["type"]]


_PLAIN = {
    "uuid": "019a9c40-0000-7a00-8000-000000000000",
    "date": "2021-06-28",
    "date-time": "2021-06-28T02:00:00Z",
    "string": "...",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "object": {},
}
"""Where a field has no example of its own."""


def _whole(kind: type[msgspec.Struct]) -> Schema:
    """The schema of a struct with everything that msgspec would only refer to."""
    (reference,), parts = msgspec.json.schema_components([kind])
    return _inlined(reference, parts)


def _inlined(schema: Schema, parts: dict[str, Schema]) -> Schema:
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        own = {name: value for name, value in schema.items() if name != "$ref"}
        return {**_inlined(part, parts), **own}
    schema = dict(schema)
    if "description" in schema:
        schema["description"] = inspect.cleandoc(schema["description"])
    if "enum" in schema:
        schema = {"title": schema.pop("title"), "type": "string", **schema}
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            schema[keyword] = _inlined(schema[keyword], parts)
    if "anyOf" in schema:
        schema["anyOf"] = [_inlined(one, parts) for one in schema["anyOf"]]
    if "properties" in schema:
        title = schema["title"]
        schema["properties"] = {
            name: _told(title, name, _inlined(one, parts)) for name, one in schema["properties"].items()
        }
    return schema


def _told(owner: str, name: str, schema: Schema) -> Schema:
    """The property with its field's own words, which say more than those of its type."""
    return {**schema, **FIELDS.get(f"{owner}.{name}", FIELDS.get(name, {}))}
