"""What may change in the schema of a released event version: it may gain fields that readers can do without. Pure."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_WORDS = {"$schema", "$id", "$comment", "title", "description", "examples", "deprecated"}
"""What only explains; it may change at any time."""
_PARTS = {"properties", "required", "items", "additionalProperties", "anyOf", "enum", "type", "x-simpul"}


def breaches(released: Schema, current: Schema, where: str = "the event") -> Iterator[str]:
    """Every change that a reader of the released version, or of the ledger's older events, could not bear."""
    if _shape(released) != _shape(current):
        yield f"{where} was {_shape(released)} and is {_shape(current)}: another type is another version"
        return
    yield from _place(released.get("x-simpul", {}), current.get("x-simpul", {}))
    yield from _values(released, current, where)
    yield from _constraints(released, current, where)
    yield from _fields(released, current, where)
    for word in ("items", "additionalProperties"):
        if word in released:
            yield from breaches(released[word], current[word], f"each of {where}")
    for before, now in zip(released.get("anyOf", []), current.get("anyOf", []), strict=True):
        yield from breaches(before, now, where)


def meaning(schema: Any) -> Any:
    """The schema without what only explains: two that mean the same are equal."""
    if isinstance(schema, list):
        return [meaning(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {word: value for word, value in schema.items() if word not in _WORDS}
    if "properties" in kept:  # fields may be called title or description
        kept["properties"] = {name: meaning(one) for name, one in kept["properties"].items()}
    return {
        word: value if word in {"properties", "const", "default"} else meaning(value) for word, value in kept.items()
    }


def _shape(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_shape(one) for one in schema["anyOf"])
    opened = isinstance(schema.get("additionalProperties"), dict)
    return "map" if opened else str(schema.get("type", "anything"))


def _place(released: Schema, current: Schema) -> Iterator[str]:
    told = {
        "topic": "readers of the old topic would miss its events",
        "key": "an aggregate's events would be spread over partitions, and their order lost",
        "aggregate": "versions are counted per aggregate",
        "aggregate_id": "versions are counted per aggregate",
    }
    for word, why in told.items():
        if released.get(word) != current.get(word):
            yield f"its {word} was {released.get(word)} and is {current.get(word)}: {why}"


def _values(released: Schema, current: Schema, where: str) -> Iterator[str]:
    before, now = set(released.get("enum", [])), set(current.get("enum", []))
    if now - before:
        yield f"{where} may now be {_listed(now - before)}: readers of the released version cannot read that"
    if before - now:
        yield f"{where} may no longer be {_listed(before - now)}: events in the ledgers are"


def _constraints(released: Schema, current: Schema, where: str) -> Iterator[str]:
    for word in sorted((set(released) | set(current)) - _WORDS - _PARTS):
        if released.get(word) == current.get(word):
            continue
        change = f"{where} had {word} {released.get(word)!r} and has {current.get(word)!r}"
        if word == "default":
            yield f"{change}: events without the field would change their meaning"
        else:
            yield f"{change}: a narrower form refuses events of the ledgers, a wider one is refused by released readers"


def _fields(released: Schema, current: Schema, where: str) -> Iterator[str]:
    before, now = released.get("properties", {}), current.get("properties", {})
    needed_before, needed_now = set(released.get("required", [])), set(current.get("required", []))
    for name in before:
        field = f"{where}'s {name}"
        if name not in now:
            yield f"{field} is gone: readers of the released version count on it; a new name is a removal too"
            continue
        if name in needed_now - needed_before:
            yield f"{field} is required now: events in the ledgers may lack it"
        if name in needed_before - needed_now:
            yield f"{field} is no longer required: readers of the released version need it"
        yield from breaches(before[name], now[name], field)
    for name in now:
        if name not in before and name in needed_now:
            yield f"{where}'s {name} is new and required: events in the ledgers lack it; give it a default"


def _listed(values: set[Any]) -> str:
    return ", ".join(sorted(map(str, values)))
