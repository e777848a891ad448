"""Several libraries under random commands: never an illegal state, never a lost reference. The rules alone; no server."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from msgspec.structs import replace
from simpul_registry.domain import library as life
from simpul_registry.domain import nomination, succession
from simpul_registry.domain.library import Library, PlansAtClosing
from simpul_registry.domain.nomination import Actor, Mended, Nomination
from simpul_registry.domain.succession import Kin
from simpul_shared.access import GRANTS, Role
from simpul_shared.errors import Refusal
from simpul_shared.vocabulary import Basis, LibraryType, RegionLevel, Scheme

from tests.support.library_world import FIRST_DAY, VILLAGES, LibraryMachine, Link, Seen

TODAY = date(2026, 11, 22)
NOMINATOR = Actor("nominator", GRANTS[Role.NATIONAL_ADMIN])
JUDGE = Actor("judge", GRANTS[Role.NATIONAL_ADMIN])
REGIONS = {village: UUID(int=number) for number, village in enumerate(VILLAGES, start=1000)}


class Rules:
    """The rules with dictionaries for a store."""

    def __init__(self) -> None:
        self.libraries: dict[str, Library] = {}
        self.links: set[Link] = set()
        self.day = FIRST_DAY

    def next_day(self) -> date:
        self.day += timedelta(days=1)
        return self.day

    def nominate(self, village: str, on: date) -> str:
        library_id = UUID(int=len(self.libraries) + 1)
        given = Nomination(
            "A", LibraryType.VILLAGE, REGIONS[village], RegionLevel.VILLAGE, on, 2021, Scheme.STIMULUS, Basis.STATED
        )
        self.libraries[str(library_id)] = nomination.nominate(library_id, given, by=NOMINATOR, today=TODAY)
        return str(library_id)

    def step(self, library: str, what: str, on: date) -> bool:
        dated: dict[str, Any] = {"effective_on": on, "today": TODAY}
        judged: dict[str, Any] = {"by": JUDGE, "today": TODAY}
        decree: dict[str, Any] = {
            "sk_no": "1",
            "sk_date": on,
            "programme_year": 2021,
            "scheme": Scheme.STIMULUS,
            "today": TODAY,
        }
        changes: dict[str, tuple[Callable[..., Library], dict[str, Any]]] = {
            "verify": (nomination.verify, judged),
            "return": (nomination.send_back, judged),
            "reject": (nomination.reject, judged),
            "resubmit": (
                nomination.resubmit,
                {"mended": Mended(), "by": NOMINATOR, "region_level": RegionLevel.VILLAGE, "today": TODAY},
            ),
            "designate": (nomination.designate, {"by": JUDGE, **decree}),
            "activate": (life.activate, dated),
            "dormant": (life.make_dormant, dated),
            "reactivate": (life.reactivate, dated),
        }
        change, arguments = changes[what]
        if what == "designate" and self.libraries[library].status is not life.Status.VERIFIED:
            return False  # for a further year it may be; the model knows one year
        return self._keep(library, lambda: change(self.libraries[library], **arguments))

    def close(self, library: str, on: date) -> bool:
        closed: dict[str, Any] = {
            "plans": PlansAtClosing(),
            "bound_since": FIRST_DAY,
            "effective_on": on,
            "today": TODAY,
        }
        return self._keep(library, lambda: life.close(self.libraries[library], **closed))

    def move(self, library: str, village: str, on: date) -> bool:
        to: dict[str, Any] = {
            "region_id": REGIONS[village],
            "level": RegionLevel.VILLAGE,
            "effective_on": on,
            "today": TODAY,
        }
        return self._keep(library, lambda: life.relocate(self.libraries[library], **to))

    def merge(self, library: str, survivor: str, on: date) -> bool:
        pair = self.libraries[library], self.libraries[survivor]
        days: dict[str, Any] = {"bound_since": FIRST_DAY, "effective_on": on, "today": TODAY}
        return self._keep_without_ring(library, survivor, lambda: succession.merge(*pair, **days))

    def unmerge(self, library: str) -> bool:
        return self._keep_without_ring(library, library, lambda: succession.unmerge(self.libraries[library])[0])

    def link(self, source: str, replica: str, on: date) -> bool:
        pair = self.libraries[source], self.libraries[replica]
        try:
            succession.link_replica(*pair, kin=self._kin(source), effective_on=on, today=TODAY)
        except Refusal:
            return False
        self.links.add((source, replica))
        return True

    def end_link(self, source: str, replica: str, on: date) -> bool:
        ended = {link for link in self.links if self._now(link) == (source, replica) != (source, source)}
        since = FIRST_DAY if ended else None
        try:
            succession.end_link(self.libraries[source], linked_on=since, effective_on=on, today=TODAY)
        except Refusal:
            return False
        self.links -= ended
        return True

    def recode(self, village: str, on: date) -> None:
        """Libraries know regions by id; a code is nothing to them."""

    def seen(self, library: str) -> Seen:
        one = self._counted(library)
        village = next(code for code, region_id in REGIONS.items() if region_id == one.region_id)
        into = None if one.merged_into is None else str(one.merged_into)
        mentors = frozenset(mentor for mentor, replica in self._links_now() if replica == library)
        return Seen(one.standing, village, into, self._survivor(library), mentors, self._replicas(library))

    def total(self) -> tuple[int, int]:
        return len(self.libraries), len(self.links)

    def _keep_without_ring(self, library: str, around: str, change: Callable[[], Library]) -> bool:
        """As the command does it: change, then look who is above whom, then take it all back if somebody is above itself."""
        before = self.libraries[library]
        if not self._keep(library, change):
            return False
        try:
            succession.require_no_ring(UUID(around), self._kin(around))
        except Refusal:
            self.libraries[library] = before
            return False
        return True

    def _keep(self, library: str, change: Callable[[], Library]) -> bool:
        try:
            self.libraries[library] = change()
        except Refusal:
            return False
        return True

    def _counted(self, library: str) -> Library:
        """With its active replicas, which the service's view counts."""
        at_work = sum(self.libraries[one].at_work for one in self._replicas(library))
        return replace(self.libraries[library], active_replicas=at_work)

    def _survivor(self, library: str) -> str:
        into = self.libraries[library].merged_into
        return library if into is None else self._survivor(str(into))

    def _now(self, link: Link) -> Link:
        return self._survivor(link[0]), self._survivor(link[1])

    def _links_now(self) -> set[Link]:
        return {link for link in map(self._now, self.links) if link[0] != link[1]}

    def _replicas(self, library: str) -> frozenset[str]:
        return frozenset(replica for mentor, replica in self._links_now() if mentor == library)

    def _kin(self, library: str) -> Kin:
        above, links = {library}, self._links_now()
        for _ in self.libraries:
            above |= {mentor for mentor, replica in links if replica in above}
        reached = {mentor for mentor, replica in links if replica in above}
        return Kin(
            replicas=frozenset(map(UUID, self._replicas(library))),
            above=frozenset(map(UUID, reached)),
        )


class RulesMachine(LibraryMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = Rules()


RulesMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestRandomCommandsOnLibraries = RulesMachine.TestCase
