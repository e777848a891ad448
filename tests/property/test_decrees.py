"""Any sequence of decrees, overruled lineage and undoings leaves a map that holds together, and never changes what was
answered before.

The rules alone, over statements kept as the services keep them; tests/service/registry/test_decrees.py has the same through
Postgres. SIMPUL_DECREE_EXAMPLES asks for more runs.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from simpul_registry.domain.decree import ChangeKind, compare
from simpul_registry.domain.decree_file import Stated
from simpul_registry.domain.hierarchy import NATION, RegionVersion
from simpul_registry.domain.matching import Ruling, RulingKind
from simpul_registry.domain.overruling import as_one, meeting, part_from
from simpul_registry.domain.restating import (
    DESCENT,
    Standing,
    Statement,
    Withdrawal,
    leads_to,
    new_id,
    take_effect,
)

RUNS = int(os.environ.get("SIMPUL_DECREE_EXAMPLES", "25"))
FIRST_DAY = date(2020, 1, 1)
START = {
    "51": "Bali",
    "51.01": "Badung",
    "51.01.01": "Mengwi",
    "51.01.01.2001": "Baha",
    "51.01.01.2002": "Sembung",
    "51.01.02": "Kuta",
    "51.01.02.2001": "Legian",
    "51.01.02.2002": "Kutuh",
    "51.02": "Tabanan",
    "51.02.01": "Kediri",
    "51.02.01.2001": "Pejaten",
}
NAMES = ["Sangeh", "Ungasan", "Pecatu", "Baha", "Kutuh", "Legian", "Antap"]


@dataclass
class Row:
    version: RegionVersion
    recorded: int
    superseded: int | None = None


@dataclass
class World:
    """Statements as region_version keeps them, on a clock that counts changes."""

    rows: list[Row] = field(default_factory=list)
    edges: list[tuple[UUID, UUID]] = field(default_factory=list)
    clock: int = 0
    undoable: list[list[Statement]] = field(default_factory=list)
    answers: dict[int, set[RegionVersion]] = field(default_factory=dict)
    day: date = FIRST_DAY
    ids: set[UUID] = field(default_factory=set)
    """Every id that was ever on a map: its history must still be there."""

    def believed(self, at: int | None = None) -> set[RegionVersion]:
        now = self.clock if at is None else at
        return {
            row.version for row in self.rows if row.recorded <= now and (row.superseded is None or row.superseded > now)
        }

    def on(self, day: date) -> dict[str, RegionVersion]:
        """By code, without the country."""
        return {one.code: one for one in self.believed() if one.valid_from <= day < one.valid_to and one.parent_id}

    def say(self, statements: list[Statement]) -> list[Statement]:
        """And returns what says again what held before."""
        self.clock += 1
        undo: list[Statement] = []
        for one in statements:
            held = [
                row
                for row in self.rows
                if row.superseded is None
                and (row.version.region_id, row.version.valid_from) == (one.region_id, one.valid_from)
            ]
            for row in held:
                row.superseded = self.clock
            undo.append(held[0].version if held else Withdrawal(one.region_id, one.valid_from))
            if isinstance(one, RegionVersion):
                self.rows.append(Row(one, self.clock))
        self.answers[self.clock] = self.believed()
        self.ids |= {one.region_id for one in self.answers[self.clock]}
        return undo

    def decree(self, places: dict[str, str], rulings: list[Ruling]) -> None:
        standing = Standing(self.on(self.day), NATION.path, {row.version.region_id for row in self.rows}, self.edges)
        after = [Stated(code, name, "Asia/Makassar") for code, name in sorted(places.items())]
        before = [Stated(code, one.name, one.timezone) for code, one in standing.versions.items()]
        difference = compare(before, after, rulings)
        effect = take_effect(standing, difference, after, day=self.day, decree="Kepmendagri")
        for one in effect.lineage:
            if one.stated.kind in DESCENT:
                self.edges.append((one.from_id, one.to_id))
        self.undoable.append(self.say(list(effect.statements)))

    def overrule(self, changed: RegionVersion) -> None:
        """From this version on the region is another one."""
        old, day = changed.region_id, changed.valid_from
        concerned = [one for one in self.believed() if old in one.path]
        self.undoable.append(self.say(part_from(concerned, old, new_id(changed.code, day, self.ids), day=day)))

    def join(self, old_id: UUID, new_id: UUID) -> None:
        """The later of two regions that bore a code one after the other was the earlier one, too, unless it came of that."""
        held = self.believed()
        edges = [
            (new_id if above == old_id else above, new_id if part == old_id else part) for above, part in self.edges
        ]
        if not in_circles(edges):
            self.edges = edges
            self.undoable.append(self.say(as_one([one for one in held if old_id in one.path], old_id, new_id)))

    def reused(self) -> list[tuple[UUID, UUID]]:
        """Regions of which one ended and the other began on a day under one code; the larger first."""
        own = defaultdict(list)
        for one in self.believed():
            own[one.region_id].append(one)
        begun = {(one.code, one.valid_from): one.region_id for one in self.believed()}
        ended = sorted(self.believed(), key=lambda one: (len(one.path), one.code, one.valid_to))
        pairs = [(one, begun.get((one.code, one.valid_to), one.region_id)) for one in ended]
        return [
            (one.region_id, new)
            for one, new in pairs
            if new != one.region_id and meeting(own[one.region_id], own[new], day=one.valid_to)
        ]

    def undo(self) -> None:
        """The latest only, as the store allows; descent stays, which only makes circles likelier."""
        self.say(sorted(self.undoable.pop(), key=lambda one: isinstance(one, RegionVersion)))

    def changed(self) -> list[RegionVersion]:
        """Versions of regions that went on from an earlier one, which lineage of low confidence may have told; the larger first."""
        ended = {(one.region_id, one.valid_to) for one in self.believed()}
        found = [one for one in self.believed() if (one.region_id, one.valid_from) in ended]
        return sorted(found, key=lambda one: (len(one.path), one.code, one.valid_from))


def below(places: dict[str, str], code: str) -> list[str]:
    return [one for one in places if one == code or one.startswith(f"{code}.")]


def relabel(places: dict[str, str], old: str, new: str) -> dict[str, str]:
    moved = {f"{new}{code.removeprefix(old)}": places[code] for code in below(places, old)}
    kept = {code: name for code, name in places.items() if code not in below(places, old)}
    return kept if any(code in kept for code in moved) else {**kept, **moved}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, int, int, str]:
    what = draw(st.sampled_from(["add", "rename", "replace", "recode", "split", "merge", "move"]))
    return what, draw(st.integers(0, 40)), draw(st.integers(0, 40)), draw(st.sampled_from(NAMES))


def free(places: dict[str, str], above: str) -> str:
    digits, first = (4, 2001) if above.count(".") == 2 else (2, 1)
    return next(code for n in range(first, 9999) if (code := f"{above}.{n:0{digits}d}") not in places)


def edited(places: dict[str, str], edit: tuple[str, int, int, str]) -> tuple[dict[str, str], list[Ruling]]:
    what, one, other, name = edit
    places = dict(places)
    villages = sorted(code for code in places if code.count(".") == 3)
    districts = sorted(code for code in places if code.count(".") == 2)
    district = districts[one % len(districts)]
    if what == "add" or not villages:
        return places | {free(places, district): name}, []
    village = villages[one % len(villages)]
    target = districts[other % len(districts)]
    match what:
        case "rename":
            places[sorted(places)[other % len(places)]] = name
        case "replace":
            code = sorted(places)[other % len(places)]
            return places | {code: name}, [Ruling(RulingKind.APART, code, code)]
        case "recode":
            places = relabel(places, district, free(places, district.rpartition(".")[0]))
        case "move":
            places = relabel(places, village, free(places, target))
        case "split":
            new = free(places, district.rpartition(".")[0])
            places = relabel(places | {new: f"{name} Baru"}, village, f"{new}.2001")
        case "merge" if len(villages) > 1:
            heir = next(code for code in villages if code != village)
            del places[village]
            return places, [Ruling(RulingKind.MERGED, village, heir)]
    return places, []


class RegionChanges(RuleBasedStateMachine):
    """`maps` are the maps that the decrees stated, the one in force last; an overrule states the same again."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.say([NATION])
        self.world.decree(START, [])
        self.maps = [START]

    @rule(edit=edits(), days=st.sampled_from([0, 30]))
    def decree(self, edit: tuple[str, int, int, str], days: int) -> None:
        self.world.day += timedelta(days=days)
        places, rulings = edited(self.maps[-1], edit)
        self.world.decree(places, rulings)
        self.maps.append(places)

    @rule(which=st.integers(0, 40))
    def overrule(self, which: int) -> None:
        if changed := self.world.changed():
            self.world.overrule(changed[which % len(changed)])
            self.maps.append(self.maps[-1])

    @rule(which=st.integers(0, 40))
    def join(self, which: int) -> None:
        undoable = len(self.world.undoable)
        if reused := self.world.reused():
            self.world.join(*reused[which % len(reused)])
        self.maps += [self.maps[-1]] * (len(self.world.undoable) - undoable)

    @rule()
    def undo(self) -> None:
        if len(self.maps) > 1:
            self.maps.pop()
            self.world.undo()

    @invariant()
    def the_map_holds_together(self) -> None:
        require_whole(self.world, self.maps[-1])


