"""`python -m simpul_<name> rebuild`: one JSON object per line on standard output tells how far it is; the last the result."""

import argparse
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from simpul_shared.contracts.topics import MARKS
from simpul_shared.platform.consume import Applier
from simpul_shared.platform.consume_backends import PostgresStore
from simpul_shared.platform.database import Database, open_database
from simpul_shared.platform.dead_letters.actions import Workbench
from simpul_shared.platform.migrate import MigrationError, pending
from simpul_shared.platform.rebuild.course import Progress, Rebuild, Result, Tell, Wish, roll_back
from simpul_shared.platform.rebuild.from_kafka import reading_topics
from simpul_shared.platform.rebuild.from_ledger import LedgerSettings, reading_ledgers
from simpul_shared.platform.rebuild.schemas import NEXT, Connection, make_next, owning
from simpul_shared.platform.rebuild.sources import Source
from simpul_shared.platform.settings import PlatformSettings, ServiceSettings

if TYPE_CHECKING:
    from simpul_shared.platform.service import Service

DIFFERENT = 3
"""Exit code: the rebuilt projection is not the live one, and was not put in its place."""


@dataclass(frozen=True)
class Options:
    from_ledger: bool = False
    roll_back: bool = False
    wish: Wish = field(default_factory=Wish)


def parse_options(prog: str, argv: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog=f"{prog} rebuild", description="Build the projection anew beside the live one."
    )
    parser.add_argument("--from-ledger", action="store_true", help="from the services' ledgers, without Kafka")
    parser.add_argument("--check-only", action="store_true", help="compare, and keep the live one in any case")
    parser.add_argument("--accept-differences", action="store_true", help="swap even when the two are not alike")
    parser.add_argument("--rollback", action="store_true", help="put the old projection back in its place")
    parser.add_argument("--reason", default="rebuild", help="kept with the audit")
    given = parser.parse_args(argv)
    wish = Wish(swap=not given.check_only, accept_differences=given.accept_differences, reason=given.reason)
    return Options(given.from_ledger, given.rollback, wish)


async def run(
    service: "Service", options: Options, platform: PlatformSettings, own: ServiceSettings, *, tell: Tell
) -> Result:
    """Errors: RebuildFailed, MigrationError, aiokafka.errors.KafkaError, asyncpg.PostgresError, OSError."""
    if own.owner_database_url is None:
        raise MigrationError(f"Set SIMPUL_{service.name.upper()}_OWNER_DATABASE_URL to the owner role's address.")
    async with owning(str(own.owner_database_url)) as owner:
        if options.roll_back:
            await roll_back(owner, service.projection_migrations(), service=service.name, reason=options.wish.reason)
            return Result(swapped=True)
        return await _build(service, options, platform, own, owner, tell=tell)


async def _build(
    service: "Service",
    options: Options,
    platform: PlatformSettings,
    own: ServiceSettings,
    owner: Connection,
    *,
    tell: Tell,
) -> Result:
    url, name = str(own.database_url), f"simpul-{service.name}-rebuild"
    async with open_database(url, name=name, size=1) as live:
        if await pending(live, service.all_migrations()):
            raise MigrationError(f"The database lacks migrations. Run `python -m simpul_{service.name} migrate` first.")
        tell(Progress("prepare"))
        await make_next(owner, service.projection_migrations())
        async with (
            open_database(url, name=name, size=2, statement_seconds=600, lock_seconds=60, projection=NEXT) as following,
            _source(service, platform, live, from_ledger=options.from_ledger) as source,
        ):
            store = _store(service, following)
            applier = Applier(store, service.handlers, poison_run=platform.dead_letter_run)
            bench = Workbench(service.name, store, service.handlers)
            return await Rebuild(service.name, owner, source, applier, following, bench, tell).run(options.wish)


def _source(
    service: "Service", platform: PlatformSettings, live: Database, *, from_ledger: bool
) -> AbstractAsyncContextManager[Source]:
    if from_ledger:
        return reading_ledgers(LedgerSettings(), platform.issuer, service.topics, live, service.name)
    topics = [*service.topics, MARKS]
    return reading_topics(platform.kafka_bootstrap, platform.topic_prefix, topics, _store(service, live))


def _store(service: "Service", database: Database) -> PostgresStore:
    return PostgresStore(database, service=service.name, consumer=service.name, topics=service.topics)


def tell_line(document: Progress | Result) -> None:
    print(msgspec.json.encode(_told(document)).decode(), flush=True)  # noqa: T201 (what the command is for)


def _told(document: Progress | Result) -> object:
    if isinstance(document, Progress):
        return document
    return {"swapped": document.swapped, "differences": [str(one) for one in document.differences]}


def exit_code(options: Options, result: Result) -> int:
    wanted = options.wish.swap or options.roll_back
    return 0 if result.swapped or (not wanted and not result.differences) else DIFFERENT
