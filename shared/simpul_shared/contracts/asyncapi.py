"""A service's AsyncAPI 3.0 document: what it sends and what it follows, made from catalogue, topics and handlers."""

from collections.abc import Collection, Sequence
from typing import Any

from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import CONTENT_TYPE, Event
from simpul_shared.contracts.fields import FIELDS
from simpul_shared.contracts.reading import UPCASTERS, latest
from simpul_shared.contracts.schemas import MARK, Schema, event_example, event_schema, example_of, mark_schema
from simpul_shared.contracts.topics import MARKS, MAX_EVENT_BYTES, TOPICS, Topic

_BINDING = "0.5.0"
_DAY_MS = 24 * 60 * 60 * 1000

_INFO = f"""The events of one service of Simpul Pustaka.

**Form.** Every event is a CloudEvents 1.0 document in structured JSON mode, at most {MAX_EVENT_BYTES // 1024} KiB. Each type ends in its version. The
schema of each is also served at `/schemas/<type>`.

**Order.** All events of one aggregate are on one topic under one key, in the order of `aggregateversion`. Nothing orders different aggregates,
and nothing orders one topic against another.

**Once.** An event may come again, with the same `id` and `aggregateversion`, at a later offset, and then out of order. Skip versions that are
applied; keep aside those that are too early, until the missing ones come.

**Change.** A field may be added that readers can do without, so ignore fields that you do not know. Everything else, a further value of an
enumeration too, is a new version of the type. Types that you do not know may come; keep them aside until you can read them.

**Without Kafka.** `GET /v1/events` of each service gives the same events page by page or as a stream, within the regions of the caller's token.

**Personal data.** No name of a person is in any event, nor in a key.

**Names.** A deployment may put a prefix before every topic (`SIMPUL_TOPIC_PREFIX`).
"""

_MARKS = """Low-water marks of every service's ledger, about one a second and shard. They tell a consumer how far it is, not what happened: a
reader that has reached the offsets of a mark has all that the shard recorded up to `through`. Only the newest matters."""


def document(name: str, title: str, *, follows: Sequence[Topic], handled: Collection[type[Event]]) -> dict[str, Any]:
    """The document of the service `name`, which reads the topics `follows` and acts on the events `handled`."""
    sent = [topic for topic in TOPICS if topic.service == name]
    channels = {_key(topic.name): _channel(topic) for topic in (*sent, *(one for one in follows if one not in sent))}
    channels[_key(MARKS.name)] = _marks_channel()
    operations = {f"send-{_key(topic.name)}": _operation("send", topic, _current(topic)) for topic in sent}
    operations |= {
        f"receive-{_key(topic.name)}": _operation("receive", topic, _acted_on(topic, handled)) for topic in follows
    }
    operations |= _marks_operations(follows=bool(follows))
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:simpul:{name}:events",
        "info": {
            "title": f"Simpul Pustaka: {title}",
            "version": "1",
            "description": _INFO,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": _components([kind for kind in EVENTS.values() if _key(kind.topic.name) in channels]),
    }


def _key(name: str) -> str:
    """The name as a key of the document, in which tools want no dots: registry-libraries-v1."""
    return name.removeprefix("id.").removeprefix("simpul.").replace(".", "-")


def _types(topic: Topic) -> list[type[Event]]:
    return [kind for kind in EVENTS.values() if kind.topic == topic]


def _current(topic: Topic) -> list[type[Event]]:
    return [kind for kind in _types(topic) if kind not in UPCASTERS]


def _acted_on(topic: Topic, handled: Collection[type[Event]]) -> list[type[Event]]:
    return [kind for kind in _types(topic) if latest(kind) in handled]


def _channel(topic: Topic) -> dict[str, Any]:
    types = _types(topic)
    aggregates = " and ".join(dict.fromkeys(kind.aggregate for kind in types))
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"All that happens to each {aggregates}. Written by {topic.service} alone. Kept for {_kept(topic)}; "
        f"what is older is at `GET /v1/events` of {topic.service}, in the same order and with the same ids.",
        "messages": {_key(kind.type): {"$ref": f"#/components/messages/{_key(kind.type)}"} for kind in types},
        "bindings": _topic_binding(topic),
    }


