"""A map that changes and events upon it, made up from a seed; and an oracle that counts them in plain Python."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from simpul_shared.contracts.activities import (
    ActivityCorrected,
    ActivityRecorded,
    ActivityWithdrawn,
    Age,
    AttendanceCorrected,
    AttendanceRecorded,
    BimtekCancelled,
    BimtekPlanned,
    Counts,
    Gender,
    ParticipantRegistered,
    ParticipantWithdrawn,
)
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import (
    LibraryDesignated,
    LibraryMerged,
    LibraryNominated,
    LibraryRelocated,
    LibraryUnmerged,
    RegionVersionPublished,
)
from simpul_shared.vocabulary import (
    ActivityCategory,
    AttendanceStatus,
    Basis,
    BimtekKind,
    BimtekLevel,
    DeliveryMode,
    LibraryType,
    MeasureMethod,
    Scheme,
)

from tests.service.reporting.world import Spot

CHANGE = date(2022, 11, 9)
"""The day on which a regency of the made-up map goes over to a new province, as in Papua."""

COUNTED = ("activities", "attendances", "women", "men", "gender_unknown", "disability", "low_income")
MARKED = ("registered", "present", "late", "excused", "sick", "absent")


@dataclass
class History:
    """Statements on regions in the order of their making, the last for a start being the one believed."""

    random: random.Random
    statements: list[Spot] = field(default_factory=list)

    def id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    @property
    def believed(self) -> list[Spot]:
        return list({(spot.id, spot.valid_from): spot for spot in self.statements}.values())

    @property
    def villages(self) -> list[UUID]:
        return sorted({spot.id for spot in self.statements if len(spot.path) == 5})

    def version(self, region: UUID, day: date) -> Spot:
        """The statement that holds on the day, or the nearest before, or the first."""
        own = sorted((s for s in self.believed if s.id == region), key=lambda s: s.valid_from or date.min)
        begun = [s for s in own if (s.valid_from or date.min) <= day]
        return begun[-1] if begun else own[0]


def made_up(seed: int) -> History:
    """The country with three provinces; one regency moves to a new one, two villages vanish, one was stated wrongly."""
    history = History(random.Random(seed))
    nation = Spot("ID", "Indonesia", (history.id(),))
    history.statements.append(nation)
    for code in ("11", "12", "91"):
        _add_below(history, Spot(code, f"Provinsi {code}", (*nation.path, history.id())), depth=3)
    for code in ("11", "91.01"):
        _vanish(history, code)
    _move_regency(history, nation)
    _state_wrongly_first(history)
    return history


def _add_below(history: History, spot: Spot, *, depth: int) -> None:
    history.statements.append(spot)
    if depth == 0:
        return
    for number in range(history.random.randint(1, 3)):
        word = f"{number + 1:02}" if depth > 1 else f"{2001 + number}"
        below = Spot(f"{spot.code}.{word}", f"{spot.name} {word}", (*spot.path, history.id()))
        _add_below(history, below, depth=depth - 1)


def _move_regency(history: History, nation: Spot) -> None:
    province = Spot("94", "Provinsi baru", (*nation.path, history.id()), valid_from=CHANGE)
    history.statements.append(province)
    regency = next(spot for spot in history.statements if spot.code == "91.01")
    for spot in history.believed:
        if regency.id in spot.path and spot.valid_to is None:
            path = (*province.path, *spot.path[2:])
            history.statements.append(_changed(spot, valid_to=CHANGE))
            history.statements.append(_changed(spot, code="94" + spot.code[2:], path=path, valid_from=CHANGE))


def _vanish(history: History, code: str) -> None:
    village = next(spot for spot in history.statements if len(spot.path) == 5 and spot.code.startswith(code))
    history.statements.append(_changed(village, valid_to=date(2022, 6, 1)))


def _state_wrongly_first(history: History) -> None:
    """The first statement on a village put it below another district of its province."""
    village = next(spot for spot in history.statements if len(spot.path) == 5 and spot.code.startswith("12"))
    districts = [spot for spot in history.statements if len(spot.path) == 4 and spot.code.startswith("12")]
    wrong = _changed(village, path=(*history.random.choice(districts).path, village.id))
    history.statements.insert(history.statements.index(village), wrong)


def _changed(spot: Spot, **changes: object) -> Spot:
    values = {name: getattr(spot, name) for name in Spot.__dataclass_fields__} | changes
    return Spot(**values)


def _day(history: History) -> date:
    return date(2022, 9, 1) + timedelta(days=history.random.randrange(120))


def _counts(rng: random.Random) -> Counts:
    women, men, unknown = rng.randrange(20), rng.randrange(20), rng.randrange(3)
    total = women + men + unknown
    age = Age(
        from_0_to_6=0, from_7_to_12=0, from_13_to_17=0, from_18_to_35=total, from_36_to_59=0, from_60=0, unknown=0
    )
    gender = Gender(male=men, female=women, unknown=unknown)
    return Counts(total=total, gender=gender, age=age, disability=total and rng.randrange(total), low_income=0)


def activity_events(history: History, library: UUID, village: UUID) -> list[Event]:
    """One activity: recorded, perhaps corrected several times, perhaps withdrawn."""
    rng, activity = history.random, history.id()
    first = ActivityRecorded(
        activity_id=activity,
        library_id=library,
        region_id=village,
        category=rng.choice(list(ActivityCategory)),
        starts_at=datetime(2022, 9, 1, tzinfo=UTC),
        held_on=_day(history),
        timezone="Asia/Jayapura",
        counts=_counts(rng),
        method=MeasureMethod.COUNTED,
        basis=Basis.SAMPLE,
    )
    corrections = [
        ActivityCorrected(
            activity_id=activity,
            library_id=library,
            region_id=village,
            category=rng.choice(list(ActivityCategory)),
            starts_at=first.starts_at,
            held_on=_day(history),
            timezone=first.timezone,
            counts=_counts(rng),
            method=MeasureMethod.ESTIMATED,
            reason="salah hitung",
        )
        for _ in range(rng.choice([0, 0, 0, 1, 2]))
    ]
    withdrawn = [ActivityWithdrawn(activity_id=activity, library_id=library, reason="ganda")]
    return [first, *corrections, *(withdrawn if rng.random() < 0.2 else [])]


def bimtek_events(history: History, represented: Sequence[tuple[UUID, UUID]]) -> list[Event]:
    """A Bimtek with registrations of (library, village), marks in two sessions, corrections; perhaps cancelled."""
    rng, bimtek = history.random, history.id()
    starts_on = _day(history)
    events: list[Event] = [
        BimtekPlanned(
            bimtek_id=bimtek,
            title="Bimtek SPP-TIK",
            kind=BimtekKind.SPP_TIK,
            level=BimtekLevel.NATIONAL,
            mode=DeliveryMode.ON_SITE,
            region_id=represented[0][1],
            region_basis=Basis.SAMPLE,
            timezone="Asia/Makassar",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=2),
            session_count=2,
            basis=Basis.SAMPLE,
        )
    ]
    for library, village in represented:
        events += _participant_events(history, bimtek, library, village, starts_on)
    if rng.random() < 0.2:
        events.append(BimtekCancelled(bimtek_id=bimtek, reason="banjir"))
    return events


def _participant_events(
    history: History, bimtek: UUID, library: UUID, village: UUID, starts_on: date
) -> Iterable[Event]:
    rng, registration = history.random, history.id()
    yield ParticipantRegistered(
        registration_id=registration,
        bimtek_id=bimtek,
        person_id=history.id(),
        library_id=library,
        region_id=village,
        basis=Basis.SAMPLE,
    )
    for session in (1, 2):
        statuses = rng.choices(list(AttendanceStatus), k=rng.choice([0, 1, 1, 2, 3]))
        held_on = starts_on + timedelta(days=session - 1)
        for status in statuses[:1]:
            yield AttendanceRecorded(
                registration_id=registration,
                bimtek_id=bimtek,
                session_no=session,
                held_on=held_on,
                status=status,
                library_id=library,
                region_id=village,
                basis=Basis.SAMPLE,
            )
        for old, status in pairwise(statuses):
            yield AttendanceCorrected(
                registration_id=registration,
                bimtek_id=bimtek,
                session_no=session,
                held_on=held_on,
                old_status=old,
                status=status,
                library_id=library,
                region_id=village,
                reason="daftar hadir kertas",
            )
    if rng.random() < 0.15:
        yield ParticipantWithdrawn(registration_id=registration, bimtek_id=bimtek, reason="sakit")


def library_events(history: History, library: UUID, village: UUID, others: Sequence[UUID]) -> list[Event]:
    """A library's life: nominated, designated, moved once or more, merged into others, each merge but the last taken back."""
    rng, province = history.random, history.version(village, CHANGE).path[1]
    named: dict[str, Any] = {
        "library_id": library,
        "region_id": village,
        "province_id": province,
        "programme_year": 2022,
    }
    events: list[Event] = [
        LibraryNominated(
            **named,
            name="Perpustakaan",
            library_type=LibraryType.VILLAGE,
            timezone="Asia/Jayapura",
            scheme=Scheme.STIMULUS,
            basis=Basis.SAMPLE,
        ),
        LibraryDesignated(**named, scheme=Scheme.STIMULUS, sk_no="1", sk_date=date(2022, 3, 1), basis=Basis.SAMPLE),
    ]
    for old, new in pairwise([village, *rng.sample(history.villages, rng.randrange(3))]):
        events.append(
            LibraryRelocated(
                library_id=library,
                old_region_id=old,
                region_id=new,
                province_id=history.version(new, CHANGE).path[1],
                timezone="Asia/Jayapura",
                effective_on=_day(history),
                reason="gedung baru",
            )
        )
    for survivor in rng.sample(others, min(len(others), rng.randrange(3))):
        bond: dict[str, Any] = {
            "library_id": library,
            "survivor_id": survivor,
            "effective_on": _day(history),
            "reason": "ganda",
        }
        events += [LibraryMerged(**bond), LibraryUnmerged(**bond)]
    return events if rng.random() < 0.5 or not isinstance(events[-1], LibraryUnmerged) else events[:-1]


