"""Random commands on several libraries at once, against a model in plain Python: on the rules alone or on the real service.

The model says for each command whether it is allowed, and what every library then is.
"""

from dataclasses import dataclass, field
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
BEGUN = {"DITETAPKAN", "AKTIF", "NONAKTIF"}


@dataclass(frozen=True)
class Seen:
    """What the world says of a library. `survivor` is where its id leads."""

    status: str
    region: str
    merged_into: str | None
    survivor: str
    mentors: frozenset[str] = frozenset()


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
    def recode(self, village: str, on: date) -> None: ...
    def seen(self, library: str) -> Seen: ...
    def total(self) -> int: ...


@dataclass
class Expected:
    status: str
    region: str
    merged_into: str | None = None
    mentors: set[str] = field(default_factory=set)


class LibraryMachine(RuleBasedStateMachine):
    """Every rule tries a command; the world and the model must agree on it and on all that follows."""

    world: World

    @initialize(villages=st.lists(st.sampled_from(VILLAGES), min_size=3, max_size=3))
    def begin(self, villages: list[str]) -> None:
        self.model: dict[str, Expected] = {}
        self.before = self.world.total()
        for village in villages:
            self.nominate(village)
            for what in ("verify", "designate", "activate"):
                self._try(what, list(self.model)[-1])

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
        allowed = self._stands(library) and self.model[library].region != village
        assert self.world.move(library, village, self.world.next_day()) is allowed
        if allowed:
            self.model[library].region = village

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        library, survivor = (data.draw(st.sampled_from(sorted(self.model))) for _ in range(2))
        one, other = self.model[library], self.model[survivor]
        behind = one.status in BEGUN and other.status not in BEGUN
        allowed = library != survivor and self._stands(library) and self._stands(survivor) and not behind
        total = self.world.total()
        assert self.world.merge(library, survivor, self.world.next_day()) is allowed
        assert self.world.total() == total, "a merge neither loses nor makes a library or anything of its history"
        if allowed:
            one.merged_into = survivor

    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        merged = [name for name, one in self.model.items() if one.merged_into]
        library = data.draw(st.sampled_from(sorted(merged or self.model)))
        assert self.world.unmerge(library) is (self.model[library].merged_into is not None)
        self.model[library].merged_into = None

    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        source, replica = (data.draw(st.sampled_from(sorted(self.model))) for _ in range(2))
        new = source != replica and replica not in self._above(source) and source not in self.model[replica].mentors
        allowed = new and self._at_work(source) and self._at_work(replica)
        assert self.world.link(source, replica, self.world.next_day()) is allowed
        if allowed:
            self.model[replica].mentors.add(source)

    @rule(village=st.sampled_from(VILLAGES))
    def recode(self, village: str) -> None:
        """A decree gives the village another code; every library stays in it."""
        self.world.recode(village, self.world.next_day())

    @invariant()
    def every_library_is_what_the_model_says_and_every_id_leads_somewhere(self) -> None:
        for name, one in self.model.items():
            seen = self.world.seen(name)
            assert seen == Seen(
                self._standing(name), one.region, one.merged_into, self._survivor(name), frozenset(one.mentors)
            )
            assert self.model[seen.survivor].merged_into is None
        assert self.world.total() == self.before + len(self.model)

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

    def _above(self, library: str) -> set[str]:
        above = set(self.model[library].mentors)
        return above.union(*(self._above(mentor) for mentor in above))

    def _standing(self, library: str) -> str:
        if self.model[library].merged_into:
            return "DIGABUNG"
        replicas = [name for name, one in self.model.items() if library in one.mentors]
        if self._at_work(library) and any(self._at_work(replica) for replica in replicas):
            return "REPLIKATOR"
        return self.model[library].status