def _marks_channel() -> dict[str, Any]:
    return {
        "address": MARKS.name,
        "title": MARKS.name,
        "description": f"{_MARKS} Kept for {_kept(MARKS)}.",
        "messages": {_key(MARK): {"$ref": f"#/components/messages/{_key(MARK)}"}},
        "bindings": _topic_binding(MARKS),
    }


def _kept(topic: Topic) -> str:
    days = int(topic.config["retention.ms"]) // _DAY_MS
    return f"{days} days" if days > 1 else "one day"


def _topic_binding(topic: Topic) -> dict[str, Any]:
    settings: dict[str, Any] = {name: int(value) if value.isdigit() else value for name, value in topic.config.items()}
    settings["cleanup.policy"] = settings["cleanup.policy"].split(",")
    binding = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": settings}
    return {"kafka": {**binding, "bindingVersion": _BINDING}}


def _operation(action: str, topic: Topic, types: Sequence[type[Event]]) -> dict[str, Any]:
    told = {
        "send": "Sent after the change was committed, from the service's ledger.",
        "receive": "Those it acts on; of the others on the channel it only counts the version.",
    }
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{_key(topic.name)}"},
        "title": f"{action} {topic.name}",
        "description": told[action],
        "messages": [{"$ref": f"#/channels/{_key(topic.name)}/messages/{_key(kind.type)}"} for kind in types],
    }


def _marks_operations(*, follows: bool) -> dict[str, Any]:
    actions = ("send", "receive") if follows else ("send",)
    return {
        f"{action}-{_key(MARKS.name)}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{_key(MARKS.name)}"},
            "title": f"{action} {MARKS.name}",
            "messages": [{"$ref": f"#/channels/{_key(MARKS.name)}/messages/{_key(MARK)}"}],
        }
        for action in actions
    }


def _components(kinds: Sequence[type[Event]]) -> dict[str, Any]:
    messages = {_key(kind.type): _message(kind) for kind in kinds}
    schemas = {_key(kind.type): _embedded(event_schema(kind)) for kind in kinds}
    return {
        "messages": {**messages, _key(MARK): _mark_message()},
        "schemas": {**schemas, _key(MARK): _embedded(mark_schema())},
    }


def _message(kind: type[Event]) -> dict[str, Any]:
    schema = event_schema(kind)
    description = schema.get("description", "")
    if kind in UPCASTERS:
        description = f"Superseded by `{latest(kind).type}`; no longer sent. {description}".strip()
    example = {"headers": {"content-type": CONTENT_TYPE}, "payload": event_example(kind)}
    return {
        "name": kind.__name__,
        "title": kind.type,
        **({"description": description} if description else {}),
        "contentType": CONTENT_TYPE,
        "headers": _HEADERS,
        "payload": {"$ref": f"#/components/schemas/{_key(kind.type)}"},
        "correlationId": {"location": "$message.payload#/correlationid"},
        "bindings": _key_binding({"type": "string", "format": "uuid", "description": f"`{kind.key_field}` of data."}),
        "examples": [{"name": kind.__name__, **example}],
    }


def _mark_message() -> dict[str, Any]:
    schema = mark_schema()
    return {
        "name": schema["title"],
        "title": MARK,
        "description": schema["description"],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_key(MARK)}"},
        "bindings": _key_binding({"type": "string", "description": "Service and shard.", "examples": ["registry/0"]}),
        "examples": [{"name": schema["title"], "payload": example_of(schema)}],
    }


_HEADERS: Schema = {
    "type": "object",
    "properties": {
        "content-type": {"type": "string", "const": CONTENT_TYPE},
        "traceparent": {"type": "string", **FIELDS["traceparent"]},
    },
    "required": ["content-type"],
}


def _key_binding(key: Schema) -> dict[str, Any]:
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


def _embedded(schema: Schema) -> Schema:
    """As a Schema Object of AsyncAPI: the same words, without the names that a document of its own carries."""
    plain = {word: value for word, value in schema.items() if word not in {"$schema", "$id"}}
    if "data" in plain["properties"]:
        data = {word: value for word, value in plain["properties"]["data"].items() if word != "$id"}
        plain["properties"] = {**plain["properties"], "data": data}
    return plain