def region_events(history: History) -> list[RegionVersionPublished]:
    return [spot.published() for spot in history.statements]


def shuffled(history: History, streams: Sequence[Sequence[Event]]) -> list[Event]:
    """All events in an order that keeps only that of each stream."""
    waiting = [list(reversed(stream)) for stream in streams if stream]
    mixed = []
    while waiting:
        stream = history.random.choice(waiting)
        mixed.append(stream.pop())
        waiting = [one for one in waiting if one]
    return mixed


Key = tuple[UUID, UUID | None, date]


def expected_activities(
    history: History, events: Iterable[Event]
) -> dict[tuple[UUID, UUID | None, date, str], list[int]]:
    """(region, parent, month, category) to the counts in COUNTED, from what each activity was last said to be."""
    last = {event.aggregate_id: event for event in events}
    found: dict[tuple[UUID, UUID | None, date, str], list[int]] = {}
    for event in last.values():
        if not isinstance(event, ActivityRecorded | ActivityCorrected):
            continue
        c = event.counts
        figures = [1, c.total, c.gender.female, c.gender.male, c.gender.unknown, c.disability, c.low_income]
        for region, parent in _edges(history, event.region_id, event.held_on):
            key = (region, parent, event.held_on.replace(day=1), event.category.value)
            found[key] = [a + b for a, b in zip(found.get(key, [0] * 7), figures, strict=True)]
    return found


