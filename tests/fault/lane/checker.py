"""C1 to C8: judges a history of operations against the evidence. Pure: values in, violations out.

The events of an operation are told by its id, which the services carry from the request into every event.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tests.fault.lane.evidence import YEARS, Evidence, Figures, Projection, Published
from tests.fault.lane.oplog import Entry, Kind, Outcome
from tests.fault.lane.places import NATION, PROVINCES, above, regions
from tests.fault.lane.reader import Seen

_FROM_OUTSIDE = {"load-regions"}
"""Origins of events that no operation asked for."""
_TABLE_OF = {
    Kind.RECORD: "activity_fact",
    Kind.CORRECT: "activity_fact",
    Kind.WITHDRAW: "activity_fact, closed",
    Kind.RENAME: "library_name",
    Kind.DESIGNATE: "designation_fact",
    Kind.REGISTER: "registration_fact",
    Kind.MARK: "attendance_fact",
}
"""Where the one row stands that an operation's event makes in reporting."""


class Harm(StrEnum):
    LOST = "lost"
    DOUBLED = "doubled"
    PHANTOM = "phantom"
    REORDERED = "reordered"
    OTHER = "other"


@dataclass(frozen=True)
class Violation:
    """`check` is the number of the check, C1 to C8, or a word for what is promised besides."""

    check: str
    harm: Harm
    what: str


def check(history: Sequence[Entry], evidence: Evidence, seen: Sequence[Seen]) -> list[Violation]:
    return [
        *_operations(history, evidence),
        *_answers(history, evidence.ledger),
        *_phantoms(history, evidence),
        *_versions_published(evidence.topic),
        *_versions_applied(evidence),
        *_order_of_clients(history, evidence.topic),
        *_figures(history, evidence),
        *_realisation(history, evidence),
        *_reads(history, seen),
        *_rebuilds(evidence.projections),
        *(Violation("letters", Harm.OTHER, letter) for letter in evidence.letters),
    ]


def _operations(history: Sequence[Entry], evidence: Evidence) -> Iterator[Violation]:
    """C1, C2, C3: done once, not done, done once or not at all; in the ledger, in the topics and in the facts alike."""
    places = {"the ledger": _events_by_operation(evidence.ledger), "the topics": _events_by_operation(evidence.topic)}
    rows = Counter((fact.table, fact.event_id) for fact in evidence.facts)
    for entry in history:
        done = {place: by_operation.get(entry.operation.op_id, set()) for place, by_operation in places.items()}
        for place, events in done.items():
            yield from _times(entry, len(events), place)
        yield from _counted(entry, done["the ledger"], rows)


