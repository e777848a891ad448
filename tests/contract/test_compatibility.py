"""The gate: every kind of change that readers could not bear is refused, with what to do instead; the rest passes."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from simpul_shared.contracts.activities import Age, Gender
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.registry import LibraryEvent
from simpul_shared.contracts.schemas import MARK, event_schema, schemas

from tests.contract import released
from tests.contract.compatibility import Schema, breaches, meaning
from tests.contract.released import Revision, ambiguous, incompatible, revisions, unreleased

ACTIVITY = "id.simpul.activities.activity-recorded.v1"
RENAMED = "id.simpul.registry.library-renamed.v1"

Change = Callable[[dict[str, Any]], object]


def data(schema: Schema) -> dict[str, Any]:
    fields: dict[str, Any] = schema["properties"]["data"]["properties"]
    return fields


def changed(name: str, change: Change) -> dict[str, Schema]:
    """All schemas of the code, one of them changed."""
    current = copy.deepcopy(schemas())
    change(current[name])
    return current


REFUSED: dict[str, tuple[str, Change, str]] = {
    "a removed field": (ACTIVITY, lambda s: data(s).pop("timezone"), "the event's data's timezone is gone"),
    "a renamed field": (
        ACTIVITY,
        lambda s: data(s).update(zone=data(s).pop("timezone")),
        "timezone is gone: readers of the released version count on it; a new name is a removal too",
    ),
    "a removed field deep inside": (
        ACTIVITY,
        lambda s: data(s)["counts"]["properties"]["gender"]["properties"].pop("male"),
        "the event's data's counts's gender's male is gone",
    ),
    "a new required field": (
        RENAMED,
        lambda s: (data(s).update(by={"type": "string"}), s["properties"]["data"]["required"].append("by")),
        "data's by is new and required",
    ),
    "an optional field that becomes required": (
        ACTIVITY,
        lambda s: s["properties"]["data"]["required"].append("bimtek_id"),
        "bimtek_id is required now",
    ),
    "a required field that becomes optional": (
        ACTIVITY,
        lambda s: s["properties"]["data"]["required"].remove("method"),
        "method is no longer required",
    ),
    "another type": (
        RENAMED,
        lambda s: data(s)["new_name"].update(type="integer"),
        "new_name was string and is integer",
    ),
    "a type that may now be null": (
        RENAMED,
        lambda s: data(s).update(new_name={"anyOf": [data(s)["new_name"], {"type": "null"}]}),
        "new_name was string and is string or null",
    ),
    "a type that may no longer be null": (
        ACTIVITY,
        lambda s: data(s).update(bimtek_id={"type": "string", "format": "uuid"}),
        "bimtek_id was string or null and is string",
    ),
    "a list that becomes a text": (
        "id.simpul.registry.region-version-published.v1",
        lambda s: data(s).update(path={"type": "string"}),
        "path was array and is string",
    ),
    "another type of list items": (
        "id.simpul.registry.region-version-published.v1",
        lambda s: data(s)["path"]["items"].update(type="integer"),
        "each of the event's data's path was string and is integer",
    ),
    "another type under a map": (
        MARK,
        lambda s: s["properties"]["offsets"]["additionalProperties"]["additionalProperties"].update(type="string"),
        "each of each of the event's offsets was integer and is string",
    ),
    "a narrower form": (
        RENAMED,
        lambda s: data(s)["new_name"].update(maxLength=80),
        "new_name had maxLength None and has 80",
    ),
    "a wider form": (
        RENAMED,
        lambda s: data(s)["effective_on"].pop("format"),
        "effective_on had format 'date' and has None",
    ),
    "a form within a choice": (
        ACTIVITY,
        lambda s: data(s)["bimtek_id"]["anyOf"][0].pop("format"),
        "bimtek_id had format 'uuid' and has None",
    ),
    "another default": (
        "id.simpul.registry.library-nominated.v1",
        lambda s: data(s)["status"].update(default="AKTIF"),
        "status had default 'DIUSULKAN' and has 'AKTIF': events without the field would change their meaning",
    ),
    "a further word of an enumeration": (
        ACTIVITY,
        lambda s: data(s)["category"]["enum"].append("OLAHRAGA"),
        "category may now be OLAHRAGA: readers of the released version cannot read that",
    ),
    "a word less in an enumeration": (
        ACTIVITY,
        lambda s: data(s)["category"]["enum"].remove("TIK"),
        "category may no longer be TIK",
    ),
    "an enumeration in place of free text": (
        RENAMED,
        lambda s: data(s)["new_name"].update(enum=["a"]),
        "new_name may now be a",
    ),
    "another topic": (
        RENAMED,
        lambda s: s["x-simpul"].update(topic="simpul.registry.libraries.v2"),
        "its topic was simpul.registry.libraries.v1 and is simpul.registry.libraries.v2",
    ),
    "another key": (
        RENAMED,
        lambda s: s["x-simpul"].update(key="region_id"),
        "its key was library_id and is region_id",
    ),
    "another aggregate": (RENAMED, lambda s: s["x-simpul"].update(aggregate="place"), "its aggregate was library"),
    "another field for the aggregate": (
        RENAMED,
        lambda s: s["x-simpul"].update(aggregate_id="region_id"),
        "its aggregate_id was library_id",
    ),
    "an attribute less in the envelope": (
        RENAMED,
        lambda s: s["properties"].pop("actorref"),
        "the event's actorref is gone",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_change_that_readers_cannot_bear_is_refused_and_told_how_to_do_it(kind: str) -> None:
    name, change, message = REFUSED[kind]
    (finding,) = incompatible(revisions(), changed(name, change))
    assert finding.startswith(f"{name}: ")
    assert message in finding
    assert f"make {name[:-1]}2 with an upcaster; docs/how-to/change-an-event.md says how." in finding


def test_a_type_that_is_gone_is_refused() -> None:
    current = schemas()
    del current[RENAMED]
    (finding,) = incompatible(revisions(), current)
    assert finding.startswith(f"{RENAMED} is released, and gone from the catalogue.")


def test_a_new_type_and_a_new_optional_field_are_compatible_but_must_be_released() -> None:
    current = changed(RENAMED, lambda s: data(s).update(by={"type": "string", "default": ""}))
    current["id.simpul.registry.library-moved.v1"] = schemas()[RENAMED]
    assert list(incompatible(revisions(), current)) == []
    assert unreleased(revisions(), current) == [RENAMED, "id.simpul.registry.library-moved.v1"]


def test_an_optional_field_in_a_part_is_compatible() -> None:
    def grow(schema: Schema) -> None:
        data(schema)["counts"]["properties"]["age"]["properties"]["from_90"] = {"type": "integer", "default": 0}

    current = changed(ACTIVITY, grow)
    assert list(incompatible(revisions(), current)) == []
    assert unreleased(revisions(), current) == [ACTIVITY]


def test_words_that_only_explain_may_change() -> None:
    def explain(schema: Schema) -> None:
        schema.update(title="Other", description="Other words", deprecated=True)
        data(schema)["new_name"].update(description="Other words", examples=["Lain"])

    current = changed(RENAMED, explain)
    assert list(incompatible(revisions(), current)) == []
    assert unreleased(revisions(), current) == []


def test_a_field_called_title_counts_as_a_field() -> None:
    name = "id.simpul.activities.bimtek-planned.v1"
    grown = copy.deepcopy(schemas()[name])
    del data(grown)["title"]
    assert meaning(grown) != meaning(schemas()[name])


def test_what_was_released_later_holds_as_well(tmp_path: Path) -> None:
    """A field that a second revision brought may not go again, though the first never had it."""
    grown = changed(RENAMED, lambda s: data(s).update(by={"type": "string", "default": ""}))[RENAMED]
    for number, schema in (("1", schemas()[RENAMED]), ("2", grown)):
        (tmp_path / RENAMED / number).mkdir(parents=True)
        (tmp_path / RENAMED / number / "schema.json").write_text(json.dumps(schema))
    (finding,) = incompatible(revisions(tmp_path), schemas())
    assert "data's by is gone" in finding


class LibraryRenamed(LibraryEvent, frozen=True, kw_only=True):
    """As the contract has it, but for a field that turned from a date into a text."""

    type: ClassVar[str] = RENAMED

    old_name: str
    new_name: str
    effective_on: str


def test_a_change_of_the_struct_itself_is_seen() -> None:
    (one,) = revisions()[RENAMED]
    (breach,) = breaches(one.schema, event_schema(LibraryRenamed))
    assert breach.startswith("the event's data's effective_on had format 'date' and has None: a narrower form refuses")


class LibraryRenamedAgain(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = RENAMED.replace(".v1", ".v2")

    by: UUID
    gender: Gender
    age: Age


def test_a_second_version_without_an_upcaster_from_the_first_is_refused() -> None:
    (finding,) = ambiguous({**EVENTS, LibraryRenamedAgain.type: LibraryRenamedAgain})
    assert finding.startswith(f"{RENAMED} has a successor and no upcaster to it.")


def test_the_code_is_compatible_with_all_that_is_released() -> None:
    assert released.findings() == []


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.json*")}


async def test_a_release_adds_and_never_overwrites(tmp_path: Path) -> None:
    made = await released.release(tmp_path)
    assert {folder.parent.name for folder in made} == set(schemas())
    assert released.findings(tmp_path) == []
    before = contents(tmp_path)
    assert await released.release(tmp_path) == []
    assert contents(tmp_path) == before
    with pytest.raises(FileExistsError):
        released._add(Revision(RENAMED, made[0]).folder / "schema.json", b"{}")
