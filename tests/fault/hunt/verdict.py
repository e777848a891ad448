"""The checker: once all is quiet, the topics, the projections and the totals must be what the journal says."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.contracts.topics import ACTIVITIES, LIBRARIES, Topic

from tests.fault.hunt.findings import Finding, Kind
from tests.fault.hunt.ground import Ground
from tests.fault.hunt.journal import Journal
from tests.service.activities.world import region, region_id
from tests.support.records import read_topic, unread
from tests.support.services import ServiceUnderTest

_PATIENCE_SECONDS = 60.0


async def verdict(ground: Ground, journal: Journal) -> list[Finding]:
    """Everything that is wrong; call it when no client writes."""
    quiet = await _quiet(ground)
    return [
        *quiet,
        *journal.wrong,
        *await _tallied(ground, journal),
        *await _facts(ground, journal),
        *await _months(ground, journal),
        *await _letters(ground, journal),
        *await _published(ground, ground.tally, LIBRARIES, journal),
        *await _published(ground, ground.activities, ACTIVITIES, journal),
    ]


async def _quiet(ground: Ground) -> list[Finding]:
    """Wait until the ledgers are sent and the topics are read to their ends."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        behind = [*await _unsent(ground), *await _unread(ground)]
        if not behind:
            return []
        await asyncio.sleep(0.1)
    return [Finding(Kind.STALLED, one) for one in behind]


async def _unsent(ground: Ground) -> list[str]:
    found = []
    for service in (ground.tally, ground.activities):
        rows = await service.database.pool.fetchval(
            """
            select count(*) from ledger as l join relay_cursor as c using (shard)
            where (l.xid, l.id) > (c.xid, c.id)
            """
        )
        found += [f"{service.service.name} has not sent {rows} rows"] if rows else []
    return found


async def _unread(ground: Ground) -> list[str]:
    found = []
    for service, topic in ((ground.tally, LIBRARIES), (ground.reporting, ACTIVITIES)):
        left = await unread(service, ground.settings, topic)
        found += [f"{service.service.name} has {left} records of {topic.name} before it"] if left else []
    return found


async def _tallied(ground: Ground, journal: Journal) -> list[Finding]:
    rows = await ground.tally.database.pool.fetch("select library_id, names from tally")
    counted = {row["library_id"]: list(row["names"]) for row in rows}
    found = [Finding(Kind.PHANTOM, f"tally of unknown {library}") for library in counted.keys() - journal.names.keys()]
    for library, told in journal.names.items():
        found += _compared(library, told, counted.get(library, []))
    return found


def _compared(library: UUID, told: list[str], counted: list[str]) -> Iterable[Finding]:
    twice = [name for name, times in Counter(counted).items() if times > 1]
    if twice:
        yield Finding(Kind.DOUBLED, f"{library}: {twice[:3]}")
    if missing := [name for name in told if name not in set(counted)]:
        yield Finding(Kind.LOST, f"{library}: {missing[:3]}")
    if strange := set(counted) - set(told):
        yield Finding(Kind.PHANTOM, f"{library}: {sorted(strange)[:3]}")
    once = list(dict.fromkeys(counted))
    if once != [name for name in told if name in set(once)] and not strange:
        yield Finding(Kind.REORDERED, f"{library}: {once[:5]}")


