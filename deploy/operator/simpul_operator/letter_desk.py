"""What `simpul dead-letters` does and prints, over the service's routes for operators."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from simpul_operator.addresses import SERVICES
from simpul_operator.failures import Misconfigured, NeedsAttention
from simpul_operator.operator_client import OperatorClient

_WIDTH = 170
_PAGE = 50


@dataclass(frozen=True)
class LetterDesk:
    """Errors, of every method: NotRunning, Misconfigured, Refused; NeedsAttention where something is still poison."""

    client: OperatorClient
    service: str
    as_json: bool

    def __post_init__(self) -> None:
        if self.service not in SERVICES:
            raise Misconfigured(f"There is no service {self.service!r}; say one of {', '.join(SERVICES)}.")

    def list(self, limit: int, **wanted: Any) -> None:
        letters: list[Any] = []
        cursor = None
        while len(letters) < limit:
            asked = min(200, limit - len(letters))
            page = self.client.get(self.service, "/v1/dead-letters", limit=asked, cursor=cursor, **wanted)
            letters += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        self._tell(letters, letter_table(letters) if letters else Text(f"{self.service} has no such dead letters."))

    def show(self, letter: int) -> None:
        shown = self.client.get(self.service, f"/v1/dead-letters/{letter}")
        self._tell(shown, letter_sheet(shown))

    def change(self, letter: int, what: str, **body: Any) -> None:
        changed = self._post(f"/v1/dead-letters/{letter}/{what}", body)
        self._tell(changed, Text(told(changed)))
        if what != "assign" and changed["state"] == "poison":
            raise NeedsAttention(f"Letter {letter} is still poison: {changed['detail']}")

    def edit(self, letter: int, file: Path | None, *, reason: str) -> None:
        value = file.read_bytes() if file is not None else self._edited(letter)
        if value is None:
            print("Nothing was changed, so nothing was sent.")
            return
        self.change(letter, "edit", reason=reason, base64=base64.b64encode(value).decode())

    def redrive_many(self, **wanted: Any) -> None:
        changed: list[Any] = []
        cursor = None
        while True:
            page = self._post("/v1/dead-letters/redrive", {**wanted, "limit": _PAGE, "cursor": cursor})
            changed += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        poison = sum(one["state"] == "poison" for one in changed)
        summary = {"items": changed, "applied": sum(one["applied"] for one in changed), "still_poison": poison}
        lines = [Text(told(one)) for one in changed] or [Text(f"{self.service} has no such poison letters.")]
        self._tell(summary, Group(*lines))
        if poison:
            raise NeedsAttention(f"{poison} of {len(changed)} letter(s) are still poison.")

    def _post(self, path: str, body: object) -> Any:
        return self.client.post(self.service, path, body, key=uuid4().hex)

    def _edited(self, letter: int) -> bytes | None:
        """The value after a turn in the editor, or None where it is unchanged. Errors: Misconfigured where it is no text."""
        value = self.client.get(self.service, f"/v1/dead-letters/{letter}")["value"]
        if value is None or value["text"] is None:
            raise Misconfigured("The value is no text. Write the new one into a file and name it with --file.")
        before = pretty(value["text"])
        after = click.edit(before, extension=".json")
        return None if after is None or after == before else compact(after).encode()

    def _tell(self, document: object, shown: RenderableType) -> None:
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False))
            return
        console = Console(highlight=False)
        (console if console.is_terminal else Console(highlight=False, width=_WIDTH)).print(shown)


def letter_table(letters: list[Any]) -> Table:
    table = Table("id", "state", "reason", "event", box=None)
    table.add_column("aggregate", no_wrap=True, min_width=36)
    for name in ("version", "behind it", "attempts", "first seen", "owner"):
        table.add_column(name)
    for one in letters:
        table.add_row(
            str(one["dead_letter_id"]),
            one["state"],
            one["reason"],
            (one["event_type"] or f"? on {one['topic']}").removeprefix("simpul."),
            one["aggregate_id"] or "?",
            _text(one["aggregate_version"]),
            _text(one["waiting_behind"] or None),
            str(one["attempts"]),
            f"{age(one['first_seen_at'])} ago",
            one["owner"],
        )
    return table


def letter_sheet(letter: Mapping[str, Any]) -> RenderableType:
    facts = Table(box=None, show_header=False)
    for name in ("dead_letter_id", "state", "reason", "detail", "attempts", "owner", *_PLACE, *_EVENT, *_TIMES):
        facts.add_row(name, Text(_text(letter[name]), overflow="fold"))
    parts: list[RenderableType] = [
        facts,
        Text(),
        Text("value" + (", edited" if letter["edited"] else "")),
        _body(letter["value"]),
    ]
    if letter["edited"]:
        parts += [Text(), Text("as it came from Kafka"), _body(letter["original_value"])]
    parts += [Text(), *_waits(letter), Text(), *_history(letter)]
    return Group(*parts)


_PLACE = ("topic", "partition", "offset")
_EVENT = ("event_type", "event_id", "aggregate_id", "aggregate_version")
_TIMES = ("recorded_at", "first_seen_at", "tried_at", "resolved_at")


def _waits(letter: Mapping[str, Any]) -> list[Text]:
    """Whom it waits for, and who waits for it."""
    awaited = letter["awaited"]
    if letter["state"] == "waiting" and awaited is not None:
        holder = f"letter {awaited['dead_letter_id']}" if awaited["dead_letter_id"] else "which has not come"
        return [Text(f"It waits for version {awaited['version']}, {holder}.")]
    behind = ", ".join(f"{one['dead_letter_id']} (version {one['aggregate_version']})" for one in letter["waiting"])
    return [Text(f"Behind it wait {letter['waiting_behind']}: {behind}" if behind else "Nothing waits behind it.")]


def _history(letter: Mapping[str, Any]) -> list[Text]:
    done = [f"{one['at'][:19]} {one['actor']} {one['action']}: {one['reason']}" for one in letter["actions"]]
    return [Text(line, overflow="fold") for line in done or ["Nobody has done anything about it yet."]]


def _body(value: Mapping[str, Any] | None) -> Text:
    if value is None:
        return Text("(none)")
    shown = value["base64"] + "  (base64)" if value["text"] is None else pretty(value["text"])
    return Text(shown, overflow="fold")


def told(letter: Mapping[str, Any]) -> str:
    """What became of a letter, in one line."""
    line = f"Letter {letter['dead_letter_id']} is {letter['state']}; events applied: {letter['applied']}"
    return f"{line}; {letter['reason']}: {letter['detail']}" if letter["state"] in {"poison", "waiting"} else f"{line}."


def pretty(text: str) -> str:
    """JSON on many lines; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    except ValueError:
        return text


def compact(text: str) -> str:
    try:
        return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return text


def age(moment: str) -> str:
    """How long ago, in the two largest units."""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    units = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    counted = [f"{count} {unit}" for count, unit in units if count > 0]
    return " ".join(counted[:2]) or "0 s"


def _text(value: object) -> str:
    return "" if value is None else str(value)