def _events_by_operation(events: Iterable[Published]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for event in events:
        found[event.op_id].add(event.event_id)
    return found


def _times(entry: Entry, times: int, place: str) -> Iterator[Violation]:
    told = f"{_named(entry)} is {times} times in {place}"
    match entry.outcome:
        case Outcome.OK if times == 0:
            yield Violation("C1", Harm.LOST, told)
        case Outcome.REFUSED if times > 0:
            yield Violation("C2", Harm.PHANTOM, told)
    if times > 1:
        yield Violation("C3" if entry.outcome is Outcome.UNKNOWN else "C1", Harm.DOUBLED, told)


def _counted(entry: Entry, events: set[str], rows: Mapping[tuple[str, str], int]) -> Iterator[Violation]:
    table = _TABLE_OF.get(entry.operation.kind)
    if table is None:
        return
    for event in events:
        count = rows.get((table, event), 0)
        if count != 1:
            harm = Harm.LOST if count == 0 else Harm.DOUBLED
            yield Violation("C1", harm, f"{_named(entry)} has {count} rows in {table}")


def _named(entry: Entry) -> str:
    asked = entry.operation
    return f"{asked.kind} {asked.op_id} of {asked.client} no. {asked.client_seq} ({entry.outcome})"


def _answers(history: Sequence[Entry], ledger: Sequence[Published]) -> Iterator[Violation]:
    """C3: an answer names the thing, and the version of it, that the event made."""
    by_operation = {event.op_id: event for event in ledger}
    for entry in history:
        event = by_operation.get(entry.operation.op_id)
        result = entry.result
        if event is None or result is None or result.outcome is not Outcome.OK or entry.operation.kind is Kind.MARK:
            continue
        if (result.resource, result.version) != (event.aggregate, event.version):
            told = f"{_named(entry)} was told {result.resource} version {result.version}"
            yield Violation("C3", Harm.OTHER, f"{told}, recorded is {event.aggregate} version {event.version}")


def check_repeats(repeats: Iterable[tuple[Entry, Entry]]) -> Iterator[Violation]:
    """C3: the same key gives the same answer."""
    for first, again in repeats:
        if first.outcome is Outcome.OK and _answer(first) != _answer(again):
            yield Violation("C3", Harm.DOUBLED, f"{_named(first)} was answered {_answer(first)}, then {_answer(again)}")


def _answer(entry: Entry) -> tuple[object, ...]:
    result = entry.result
    return (None,) if result is None else (result.outcome, result.status, result.resource, result.version)


def _phantoms(history: Sequence[Entry], evidence: Evidence) -> Iterator[Violation]:
    """C4: nothing is anywhere that nobody asked for."""
    asked = {entry.operation.op_id for entry in history} | _FROM_OUTSIDE
    recorded = {event.event_id for event in evidence.ledger}
    published = {event.event_id: event for event in evidence.topic}
    for event in evidence.ledger:
        if event.op_id not in asked:
            yield Violation("C4", Harm.PHANTOM, f"{event.type} {event.event_id} in the ledger: nobody asked for it")
        if event.event_id not in published:
            yield Violation("C4", Harm.LOST, f"{event.type} {event.event_id} is in the ledger and in no topic")
    for event in published.values():
        if event.event_id not in recorded:
            yield Violation("C4", Harm.PHANTOM, f"{event.type} {event.event_id} is in a topic and in no ledger")
    for fact in evidence.facts:
        if fact.event_id not in recorded:
            yield Violation("C4", Harm.PHANTOM, f"{fact.table} has a row of {fact.event_id}, which is in no ledger")


def _versions_published(topic: Sequence[Published]) -> Iterator[Violation]:
    """C5: per aggregate 1, 2, 3, ... in the order of its partition; repeats are legal (1 2 3 2), jumps are not (1 3 2)."""
    by_version: dict[str, dict[int, str]] = defaultdict(dict)
    for event in _in_place(topic):
        versions = by_version[event.aggregate]
        told = f"{event.type} of {event.aggregate} version {event.version} at {event.topic}/{event.partition}@{event.offset}"
        if versions.get(event.version, event.event_id) != event.event_id:
            yield Violation("C5", Harm.DOUBLED, f"{told} is another event than the one before with this version")
        elif event.version > len(versions) + 1:
            yield Violation("C5", Harm.REORDERED, f"{told} comes after version {max(versions, default=0)}")
        versions.setdefault(event.version, event.event_id)


def _in_place(topic: Sequence[Published]) -> list[Published]:
    return sorted(topic, key=lambda event: (event.topic, event.partition, event.offset))


def _versions_applied(evidence: Evidence) -> Iterator[Violation]:
    """C5: what a consumer has applied of an aggregate is the last version recorded."""
    last: dict[str, int] = defaultdict(int)
    for event in evidence.ledger:
        last[event.aggregate] = max(last[event.aggregate], event.version)
    for consumer, applied in evidence.applied.items():
        followed = {event.aggregate for event in evidence.ledger if event.topic in evidence.followed[consumer]}
        for aggregate in followed:
            if applied.get(aggregate, 0) != last[aggregate]:
                told = f"{consumer} has applied version {applied.get(aggregate, 0)} of {aggregate}"
                harm = Harm.LOST if applied.get(aggregate, 0) < last[aggregate] else Harm.PHANTOM
                yield Violation("C5", harm, f"{told}, recorded are {last[aggregate]}")


def _order_of_clients(history: Sequence[Entry], topic: Sequence[Published]) -> Iterator[Violation]:
    """C5: what a client did one after the other stands in that order under one key. Late answers have no order."""
    asked = {entry.operation.op_id: entry for entry in history if entry.result is not None and not entry.result.late}
    reached: dict[tuple[str, str, str], int] = {}
    met: set[str] = set()
    for event in _in_place(topic):
        entry = asked.get(event.op_id)
        if entry is None or event.event_id in met:
            continue
        met.add(event.event_id)
        lane = (entry.operation.client, event.topic, event.key)
        if entry.operation.client_seq < reached.get(lane, 0):
            yield Violation(
                "C5", Harm.REORDERED, f"{_named(entry)} comes after no. {reached[lane]} under key {event.key}"
            )
        reached[lane] = max(reached.get(lane, 0), entry.operation.client_seq)


def _figures(history: Sequence[Entry], evidence: Evidence) -> Iterator[Violation]:
    """C6: every region's figures are those of a recount, and those of its parts together."""
    expected = recount(history)
    for region in regions():
        report = evidence.reports[region]
        for name in Figures.__dataclass_fields__:
            found, right = getattr(report.total, name), getattr(expected[region], name)
            if found != right:
                harm = Harm.DOUBLED if found > right else Harm.LOST
                yield Violation("C6", harm, f"{region} reports {found} {name}, a recount gives {right}")
        if report.parts != report.total:
            yield Violation("C6", Harm.OTHER, f"{region} reports {report.total}, its parts add up to {report.parts}")


def recount(history: Sequence[Entry]) -> dict[str, Figures]:
    """The figures of every region, from what was acknowledged and nothing else."""
    totals: dict[str, Counter[str]] = {region: Counter() for region in regions()}
    for region, total in _standing(history):
        for code in above(region):
            totals[code].update(activities=1, attendances=total)
    counted = {Kind.REGISTER: "registered", Kind.MARK: "marks"}
    for entry in history:
        name = counted.get(entry.operation.kind)
        if entry.outcome is Outcome.OK and name is not None and entry.operation.region is not None:
            for code in above(entry.operation.region):
                totals[code][name] += 1
    names = tuple(Figures.__dataclass_fields__)
    return {region: Figures(**{name: counts[name] for name in names}) for region, counts in totals.items()}


def _standing(history: Sequence[Entry]) -> list[tuple[str, int]]:
    """Region and attendances of each activity that was not withdrawn, as last corrected."""
    standing: dict[str, tuple[str, int]] = {}
    for entry in sorted(history, key=lambda entry: (entry.operation.client, entry.operation.client_seq)):
        asked, result = entry.operation, entry.result
        if result is None or result.outcome is not Outcome.OK or asked.region is None:
            continue
        if asked.kind in {Kind.RECORD, Kind.CORRECT}:
            standing[asked.about or result.resource or ""] = (asked.region, asked.body["counts"]["total"])
        elif asked.kind is Kind.WITHDRAW:
            standing.pop(asked.about or "")
    return list(standing.values())


def _realisation(history: Sequence[Entry], evidence: Evidence) -> Iterator[Violation]:
    """C6: libraries designated, by region and programme year."""
    designated: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in history:
        asked = entry.operation
        if asked.kind is Kind.DESIGNATE and entry.outcome is Outcome.OK and asked.region and asked.library:
            for code in above(asked.region):
                designated[code, asked.body["programme_year"]].add(asked.library)
    for region in (NATION, *PROVINCES):
        for year in YEARS:
            found, right = evidence.realised[region][year], len(designated[region, year])
            if found != right:
                harm = Harm.DOUBLED if found > right else Harm.LOST
                yield Violation(
                    "C6", harm, f"{region} reports {found} libraries designated for {year}, there are {right}"
                )


def _reads(history: Sequence[Entry], seen: Sequence[Seen]) -> Iterator[Violation]:
    """C7: figures read one after the other fall by no more than corrections asked for by then, and marks never fall."""
    falls = _possible_falls(history)
    by_region: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        by_region[one.region].append(one)
    for region, reads in by_region.items():
        yield from _falling(region, reads, [fall for fall in falls if region in above(fall.region)])
    for before, after in pairwise(seen):
        for service, through in before.through.items():
            if after.through.get(service, 0.0) < through:
                told = f"reporting had applied {service} through {through}, then {after.through.get(service)}"
                yield Violation("C7", Harm.REORDERED, told)


@dataclass(frozen=True)
class _Fall:
    """How much a correction or a withdrawal can take away, from when it was asked for."""

    region: str
    asked: float
    activities: int
    attendances: int


def _possible_falls(history: Sequence[Entry]) -> list[_Fall]:
    totals: dict[str, int] = {}
    found = []
    for entry in sorted(history, key=lambda entry: (entry.operation.client, entry.operation.client_seq)):
        asked, result = entry.operation, entry.result
        if asked.kind is Kind.RECORD and result is not None and result.resource is not None:
            totals[result.resource] = asked.body["counts"]["total"]
        if asked.kind not in {Kind.CORRECT, Kind.WITHDRAW} or entry.outcome is Outcome.REFUSED:
            continue
        before = totals.get(asked.about or "", 0)
        after = asked.body["counts"]["total"] if asked.kind is Kind.CORRECT else 0
        gone = 1 if asked.kind is Kind.WITHDRAW else 0
        found.append(_Fall(asked.region or "", asked.invoked, gone, max(0, before - after)))
        totals[asked.about or ""] = after
    return sorted(found, key=lambda fall: fall.asked)


def _falling(region: str, reads: Sequence[Seen], falls: Sequence[_Fall]) -> Iterator[Violation]:
    fallen = Counter[str]()
    for before, after in pairwise(reads):
        allowed = [fall for fall in falls if fall.asked <= after.answered]
        for name in ("activities", "attendances"):
            fallen[name] += max(0, getattr(before, name) - getattr(after, name))
            possible = sum(getattr(fall, name) for fall in allowed)
            if fallen[name] > possible:
                told = f"{region}: {name} fell from {getattr(before, name)} to {getattr(after, name)}"
                yield Violation("C7", Harm.REORDERED, f"{told}; in all {fallen[name]}, corrections allow {possible}")


def _rebuilds(projections: Mapping[str, Projection]) -> Iterator[Violation]:
    """C8: however it is built, the projection is the same to the byte."""
    live = projections["live"]
    for name, built in projections.items():
        if built.sha256 != live.sha256:
            told = f"the projection built from the {name} is not the live one"
            only = sorted(set(built.rows) ^ set(live.rows))
            yield Violation("C8", Harm.OTHER, f"{told}; {len(only)} rows differ: {only[:4]}")