_MARK = dict(zip(AttendanceStatus, MARKED[1:], strict=True))


def expected_marks(history: History, events: Sequence[Event]) -> dict[Key, Counter[str]]:
    """(region, parent, month) to the counts in MARKED."""
    begins = {e.bimtek_id: e.starts_on for e in events if isinstance(e, BimtekPlanned)}
    cancelled = {e.bimtek_id for e in events if isinstance(e, BimtekCancelled)}
    withdrawn = {e.registration_id for e in events if isinstance(e, ParticipantWithdrawn)}
    marks = {
        (e.registration_id, e.session_no): e for e in events if isinstance(e, AttendanceRecorded | AttendanceCorrected)
    }
    facts = [(e.region_id, e.held_on, _MARK[e.status]) for e in marks.values()]
    facts += [
        (e.region_id, begins[e.bimtek_id], "registered")
        for e in events
        if isinstance(e, ParticipantRegistered) and e.bimtek_id not in cancelled and e.registration_id not in withdrawn
    ]
    found: dict[Key, Counter[str]] = {}
    for village, day, what in facts:
        for region, parent in _edges(history, village, day):
            found.setdefault((region, parent, day.replace(day=1)), Counter())[what] += 1
    return found


def _edges(history: History, region: UUID, day: date) -> list[tuple[UUID, UUID | None]]:
    path = history.version(region, day).path
    return list(zip(path, (None, *path), strict=False))