TestRegionChanges = RegionChanges.TestCase
TestRegionChanges.settings = settings(max_examples=RUNS, stateful_step_count=10, deadline=None)


def require_whole(world: World, places: dict[str, str]) -> None:
    held = world.believed()
    assert {code: one.name for code, one in world.on(date(2090, 1, 1)).items()} == places
    for identity in ("code", "region_id"):
        spans: dict[object, list[RegionVersion]] = defaultdict(list)
        for one in held:
            spans[getattr(one, identity)].append(one)
        for same in spans.values():
            ordered = sorted(same, key=lambda one: one.valid_from)
            assert all(one.valid_to <= other.valid_from for one, other in pairwise(ordered))
    for one in held:
        require_parent(one, held)
    assert not in_circles(world.edges)
    assert all(world.believed(at) == answer for at, answer in world.answers.items())
    assert world.ids <= {row.version.region_id for row in world.rows}


def in_circles(edges: list[tuple[UUID, UUID]]) -> bool:
    descent: dict[UUID, set[UUID]] = defaultdict(set)
    for above, part in edges:
        descent[above].add(part)
    return any(above in descent[above] or leads_to(descent, above, above) for above in list(descent))


def require_parent(one: RegionVersion, held: set[RegionVersion]) -> None:
    """Over its whole interval, by the very path."""
    if one.parent_id is None:
        return
    reached = one.valid_from
    while reached < one.valid_to:
        covering = [
            above for above in held if above.region_id == one.parent_id and above.valid_from <= reached < above.valid_to
        ]
        assert covering, f"{one.code} has no parent on {reached}"
        assert covering[0].path == one.path[:-1]
        reached = covering[0].valid_to


def test_a_place_that_a_person_keeps_apart_gets_an_id_that_nobody_had() -> None:
    world = World()
    world.say([NATION])
    world.decree(START, [])
    before = world.on(world.day)["51.01.01.2001"]
    world.day += timedelta(days=30)
    world.decree(START, [Ruling(RulingKind.APART, "51.01.01.2001", "51.01.01.2001")])
    after = world.on(world.day)["51.01.01.2001"]
    assert after.region_id != before.region_id
    assert replace(before, valid_to=world.day) in world.believed()
    assert ChangeKind.REUSED.lineage is not None
