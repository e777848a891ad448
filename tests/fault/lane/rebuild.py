"""C8: reporting's projection built anew from the topics and from the ledgers, through the shipped Applier, and compared."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from simpul_operator.addresses import SERVICES
from simpul_shared.platform.consume import Applier, Record
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import open_database

from tests.fault.lane.evidence import connected, ledger_records, read_topics
from tests.fault.lane.platform import ALL, Platform

_BATCH = 2000
_PLACES = ("log_topic", "log_partition", "log_offset")
"""Where an event lay in the log: the one thing that differs from one way of delivery to another."""
_TABLES = (
    "library",
    "library_name",
    "library_status",
    "designation_fact",
    "activity_fact",
    "activity_month",
    "bimtek",
    "registration_fact",
    "attendance_fact",
    "attendance_month",
    "region_version",
)


async def projections(platform: Platform) -> dict[str, str]:
    """A SHA-256 of the live projection and of each rebuilt one."""
    async with connected(platform, "reporting") as live:
        hashes = {"live": await digest(live)}
    from_ledger = [record for service in SERVICES for record in await ledger_records(platform, service)]
    hashes["topics"] = await _rebuilt(platform, await read_topics(platform))
    hashes["ledgers"] = await _rebuilt(platform, _renumbered(from_ledger))
    return hashes


async def digest(connection: Any) -> str:
    """Over every row of the projection but for its places in the log; a month that counts nothing is no row."""
    whole = hashlib.sha256()
    for table in _TABLES:
        rows = await connection.fetch(
            "select (to_jsonb(t) - $1::text[])::text as row from (select * from " + table + ") as t",  # noqa: S608 (a table of ours)
            list(_PLACES),
        )
        for text in sorted(row["row"] for row in rows if not _counts_nothing(table, row["row"])):
            whole.update(f"{table} {text}\n".encode())
    return whole.hexdigest()


def _counts_nothing(table: str, row: str) -> bool:
    if not table.endswith("_month"):
        return False
    return all(value == 0 for value in msgspec.json.decode(row).values() if isinstance(value, int))


def _renumbered(records: Sequence[Record]) -> list[Record]:
    """Every topic as one partition, from 0."""
    counts: Counter[str] = Counter()
    found = []
    for record in records:
        found.append(replace(record, offset=counts[record.topic]))
        counts[record.topic] += 1
    return found


async def _rebuilt(platform: Platform, records: Sequence[Record]) -> str:
    """The digest of a fresh database after the shipped Applier and handlers have had these records."""
    service = ALL["reporting"]
    followed = {topic.name for topic in service.topics}
    wanted = [record for record in records if record.topic in followed]
    databases = platform.servers.postgres[service.name].databases
    async with databases.database(service) as url, open_database(url, name="rebuild", size=2) as database:
        store = PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)
        applier = Applier(store, service.handlers)
        for start in range(0, len(wanted), _BATCH):
            await applier.apply(wanted[start : start + _BATCH], earliest={})
        async with database.pool.acquire() as connection:
            return await digest(connection)
