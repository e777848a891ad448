"""The JSON Schemas as they are committed under docs/reference, and which event types were seen to follow them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "reference" / "schemas"
SEEN: set[str] = set()
"""Types that a service recorded in this run of the tests, each valid by its published schema."""


class NotAsPublished(AssertionError):
    """An event that does not follow the schema published for its type."""


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return checked_by(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def checked_by(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, ignore_unknown_formats=False)


def require_published(value: bytes, *, name: str | None = None) -> str:
    """The type of an event that follows its published schema; `name` for what carries no type. Errors: NotAsPublished."""
    document = json.loads(value)
    name = name or document["type"]
    for error in validator(name).iter_errors(document):
        raise NotAsPublished(f"{name}: {error.message} at /{'/'.join(map(str, error.instance_path))}")
    return name
