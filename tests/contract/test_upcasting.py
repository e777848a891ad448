"""Handlers know one version, the latest: older ones are brought forward on the way, through the real Applier and Postgres."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.reading import UPCASTERS, Upcaster
from simpul_shared.contracts.registry import LibraryEvent
from simpul_shared.platform.consume import Applier, Received
from simpul_shared.platform.database import Transaction

from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY


class SignPaintedV1(LibraryEvent, frozen=True, kw_only=True):
    type: ClassVar[str] = "id.simpul.test.sign-painted.v1"

    text: str


class SignPaintedV2(LibraryEvent, frozen=True, kw_only=True):
    """The text split into lines."""

    type: ClassVar[str] = "id.simpul.test.sign-painted.v2"

    lines: tuple[str, ...]


class SignPainted(LibraryEvent, frozen=True, kw_only=True):
    """With the language, which was always Indonesian before."""

    type: ClassVar[str] = "id.simpul.test.sign-painted.v3"

    lines: tuple[str, ...]
    language: str


def split_lines(old: SignPaintedV1) -> SignPaintedV2:
    if old.text == "no lines":
        raise ValueError("nothing to split")
    library = uuid4() if old.text == "another library" else old.library_id
    return SignPaintedV2(library_id=library, lines=tuple(old.text.split("/")))


def say_language(old: SignPaintedV2) -> SignPainted:
    return SignPainted(library_id=old.library_id, lines=old.lines, language="id")


@pytest.fixture
def versions() -> Iterator[None]:
    """Three versions of a type as a build with two upcasters has them."""
    kinds: Sequence[type[Event]] = (SignPaintedV1, SignPaintedV2, SignPainted)
    upcasters: dict[type[Event], Upcaster] = {
        SignPaintedV1: Upcaster(SignPaintedV2, split_lines),
        SignPaintedV2: Upcaster(SignPainted, say_language),
    }
    with patch.dict(EVENTS, {kind.type: kind for kind in kinds}), patch.dict(UPCASTERS, upcasters):
        yield


async def keep_sign(tx: Transaction, events: Sequence[Received[SignPainted]]) -> None:
    for one in events:
        await tx.execute(
            """
            insert into tally (library_id, events, names) values ($1, 1, array[$2])
            on conflict (library_id) do update set events = tally.events + 1, names = tally.names || excluded.names
            """,
            one.event.library_id,
            f"{one.event.language}: {' | '.join(one.event.lines)}",
        )


@pytest.fixture
async def signs(versions: None, databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(replace(TALLY, handlers={SignPainted: keep_sign}), databases) as service:
        yield service


async def painted(service: ServiceUnderTest, library: UUID) -> list[str]:
    names: list[str] | None = await service.database.pool.fetchval(
        "select names from tally where library_id = $1", library
    )
    return names or []


def versions_of(library: UUID) -> tuple[Event, ...]:
    return (
        SignPaintedV1(library_id=library, text="Perpustakaan/Mengwi"),
        SignPaintedV2(library_id=library, lines=("Buka", "setiap hari")),
        SignPainted(library_id=library, lines=("Open", "daily"), language="en"),
    )


EXPECTED = ["id: Perpustakaan | Mengwi", "id: Buka | setiap hari", "en: Open | daily"]


async def test_a_handler_gets_every_version_as_the_latest_in_order(signs: ServiceUnderTest) -> None:
    library = uuid4()
    await signs.receive(*versions_of(library))
    assert await painted(signs, library) == EXPECTED
    assert await signs.dead_letters() == []


async def test_older_versions_that_waited_are_brought_forward_as_well(signs: ServiceUnderTest) -> None:
    library = uuid4()
    first, second, third = await signs.announce(*versions_of(library))
    for record in (third, second, first):
        await signs.apply([signs.record(record.topic, record.key, record.value)])
    assert await painted(signs, library) == EXPECTED
    assert {row["state"] for row in await signs.dead_letters()} == {"resolved"}


@pytest.mark.parametrize("text", ["no lines", "another library"])
async def test_an_event_that_its_upcaster_cannot_bring_forward_blocks_only_its_aggregate(
    signs: ServiceUnderTest, text: str
) -> None:
    sick, well = uuid4(), uuid4()
    await signs.receive(SignPaintedV1(library_id=sick, text=text), *versions_of(well), *versions_of(sick))
    assert (await painted(signs, sick), await painted(signs, well)) == ([], EXPECTED)
    letters = [(row["state"], row["reason"], row["aggregate_id"]) for row in await signs.dead_letters()]
    assert letters == [("poison", "upcast-failed", sick), *[("waiting", "behind-poison", sick)] * 3]


async def test_a_version_of_the_future_is_kept_aside_until_a_build_knows_it(signs: ServiceUnderTest) -> None:
    library = uuid4()
    records = await signs.announce(*versions_of(library))
    with patch.dict(EVENTS), patch.dict(UPCASTERS):
        del EVENTS[SignPainted.type], UPCASTERS[SignPaintedV2]
        await Applier(signs.store, {SignPaintedV2: keep_nothing}).apply(records, earliest={})
    letters = [(row["state"], row["reason"], row["aggregate_version"]) for row in await signs.dead_letters()]
    assert letters == [("poison", "event-type-unknown", 3)]


async def keep_nothing(tx: Transaction, events: Sequence[Received[Any]]) -> None:
    assert all(isinstance(one.event, SignPaintedV2) for one in events)
