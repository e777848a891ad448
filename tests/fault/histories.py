"""A small history that is right in all parts, for tests of the checker to spoil in one."""

from dataclasses import replace
from typing import Any

from tests.fault.lane.checker import Violation, check
from tests.fault.lane.evidence import YEARS, Evidence, Fact, Figures, Projection, Published, Report
from tests.fault.lane.oplog import Entry, Kind, Operation, Outcome, Result
from tests.fault.lane.places import NATION, PROVINCES, above, regions, villages
from tests.fault.lane.reader import Seen

VILLAGE = villages()[0].code
TOPIC = "simpul.activities.activities.v1"
NOTHING = Figures(0, 0, 0, 0)


def entry(number: int, kind: Kind = Kind.RECORD, *, about: str | None = None, **told: Any) -> Entry:
    """The operation of that number; activities are named a1, a2, ... after the operation that recorded them."""
    operation = Operation(
        op_id=f"op{number}",
        kind=kind,
        service="activities",
        path="",
        body={"counts": {"total": 10}},
        body_hash="",
        key=f"key{number}",
        client="library",
        client_seq=number,
        invoked=float(number),
        library="l1",
        region=VILLAGE,
        about=about,
    )
    answer: dict[str, Any] = {
        "outcome": Outcome.OK,
        "resource": about or f"a{number}",
        "version": 1,
        "status": 201,
    } | told
    return Entry(operation, Result(op_id=operation.op_id, ended=number + 0.5, attempts=1, **answer))


def event(number: int, *, aggregate: str | None = None, version: int = 1, **changed: Any) -> Published:
    """What the operation of that number published, at the offset of the number."""
    given: dict[str, Any] = {"event_id": f"e{number}", "op_id": f"op{number}", "offset": number} | changed
    return Published(
        type="activity", aggregate=aggregate or f"a{number}", version=version, topic=TOPIC, key="l1", **given
    )


def fact(number: int, table: str = "activity_fact", *, aggregate: str | None = None, version: int = 1) -> Fact:
    return Fact(table, f"e{number}", aggregate or f"a{number}", version)


HISTORY = [
    entry(1),
    entry(2),
    entry(3, Kind.CORRECT, about="a1", version=2),
    entry(4, outcome=Outcome.REFUSED, resource=None, version=None, status=422),
    entry(5),
    entry(6, Kind.WITHDRAW, about="a5", version=2),
]
LEDGER = [
    event(1),
    event(2),
    event(3, aggregate="a1", version=2),
    event(5),
    event(6, aggregate="a5", version=2),
]
FACTS = [
    fact(1),
    fact(2),
    fact(3, aggregate="a1", version=2),
    fact(3, "activity_fact, closed", aggregate="a1"),
    fact(5),
    fact(6, "activity_fact, closed", aggregate="a5"),
]
SEEN = [
    Seen(asked, asked + 0.1, NATION, activities, attendances, {"activities": asked})
    for asked, activities, attendances in ((2.0, 1, 10), (5.7, 3, 30), (7.0, 2, 20))
]


def reports(figures: Figures) -> dict[str, Report]:
    """Of every region: those above the village have its figures."""
    holding = set(above(VILLAGE))
    return {code: Report(figures, figures) if code in holding else Report(NOTHING, NOTHING) for code in regions()}


EVIDENCE = Evidence(
    ledger=LEDGER,
    topic=LEDGER,
    facts=FACTS,
    applied={"reporting": {"a1": 2, "a2": 1, "a5": 2}},
    followed={"reporting": [TOPIC]},
    letters=[],
    reports=reports(Figures(activities=2, attendances=20, registered=0, marks=0)),
    realised={region: dict.fromkeys(YEARS, 0) for region in (NATION, *PROVINCES)},
    projections=dict.fromkeys(("live", "topics", "ledgers"), Projection(("a row",))),
)


def judged(
    *, history: list[Entry] | None = None, seen: list[Seen] | None = None, **changed: Any
) -> set[tuple[str, str]]:
    """Check and harm of every violation, with the parts named in place of the right ones."""
    found: list[Violation] = check(history or HISTORY, replace(EVIDENCE, **changed), seen or SEEN)
    return {(one.check, one.harm.value) for one in found}
