"""C8: reporting's projection built anew from the topics and from the ledgers, through the shipped Applier, and compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from simpul_operator.addresses import SERVICES
from simpul_operator.roles import APP, OWNER
from simpul_shared.platform.consume import Applier, Record
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import open_database

from tests.fault.lane.evidence import Projection, ledger_records, read_topics
from tests.fault.lane.platform import ALL, Platform

_BATCH = 2000


async def projections(platform: Platform) -> dict[str, Projection]:
    """The live one, and those built anew from the topics and from the ledgers."""
    live = await _read(platform.direct_url("reporting"))
    from_ledger = [record for service in SERVICES for record in await ledger_records(platform, service)]
    from_topics = await read_topics(platform)
    return {
        "live": live,
        "topics": await _rebuilt(platform, from_topics),
        "ledgers": await _rebuilt(platform, _renumbered(from_ledger)),
    }


async def _read(url: str) -> Projection:
    """Every row that a rebuild must make alike, by the owner's view that `simpul rebuild` compares with."""
    async with open_database(url.replace(f"//{APP}:", f"//{OWNER}:"), name="fault-lane", size=1) as database:
        rows = await database.pool.fetch("select name, line from projection_content")
    return Projection(tuple(sorted(f"{row['name']} {row['line']}" for row in rows)))


def _renumbered(records: Sequence[Record]) -> list[Record]:
    """Every topic as one partition, from 0."""
    counts: Counter[str] = Counter()
    found = []
    for record in records:
        found.append(replace(record, offset=counts[record.topic]))
        counts[record.topic] += 1
    return found


async def _rebuilt(platform: Platform, records: Sequence[Record]) -> Projection:
    """What a fresh database holds after the shipped Applier and handlers have had these records."""
    service = ALL["reporting"]
    followed = {topic.name for topic in service.topics}
    wanted = [record for record in records if record.topic in followed]
    databases = platform.servers.postgres[service.name].databases
    async with databases.database(service) as url, open_database(url, name="rebuild", size=2) as database:
        store = PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)
        applier = Applier(store, service.handlers)
        for start in range(0, len(wanted), _BATCH):
            await applier.apply(wanted[start : start + _BATCH], earliest={})
        return await _read(url)
