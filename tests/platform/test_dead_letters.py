"""The workbench for dead letters, over real Postgres and HTTP: each event is counted once, whatever an operator does."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from simpul_shared.access import Role
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.topics import LIBRARIES, MARKS
from simpul_shared.platform.consume import Handler, Received
from simpul_shared.platform.database import Transaction

from tests.support.services import Caller, ServiceUnderTest, served
from tests.support.tally.service import TALLY, count_names, renamed
from tests.support.tokens import token

WHY = {"reason": "the handler is mended"}


async def count_all_names(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
    """The handler of the next deploy: no name is too much for it."""
    harmless = [replace(one, event=renamed(one.event.library_id, f"{one.event.new_name}!")) for one in events]
    await count_names(tx, harmless)


@asynccontextmanager
async def deployed(tally: ServiceUnderTest, handler: Handler = count_all_names) -> AsyncIterator[Caller]:
    """An operator's calls to a later version of the service, over the same database."""
    app = served(replace(TALLY, handlers={LibraryRenamed: handler}), tally.database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service.test", timeout=60) as http:
        yield Caller(http, token(Role.OPERATOR))


def operator(tally: ServiceUnderTest) -> Caller:
    return tally.caller(Role.OPERATOR)


async def names_of(tally: ServiceUnderTest, library: UUID) -> list[str]:
    return await tally.database.pool.fetchval("select names from tally where library_id = $1", library) or []


async def states(tally: ServiceUnderTest) -> list[tuple[int | None, str]]:
    return [(row["aggregate_version"], row["state"]) for row in await tally.dead_letters()]


async def letters(caller: Caller, **wanted: Any) -> list[Any]:
    found: list[Any] = (await caller.get("/v1/dead-letters", **wanted)).json()["items"]
    return found


async def first_letter(tally: ServiceUnderTest) -> int:
    return int((await letters(operator(tally)))[0]["dead_letter_id"])


async def sick_library(tally: ServiceUnderTest, *names: str) -> UUID:
    """A library whose first names are these; by default the second of four fails."""
    library = uuid4()
    await tally.receive(*(renamed(library, name) for name in names or ("a", "handler bug", "c", "d")))
    return library


async def unreadable_letter(tally: ServiceUnderTest, value: bytes = b"{not json") -> int:
    await tally.apply([tally.record(LIBRARIES.name, b"k", value)])
    return await first_letter(tally)


async def test_a_letter_shows_why_since_when_whose_it_is_and_what_waits_behind_it(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    poison, *waiting = await letters(operator(tally))
    assert (poison["state"], poison["reason"], poison["attempts"]) == ("poison", "handler-failed", 3)
    assert poison["detail"] == "ZeroDivisionError: a fault in the handler"
    assert (poison["owner"], poison["topic"]) == ("registry", LIBRARIES.name)
    assert (poison["event_type"], poison["aggregate_id"]) == (LibraryRenamed.type, str(library))
    assert poison["recorded_at"] <= poison["first_seen_at"] <= poison["tried_at"]
    assert (poison["waiting_behind"], [one["reason"] for one in waiting]) == (2, ["behind-poison"] * 2)
    shown = (await operator(tally).get(f"/v1/dead-letters/{poison['dead_letter_id']}")).json()
    assert [one["dead_letter_id"] for one in shown["waiting"]] == [one["dead_letter_id"] for one in waiting]
    assert shown["awaited"] == {"version": 2, "dead_letter_id": poison["dead_letter_id"], "state": "poison"}
    (kept,) = [row for row in await tally.dead_letters() if row["state"] == "poison"]
    assert base64.b64decode(shown["value"]["base64"]) == shown["value"]["text"].encode() == kept["value"]
    assert shown["key"]["text"] == str(library)


async def test_bytes_and_headers_that_are_no_text_are_shown_as_base64(tally: ServiceUnderTest) -> None:
    record = replace(tally.record(LIBRARIES.name, None, b"\xff\xfe"), headers=[("x", None), ("y", b"\xff")])
    await tally.apply([record])
    shown = (await operator(tally).get(f"/v1/dead-letters/{await first_letter(tally)}")).json()
    assert shown["value"] == {"size": 2, "base64": base64.b64encode(b"\xff\xfe").decode(), "text": None}
    assert (shown["key"], shown["headers"]["x"], shown["headers"]["y"]["base64"]) == (None, None, "/w==")
    assert (shown["aggregate_id"], shown["awaited"], shown["waiting"]) == (None, None, [])


async def test_letters_are_listed_by_what_is_asked_and_in_pages(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    await tally.apply([tally.record(LIBRARIES.name, b"k", b"{"), tally.record(MARKS.name, b"k", b"{")])
    caller = operator(tally)
    assert len(await letters(caller)) == 5
    assert len(await letters(caller, state="waiting")) == 2
    assert len(await letters(caller, state=["waiting", "poison"], aggregate_id=str(library))) == 3
    assert [one["reason"] for one in await letters(caller, topic=MARKS.name)] == ["mark-unreadable"]
    assert [one["state"] for one in await letters(caller, reason="handler-failed")] == ["poison"]
    assert len(await letters(caller, event_type=LibraryRenamed.type)) == 3
    assert await letters(caller, state="dismissed") == []
    seen, cursor = [], None
    while True:
        page = (await caller.get("/v1/dead-letters", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        seen += [one["dead_letter_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert seen == sorted(seen)


async def test_redriven_after_the_handler_is_mended_all_that_waited_follows_each_once(tally: ServiceUnderTest) -> None:
    sick, well = await sick_library(tally), uuid4()
    await tally.receive(renamed(well, "x"))
    async with deployed(tally) as caller:
        answer = (await caller.post(f"/v1/dead-letters/{await first_letter(tally)}/redrive", WHY)).json()
        assert (answer["state"], answer["applied"], answer["waiting_behind"]) == ("resolved", 3, 0)
        assert await letters(caller) == []
    assert await names_of(tally, sick) == ["a", "handler bug!", "c!", "d!"]
    await tally.receive(renamed(sick, "e"))
    assert await names_of(tally, sick) == ["a", "handler bug!", "c!", "d!", "e"]
    assert await names_of(tally, well) == ["x"]
    assert await states(tally) == [(2, "resolved"), (3, "resolved"), (4, "resolved")]


async def test_a_letter_that_fails_again_stays_poison_with_one_attempt_more(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    letter = await first_letter(tally)

    async def fail(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
        await count_names(tx, [replace(one, event=renamed(one.event.library_id, "half")) for one in events])
        raise ValueError("another fault")

    async with deployed(tally, fail) as caller:
        answer = (await caller.post(f"/v1/dead-letters/{letter}/redrive", WHY)).json()
    assert (answer["state"], answer["applied"], answer["attempts"]) == ("poison", 0, 4)
    assert (answer["reason"], answer["detail"]) == ("handler-failed", "ValueError: another fault")
    assert await names_of(tally, library) == ["a"]
    assert await states(tally) == [(2, "poison"), (3, "waiting"), (4, "waiting")]


async def test_a_later_event_that_fails_in_turn_becomes_poison_and_the_rest_waits_behind_it(
    tally: ServiceUnderTest,
) -> None:
    library = await sick_library(tally, "handler bug", "b", "handler bug", "d")

    async def only_the_first(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
        if any(one.event.new_name == "handler bug" and one.version > 1 for one in events):
            raise ValueError("not this one")
        await count_all_names(tx, events)

    async with deployed(tally, only_the_first) as caller:
        answer = (await caller.post(f"/v1/dead-letters/{await first_letter(tally)}/redrive", WHY)).json()
    assert (answer["state"], answer["applied"]) == ("resolved", 2)
    assert await names_of(tally, library) == ["handler bug!", "b!"]
    assert await states(tally) == [(1, "resolved"), (2, "resolved"), (3, "poison"), (4, "waiting")]


async def test_a_redrive_sent_twice_is_done_once(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    path = f"/v1/dead-letters/{await first_letter(tally)}/redrive"
    async with deployed(tally) as caller:
        answers = await asyncio.gather(*(caller.post(path, WHY, key="the same") for _ in range(5)))
        assert {one.status_code for one in answers} == {200}
        assert len({one.content for one in answers}) == 1
        again = await caller.post(path, WHY)
    assert (again.status_code, again.json()["code"]) == (409, "dead-letter-closed")
    assert len(await names_of(tally, library)) == 4


async def test_redriven_by_two_operators_at_once_it_counts_once(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    path = f"/v1/dead-letters/{await first_letter(tally)}/redrive"
    async with deployed(tally) as caller:
        answers = await asyncio.gather(*(caller.post(path, WHY) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409]
    assert await names_of(tally, library) == ["a", "handler bug!", "c!", "d!"]


class Gate:
    """A handler that stops in the middle until it is let go, with all its transaction's locks held."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
        self.reached.set()
        await self.open.wait()
        await count_all_names(tx, events)


async def until_somebody_waits_for_a_lock(tally: ServiceUnderTest) -> None:
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    for _ in range(2000):
        if await tally.database.pool.fetchval(query):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("nobody waits for a lock")


@pytest.mark.parametrize("offsets_known", [True, False], ids=["offset row there", "no offset row yet"])
async def test_the_consumer_waits_for_a_redrive_and_goes_on_where_it_ended(
    tally: ServiceUnderTest, offsets_known: bool
) -> None:
    library = await sick_library(tally)
    next_ = await tally.announce(renamed(library, "e"))
    if not offsets_known:
        await tally.database.pool.execute("update consumer_offset set consumer = 'gone'")
    gate, path = Gate(), f"/v1/dead-letters/{await first_letter(tally)}/redrive"
    async with deployed(tally, gate) as caller:
        redriving = asyncio.create_task(caller.post(path, WHY))
        await gate.reached.wait()
        applying = asyncio.create_task(tally.apply(next_))
        await until_somebody_waits_for_a_lock(tally)
        gate.open.set()
        assert (await redriving).status_code == 200
        await applying
    assert await names_of(tally, library) == ["a", "handler bug!", "c!", "d!", "e"]
    assert {state for _, state in await states(tally)} == {"resolved"}


async def test_a_redrive_waits_for_the_consumer_and_takes_along_what_it_kept_aside(tally: ServiceUnderTest) -> None:
    library, other = await sick_library(tally), uuid4()
    gate = Gate()
    consumer = replace(tally, applier=type(tally.applier)(tally.store, {LibraryRenamed: gate}))
    batch = await tally.announce(renamed(library, "e"), renamed(other, "x"))
    path = f"/v1/dead-letters/{await first_letter(tally)}/redrive"
    applying = asyncio.create_task(consumer.apply(batch))
    await gate.reached.wait()
    async with deployed(tally) as caller:
        redriving = asyncio.create_task(caller.post(path, WHY))
        await until_somebody_waits_for_a_lock(tally)
        gate.open.set()
        await applying
        assert (await redriving).json()["applied"] == 4
    assert await names_of(tally, library) == ["a", "handler bug!", "c!", "d!", "e!"]
    assert await names_of(tally, other) == ["x!"]


async def test_many_are_redriven_by_reason_and_one_that_fails_holds_up_no_other(tally: ServiceUnderTest) -> None:
    sick = [await sick_library(tally) for _ in range(3)]
    await tally.apply([tally.record(LIBRARIES.name, b"k", b"{")])

    async def not_the_second(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
        if any(one.event.library_id == sick[1] for one in events):
            raise ValueError("not this one")
        await count_all_names(tx, events)

    async with deployed(tally, not_the_second) as caller:
        body = {**WHY, "with_reason": "handler-failed", "limit": 2}
        first = (await caller.post("/v1/dead-letters/redrive", body)).json()
        second = (await caller.post("/v1/dead-letters/redrive", body | {"cursor": first["next_cursor"]})).json()
    assert [(one["aggregate_id"], one["state"], one["applied"]) for one in first["items"] + second["items"]] == [
        (str(sick[0]), "resolved", 3),
        (str(sick[1]), "poison", 0),
        (str(sick[2]), "resolved", 3),
    ]
    assert (first["applied"], first["still_poison"], second["next_cursor"]) == (3, 1, None)
    assert [len(await names_of(tally, library)) for library in sick] == [4, 1, 4]


async def test_a_type_nobody_knew_is_applied_once_a_later_version_knows_it(
    tally: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = uuid4()
    with monkeypatch.context() as earlier:
        earlier.delitem(EVENTS, LibraryRenamed.type)
        await tally.receive(renamed(library, "a"), renamed(library, "b"))
    poison, waiting = await letters(operator(tally))
    assert (poison["reason"], poison["event_type"]) == ("event-type-unknown", LibraryRenamed.type)
    assert waiting["reason"] == "behind-poison"
    body = {"reason": "deployed", "event_type": LibraryRenamed.type}
    report = (await operator(tally).post("/v1/dead-letters/redrive", body)).json()
    assert (report["applied"], report["still_poison"]) == (2, 0)
    assert await names_of(tally, library) == ["a", "b"]


async def test_an_edited_letter_is_applied_and_keeps_what_came_from_kafka(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    letter = await first_letter(tally)
    text = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()["value"]["text"]
    body = {"reason": "a slip of the pen", "text": text.replace("handler bug", "mended")}
    answer = (await operator(tally).post(f"/v1/dead-letters/{letter}/edit", body)).json()
    assert (answer["state"], answer["edited"], answer["applied"]) == ("resolved", True, 3)
    assert await names_of(tally, library) == ["a", "mended", "c", "d"]
    shown = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()
    assert (shown["original_value"]["text"], shown["value"]["text"]) == (text, body["text"])
    (action,) = shown["actions"]
    assert (action["action"], action["reason"]) == ("dead-letter.edit", "a slip of the pen")
    assert (action["facts"]["value_before"]["text"], action["facts"]["value_after"]["text"]) == (text, body["text"])


async def test_an_edit_that_fails_too_can_be_edited_again(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    letter = await first_letter(tally)
    text = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()["value"]["text"]
    for name, state in (("no parent", "poison"), ("mended", "resolved")):
        value = base64.b64encode(text.replace("handler bug", name).encode()).decode()
        answer = await operator(tally).post(f"/v1/dead-letters/{letter}/edit", {"reason": "try", "base64": value})
        assert answer.json()["state"] == state
    shown = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()
    assert (shown["original_value"]["text"], len(shown["actions"])) == (text, 2)
    assert await names_of(tally, library) == ["a", "mended", "c", "d"]
    assert len(await tally.dead_letters()) == 3


async def test_an_unreadable_record_can_be_edited_into_the_event_that_is_missing(tally: ServiceUnderTest) -> None:
    library = uuid4()
    first, second = await tally.announce(renamed(library, "a"), renamed(library, "b"))
    assert first.value is not None
    await tally.apply([replace(first, value=first.value[:-1]), second])
    unreadable, waiting = await letters(operator(tally))
    assert (unreadable["aggregate_id"], waiting["reason"]) == (None, "version-missing")
    body = {"reason": "as it stands in the ledger", "text": first.value.decode()}
    answer = (await operator(tally).post(f"/v1/dead-letters/{unreadable['dead_letter_id']}/edit", body)).json()
    assert (answer["state"], answer["aggregate_id"], answer["aggregate_version"]) == ("resolved", str(library), 1)
    assert await names_of(tally, library) == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"aggregateversion":2', '"aggregateversion":3', "aggregateversion"),
        ('"new_name":"handler bug"', '"new_name":7', "data-unreadable"),
        ("library-renamed.v1", "library-renamed.v9", "event-type-unknown"),
        ('"specversion"', '"specversio"', "envelope-unreadable"),
        ('"id":"', '"id":"f', "envelope-unreadable"),
    ],
)
async def test_an_edit_into_what_it_is_not_is_refused(tally: ServiceUnderTest, old: str, new: str, told: str) -> None:
    await sick_library(tally)
    letter = await first_letter(tally)
    text = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()["value"]["text"]
    assert old in text
    response = await operator(tally).post(
        f"/v1/dead-letters/{letter}/edit", {"reason": "try", "text": text.replace(old, new)}
    )
    assert (response.status_code, response.json()["code"]) == (422, "dead-letter-edit-refused")
    assert told in response.json()["detail"]
    shown = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()
    assert (shown["value"]["text"], shown["edited"], shown["actions"]) == (text, False, [])


async def test_an_edit_into_another_event_or_another_library_is_refused(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    letter = await first_letter(tally)
    shown = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()
    for old, new in ((shown["event_id"], str(uuid4())), (str(library), str(uuid4()))):
        body = {"reason": "try", "text": shown["value"]["text"].replace(old, new)}
        response = await operator(tally).post(f"/v1/dead-letters/{letter}/edit", body)
        assert response.json()["code"] == "dead-letter-edit-refused"
        assert old in response.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"text": "{}", "base64": "e30="}, {"base64": "no base64"}])
async def test_an_edit_takes_one_value_and_one_only(tally: ServiceUnderTest, body: dict[str, str]) -> None:
    await sick_library(tally)
    path = f"/v1/dead-letters/{await first_letter(tally)}/edit"
    assert (await operator(tally).post(path, {"reason": "try", **body})).status_code == 422


async def test_a_dismissed_event_is_not_counted_and_those_behind_it_follow(tally: ServiceUnderTest) -> None:
    library = await sick_library(tally)
    path = f"/v1/dead-letters/{await first_letter(tally)}/dismiss"
    answer = (await operator(tally).post(path, {"reason": "a test record"})).json()
    assert (answer["state"], answer["applied"]) == ("dismissed", 2)
    assert await names_of(tally, library) == ["a", "c", "d"]
    await tally.receive(renamed(library, "e"))
    assert await names_of(tally, library) == ["a", "c", "d", "e"]
    assert await states(tally) == [(2, "dismissed"), (3, "resolved"), (4, "resolved")]
    assert (await operator(tally).post(path, {"reason": "again"})).json()["code"] == "dead-letter-closed"


async def test_an_unreadable_record_can_be_dismissed_and_stays_so_when_it_comes_again(tally: ServiceUnderTest) -> None:
    bad = tally.record(LIBRARIES.name, b"k", b"{not json")
    await tally.apply([bad])
    path = f"/v1/dead-letters/{await first_letter(tally)}/dismiss"
    assert (await operator(tally).post(path, {"reason": "nobody's"})).json()["state"] == "dismissed"
    await tally.database.pool.execute("update consumer_offset set consumer = 'gone'")
    await tally.apply([bad])
    assert await states(tally) == [(None, "dismissed")]


@pytest.mark.parametrize("what", ["redrive", "dismiss", "edit"])
async def test_a_waiting_letter_is_left_alone_with_a_hint_which_one_it_waits_for(
    tally: ServiceUnderTest, what: str
) -> None:
    await sick_library(tally)
    poison, waiting, _ = await letters(operator(tally))
    body = {"reason": "hurry", **({"text": "{}"} if what == "edit" else {})}
    response = await operator(tally).post(f"/v1/dead-letters/{waiting['dead_letter_id']}/{what}", body)
    assert (response.status_code, response.json()["code"]) == (409, "dead-letter-waits")
    assert f"version 2 of {poison['aggregate_id']}" in response.json()["detail"]
    assert f"letter {poison['dead_letter_id']}" in response.json()["detail"]


async def test_a_letter_behind_a_version_that_never_came_says_from_where_to_restore_it(tally: ServiceUnderTest) -> None:
    library = uuid4()
    _, second = await tally.announce(renamed(library, "a"), renamed(library, "b"))
    await tally.apply([second])
    response = await operator(tally).post(f"/v1/dead-letters/{await first_letter(tally)}/dismiss", {"reason": "hurry"})
    assert response.status_code == 409
    assert f"waits for version 1 of {library}, which has not come" in response.json()["detail"]
    assert "simpul topics restore" in response.json()["detail"]


async def test_a_letter_gets_an_owner(tally: ServiceUnderTest) -> None:
    letter = await unreadable_letter(tally)
    body = {"reason": "knows the producer", "owner": "tim registri"}
    assert (await operator(tally).post(f"/v1/dead-letters/{letter}/assign", body)).json()["owner"] == "tim registri"
    shown = (await operator(tally).get(f"/v1/dead-letters/{letter}")).json()
    assert (shown["owner"], shown["actions"][0]["facts"]["before"]["owner"]) == ("tim registri", "registry")


async def test_a_letter_that_is_applied_already_is_resolved_without_counting_it_again(tally: ServiceUnderTest) -> None:
    """As when its record came again at another offset after somebody had set it aside by hand."""
    library = await sick_library(tally, "handler bug")
    letter = await first_letter(tally)
    async with tally.database.transaction(tally.store._origin) as tx:
        await tally.store.store_versions(tx, {library: 1})
    answer = (await operator(tally).post(f"/v1/dead-letters/{letter}/redrive", WHY)).json()
    assert (answer["state"], answer["applied"]) == ("resolved", 0)
    assert await names_of(tally, library) == []


async def test_a_broken_mark_can_be_redriven_and_dismissed_like_any_other(tally: ServiceUnderTest) -> None:
    await tally.apply([tally.record(MARKS.name, b"k", b"{")])
    letter = await first_letter(tally)
    again = (await operator(tally).post(f"/v1/dead-letters/{letter}/redrive", WHY)).json()
    assert (again["state"], again["reason"], again["attempts"]) == ("poison", "mark-unreadable", 2)
    assert (await operator(tally).post(f"/v1/dead-letters/{letter}/dismiss", WHY)).json()["state"] == "dismissed"


WRITES = [
    ("/v1/dead-letters/1/redrive", {}),
    ("/v1/dead-letters/1/edit", {"text": "{}"}),
    ("/v1/dead-letters/1/dismiss", {}),
    ("/v1/dead-letters/1/assign", {"owner": "x"}),
    ("/v1/dead-letters/redrive", {}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
async def test_others_than_operators_of_the_whole_country_may_not_write(
    tally: ServiceUnderTest, path: str, body: dict[str, str]
) -> None:
    admin = await tally.caller(Role.NATIONAL_ADMIN).post(path, {"reason": "r", **body})
    assert (admin.status_code, admin.json()["code"]) == (403, "permission-missing")
    regional = await tally.caller(Role.OPERATOR, "51").post(path, {"reason": "r", **body})
    assert (regional.status_code, regional.json()["code"]) == (403, "outside-scope")


@pytest.mark.parametrize("path", ["/v1/dead-letters", "/v1/dead-letters/1"])
async def test_others_than_operators_of_the_whole_country_may_not_read(tally: ServiceUnderTest, path: str) -> None:
    assert (await tally.caller(Role.AUDITOR).get(path)).json()["code"] == "permission-missing"
    assert (await tally.caller(Role.OPERATOR, "51").get(path)).json()["code"] == "outside-scope"


@pytest.mark.parametrize(("path", "body"), WRITES)
async def test_nothing_is_done_without_a_reason(tally: ServiceUnderTest, path: str, body: dict[str, str]) -> None:
    assert (await operator(tally).post(path, body)).status_code == 422
    assert (await operator(tally).post(path, {"reason": "  ", **body})).status_code == 422


@pytest.mark.parametrize(("path", "body"), WRITES[:-1])
async def test_a_letter_that_is_not_there_is_not_found(
    tally: ServiceUnderTest, path: str, body: dict[str, str]
) -> None:
    response = await operator(tally).post(path, {"reason": "r", **body})
    assert (response.status_code, response.json()["code"]) == (404, "dead-letter-unknown")


async def test_every_write_leaves_its_row_in_the_audit_and_a_refused_one_leaves_none(tally: ServiceUnderTest) -> None:
    await sick_library(tally)
    letter = await first_letter(tally)
    for path, body in (("assign", {"owner": "x"}), ("redrive", {}), ("dismiss", {}), ("dismiss", {})):
        await operator(tally).post(f"/v1/dead-letters/{letter}/{path}", {"reason": f"why {path}", **body})
    rows = await tally.database.pool.fetch("select * from operator_action order by operator_action_id")
    assert [(row["action"], row["reason"]) for row in rows] == [
        ("dead-letter.assign", "why assign"),
        ("dead-letter.redrive", "why redrive"),
        ("dead-letter.dismiss", "why dismiss"),
    ]
    assert {(row["actor"], row["client_id"], row["subject"]) for row in rows} == {
        ("test-client", "test-client", f"dead-letter/{LIBRARIES.name}/0/1")
    }
    assert [(row["facts"]["before"]["state"], row["facts"]["after"]["state"]) for row in rows] == [
        ("poison", "poison"),
        ("poison", "poison"),
        ("poison", "dismissed"),
    ]


async def test_within_a_batch_an_event_too_early_leaves_no_letter_once_its_turn_came(tally: ServiceUnderTest) -> None:
    library = uuid4()
    first, second = await tally.announce(renamed(library, "a"), renamed(library, "b"))
    swapped = [replace(second, offset=first.offset), replace(first, offset=second.offset)]
    await tally.apply(swapped)
    assert await names_of(tally, library) == ["a", "b"]
    assert await tally.dead_letters() == []