async def _facts(ground: Ground, journal: Journal) -> list[Finding]:
    rows = await ground.reporting.database.pool.fetch(
        "select activity_id, aggregate_version, held_on, total from activity_fact where superseded_at = 'infinity'"
    )
    held: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        held[row["activity_id"]].append(row)
    found = [Finding(Kind.PHANTOM, f"activity {one}") for one in held.keys() - journal.activities.keys()]
    for activity_id, told in journal.activities.items():
        facts = held.get(activity_id, [])
        if told.withdrawn:
            found += [Finding(Kind.LOST, f"the withdrawal of {activity_id}")] if facts else []
        elif not facts or max(one["aggregate_version"] for one in facts) < told.version:
            found.append(Finding(Kind.LOST, f"activity {activity_id} version {told.version}"))
        elif len(facts) > 1:
            found.append(Finding(Kind.TOTALS, f"activity {activity_id} is counted {len(facts)} times"))
        elif facts[0]["aggregate_version"] > told.version:
            found.append(Finding(Kind.PHANTOM, f"version {facts[0]['aggregate_version']} of activity {activity_id}"))
        elif facts[0]["held_on"] != told.held_on:
            found.append(Finding(Kind.MISDATED, f"{activity_id} on {facts[0]['held_on']}, held on {told.held_on}"))
        elif facts[0]["total"] != told.total:
            found.append(Finding(Kind.TOTALS, f"{activity_id} has {facts[0]['total']}, told {told.total}"))
    return found


async def _months(ground: Ground, journal: Journal) -> list[Finding]:
    """Every region's months, recounted from the journal."""
    rows = await ground.reporting.database.pool.fetch(
        """
        select region_id, month, sum(activities)::bigint as activities, sum(attendances)::bigint as attendances
        from activity_month where activities <> 0 group by region_id, month
        """
    )
    counted = {(row["region_id"], row["month"]): (row["activities"], row["attendances"]) for row in rows}
    told: dict[Any, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in journal.activities.values():
        if not one.withdrawn:
            for place in region(one.village).path:
                held, attended = told[place, one.held_on.replace(day=1)]
                told[place, one.held_on.replace(day=1)] = held + 1, attended + one.total
    wrong = {place for place in counted.keys() | told.keys() if counted.get(place) != told.get(place)}
    nation = [(month, counted.get((one, month)), told.get((one, month))) for one, month in wrong if one == _NATION]
    return [Finding(Kind.TOTALS, f"{len(wrong)} months of regions; the nation's: {nation[:2]}")] if wrong else []


_NATION = region_id("ID")


async def _letters(ground: Ground, journal: Journal) -> list[Finding]:
    """Each poison is kept with its bytes, and nothing else is put aside."""
    found = []
    kept: list[bytes] = []
    for service in ground.services:
        for row in await service.dead_letters():
            if row["state"] == "poison" and bytes(row["value"]) in set(journal.poison):
                kept.append(bytes(row["value"]))
            elif row["state"] in {"poison", "waiting"}:
                found.append(Finding(Kind.ASIDE, f"{service.service.name}: {row['reason']}: {row['detail'][:200]}"))
    missing = Counter(journal.poison) - Counter(kept)
    return [*found, *(Finding(Kind.LETTER, repr(value[:60])) for value in missing)]


async def _published(ground: Ground, source: ServiceUnderTest, topic: Topic, journal: Journal) -> list[Finding]:
    """The topic holds what the ledger holds; the versions of each aggregate, repeats left out, are 1, 2, 3, ..."""
    poison = set(journal.poison)
    seen: dict[str, list[int]] = defaultdict(list)
    for record in await read_topic(ground.settings, topic):
        if record.value in poison:
            continue
        envelope = msgspec.json.decode(record.value, type=Envelope)
        if envelope.aggregateversion not in seen[envelope.subject]:
            seen[envelope.subject].append(envelope.aggregateversion)
    rows = await source.database.pool.fetch(
        "select aggregate_id::text as subject, max(aggregate_version) as last from ledger where topic = $1 group by 1",
        topic.name,
    )
    last = {row["subject"]: row["last"] for row in rows}
    found = [Finding(Kind.PHANTOM, f"{topic.name}: {one}") for one in seen.keys() - last.keys()]
    for subject, version in last.items():
        if seen[subject] != sorted(seen[subject]):
            found.append(Finding(Kind.REORDERED, f"{topic.name}: {subject}: {seen[subject]}"))
        if set(seen[subject]) != set(range(1, version + 1)):
            found.append(Finding(Kind.LOST, f"{topic.name}: {subject} has not all of 1 to {version}"))
    return found
