"""Random commands on several libraries at once, against a model in plain Python: on the rules alone or on the real service.

The model says for each command whether it is allowed, and what every library then is.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

FIRST_DAY = date(2016, 1, 1)
VILLAGES = ("51.03.02.2008", "51.03.02.2009", "51.05.02.2003")
STEPS = {
    "verify": ({"DIUSULKAN"}, "TERVERIFIKASI"),
    "return": ({"DIUSULKAN", "TERVERIFIKASI"}, "DIKEMBALIKAN"),
    "resubmit": ({"DIKEMBALIKAN", "DITOLAK"}, "DIUSULKAN"),
    "reject": ({"DIUSULKAN", "TERVERIFIKASI"}, "DITOLAK"),
    "designate": ({"TERVERIFIKASI"}, "DITETAPKAN"),
    "activate": ({"DITETAPKAN"}, "AKTIF"),
    "dormant": ({"AKTIF"}, "NONAKTIF"),
    "reactivate": ({"NONAKTIF"}, "AKTIF"),
}
UNDER_DECISION = {"DIUSULKAN", "TERVERIFIKASI"}
BEGUN = {"DITETAPKAN", "AKTIF", "NONAKTIF"}


@dataclass(frozen=True)
class Seen:
    """What the world says of a library. `survivor` is where its id leads; who was merged has neither mentors nor replicas."""

    status: str
    region: str
    merged_into: str | None
    survivor: str
    mentors: frozenset[str] = frozenset()
    replicas: frozenset[str] = frozenset()


class World(Protocol):
    """Each command returns whether it was taken. Libraries go by what nominate() called them, villages by their first code."""

    def next_day(self) -> date: ...
    def nominate(self, village: str, on: date) -> str: ...
    def step(self, library: str, what: str, on: date) -> bool: ...
    def close(self, library: str, on: date) -> bool: ...
    def move(self, library: str, village: str, on: date) -> bool: ...
    def merge(self, library: str, survivor: str, on: date) -> bool: ...
    def unmerge(self, library: str) -> bool: ...
    def link(self, source: str, replica: str, on: date) -> bool: ...
    def end_link(self, source: str, replica: str, on: date) -> bool: ...
    def recode(self, village: str, on: date) -> None: ...
    def seen(self, library: str) -> Seen: ...
    def total(self) -> tuple[int, int]:
        """How many libraries there are, and how many links between them that nobody ended."""


@dataclass
class Expected:
    status: str
    region: str
    merged_into: str | None = None


Link = tuple[str, str]
"""Mentor and replica, as the link was made."""


class LibraryMachine(RuleBasedStateMachine):
    """Every rule tries a command; the world and the model must agree on it and on all that follows."""

    world: World

    @initialize(
        villages=st.lists(st.sampled_from(VILLAGES), min_size=3, max_size=3),
        mentored=st.lists(st.sampled_from([(0, 1), (1, 2), (0, 2)]), unique=True),
    )
    def begin(self, villages: list[str], mentored: list[tuple[int, int]]) -> None:
        self.model: dict[str, Expected] = {}
        self.links: set[Link] = set()
        self.before = self.world.total()
        for village in villages:
            self.nominate(village)
            for what in ("verify", "designate", "activate"):
                self._try(what, list(self.model)[-1])
        for source, replica in mentored:
            self._link(list(self.model)[source], list(self.model)[replica])

    @precondition(lambda self: len(self.model) < 6)
    @rule(village=st.sampled_from(VILLAGES))
    def nominate(self, village: str) -> None:
        self.model[self.world.nominate(village, self.world.next_day())] = Expected("DIUSULKAN", village)

    @rule(what=st.sampled_from(sorted(STEPS)), data=st.data())
    def step(self, what: str, data: st.DataObject) -> None:
        self._try(what, data.draw(st.sampled_from(sorted(self.model))))

    @rule(data=st.data(), sure=st.sampled_from([True, False, False, False]))
    def close(self, data: st.DataObject, *, sure: bool) -> None:
        library = data.draw(st.sampled_from(sorted(self.model)))
        if sure:
            allowed = self._stands(library)
            assert self.world.close(library, self.world.next_day()) is allowed
            if allowed:
                self.model[library].status = "DITUTUP"

    @rule(data=st.data(), village=st.sampled_from(VILLAGES))
    def move(self, data: st.DataObject, village: str) -> None:
        library = data.draw(st.sampled_from(sorted(self.model)))
        one = self.model[library]
        allowed = self._stands(library) and one.status not in UNDER_DECISION and one.region != village
        assert self.world.move(library, village, self.world.next_day()) is allowed
        if allowed:
            one.region = village

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        library, survivor = (data.draw(st.sampled_from(sorted(self.model))) for _ in range(2))
        one, other = self.model[library], self.model[survivor]
        behind = one.status in BEGUN and other.status not in BEGUN
        allowed = library != survivor and self._stands(library) and self._stands(survivor) and not behind
        if allowed:
            one.merged_into = survivor
        ring = self._ring(self._links_now())
        total = self.world.total()
        assert self.world.merge(library, survivor, self.world.next_day()) is (allowed and not ring)
        assert self.world.total() == total, (
            "a merge neither loses nor makes a library, a link or anything of its history"
        )
        if ring:
            one.merged_into = None

    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        merged = [name for name, one in self.model.items() if one.merged_into]
        library = data.draw(st.sampled_from(sorted(merged or self.model)))
        into, self.model[library].merged_into = self.model[library].merged_into, None
        allowed = into is not None and not self._ring(self._links_now())
        assert self.world.unmerge(library) is allowed
        if not allowed:
            self.model[library].merged_into = into

    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        self._link(*(data.draw(st.sampled_from(sorted(self.model))) for _ in range(2)))

    def _link(self, source: str, replica: str) -> None:
        links = self._links_now()
        new = source != replica and (source, replica) not in links and not self._ring(links | {(source, replica)})
        allowed = new and self._at_work(source) and self._at_work(replica)
        assert self.world.link(source, replica, self.world.next_day()) is allowed
        if allowed:
            self.links.add((source, replica))

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def end_link(self, data: st.DataObject) -> None:
        links = self._links_now()
        pair = data.draw(st.sampled_from(sorted(links | self.links)))
        allowed = pair in links
        assert self.world.end_link(*pair, self.world.next_day()) is allowed
        if allowed:
            self.links -= {link for link in self.links if self._now(link) == pair}

    @rule(village=st.sampled_from(VILLAGES))
    def recode(self, village: str) -> None:
        """A decree gives the village another code; every library stays in it."""
        self.world.recode(village, self.world.next_day())

    @invariant()
    def every_library_is_what_the_model_says_and_every_id_leads_somewhere(self) -> None:
        for name, one in self.model.items():
            seen = self.world.seen(name)
            assert seen == Seen(
                self._standing(name),
                one.region,
                one.merged_into,
                self._survivor(name),
                frozenset(mentor for mentor, replica in self._links_now() if replica == name),
                frozenset(replica for mentor, replica in self._links_now() if mentor == name),
            )
            assert self.model[seen.survivor].merged_into is None
            assert name not in seen.mentors | seen.replicas
        libraries, links = self.before
        assert self.world.total() == (libraries + len(self.model), links + len(self.links))

    def _try(self, what: str, library: str) -> None:
        states, then = STEPS[what]
        allowed = self._stands(library) and self.model[library].status in states
        assert self.world.step(library, what, self.world.next_day()) is allowed
        if allowed:
            self.model[library].status = then

    def _stands(self, library: str) -> bool:
        return self.model[library].merged_into is None and self.model[library].status != "DITUTUP"

    def _at_work(self, library: str) -> bool:
        return self.model[library].merged_into is None and self.model[library].status == "AKTIF"

    def _survivor(self, library: str) -> str:
        into = self.model[library].merged_into
        return library if into is None else self._survivor(into)

    def _now(self, link: Link) -> Link:
        return self._survivor(link[0]), self._survivor(link[1])

    def _links_now(self) -> set[Link]:
        """Between those who go on; what a merge made one library of is no link."""
        return {link for link in map(self._now, self.links) if link[0] != link[1]}

    @staticmethod
    def _ring(links: set[Link]) -> bool:
        """Whether, taking away libraries that mentor nobody again and again, some are left."""
        left = set(links)
        while left:
            ends = {replica for _, replica in left} - {mentor for mentor, _ in left}
            if not ends:
                return True
            left = {link for link in left if link[1] not in ends}
        return False

    def _standing(self, library: str) -> str:
        if self.model[library].merged_into:
            return "DIGABUNG"
        replicas = [replica for mentor, replica in self._links_now() if mentor == library]
        if self._at_work(library) and any(self._at_work(replica) for replica in replicas):
            return "REPLIKATOR"
        return self.model[library].status
